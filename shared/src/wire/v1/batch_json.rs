//! A batch in its JSON twin.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    Instant, VERSION,
    codes::{Named as _, Numbered as _},
    to_json,
};
use crate::{
    clock::Mode,
    gauge::Parameter,
    limits::MAX_BATCH,
    observation::Observation,
    quality::{Quality, Test},
    value::Value,
    wire::{DecodeError, Envelope, FieldError},
};

#[derive(Serialize, Deserialize)]
struct Batch<'a> {
    version: u8,
    #[serde(borrow)]
    agent: Cow<'a, str>,
    incarnation: u64,
    seq: u64,
    oldest: u64,
    sent_at: Instant<'a>,
    mode: Cow<'a, str>,
    backfill: bool,
    observations: Vec<Row<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    gauge: Cow<'a, str>,
    #[serde(borrow)]
    parameter: Cow<'a, str>,
    observed_at: Instant<'a>,
    /// In the parameter's unit.
    value: Option<f64>,
    quality: u8,
    #[serde(default)]
    tests: Vec<Cow<'a, str>>,
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
            gauge: gauge.as_str().into(),
            parameter: parameter.name().into(),
            observed_at: (*observed_at).into(),
            value: value.map(Value::units),
            quality: quality.number(),
            tests: tests.iter().map(|t| t.name().into()).collect(),
        }
    }
}

impl TryFrom<Row<'_>> for Observation {
    type Error = FieldError;

    fn try_from(row: Row<'_>) -> Result<Self, FieldError> {
        let tests = row.tests.iter().map(|name| Test::named(name));
        Ok(Self {
            gauge: row.gauge.parse()?,
            parameter: Parameter::named(&row.parameter)?,
            observed_at: row.observed_at.try_into()?,
            value: row.value.map(Value::from_units).transpose()?,
            quality: Quality::numbered(row.quality)?,
            tests: tests.collect::<Result<_, _>>()?,
        })
    }
}

/// The whole payload.
pub fn encode(envelope: &Envelope) -> Vec<u8> {
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
    to_json(&Batch {
        version: VERSION,
        agent: agent.as_str().into(),
        incarnation: *incarnation,
        seq: *seq,
        oldest: *oldest,
        sent_at: (*sent_at).into(),
        mode: mode.name().into(),
        backfill: *backfill,
        observations: observations.iter().map(Row::from).collect(),
    })
}

/// A payload whose `version` is 1.
pub fn decode(payload: &[u8]) -> Result<Envelope, DecodeError> {
    let batch: Batch<'_> = serde_json::from_slice(payload)?;
    let count = batch.observations.len();
    if count > MAX_BATCH {
        return Err(DecodeError::TooMany(count));
    }
    let observation = |(index, row): (usize, Row<'_>)| {
        let observation = row.try_into();
        observation.map_err(|source| DecodeError::Observation { index, source })
    };
    Ok(Envelope {
        agent: batch.agent.parse().map_err(FieldError::from)?,
        incarnation: batch.incarnation,
        seq: batch.seq,
        oldest: batch.oldest,
        sent_at: batch.sent_at.try_into()?,
        mode: Mode::named(&batch.mode)?,
        backfill: batch.backfill,
        observations: batch
            .observations
            .into_iter()
            .enumerate()
            .map(observation)
            .collect::<Result<_, _>>()?,
    })
}
