//! An element of the series: gauge, parameter and time in the key, the rest in the value.
//!
//! Key = gauge id, a zero byte, the parameter's number, `observed_at` as big-endian milliseconds with
//! the sign bit flipped, so that keys sort by gauge, parameter, then time. Value = version byte,
//! postcard of [`ValueV1`].

use serde::{Deserialize, Serialize};
use shared::{
    gauge::Parameter, ids::GaugeId, observation::Observation, time::Timestamp, value::Value,
};

use super::{
    Flaw,
    domain::{id, parameter, parameter_v1, quality, quality_v1, tests, tests_v1},
    read, write,
};
use crate::store::Stored;

#[derive(Serialize, Deserialize)]
struct ValueV1 {
    milli: Option<i64>,
    quality: u8,
    tests: u16,
    received_at_ms: i64,
}

const SIGN: u64 = 1 << 63;

/// Bytes of a key after the gauge's id.
const AFTER_ID: usize = 10;

fn sortable(at: Timestamp) -> [u8; 8] {
    (at.as_millis().cast_unsigned() ^ SIGN).to_be_bytes()
}

/// The key of one observation.
pub fn key(gauge: &GaugeId, parameter: Parameter, at: Timestamp) -> Vec<u8> {
    let mut key = Vec::with_capacity(gauge.as_str().len() + AFTER_ID);
    append_key(&mut key, gauge, parameter, at);
    key
}

/// Appends the key of one observation to what `bytes` holds.
pub fn append_key(bytes: &mut Vec<u8>, gauge: &GaugeId, parameter: Parameter, at: Timestamp) {
    append_prefix(bytes, gauge, parameter);
    bytes.extend_from_slice(&sortable(at));
}

/// What every key of a series begins with.
pub fn prefix(gauge: &GaugeId, parameter: Parameter) -> Vec<u8> {
    let mut prefix = Vec::with_capacity(gauge.as_str().len() + 2);
    append_prefix(&mut prefix, gauge, parameter);
    prefix
}

fn append_prefix(bytes: &mut Vec<u8>, gauge: &GaugeId, parameter: Parameter) {
    bytes.extend_from_slice(gauge.as_str().as_bytes());
    bytes.extend_from_slice(&[0, parameter_v1(parameter)]);
}

/// Writes the value of one observation over what `value` held.
pub fn write_value(
    value: &mut Vec<u8>,
    observation: &Observation,
    received_at: Timestamp,
) -> Result<(), Flaw> {
    let form = ValueV1 {
        milli: observation.value.map(Value::milli),
        quality: quality_v1(observation.quality),
        tests: tests_v1(observation.tests),
        received_at_ms: received_at.as_millis(),
    };
    write(value, &form)
}

/// Reads an observation back from its key and value.
pub fn decode(key: &[u8], value: &[u8]) -> Result<Stored, Flaw> {
    let (gauge, parameter, observed_at) = decode_key(key)?;
    let form: ValueV1 = read(value)?;
    let observation = Observation {
        gauge,
        parameter,
        observed_at,
        value: form.milli.map(Value::from_milli),
        quality: quality(form.quality)?,
        tests: tests(form.tests)?,
    };
    let received_at = Timestamp::from_millis(form.received_at_ms);
    Ok(Stored {
        observation,
        received_at,
    })
}

/// The identity of an observation, from its key.
pub fn decode_key(key: &[u8]) -> Result<(GaugeId, Parameter, Timestamp), Flaw> {
    let at = key.len().checked_sub(AFTER_ID).ok_or(Flaw::Key)?;
    let (gauge, rest) = key.split_at(at);
    let ([end, number], time) = rest.split_first_chunk().ok_or(Flaw::Key)?;
    let time: [u8; 8] = time.try_into().map_err(|_| Flaw::Key)?;
    let gauge = std::str::from_utf8(gauge).map_err(Flaw::value)?;
    if *end != 0 {
        return Err(Flaw::Key);
    }
    let millis = (u64::from_be_bytes(time) ^ SIGN).cast_signed();
    Ok((
        id(gauge)?,
        parameter(*number)?,
        Timestamp::from_millis(millis),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_gauge_then_parameter_then_time_also_before_1970() {
        let times = [i64::MIN, -5_000, -1, 0, 1, 1_784_622_000_000, i64::MAX];
        let times = times.map(Timestamp::from_millis);
        let mut keys = Vec::new();
        for gauge in ["lg-1", "lg-10"] {
            let gauge: GaugeId = gauge.parse().expect("id");
            for parameter in [Parameter::Depth, Parameter::RainfallIntensity] {
                keys.extend(times.map(|t| key(&gauge, parameter, t)));
            }
        }
        assert!(keys.is_sorted());
    }

    #[test]
    fn what_is_no_key_is_told_so() {
        let gauge: GaugeId = "lg-1".parse().expect("id");
        let good = key(&gauge, Parameter::Stage, Timestamp::from_millis(5));
        for cut in 0..good.len() {
            assert!(decode_key(good.get(..cut).expect("shorter")).is_err());
        }
        let mut other = good.clone();
        other.splice(4..5, [7]);
        assert!(matches!(decode_key(&other), Err(Flaw::Key)));
        let mut of_nothing = good;
        of_nothing.splice(5..6, [200]);
        assert!(matches!(decode_key(&of_nothing), Err(Flaw::Value(_))));
    }
}
