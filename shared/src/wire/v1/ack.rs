//! A commit acknowledgement, in JSON.

use serde::{Deserialize, Serialize};

use super::to_json;
use crate::wire::{Ack as Domain, DecodeError};

#[derive(Serialize, Deserialize)]
struct Ack {
    incarnation: u64,
    through: u64,
    /// First and last of each.
    #[serde(default)]
    ranges: Vec<(u64, u64)>,
}

pub fn encode(ack: &Domain) -> Vec<u8> {
    let Domain {
        incarnation,
        through,
        ranges,
    } = ack;
    to_json(&Ack {
        incarnation: *incarnation,
        through: *through,
        ranges: ranges.clone(),
    })
}

pub fn decode(payload: &[u8]) -> Result<Domain, DecodeError> {
    let ack: Ack = serde_json::from_slice(payload)?;
    Ok(Domain {
        incarnation: ack.incarnation,
        through: ack.through,
        ranges: ack.ranges,
    })
}
