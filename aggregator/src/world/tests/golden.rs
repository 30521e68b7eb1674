//! A world that the first version saved is read for ever.
//!
//! The file holds the bytes in hexadecimal. A field of the saved form that comes later needs a default
//! (`#[serde(default)]`); one that changes its type or its name makes this fail.

use std::{fmt::Write as _, fs, path::PathBuf};

use shared::{fleet::TruckState, quality::Quality};

use super::script::{BEGIN, SECOND, Script, harbour, health, observation};
use crate::{
    assess::PointStatus,
    counters::{Counter, Counts},
    orders::OrderState,
    world::{Input, Wish, World},
};

/// A quarter of an hour in which everything that can be saved happens.
fn story() -> Script {
    let mut script = Script::begin();
    let dispatch = Wish::Dispatch {
        truck: "pt-001".parse().expect("id"),
        point: "wp-001".parse().expect("id"),
        plan: None,
    };
    let batch = Input::AgentBatch {
        agent: "gw-01".parse().expect("id"),
        backfill: true,
        has_hole: true,
    };
    for minute in 0..15_i32 {
        let depth = f64::from(minute) * 0.03;
        script.observe("lg-0001", depth, Quality::Pass);
        script.observe("lg-0002", depth, Quality::Suspect);
        script.observe("rg-0001", 60.0, Quality::Pass);
        script.observe("lg-9999", depth, Quality::Pass);
        script.tick_after(60);
    }
    let missing = observation("lg-0003", script.now, None, Quality::Missing);
    script.step(Input::Observed(vec![missing]));
    script.step(batch);
    script.step(Input::Health(health("gw-02", BEGIN, false)));
    script.ask(dispatch);
    script.report("pt-001", TruckState::Pumping, None);
    let mut counts = Counts::default();
    counts.add(Counter::Future, 3);
    script.step(Input::Counted(counts.places()));
    script.tick_after(1);
    script
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/world/v1.hex")
}

fn hex(bytes: &[u8]) -> String {
    bytes.chunks(40).fold(String::new(), |mut text, line| {
        for byte in line {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("hexadecimal")
    };
    digits.chunks(2).map(byte).collect()
}

#[test]
fn what_the_first_version_saved_is_read() {
    let path = file();
    let written = fs::read_to_string(&path).unwrap_or_else(|_| {
        panic!(
            "{} is missing; today's world is\n{}",
            path.display(),
            hex(&story().world.save())
        )
    });
    let world = World::restore(harbour(), &unhex(&written)).expect("the first version");
    let snapshot = world.snapshot();
    assert_eq!(snapshot.at, BEGIN.plus_millis(901 * SECOND));
    let statuses: Vec<_> = snapshot.points.iter().take(3).map(|p| p.status).collect();
    assert_eq!(
        statuses,
        [
            PointStatus::Severe,
            PointStatus::Closure,
            PointStatus::Unknown
        ]
    );
    let forecast = snapshot.points[0].forecast.as_ref().expect("a forecast");
    assert!(forecast.inflow.len() == 3 && forecast.curve.len() == 13);
    let order = snapshot.orders.values().next().expect("an order");
    assert_eq!(order.state, OrderState::Sent);
    let truck = snapshot.trucks[0].report.as_ref().expect("a report");
    assert_eq!(truck.state, TruckState::Pumping);
    let agents: Vec<_> = snapshot
        .agents
        .values()
        .map(|a| (a.online, a.has_hole))
        .collect();
    assert_eq!(agents, [(true, true), (false, false)]);
    assert_eq!(snapshot.unknown_gauges.values().sum::<u64>(), 15);
    assert_eq!(snapshot.counts.get(Counter::Future), 3);
    assert!(snapshot.plan.is_some() && snapshot.seq > 0);
}
