//! The rows, and what they share.

mod cuts;
mod floods;
mod harbour;
mod jumps;
mod kills;
mod row;

use simulators::console::say;
use tokio::sync::Mutex;

/// Several programs at once on two cores would measure the machine, not the system.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A whole number from the environment.
fn number_from(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a whole number"))
}

/// What is drawn in a test, from a seed that is told.
fn dice(what: &str) -> fastrand::Rng {
    let seed = number_from("FLOOD_SEED", fastrand::u64(..));
    say(format!("{what}: FLOOD_SEED={seed}"));
    fastrand::Rng::with_seed(seed)
}

/// Tells how far a test is, now and then.
fn progress(what: &str, done: u64, all: u64, row: &row::Row) {
    if done.is_multiple_of(50) {
        say(format!("{what}: {done} of {all}; {row}"));
    }
}
