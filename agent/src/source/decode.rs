//! From registers to numbers: what the words of an answer mean. Pure.

use crate::config::{WordFormat, WordOrder, WordType};

/// What a gauge's registers say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Decoded {
    /// A number in the parameter's unit.
    Number(f64),
    /// One of the instrument's own "no reading" values, scaled like a number.
    Sentinel(f64),
}

/// The number in `words`, scaled: `raw * scale + offset`.
///
/// `None` where the words are fewer than the format needs.
#[must_use]
pub(crate) fn decode(
    words: &[u16],
    format: WordFormat,
    scale: f64,
    offset: f64,
    sentinels: &[f64],
) -> Option<Decoded> {
    let raw = raw(words, format)?;
    let number = raw * scale + offset;
    let is_sentinel = sentinels.iter().any(|s| is_same(raw, *s, format.word_type));
    Some(if is_sentinel {
        Decoded::Sentinel(number)
    } else {
        Decoded::Number(number)
    })
}

/// A file says 9.99, registers the nearest `f32`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "to the precision of the registers, where they are equal or not"
)]
fn is_same(raw: f64, sentinel: f64, word_type: WordType) -> bool {
    match word_type {
        WordType::F32 => raw as f32 == sentinel as f32 || (raw.is_nan() && sentinel.is_nan()),
        WordType::U16 | WordType::I16 | WordType::U32 | WordType::I32 => raw == sentinel,
    }
}

fn raw(words: &[u16], format: WordFormat) -> Option<f64> {
    let long = || {
        let [first, second] = *words.first_chunk::<2>()?;
        let (high, low) = match format.order {
            WordOrder::Big => (first, second),
            WordOrder::Little => (second, first),
        };
        Some(u32::from(high) << 16 | u32::from(low))
    };
    match format.word_type {
        WordType::U16 => words.first().map(|w| f64::from(*w)),
        WordType::I16 => words.first().map(|w| f64::from(w.cast_signed())),
        WordType::U32 => long().map(f64::from),
        WordType::I32 => long().map(|l| f64::from(l.cast_signed())),
        WordType::F32 => long().map(|l| f64::from(f32::from_bits(l))),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::WordOrder;

    use super::*;

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

    #[expect(clippy::cast_possible_truncation, reason = "halves of 32 bits")]
    #[test]
    fn a_sentinel_with_a_fraction_is_known_at_the_precision_of_the_registers() {
        let format = WordFormat {
            word_type: WordType::F32,
            order: WordOrder::Big,
        };
        for sentinel in [9.99_f64, -999.9, -99.99] {
            let bits = (sentinel as f32).to_bits();
            let words = [(bits >> 16) as u16, bits as u16];
            let decoded = decode(&words, format, 1.0, 0.0, &[sentinel]);
            assert!(matches!(decoded, Some(Decoded::Sentinel(_))), "{sentinel}");
        }
    }
}
