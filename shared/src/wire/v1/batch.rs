//! A batch in its binary form: a head and its rows, one after the other, in postcard.
//!
//! postcard writes a struct as its fields and nothing around them, integers as varints (signed
//! ones zigzag), a text as its length and its bytes, an optional value behind a byte 0 or 1. So
//! head and rows can be read one by one, each row straight into the observation that it becomes.

use postcard::{
    Deserializer, Serializer,
    ser_flavors::{ExtendFlavor, Flavor as _},
};
use serde::{Deserialize, Serialize};

use super::{
    VERSION,
    codes::{self, Numbered as _},
};
use crate::{
    clock::Mode,
    gauge::Parameter,
    limits::MAX_BATCH,
    observation::Observation,
    quality::Quality,
    time::Timestamp,
    value::Value,
    wire::{DecodeError, Envelope, FieldError},
};

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    agent: &'a str,
    incarnation: u64,
    seq: u64,
    oldest: u64,
    /// Milliseconds since the epoch.
    sent_at: i64,
    mode: u32,
    backfill: bool,
    /// How many rows follow.
    observations: u64,
}

#[derive(Serialize, Deserialize)]
struct Row<'a> {
    gauge: &'a str,
    parameter: u32,
    /// Milliseconds since the epoch.
    observed_at: i64,
    /// Thousandths of the parameter's unit.
    value: Option<i64>,
    quality: u8,
    tests: u16,
}

impl<'a> From<&'a Observation> for Row<'a> {
    fn from(observation: &'a Observation) -> Self {
        let Observation {
            gauge,
            parameter,
            observed_at,
            value,
            quality,
            tests,
        } = observation;
        Row {
            gauge: gauge.as_str(),
            parameter: parameter.number(),
            observed_at: observed_at.as_millis(),
            value: value.map(Value::milli),
            quality: quality.number(),
            tests: codes::bits(*tests),
        }
    }
}

impl TryFrom<Row<'_>> for Observation {
    type Error = FieldError;

    fn try_from(row: Row<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            gauge: row.gauge.parse()?,
            parameter: Parameter::numbered(row.parameter)?,
            observed_at: Timestamp::from_millis(row.observed_at),
            value: row.value.map(Value::from_milli),
            quality: Quality::numbered(row.quality)?,
            tests: codes::tests(row.tests),
        })
    }
}

/// The whole payload, version byte and all.
pub fn encode(envelope: &Envelope) -> Vec<u8> {
    let mut payload = Serializer {
        output: ExtendFlavor::new(vec![VERSION]),
    };
    let payload = write(envelope, &mut payload).and_then(|()| payload.output.finalize());
    payload.expect("a vector takes any number of bytes")
}

fn write(
    envelope: &Envelope,
    payload: &mut Serializer<ExtendFlavor<Vec<u8>>>,
) -> postcard::Result<()> {
    let Envelope {
        agent,
        incarnation,
        seq,
        oldest,
        sent_at,
        mode,
        backfill,
        observations,
    } = envelope;
    let head = Head {
        agent: agent.as_str(),
        incarnation: *incarnation,
        seq: *seq,
        oldest: *oldest,
        sent_at: sent_at.as_millis(),
        mode: mode.number(),
        backfill: *backfill,
        observations: observations.len() as u64,
    };
    head.serialize(&mut *payload)?;
    observations
        .iter()
        .try_for_each(|observation| Row::from(observation).serialize(&mut *payload))
}

/// What follows the version byte.
pub fn decode(body: &[u8]) -> Result<Envelope, DecodeError> {
    let mut body = Deserializer::from_bytes(body);
    let head = Head::deserialize(&mut body)?;
    let count = usize::try_from(head.observations).unwrap_or(usize::MAX);
    if count > MAX_BATCH {
        return Err(DecodeError::TooMany(count));
    }
    let mut envelope = Envelope {
        agent: head.agent.parse().map_err(FieldError::from)?,
        incarnation: head.incarnation,
        seq: head.seq,
        oldest: head.oldest,
        sent_at: Timestamp::from_millis(head.sent_at),
        mode: Mode::numbered(head.mode)?,
        backfill: head.backfill,
        observations: Vec::with_capacity(count),
    };
    for index in 0..count {
        let row = Row::deserialize(&mut body)?;
        let bad = |source| DecodeError::Observation { index, source };
        envelope.observations.push(row.try_into().map_err(bad)?);
    }
    match body.finalize()? {
        [] => Ok(envelope),
        rest => Err(DecodeError::Trailing(rest.len())),
    }
}
