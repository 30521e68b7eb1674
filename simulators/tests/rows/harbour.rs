//! The harbour in a flood that does not end.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use shared::{clock::real_now, ids::GaugeId, time::Timestamp};
use simulators::{
    gauge::Readings,
    lab::{BehindLink, Lab, LabSetup},
};

use super::floods;
use crate::common;

const AGENTS: usize = 2;

/// Shorter than the time between two kills, so that batches are on the wire.
const BATCH_SECONDS: f64 = 0.25;
/// Nobody shall wait for the line to come back longer than for the next accident.
const RECONNECT_SECONDS: (f64, f64) = (0.05, 0.3);

/// What is shown before the first accident must be there in time.
const PATIENCE: Duration = Duration::from_secs(60);

/// The water: half of the depth gauges stand deep in it, the others show next to nothing. Two
/// readings of a gauge that follow each other differ, and so do forty in a row.
struct EndlessFlood {
    /// Between two readings of a gauge, in milliseconds.
    step_ms: i64,
}

/// The gauges whose points stand under water.
pub const UNDER_WATER: [&str; 4] = ["lg-0001", "lg-0002", "lg-0003", "lg-0004"];

impl Readings for EndlessFlood {
    fn reading(&self, gauge: &GaugeId, at: Timestamp) -> Option<f64> {
        let ripple = (at.as_millis().div_euclid(self.step_ms) * 7).rem_euclid(40);
        let ripple = f64::from(i32::try_from(ripple).ok()?);
        let id = gauge.as_str();
        Some(if UNDER_WATER.contains(&id) {
            0.5 + ripple / 1000.0
        } else if id.starts_with("lg-00") {
            ripple / 1000.0
        } else if id.starts_with("lg-") {
            2.5 + ripple / 1000.0
        } else {
            20.0 + ripple / 10.0
        })
    }
}

/// The harbour on a storm's clock, all agents behind a link that can fail. A minute of storm, in which
/// every gauge is read once, takes a quarter of a second.
pub fn in_a_storm() -> LabSetup {
    LabSetup {
        readings: Arc::new(EndlessFlood { step_ms: 60_000 }),
        behind_link: BehindLink::Everybody,
        batch_seconds: BATCH_SECONDS,
        reconnect_seconds: RECONNECT_SECONDS,
        ..common::harbour(AGENTS, common::FIRST_FLOODS)
    }
}

/// The harbour on the real clock, with gauges that are read every second.
pub fn in_real_time() -> LabSetup {
    let mut setup = LabSetup {
        readings: Arc::new(EndlessFlood { step_ms: 1_000 }),
        clock: None,
        batch_seconds: BATCH_SECONDS,
        reconnect_seconds: RECONNECT_SECONDS,
        ..common::harbour(AGENTS, common::FIRST_FLOODS)
    };
    for plan in &mut setup.gateways {
        let lines = plan.tcp.iter_mut().chain(&mut plan.rtu).flatten();
        for gauge in lines.chain(&mut plan.mqtt) {
            gauge.interval_s = 1;
        }
    }
    setup
}

/// Starts it, and waits until the map shows the water.
pub async fn start(setup: LabSetup) -> Lab {
    let mut lab = Lab::start(setup).await.expect("everything starts");
    let begun = Instant::now();
    while floods::hidden(&lab).await != Some(0) {
        assert!(begun.elapsed() < PATIENCE, "the points are not flagged");
        lab.until_served(1).await.expect("readings");
    }
    lab
}

/// Waits until the Modbus gauges of an agent have been read again; how long after `since` that was
/// seen.
pub async fn until_read(lab: &mut Lab, agent: &str, since: (Instant, Timestamp)) -> Duration {
    let gauges = lab.field.modbus_gauges(agent);
    let is_read = |lab: &Lab| {
        let last = |gauge| lab.field.log.last_of(gauge);
        gauges.iter().any(|gauge| last(gauge) > Some(since.1))
    };
    while !is_read(lab) {
        assert!(since.0.elapsed() < PATIENCE, "{agent} reads nothing");
        lab.until_served(1).await.expect("readings");
    }
    since.0.elapsed()
}

/// Now, for spans and for what was served.
pub fn now() -> (Instant, Timestamp) {
    (Instant::now(), real_now())
}
