//! What a storm is like, drawn from its seed.

use std::time::Duration;

use agent::{config::WhenFull, uplink::machine::Pace};
use fastrand::Rng;

/// What a storm is like.
#[derive(Debug, Clone)]
pub struct StormPlan {
    pub agents: usize,
    /// Gauges of each agent.
    pub gauges: usize,
    /// Seconds in which things go wrong.
    pub rough_s: u64,
    pub read_every_s: u64,
    pub pace: Pace,
    /// Bytes that a spool may hold.
    pub spool_bytes: u64,
    pub when_full: WhenFull,
    pub broker: BrokerKind,
    pub odds: Odds,
}

/// Whose word a PUBACK is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokerKind {
    /// The aggregator's own: it means that the batch is durable.
    Embedded,
    /// Another one's: it means that the broker has the batch, and brokers lie.
    External,
}

/// How likely something goes wrong at each occasion, from 0 to 1.
#[derive(Debug, Clone, Default)]
pub struct Odds {
    pub publish_lost: f64,
    pub puback_lost: f64,
    pub ack_lost: f64,
    /// A message or an acknowledgement comes twice.
    pub doubled: f64,
    /// A message takes up to [`Odds::slow_ms`] instead of some milliseconds.
    pub slow: f64,
    pub slow_ms: u64,
    /// A broker forgets what it has acknowledged.
    pub forgotten: f64,
    /// The uplink is not told of a new batch.
    pub untold: f64,
    pub line_cut: f64,
    /// A process ends, or the power is cut, before or after the sync of a batch.
    pub agent_crash: f64,
    pub aggregator_crash: f64,
    pub store_unreadable: f64,
    pub store_unwritable: f64,
    /// Of an agent at a reading, of the aggregator at a tick.
    pub clock_jump: f64,
    /// A gauge does not answer, or gives its error value.
    pub reading_failed: f64,
}

impl StormPlan {
    pub fn draw(rng: &mut Rng) -> Self {
        let window = rng.usize(1..=6);
        let is_tiny = rng.u8(..4) == 0;
        Self {
            agents: rng.usize(1..=3),
            gauges: rng.usize(1..=3),
            rough_s: rng.u64(120..=900),
            read_every_s: rng.u64(10..=40),
            pace: Pace {
                window,
                ack_deadline: Duration::from_secs(rng.u64(2..=10)),
                backfill_per_second: 0.2 + rng.f64() * 5.0,
            },
            spool_bytes: if is_tiny {
                rng.u64(400..=2_000)
            } else {
                1 << 24
            },
            when_full: if rng.bool() {
                WhenFull::DropOldest
            } else {
                WhenFull::StopReading
            },
            broker: if rng.bool() {
                BrokerKind::Embedded
            } else {
                BrokerKind::External
            },
            odds: Odds::draw(rng, is_tiny),
        }
    }
}

impl Odds {
    /// Half of all troubles are absent from a storm, so that each also comes alone.
    ///
    /// An uplink that was not told of a batch finds it by the gap before the next one. That there is
    /// a next one is sure only where the spool holds more than the uplink can miss, as all do but
    /// the tiny ones of these storms.
    fn draw(rng: &mut Rng, is_tiny: bool) -> Self {
        let slow_ms = 1 + if rng.bool() { rng.u64(..60_000) } else { 0 };
        let mut up_to = |most: f64| {
            if rng.bool() { rng.f64() * most } else { 0.0 }
        };
        Self {
            publish_lost: up_to(0.3),
            puback_lost: up_to(0.2),
            ack_lost: up_to(0.5),
            doubled: up_to(0.4),
            slow: up_to(0.5),
            slow_ms,
            forgotten: up_to(0.3),
            untold: if is_tiny { 0.0 } else { up_to(0.3) },
            line_cut: up_to(0.2),
            agent_crash: up_to(0.1),
            aggregator_crash: up_to(0.05),
            store_unreadable: up_to(0.1),
            store_unwritable: up_to(0.05),
            clock_jump: up_to(0.05),
            reading_failed: up_to(0.3),
        }
    }
}
