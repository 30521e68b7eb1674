//! How a gauge's number lies in its registers, in the words of configuration files. Pure.

use std::{fmt, str::FromStr};

use super::word::UnknownWord;

/// Which table of registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum RegisterKind {
    /// Function 3.
    #[default]
    Holding,
    /// Function 4.
    Input,
}

/// How a number lies in its registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WordType {
    U16,
    I16,
    U32,
    I32,
    F32,
}

/// Which of two registers holds the high half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WordOrder {
    /// The first register is the high half.
    #[default]
    Big,
    /// The first register is the low half.
    Little,
}

/// Type and order of the words of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WordFormat {
    pub word_type: WordType,
    pub order: WordOrder,
}

impl WordType {
    /// Registers that a number takes up.
    #[must_use]
    pub(crate) const fn words(self) -> u16 {
        match self {
            Self::U16 | Self::I16 => 1,
            Self::U32 | Self::I32 | Self::F32 => 2,
        }
    }

    /// Whether a raw value can ever be read as this type.
    #[must_use]
    pub(crate) fn can_be(self, raw: f64) -> bool {
        let (low, high) = match self {
            Self::U16 => (0.0, f64::from(u16::MAX)),
            Self::I16 => (f64::from(i16::MIN), f64::from(i16::MAX)),
            Self::U32 => (0.0, f64::from(u32::MAX)),
            Self::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
            Self::F32 => return raw.is_finite(),
        };
        (low..=high).contains(&raw) && raw.fract() == 0.0
    }

    /// The count after the highest one; none for a number that does not wrap.
    #[must_use]
    pub(crate) fn wraps_at(self) -> Option<f64> {
        match self {
            Self::U16 => Some(65_536.0),
            Self::U32 => Some(4_294_967_296.0),
            Self::I16 | Self::I32 | Self::F32 => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::F32 => "f32",
        }
    }
}

/// What is probably meant by a register that looks like the number of a manual, which counts from 1
/// and puts the kind in front.
#[must_use]
pub(crate) fn register_hint(register: u16, kind: RegisterKind) -> Option<String> {
    let (first, name) = match kind {
        RegisterKind::Holding => (40_001, "holding"),
        RegisterKind::Input => (30_001, "input"),
    };
    let counted = register.checked_sub(first).filter(|n| *n < 9_999)?;
    Some(format!(
        "register = {register} is asked for as it is; if that is a manual's number, it is \
         register = {counted} of kind = \"{name}\""
    ))
}

impl fmt::Display for WordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for WordType {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::U16, Self::I16, Self::U32, Self::I32, Self::F32]
            .into_iter()
            .find(|t| t.name() == text)
            .ok_or_else(|| UnknownWord::new("type", text, "u16, i16, u32, i32, f32"))
    }
}

impl FromStr for RegisterKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "holding" => Ok(Self::Holding),
            "input" => Ok(Self::Input),
            _ => Err(UnknownWord::new("kind", text, "holding, input")),
        }
    }
}

impl FromStr for WordOrder {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "big" => Ok(Self::Big),
            "little" => Ok(Self::Little),
            _ => Err(UnknownWord::new("word_order", text, "big, little")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentinel_must_fit_its_type() {
        assert!(WordType::I16.can_be(-32_768.0) && !WordType::I16.can_be(32_768.0));
        assert!(!WordType::U16.can_be(-1.0) && !WordType::U32.can_be(0.5));
    }
}
