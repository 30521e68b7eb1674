//! Tells the program when it was built: a clock that is before that is wrong.

use std::{
    env,
    time::{SystemTime, UNIX_EPOCH},
};

fn main() {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo::rerun-if-changed=Cargo.toml");
    let given = env::var("SOURCE_DATE_EPOCH").ok();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = given.and_then(|text| text.parse::<u64>().ok());
    let seconds = seconds.unwrap_or_else(|| now.map_or(0, |since| since.as_secs()));
    println!("cargo::rustc-env=FLOOD_BUILT_AT={seconds}");
}
