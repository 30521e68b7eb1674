//! How much of a series the quality tests doubt, with the limits that a gauge has by default:
//!
//!     cargo run --release -p shared --example quality -- depth < series.csv
//!
//! Lines are `time,value`: RFC 3339, and the parameter's unit. Printed are the readings by flag, and
//! those that are not "pass" by test.

use std::{collections::BTreeMap, io::BufRead as _};

use shared::{
    gauge::Parameter,
    quality::{Limits, QualityControl},
    time::Timestamp,
    value::Value,
};

#[expect(clippy::print_stdout, reason = "what this program is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parameter = std::env::args().nth(1).ok_or("which parameter?")?;
    let parameter: Parameter = serde_json::from_value(parameter.into())?;
    let mut control = QualityControl::new(Limits::default_for(parameter));
    let (mut flags, mut tests) = (BTreeMap::<u8, u64>::new(), BTreeMap::<String, u64>::new());
    for (line, number) in std::io::stdin().lock().lines().zip(1..) {
        let line = line?;
        let (time, units) = line
            .split_once(',')
            .ok_or(format!("line {number}: no comma"))?;
        let at: Timestamp = serde_json::from_value(time.into())?;
        let value = Value::from_units(units.trim().parse()?)?;
        let (flag, failed) = control.assess(at, Some(value));
        *flags.entry(flag.number()).or_default() += 1;
        for test in failed.iter() {
            *tests.entry(test.to_string()).or_default() += 1;
        }
    }
    println!("{flags:?} {tests:?}");
    Ok(())
}
