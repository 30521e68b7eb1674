//! An element of the series: gauge and time in the key, the rest in the value.
//!
//! Key = gauge id, a zero byte, `observed_at` as big-endian milliseconds with the sign bit flipped,
//! so that keys sort by gauge, then time. Value = version byte, postcard of [`ValueV1`].

use serde::{Deserialize, Serialize};
use shared::{ids::GaugeId, observation::Observation, time::Timestamp, value::Value};

use super::{
    Flaw,
    domain::{ParameterV1, id, quality, quality_v1, tests, tests_v1},
    read, write,
};
use crate::store::Stored;

#[derive(Serialize, Deserialize)]
struct ValueV1 {
    parameter: ParameterV1,
    milli: Option<i64>,
    quality: u8,
    tests: u16,
    received_at_ms: i64,
}

const SIGN: u64 = 1 << 63;

/// Bytes of a key after the gauge's id.
const AFTER_ID: usize = 9;

fn sortable(at: Timestamp) -> [u8; 8] {
    (at.as_millis().cast_unsigned() ^ SIGN).to_be_bytes()
}

/// The key of one observation.
pub fn key(gauge: &GaugeId, at: Timestamp) -> Vec<u8> {
    let mut key = Vec::with_capacity(gauge.as_str().len() + AFTER_ID);
    append_key(&mut key, gauge, at);
    key
}

/// Appends the key of one observation to what `bytes` holds.
pub fn append_key(bytes: &mut Vec<u8>, gauge: &GaugeId, at: Timestamp) {
    bytes.extend_from_slice(gauge.as_str().as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(&sortable(at));
}

/// What every key of a gauge begins with.
pub fn prefix(gauge: &GaugeId) -> Vec<u8> {
    let mut prefix = gauge.as_str().as_bytes().to_vec();
    prefix.push(0);
    prefix
}

/// Writes the value of one observation over what `value` held.
pub fn write_value(
    value: &mut Vec<u8>,
    observation: &Observation,
    received_at: Timestamp,
) -> Result<(), Flaw> {
    let form = ValueV1 {
        parameter: observation.parameter.into(),
        milli: observation.value.map(Value::milli),
        quality: quality_v1(observation.quality),
        tests: tests_v1(observation.tests),
        received_at_ms: received_at.as_millis(),
    };
    write(value, &form)
}

/// Reads an observation back from its key and value.
pub fn decode(key: &[u8], value: &[u8]) -> Result<Stored, Flaw> {
    let (gauge, observed_at) = decode_key(key)?;
    let form: ValueV1 = read(value)?;
    let observation = Observation {
        gauge,
        parameter: form.parameter.into(),
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
pub fn decode_key(key: &[u8]) -> Result<(GaugeId, Timestamp), Flaw> {
    let at = key.len().checked_sub(AFTER_ID).ok_or(Flaw::Key)?;
    let (gauge, rest) = key.split_at(at);
    let (end, time) = rest.split_first_chunk().ok_or(Flaw::Key)?;
    let time: [u8; 8] = time.try_into().map_err(|_| Flaw::Key)?;
    let gauge = std::str::from_utf8(gauge).map_err(Flaw::value)?;
    if *end != [0] {
        return Err(Flaw::Key);
    }
    let millis = (u64::from_be_bytes(time) ^ SIGN).cast_signed();
    Ok((id(gauge)?, Timestamp::from_millis(millis)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_gauge_then_time_also_before_1970() {
        let times = [i64::MIN, -5_000, -1, 0, 1, 1_784_622_000_000, i64::MAX];
        let gauge: GaugeId = "lg-1".parse().expect("id");
        let keys = times.map(|t| key(&gauge, Timestamp::from_millis(t)));
        assert!(keys.is_sorted());
        let longer: GaugeId = "lg-10".parse().expect("id");
        assert!(
            key(&gauge, Timestamp::from_millis(i64::MAX)) < key(&longer, Timestamp::from_millis(0))
        );
    }

    #[test]
    fn what_is_no_key_is_told_so() {
        let gauge: GaugeId = "lg-1".parse().expect("id");
        let good = key(&gauge, Timestamp::from_millis(5));
        for cut in 0..good.len() {
            assert!(decode_key(good.get(..cut).expect("shorter")).is_err());
        }
        let mut other = good;
        other.splice(4..5, [7]);
        assert!(matches!(decode_key(&other), Err(Flaw::Key)));
    }
}
