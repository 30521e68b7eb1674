//! Storms over the pure parts, thousands in seconds: agents' quality, spools and uplink machines, a
//! line and a broker that lose, double, delay and reorder, an aggregator's ledger, store and world,
//! crashes of all of them, disks that fail, clocks that jump. One thread, no clock, no socket, no
//! disk: a storm is a function of its seed.
//!
//! What must hold: nothing acknowledged is lost, nothing is merged twice, only what was committed is
//! acknowledged, in the end everything that was spooled is kept (or set aside whole), each reading
//! once; the world that is restored or stepped again is the same bytes, and it shows what the straight
//! sequence of the stored observations shows.
//!
//! A run prints its seed and how many storms it played in a second; it is the same run each time, so
//! that the gate is. `FLOOD_STORM_SEED=<number>` plays others, `FLOOD_STORMS=100000` plays more;
//! `FLOOD_STORM=<seed>` plays one storm again and tells what happened in it. What a storm found gets
//! a test of its own where it was wrong: a seed means another storm as soon as this file changes.

#![expect(
    clippy::indexing_slicing,
    reason = "agents are numbered by the storm itself"
)]

mod agent;
mod aggregator_side;
mod books;
mod failing_store;
mod plan;
mod storm;
mod timeline;

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    rc::Rc,
    sync::Arc,
    time::Instant,
};

use aggregator::network::{City, read_city};
use books::Counts;
use simulators::console::say;

/// Storms of one run.
const STORMS: u64 = if cfg!(debug_assertions) { 500 } else { 5_000 };

fn city() -> Arc<City> {
    let harbour = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/city/harbour");
    Arc::new(read_city(&harbour).expect("the harbour"))
}

fn number_from(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a whole number"))
}

/// Plays a storm; if something does not hold, tells all of it.
fn play(seed: u64, city: &Arc<City>) -> Counts {
    match catch_unwind(AssertUnwindSafe(|| storm::play(seed, city, None))) {
        Ok(Ok(counts)) => counts,
        _ => tell(seed, city),
    }
}

#[expect(clippy::panic, reason = "so a storm fails its test")]
fn tell(seed: u64, city: &Arc<City>) -> Counts {
    let transcript = Rc::new(RefCell::new(Vec::new()));
    let playing = || storm::play(seed, city, Some(transcript.clone()));
    let played = catch_unwind(AssertUnwindSafe(playing));
    transcript.borrow().iter().for_each(say);
    match played {
        Ok(Ok(counts)) => counts,
        Ok(Err(broken)) => panic!("storm {seed} (FLOOD_STORM={seed}): {}", broken.0),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[test]
fn whatever_a_storm_breaks_nothing_is_lost_and_nothing_comes_twice() {
    let city = city();
    if let Some(seed) = number_from("FLOOD_STORM") {
        let counts = tell(seed, &city);
        say(format!("{counts:?}"));
        return;
    }
    let seed = number_from("FLOOD_STORM_SEED").unwrap_or(1);
    let storms = number_from("FLOOD_STORMS").unwrap_or(STORMS);
    say(format!("{storms} storms from FLOOD_STORM_SEED={seed}"));
    let (mut seeds, begun) = (fastrand::Rng::with_seed(seed), Instant::now());
    let mut all = Counts::default();
    for _ in 0..storms {
        all.add(&play(seeds.u64(..), &city));
    }
    let took = begun.elapsed().as_secs_f64();
    say(format!(
        "{:.0} storms per second ({took:.1} s)",
        storms as f64 / took
    ));
    for (what, count) in &all.0 {
        say(format!("{count:>12} {what}"));
    }
    // A storm in which anything was lost or doubled has failed above. Its row of the table that
    // `cargo verify endurance` puts together:
    let of = |what: &str| all.0.get(what).copied().unwrap_or(0);
    say(format!(
        "| simulated storm, in all {} cuts, {} crashes, {} clock jumps | {storms} | 0 | 0 | – | – | – |",
        of("lines cut"),
        of("agents killed") + of("agents' power cut") + of("aggregators crashed"),
        of("clocks jumped"),
    ));
}

#[test]
fn a_storm_is_a_function_of_its_seed() {
    let city = city();
    for seed in 0..10 {
        let told = || {
            let transcript = Rc::new(RefCell::new(Vec::new()));
            let counts = storm::play(seed, &city, Some(transcript.clone()));
            (transcript.take(), counts.map_err(|b| b.0))
        };
        assert_eq!(told(), told(), "storm {seed}");
    }
}
