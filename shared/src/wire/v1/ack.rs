//! A commit acknowledgement, in JSON.

use serde::{Deserialize, Serialize};

use super::{Instant, to_json};
use crate::{
    time::Timestamp,
    wire::{Ack as Domain, DecodeError},
};

#[derive(Serialize, Deserialize)]
struct Ack<'a> {
    incarnation: u64,
    through: u64,
    /// First and last of each.
    #[serde(default)]
    ranges: Vec<(u64, u64)>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    at: Option<Instant<'a>>,
}

pub fn encode(ack: &Domain, at: Option<Timestamp>) -> Vec<u8> {
    let Domain {
        incarnation,
        through,
        ranges,
    } = ack;
    to_json(&Ack {
        incarnation: *incarnation,
        through: *through,
        ranges: ranges.clone(),
        at: at.map(Instant::from),
    })
}

pub fn decode(payload: &[u8]) -> Result<(Domain, Option<Timestamp>), DecodeError> {
    let ack: Ack<'_> = serde_json::from_slice(payload)?;
    let at = ack.at.map(Timestamp::try_from).transpose()?;
    let ack = Domain {
        incarnation: ack.incarnation,
        through: ack.through,
        ranges: ack.ranges,
    };
    Ok((ack, at))
}
