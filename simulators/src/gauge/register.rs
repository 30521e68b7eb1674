//! The register layout of a simulated station: one Modbus unit, five holding registers.
//!
//! | register | holds |
//! |---|---|
//! | 0 | the value: mm as i16 for depth, stage and water level; 0.1 mm/h as u16; 0.01 mm as u16 |
//! | 1 | status: 0 in order, 1 fault |
//! | 2, 3 | readings served since the start, u32, high word first |
//! | 4 | battery in 0.01 V |

use shared::gauge::Parameter;

/// Holding registers of a station.
pub(crate) const COUNT: u16 = 5;

/// A lead battery on a solar charger, in 0.01 V.
pub(crate) const BATTERY: u16 = 1264;

/// How a parameter's value stands in register 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Coding {
    /// `i16` or `u16`.
    pub kind: &'static str,
    /// Value in the parameter's unit = raw × scale.
    pub scale: f64,
    /// Thousandths of the unit in one raw count.
    pub milli_per_count: i64,
    /// The raw word that means "no reading".
    pub sentinel: u16,
}

impl Coding {
    /// The coding of a parameter.
    #[must_use]
    pub(crate) const fn of(parameter: Parameter) -> Self {
        match parameter {
            Parameter::Depth | Parameter::Stage | Parameter::WaterLevel => Self {
                kind: "i16",
                scale: 0.001,
                milli_per_count: 1,
                sentinel: 0x8000,
            },
            Parameter::RainfallIntensity => Self {
                kind: "u16",
                scale: 0.1,
                milli_per_count: 100,
                sentinel: 0xFFFF,
            },
            Parameter::RainfallDepth => Self {
                kind: "u16",
                scale: 0.01,
                milli_per_count: 10,
                sentinel: 0xFFFF,
            },
        }
    }

    /// The sentinel as the number that an agent reads.
    #[must_use]
    pub(crate) fn sentinel_count(self) -> i64 {
        self.count_of(self.sentinel)
    }

    /// A value as a register word; beyond the register's span it stays at the span's end.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the register before the cast; two's complement is the point"
    )]
    pub(crate) fn word(self, value: f64) -> u16 {
        let counts = (value / self.scale).round();
        if self.kind == "i16" {
            counts.clamp(-32767.0, 32767.0) as i16 as u16
        } else {
            counts.clamp(0.0, 65534.0) as u16
        }
    }

    /// Thousandths of the unit that a word stands for.
    #[must_use]
    pub(crate) fn milli(self, word: u16) -> i64 {
        self.count_of(word) * self.milli_per_count
    }

    fn count_of(self, word: u16) -> i64 {
        if self.kind == "i16" {
            i64::from(word.cast_signed())
        } else {
            i64::from(word)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_survives_its_register_to_the_registers_resolution() {
        let depth = Coding::of(Parameter::Depth);
        assert_eq!(depth.milli(depth.word(0.2134)), 213);
        assert_eq!(depth.milli(depth.word(-0.062)), -62);
        let rain = Coding::of(Parameter::RainfallIntensity);
        assert_eq!(rain.milli(rain.word(12.51)), 12_500);
        let tip = Coding::of(Parameter::RainfallDepth);
        assert_eq!(tip.milli(tip.word(0.2)), 200);
    }

    #[test]
    fn an_impossible_value_stays_at_the_end_and_never_becomes_the_sentinel() {
        let depth = Coding::of(Parameter::Depth);
        assert_eq!(depth.word(99.0), 0x7FFF);
        assert_eq!(depth.word(-99.0), 0x8001);
        assert_eq!(Coding::of(Parameter::RainfallIntensity).word(1e9), 0xFFFE);
        assert_eq!(depth.sentinel_count(), -32_768);
    }
}
