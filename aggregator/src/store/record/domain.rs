//! Words of the domain that several records hold, in their form of version 1.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use shared::{
    clock::Mode,
    fleet::TruckState,
    gauge::Parameter,
    ids::IdError,
    quality::{Quality, Test, TestSet},
};
use strum::VariantArray as _;

use super::Flaw;

/// Reads an id from its text.
pub fn id<T: FromStr<Err = IdError>>(text: &str) -> Result<T, Flaw> {
    text.parse().map_err(Flaw::value)
}

/// What a gauge gives.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum ParameterV1 {
    Depth,
    Stage,
    WaterLevel,
    RainfallDepth,
    RainfallIntensity,
}

impl From<Parameter> for ParameterV1 {
    fn from(parameter: Parameter) -> Self {
        match parameter {
            Parameter::Depth => Self::Depth,
            Parameter::Stage => Self::Stage,
            Parameter::WaterLevel => Self::WaterLevel,
            Parameter::RainfallDepth => Self::RainfallDepth,
            Parameter::RainfallIntensity => Self::RainfallIntensity,
        }
    }
}

impl From<ParameterV1> for Parameter {
    fn from(parameter: ParameterV1) -> Self {
        match parameter {
            ParameterV1::Depth => Self::Depth,
            ParameterV1::Stage => Self::Stage,
            ParameterV1::WaterLevel => Self::WaterLevel,
            ParameterV1::RainfallDepth => Self::RainfallDepth,
            ParameterV1::RainfallIntensity => Self::RainfallIntensity,
        }
    }
}

/// A parameter's number in keys.
pub const fn parameter_v1(parameter: Parameter) -> u8 {
    match parameter {
        Parameter::Depth => 1,
        Parameter::Stage => 2,
        Parameter::WaterLevel => 3,
        Parameter::RainfallDepth => 4,
        Parameter::RainfallIntensity => 5,
    }
}

/// The parameter with that number.
pub fn parameter(number: u8) -> Result<Parameter, Flaw> {
    match number {
        1 => Ok(Parameter::Depth),
        2 => Ok(Parameter::Stage),
        3 => Ok(Parameter::WaterLevel),
        4 => Ok(Parameter::RainfallDepth),
        5 => Ok(Parameter::RainfallIntensity),
        _ => Err(Flaw::value(format!("parameter {number}"))),
    }
}

/// A quality flag: QARTOD's number.
pub const fn quality_v1(quality: Quality) -> u8 {
    match quality {
        Quality::Pass => 1,
        Quality::NotEvaluated => 2,
        Quality::Suspect => 3,
        Quality::Fail => 4,
        Quality::Missing => 9,
    }
}

/// The flag with that number.
pub fn quality(number: u8) -> Result<Quality, Flaw> {
    match number {
        1 => Ok(Quality::Pass),
        2 => Ok(Quality::NotEvaluated),
        3 => Ok(Quality::Suspect),
        4 => Ok(Quality::Fail),
        9 => Ok(Quality::Missing),
        _ => Err(Flaw::value(format!("quality {number}"))),
    }
}

const fn bit(test: Test) -> u16 {
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

/// A set of quality tests as bits.
pub fn tests_v1(tests: TestSet) -> u16 {
    if tests.is_empty() {
        return 0;
    }
    tests.iter().fold(0, |bits, test| bits | bit(test))
}

/// The set with those bits.
pub fn tests(bits: u16) -> Result<TestSet, Flaw> {
    if bits == 0 {
        return Ok(TestSet::NONE);
    }
    let among = |test: &Test| bits & bit(*test) != 0;
    let set = Test::VARIANTS.iter().copied().filter(among).collect();
    if tests_v1(set) == bits {
        Ok(set)
    } else {
        Err(Flaw::value(format!("quality tests {bits:#b}")))
    }
}

/// What the data of a run may be taken for.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum ModeV1 {
    Actual,
    Exercise,
    Replay,
}

impl From<Mode> for ModeV1 {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Actual => Self::Actual,
            Mode::Exercise => Self::Exercise,
            Mode::Replay => Self::Replay,
        }
    }
}

impl From<ModeV1> for Mode {
    fn from(mode: ModeV1) -> Self {
        match mode {
            ModeV1::Actual => Self::Actual,
            ModeV1::Exercise => Self::Exercise,
            ModeV1::Replay => Self::Replay,
        }
    }
}

/// What a truck is doing.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum TruckStateV1 {
    Idle,
    Driving,
    SettingUp,
    Pumping,
    PackingUp,
    OutOfService,
}

impl From<TruckState> for TruckStateV1 {
    fn from(state: TruckState) -> Self {
        match state {
            TruckState::Idle => Self::Idle,
            TruckState::Driving => Self::Driving,
            TruckState::SettingUp => Self::SettingUp,
            TruckState::Pumping => Self::Pumping,
            TruckState::PackingUp => Self::PackingUp,
            TruckState::OutOfService => Self::OutOfService,
        }
    }
}

impl From<TruckStateV1> for TruckState {
    fn from(state: TruckStateV1) -> Self {
        match state {
            TruckStateV1::Idle => Self::Idle,
            TruckStateV1::Driving => Self::Driving,
            TruckStateV1::SettingUp => Self::SettingUp,
            TruckStateV1::Pumping => Self::Pumping,
            TruckStateV1::PackingUp => Self::PackingUp,
            TruckStateV1::OutOfService => Self::OutOfService,
        }
    }
}
