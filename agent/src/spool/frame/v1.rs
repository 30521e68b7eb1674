//! The content of a frame, version 1. Pure.
//!
//! Frozen: what is on a disk decodes for ever, and no change of the domain changes a byte here.
//! Every field, code and bit is written out in this file and pinned by `tests/golden`; a new field
//! is a new version beside this one. The content is a number of observations and the observations,
//! in postcard.

use serde::{Deserialize, Serialize, Serializer};
use shared::{
    gauge::Parameter,
    observation::Observation,
    quality::{Quality, Test, TestSet},
    time::Timestamp,
    value::Value,
};

use super::error::FrameError;

/// The version byte of this content.
pub(super) const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct ObservationV1<'a> {
    gauge: &'a str,
    parameter: u8,
    observed_at_ms: i64,
    value_milli: Option<i64>,
    quality: u8,
    tests: u16,
}

/// A batch as it is written, without a copy of it.
struct BatchV1<'a>(&'a [Observation]);

impl Serialize for BatchV1<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(written))
    }
}

/// Appends the content to what `bytes` holds.
///
/// # Errors
/// Only where memory cannot be had for it.
pub(super) fn encode(observations: &[Observation], bytes: Vec<u8>) -> Result<Vec<u8>, FrameError> {
    Ok(postcard::to_extend(&BatchV1(observations), bytes)?)
}

/// Reads the content.
///
/// # Errors
/// Anything that [`encode`] did not write.
pub(super) fn decode(content: &[u8]) -> Result<Vec<Observation>, FrameError> {
    let (count, mut rest) = postcard::take_from_bytes::<u32>(content)?;
    // No observation takes less than a byte, whatever the number says.
    let mut observations = Vec::with_capacity(rest.len().min(count as usize));
    for _ in 0..count {
        let (observation, after) = postcard::take_from_bytes::<ObservationV1>(rest)?;
        observations.push(read(&observation)?);
        rest = after;
    }
    if rest.is_empty() {
        Ok(observations)
    } else {
        Err(FrameError::Trailing(rest.len()))
    }
}

/// Names every field, so that a new one of the domain must be thought of here.
fn written(observation: &Observation) -> ObservationV1<'_> {
    let Observation {
        gauge,
        parameter,
        observed_at,
        value,
        quality,
        tests,
    } = observation;
    ObservationV1 {
        gauge: gauge.as_str(),
        parameter: parameter_code(*parameter),
        observed_at_ms: observed_at.as_millis(),
        value_milli: value.map(Value::milli),
        quality: quality_code(*quality),
        tests: tests.iter().map(test_bit).fold(0, |bits, bit| bits | bit),
    }
}

fn read(observation: &ObservationV1<'_>) -> Result<Observation, FrameError> {
    let unknown = |what, code| FrameError::Unknown { what, code };
    let code = observation.parameter;
    let parameter = parameter(code).ok_or(unknown("parameter", code.into()))?;
    let code = observation.quality;
    let quality = quality(code).ok_or(unknown("quality flag", code.into()))?;
    Ok(Observation {
        gauge: observation.gauge.parse()?,
        parameter,
        observed_at: Timestamp::from_millis(observation.observed_at_ms),
        value: observation.value_milli.map(Value::from_milli),
        quality,
        tests: tests(observation.tests)?,
    })
}

const fn parameter_code(parameter: Parameter) -> u8 {
    match parameter {
        Parameter::Depth => 0,
        Parameter::Stage => 1,
        Parameter::WaterLevel => 2,
        Parameter::RainfallDepth => 3,
        Parameter::RainfallIntensity => 4,
    }
}

const fn parameter(code: u8) -> Option<Parameter> {
    match code {
        0 => Some(Parameter::Depth),
        1 => Some(Parameter::Stage),
        2 => Some(Parameter::WaterLevel),
        3 => Some(Parameter::RainfallDepth),
        4 => Some(Parameter::RainfallIntensity),
        _ => None,
    }
}

const fn quality_code(quality: Quality) -> u8 {
    match quality {
        Quality::Pass => 1,
        Quality::NotEvaluated => 2,
        Quality::Suspect => 3,
        Quality::Fail => 4,
        Quality::Missing => 9,
    }
}

const fn quality(code: u8) -> Option<Quality> {
    match code {
        1 => Some(Quality::Pass),
        2 => Some(Quality::NotEvaluated),
        3 => Some(Quality::Suspect),
        4 => Some(Quality::Fail),
        9 => Some(Quality::Missing),
        _ => None,
    }
}

const fn test_bit(test: Test) -> u16 {
    match test {
        Test::GrossRange => 1,
        Test::Spike => 2,
        Test::RateOfChange => 4,
        Test::FlatLine => 8,
        Test::Sentinel => 16,
        Test::Clock => 32,
        Test::Corrected => 64,
    }
}

const fn test(bit: u16) -> Option<Test> {
    match bit {
        1 => Some(Test::GrossRange),
        2 => Some(Test::Spike),
        4 => Some(Test::RateOfChange),
        8 => Some(Test::FlatLine),
        16 => Some(Test::Sentinel),
        32 => Some(Test::Clock),
        64 => Some(Test::Corrected),
        _ => None,
    }
}

fn tests(mut bits: u16) -> Result<TestSet, FrameError> {
    let mut set = TestSet::NONE;
    while bits != 0 {
        let lowest = 1 << bits.trailing_zeros();
        let unknown = FrameError::Unknown {
            what: "quality test",
            code: lowest,
        };
        set = set.with(test(lowest).ok_or(unknown)?);
        bits &= !lowest;
    }
    Ok(set)
}
