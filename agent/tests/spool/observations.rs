//! Observations to put into batches.

use shared::{
    gauge::Parameter,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    value::Value,
};

/// When the first observation of every test was made.
const START_MS: i64 = 1_784_622_000_000;

/// The observation of a number, which is its value in millimetres. No two are made at one instant.
pub fn observation(number: usize) -> Observation {
    let milli = i64::try_from(number).unwrap();
    Observation {
        gauge: format!("lg-{:04}", number % 50).parse().unwrap(),
        parameter: Parameter::Depth,
        observed_at: Timestamp::from_millis(START_MS + milli),
        value: Some(Value::from_milli(milli)),
        quality: Quality::Pass,
        tests: TestSet::NONE,
    }
}

/// A batch of so many observations, of which no other `which` has any.
pub fn batch(which: usize, count: usize) -> Vec<Observation> {
    const MOST: usize = 1_000;
    assert!(count <= MOST);
    (which * MOST..).take(count).map(observation).collect()
}
