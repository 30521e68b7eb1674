//! From registers to numbers: which registers to ask for, and what they mean. Pure.

use std::{fmt, str::FromStr};

/// Most registers that one read may ask for (Modbus application protocol 1.1b3, § 6.3).
pub const MAX_WORDS: u16 = 125;

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

/// Where a gauge's number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub unit_id: u8,
    pub kind: RegisterKind,
    pub register: u16,
    pub words: u16,
    /// Storm milliseconds between two readings; only gauges of one interval share a request.
    pub interval_ms: i64,
}

/// One read that serves one or more gauges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub unit_id: u8,
    pub kind: RegisterKind,
    pub start: u16,
    pub count: u16,
    pub interval_ms: i64,
    /// Indices into the list of what is wanted.
    pub serves: Vec<usize>,
}

/// What a gauge's registers say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decoded {
    /// A number in the parameter's unit.
    Number(f64),
    /// One of the instrument's own "no reading" values, scaled like a number.
    Sentinel(f64),
}

/// Joins what is wanted into as few reads as `max_gap` unused registers between two allow.
///
/// Registers are joined only within one unit, kind and interval, and never beyond [`MAX_WORDS`].
#[must_use]
pub fn coalesce(wanted: &[Wanted], max_gap: u16) -> Vec<Request> {
    let mut order: Vec<(usize, &Wanted)> = wanted.iter().enumerate().collect();
    order.sort_by_key(|(_, w)| (w.unit_id, w.kind, w.interval_ms, w.register, w.words));
    let mut requests: Vec<Request> = Vec::new();
    for (index, one) in order {
        match requests.last_mut().filter(|last| joins(last, one, max_gap)) {
            Some(last) => {
                let end = end(one.register, one.words).max(end(last.start, last.count));
                last.count = u16::try_from(end - u32::from(last.start)).unwrap_or(MAX_WORDS);
                last.serves.push(index);
            }
            None => requests.push(Request {
                unit_id: one.unit_id,
                kind: one.kind,
                start: one.register,
                count: one.words,
                interval_ms: one.interval_ms,
                serves: vec![index],
            }),
        }
    }
    requests
}

fn end(start: u16, count: u16) -> u32 {
    u32::from(start) + u32::from(count)
}

fn joins(last: &Request, one: &Wanted, max_gap: u16) -> bool {
    let same =
        (last.unit_id, last.kind, last.interval_ms) == (one.unit_id, one.kind, one.interval_ms);
    let near = u32::from(one.register) <= end(last.start, last.count) + u32::from(max_gap);
    let short = end(one.register, one.words) - u32::from(last.start) <= u32::from(MAX_WORDS);
    same && near && short
}

/// The number in `words`, scaled: `raw * scale + offset`.
///
/// `None` where the words are fewer than the format needs.
#[must_use]
pub fn decode(
    words: &[u16],
    format: WordFormat,
    scale: f64,
    offset: f64,
    sentinels: &[f64],
) -> Option<Decoded> {
    let raw = format.raw(words)?;
    let number = raw * scale + offset;
    let is_sentinel = sentinels.contains(&raw);
    Some(if is_sentinel {
        Decoded::Sentinel(number)
    } else {
        Decoded::Number(number)
    })
}

impl WordFormat {
    fn raw(self, words: &[u16]) -> Option<f64> {
        let long = || {
            let [first, second] = *words.first_chunk::<2>()?;
            let (high, low) = match self.order {
                WordOrder::Big => (first, second),
                WordOrder::Little => (second, first),
            };
            Some(u32::from(high) << 16 | u32::from(low))
        };
        match self.word_type {
            WordType::U16 => words.first().map(|w| f64::from(*w)),
            WordType::I16 => words.first().map(|w| f64::from(w.cast_signed())),
            WordType::U32 => long().map(f64::from),
            WordType::I32 => long().map(|l| f64::from(l.cast_signed())),
            WordType::F32 => long().map(|l| f64::from(f32::from_bits(l))),
        }
    }
}

impl WordType {
    /// Registers that a number takes up.
    #[must_use]
    pub const fn words(self) -> u16 {
        match self {
            Self::U16 | Self::I16 => 1,
            Self::U32 | Self::I32 | Self::F32 => 2,
        }
    }

    /// Whether a raw value can ever be read as this type.
    #[must_use]
    pub fn can_be(self, raw: f64) -> bool {
        let (low, high) = match self {
            Self::U16 => (0.0, f64::from(u16::MAX)),
            Self::I16 => (f64::from(i16::MIN), f64::from(i16::MAX)),
            Self::U32 => (0.0, f64::from(u32::MAX)),
            Self::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
            Self::F32 => return raw.is_finite(),
        };
        (low..=high).contains(&raw) && raw.fract() == 0.0
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

impl fmt::Display for WordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for WordType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::U16, Self::I16, Self::U32, Self::I32, Self::F32]
            .into_iter()
            .find(|t| t.name() == text)
            .ok_or_else(|| format!("type `{text}` is not known; known: u16, i16, u32, i32, f32"))
    }
}

