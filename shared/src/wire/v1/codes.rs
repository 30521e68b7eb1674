//! What stands for the program's enums on the wire: names in JSON, numbers in the binary form.
//!
//! A variant that is added to one of them does not compile here until it has a code of its own.

use strum::VariantArray as _;

use crate::{
    clock::Mode,
    fleet::TruckState,
    gauge::Parameter,
    quality::{Quality, Test, TestSet},
    wire::FieldError,
};

/// A value that has a name in JSON.
pub trait Named: Copy + Sized {
    /// What it is, for errors.
    const WHAT: &'static str;
    /// Every name there is.
    const NAMES: &'static [&'static str];

    fn name(self) -> &'static str;

    /// The value of that name.
    ///
    /// # Errors
    /// None has it.
    fn named(name: &str) -> Result<Self, FieldError>;
}

/// A value that has a number.
pub trait Numbered: Copy + Sized {
    type Number;

    fn number(self) -> Self::Number;

    /// The value of that number.
    ///
    /// # Errors
    /// None has it.
    fn numbered(number: Self::Number) -> Result<Self, FieldError>;
}

macro_rules! names {
    ($what:literal, $domain:ident { $($variant:ident = $name:literal,)+ }) => {
        impl Named for $domain {
            const WHAT: &'static str = $what;
            const NAMES: &'static [&'static str] = &[$($name),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            fn named(name: &str) -> Result<Self, FieldError> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(FieldError::Name {
                        what: Self::WHAT,
                        found: name.to_owned(),
                        known: Self::NAMES,
                    }),
                }
            }
        }
    };
}

macro_rules! numbers {
    ($what:literal, $domain:ident as $number:ty { $($variant:ident = $code:literal,)+ }) => {
        impl Numbered for $domain {
            type Number = $number;

            fn number(self) -> $number {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            fn numbered(number: $number) -> Result<Self, FieldError> {
                match number {
                    $($code => Ok(Self::$variant),)+
                    _ => Err(FieldError::Number { what: $what, found: number.into() }),
                }
            }
        }
    };
}

names!("mode", Mode {
    Actual = "actual",
    Exercise = "exercise",
    Replay = "replay",
});

numbers!("mode", Mode as u32 {
    Actual = 0,
    Exercise = 1,
    Replay = 2,
});

names!("parameter", Parameter {
    Depth = "depth",
    Stage = "stage",
    WaterLevel = "water-level",
    RainfallDepth = "rainfall-depth",
    RainfallIntensity = "rainfall-intensity",
});

numbers!("parameter", Parameter as u32 {
    Depth = 0,
    Stage = 1,
    WaterLevel = 2,
    RainfallDepth = 3,
    RainfallIntensity = 4,
});

numbers!("QARTOD flag", Quality as u8 {
    Pass = 1,
    NotEvaluated = 2,
    Suspect = 3,
    Fail = 4,
    Missing = 9,
});

names!("quality test", Test {
    GrossRange = "gross-range",
    Spike = "spike",
    RateOfChange = "rate-of-change",
    FlatLine = "flat-line",
    Sentinel = "sentinel",
    Clock = "clock",
    Corrected = "corrected",
});

numbers!("quality test", Test as u16 {
    GrossRange = 1,
    Spike = 2,
    RateOfChange = 4,
    FlatLine = 8,
    Sentinel = 16,
    Clock = 32,
    Corrected = 64,
});

names!("state of a truck", TruckState {
    Idle = "idle",
    Driving = "driving",
    SettingUp = "setting-up",
    Pumping = "pumping",
    PackingUp = "packing-up",
    OutOfService = "out-of-service",
});

/// A set of tests as the sum of their numbers.
pub fn bits(tests: TestSet) -> u16 {
    tests.iter().map(Test::number).sum()
}

/// The tests in a sum of numbers. Numbers that version 1 does not know are passed over: the
/// quality flag says already how far the reading is to be believed.
pub fn tests(bits: u16) -> TestSet {
    let all = Test::VARIANTS.iter().copied();
    all.filter(|test| bits & test.number() != 0).collect()
}
