//! What an attacker makes up, and how it is counted.

use shared::{
    clock::Mode,
    time::Timestamp,
    wire::{Ack, Acknowledgement, AgentHealth, Envelope, Topic},
};
use simulators::lab::Lab;

use crate::VICTIM;

/// Of batches that come nowhere.
pub const ANY: u64 = 1;

pub fn topic(text: &str) -> Topic {
    text.replace("VICTIM", VICTIM).parse().expect("a topic")
}

pub fn observations() -> Topic {
    Topic::Observations {
        agent: VICTIM.parse().expect("an id"),
        json: false,
    }
}

/// That all batches up to this one are durable.
pub fn all_through(incarnation: u64, through: u64) -> Vec<u8> {
    let ack = Ack {
        incarnation,
        through,
        ranges: Vec::new(),
    };
    Acknowledgement::from(ack).encode()
}

/// An empty batch under the victim's name, far ahead.
pub fn forged_batch(incarnation: u64, mode: Mode) -> Vec<u8> {
    let envelope = Envelope {
        agent: VICTIM.parse().expect("an id"),
        incarnation,
        seq: 1_000,
        oldest: 1_000,
        sent_at: Timestamp::from_millis(0),
        mode,
        backfill: false,
        observations: Vec::new(),
    };
    envelope.encode()
}

pub fn forged_health(mode: Mode) -> Vec<u8> {
    let agent = VICTIM.parse().expect("an id");
    let health = AgentHealth {
        agent,
        online: false,
        at: Timestamp::from_millis(0),
        mode,
        version: "0".to_owned(),
        spooled_batches: 0,
        spooled_bytes: 0,
        dropped: 0,
        failed_readings: 0,
        silent_sources: Vec::new(),
        faults: Vec::new(),
        certificate_until: None,
    };
    health.encode()
}

pub async fn counted(lab: &Lab, counter: &str) -> u64 {
    let counters = lab.client.counters().await.expect("counters");
    counters.get(counter).copied().unwrap_or_default()
}