impl FromStr for RegisterKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "holding" => Ok(Self::Holding),
            "input" => Ok(Self::Input),
            _ => Err(format!("kind `{text}` is not known; known: holding, input")),
        }
    }
}

impl FromStr for WordOrder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "big" => Ok(Self::Big),
            "little" => Ok(Self::Little),
            _ => Err(format!(
                "word_order `{text}` is not known; known: big, little"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(unit_id: u8, register: u16, words: u16) -> Wanted {
        Wanted {
            unit_id,
            kind: RegisterKind::Holding,
            register,
            words,
            interval_ms: 60_000,
        }
    }

    fn spans(requests: &[Request]) -> Vec<(u8, u16, u16)> {
        requests
            .iter()
            .map(|r| (r.unit_id, r.start, r.count))
            .collect()
    }

    #[test]
    fn neighbours_share_a_request_and_far_registers_do_not() {
        let list = [
            wanted(1, 10, 1),
            wanted(1, 0, 2),
            wanted(1, 3, 1),
            wanted(1, 40, 1),
        ];
        let requests = coalesce(&list, 8);
        assert_eq!(spans(&requests), [(1, 0, 11), (1, 40, 1)]);
        assert_eq!(
            requests.first().map(|r| r.serves.clone()),
            Some(vec![1, 2, 0])
        );
        assert_eq!(spans(&coalesce(&list, 0)).len(), 4);
    }

    #[test]
    fn units_kinds_and_intervals_are_never_mixed() {
        let input = Wanted {
            kind: RegisterKind::Input,
            ..wanted(1, 1, 1)
        };
        let slow = Wanted {
            interval_ms: 300_000,
            ..wanted(1, 2, 1)
        };
        assert_eq!(
            coalesce(&[wanted(1, 0, 1), wanted(2, 0, 1), input, slow], 8).len(),
            4
        );
    }

    #[test]
    fn forty_gauges_in_two_hundred_registers_take_two_requests() {
        let list: Vec<_> = (0..40).map(|k| wanted(1, k * 5, 2)).collect();
        let requests = coalesce(&list, 8);
        assert!(requests.iter().all(|r| r.count <= MAX_WORDS));
        assert_eq!(requests.len(), 2);
    }

    #[test]
    fn the_last_register_of_all_can_be_read() {
        assert_eq!(
            spans(&coalesce(&[wanted(1, 65_534, 2)], 8)),
            [(1, 65_534, 2)]
        );
    }

    #[test]
    fn two_gauges_may_read_the_same_register() {
        let requests = coalesce(&[wanted(1, 4, 2), wanted(1, 4, 2), wanted(1, 5, 1)], 0);
        assert_eq!(spans(&requests), [(1, 4, 2)]);
    }

    fn number(words: &[u16], word_type: WordType, order: WordOrder) -> Option<Decoded> {
        decode(words, WordFormat { word_type, order }, 1.0, 0.0, &[])
    }

    #[test]
    fn every_type_and_word_order_is_read() {
        use {WordOrder::*, WordType::*};
        assert_eq!(number(&[0xFFFE], U16, Big), Some(Decoded::Number(65_534.0)));
        assert_eq!(number(&[0xFFFE], I16, Big), Some(Decoded::Number(-2.0)));
        assert_eq!(number(&[1, 2], U32, Big), Some(Decoded::Number(65_538.0)));
        assert_eq!(
            number(&[2, 1], U32, Little),
            Some(Decoded::Number(65_538.0))
        );
        assert_eq!(
            number(&[0xFFFF, 0xFFFF], I32, Big),
            Some(Decoded::Number(-1.0))
        );
        assert_eq!(number(&[0x3FC0, 0], F32, Big), Some(Decoded::Number(1.5)));
        assert_eq!(
            number(&[0, 0x3FC0], F32, Little),
            Some(Decoded::Number(1.5))
        );
        assert_eq!(number(&[1], U32, Big), None);
    }

    #[test]
    fn scale_and_offset_apply_and_sentinels_are_compared_raw() {
        let format = WordFormat {
            word_type: WordType::I16,
            order: WordOrder::Big,
        };
        assert_eq!(
            decode(&[250], format, 0.5, 2.0, &[-32_768.0]),
            Some(Decoded::Number(127.0))
        );
        let sentinel = decode(&[0x8000], format, 0.5, 0.0, &[-32_768.0]);
        assert_eq!(sentinel, Some(Decoded::Sentinel(-16_384.0)));
    }

    #[test]
    fn a_sentinel_must_fit_its_type() {
        assert!(WordType::I16.can_be(-32_768.0) && !WordType::I16.can_be(32_768.0));
        assert!(!WordType::U16.can_be(-1.0) && !WordType::U32.can_be(0.5));
    }
}
