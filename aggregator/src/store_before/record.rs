//! Keys and values of the embedded store.
//!
//! History: key = gauge id, a zero byte, `observed_at` as big-endian milliseconds with the sign bit
//! flipped (so that keys sort by gauge, then time); value = postcard of [`Value`].

use serde::{Deserialize, Serialize};
use shared::{
    gauge::Parameter,
    ids::GaugeId,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
};

use super::{StoreError, Stored};

#[derive(Serialize, Deserialize)]
struct Value {
    parameter: Parameter,
    value: Option<shared::value::Value>,
    quality: Quality,
    tests: TestSet,
    received_at: Timestamp,
}

const SIGN: u64 = 1 << 63;

fn sortable(at: Timestamp) -> [u8; 8] {
    (at.as_millis().cast_unsigned() ^ SIGN).to_be_bytes()
}

/// The key of one observation.
pub fn key(gauge: &GaugeId, at: Timestamp) -> Vec<u8> {
    let mut key = Vec::with_capacity(gauge.as_str().len() + 9);
    write_key(&mut key, gauge, at);
    key
}

/// Writes the key of one observation over what `key` held.
pub fn write_key(key: &mut Vec<u8>, gauge: &GaugeId, at: Timestamp) {
    key.clear();
    key.extend_from_slice(gauge.as_str().as_bytes());
    key.push(0);
    key.extend_from_slice(&sortable(at));
}

/// What every key of a gauge begins with.
pub fn prefix(gauge: &GaugeId) -> Vec<u8> {
    let mut prefix = gauge.as_str().as_bytes().to_vec();
    prefix.push(0);
    prefix
}

/// Writes the value of one observation over what `value` held.
pub fn write_value(value: &mut Vec<u8>, stored: &Stored) -> Result<(), StoreError> {
    let o = &stored.observation;
    let form = Value {
        parameter: o.parameter,
        value: o.value,
        quality: o.quality,
        tests: o.tests,
        received_at: stored.received_at,
    };
    value.clear();
    *value = postcard::to_extend(&form, std::mem::take(value))
        .map_err(|e| StoreError::Record(e.to_string()))?;
    Ok(())
}

/// Reads an observation back from its key and value.
pub fn decode(key: &[u8], value: &[u8]) -> Result<Stored, StoreError> {
    let bad = || StoreError::Record(format!("key {key:02x?}"));
    let at = key.len().checked_sub(9).ok_or_else(bad)?;
    let (id, rest) = key.split_at(at);
    let time: [u8; 8] = rest
        .get(1..)
        .and_then(|b| b.try_into().ok())
        .ok_or_else(bad)?;
    let id = std::str::from_utf8(id).map_err(|_| bad())?;
    let gauge: GaugeId = id.parse().map_err(|_| bad())?;
    let observed_at = Timestamp::from_millis((u64::from_be_bytes(time) ^ SIGN).cast_signed());
    let v: Value =
        postcard::from_bytes(value).map_err(|e| StoreError::Record(format!("{gauge}: {e}")))?;
    let (parameter, value, quality, tests) = (v.parameter, v.value, v.quality, v.tests);
    let observation = Observation {
        gauge,
        parameter,
        observed_at,
        value,
        quality,
        tests,
    };
    Ok(Stored {
        observation,
        received_at: v.received_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(gauge: &str, millis: i64) -> Stored {
        Stored {
            observation: Observation {
                gauge: gauge.parse().expect("id"),
                parameter: Parameter::Depth,
                observed_at: Timestamp::from_millis(millis),
                value: Some(shared::value::Value::from_milli(-25)),
                quality: Quality::Suspect,
                tests: TestSet::NONE.with(shared::quality::Test::Spike),
            },
            received_at: Timestamp::from_millis(millis + 5),
        }
    }

    #[test]
    fn an_observation_comes_back_as_it_went_in() {
        let s = stored("lg-0001", 1_784_622_000_123);
        let key = key(&s.observation.gauge, s.observation.observed_at);
        let mut value = b"of another one".to_vec();
        write_value(&mut value, &s).expect("encodes");
        assert_eq!(decode(&key, &value).expect("decodes"), s);
    }

    #[test]
    fn keys_sort_by_gauge_then_time_also_before_1970() {
        let times = [-5_000, -1, 0, 1, 1_784_622_000_000];
        let gauge: GaugeId = "lg-1".parse().expect("id");
        let keys: Vec<_> = times
            .map(|t| key(&gauge, Timestamp::from_millis(t)))
            .to_vec();
        assert!(keys.windows(2).all(|w| w[0] < w[1]));
        let longer: GaugeId = "lg-10".parse().expect("id");
        assert!(
            key(&gauge, Timestamp::from_millis(i64::MAX)) < key(&longer, Timestamp::from_millis(0))
        );
    }
}
