//! Observations as bytes: length, checksum, version, content. Pure.
//!
//! A value of the spool is one frame, a draft is frames one after the other. The length and the
//! CRC-32 make a torn or rotten value visible above the store, whose own checks have failed before,
//! and show where a draft that was cut off ends. Layout, little endian: `u32` length of the rest
//! after the checksum, `u32` CRC-32 of it, one byte of version, then the content of that version
//! (`v1.rs`). The header is the same in every version.

mod error;
mod v1;

use shared::observation::Observation;

pub use error::FrameError;

const HEADER: usize = 8;

/// The bytes of a batch.
///
/// # Errors
/// Only where memory cannot be had for it.
pub fn encode(observations: &[Observation]) -> Result<Vec<u8>, FrameError> {
    let body = v1::encode(observations, vec![v1::VERSION])?;
    let length = u32::try_from(body.len()).map_err(|_| FrameError::Length {
        expected: u32::MAX as usize,
        found: body.len(),
    })?;
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// The batch in the bytes.
///
/// # Errors
/// Anything that [`encode`] did not write.
pub fn decode(bytes: &[u8]) -> Result<Vec<Observation>, FrameError> {
    observations(checked(bytes)?)
}

/// What the whole frames at the front of some bytes hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leading {
    pub observations: Vec<Observation>,
    /// Bytes that these frames take up; what follows is torn, rotten or nothing.
    pub bytes: usize,
    /// The version of the frame that follows, where it is whole and this program cannot read it.
    pub unknown_version: Option<u8>,
}

/// Decodes frame after frame up to the end or the first one that is not whole.
#[must_use]
pub fn leading(bytes: &[u8]) -> Leading {
    let (mut whole, mut rest) = (Leading::default(), bytes);
    while let Ok((body, after)) = split(rest) {
        match observations(body) {
            Ok(more) => whole.observations.extend(more),
            Err(FrameError::Version(version)) => {
                whole.unknown_version = Some(version);
                break;
            }
            Err(_) => break,
        }
        rest = after;
    }
    whole.bytes = bytes.len() - rest.len();
    whole
}

/// Whether length and checksum hold.
#[must_use]
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    checked(bytes).is_ok()
}

/// The part after the header, if length and checksum hold and nothing follows.
fn checked(bytes: &[u8]) -> Result<&[u8], FrameError> {
    match split(bytes)? {
        (body, []) => Ok(body),
        (body, rest) => Err(FrameError::Length {
            expected: body.len(),
            found: body.len() + rest.len(),
        }),
    }
}

/// The first frame's part after its header, if length and checksum hold, and what follows it.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), FrameError> {
    let short = FrameError::Length {
        expected: HEADER,
        found: bytes.len(),
    };
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(short.clone())?;
    let (checksum, rest) = rest.split_first_chunk::<4>().ok_or(short)?;
    let expected = u32::from_le_bytes(*length) as usize;
    let (body, after) = rest.split_at_checked(expected).ok_or(FrameError::Length {
        expected,
        found: rest.len(),
    })?;
    if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
        return Err(FrameError::Checksum);
    }
    Ok((body, after))
}

fn observations(body: &[u8]) -> Result<Vec<Observation>, FrameError> {
    match body.split_first() {
        Some((&v1::VERSION, content)) => v1::decode(content),
        Some((version, _)) => Err(FrameError::Version(*version)),
        None => Err(FrameError::Length {
            expected: 1,
            found: 0,
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::{
        gauge::Parameter,
        quality::{Quality, TestSet},
        time::Timestamp,
        value::Value,
    };

    use super::*;

    /// A frame around any content.
    fn framed(version: u8, content: &[u8]) -> Vec<u8> {
        let body = [&[version], content].concat();
        let length = u32::try_from(body.len()).expect("short").to_le_bytes();
        [&length, &crc32fast::hash(&body).to_le_bytes(), &body[..]].concat()
    }

    fn batch(values: &[i64]) -> Vec<Observation> {
        let one = |milli: &i64| Observation {
            gauge: "lg-0001".parse().expect("id"),
            parameter: Parameter::Depth,
            observed_at: Timestamp::from_millis(1_784_622_000_000 + milli),
            value: Some(Value::from_milli(*milli)),
            quality: Quality::Pass,
            tests: TestSet::NONE,
        };
        values.iter().map(one).collect()
    }

    #[test]
    fn a_version_that_is_not_known_is_refused_by_name() {
        assert_eq!(decode(&framed(9, &[0])), Err(FrameError::Version(9)));
        assert_eq!(decode(&framed(1, &[0])), Ok(vec![]));
    }

    #[test]
    fn content_that_means_nothing_is_refused_with_the_reason() {
        let gauge = [2, b'l', b'g'];
        let rest = |parameter, quality, tests| [parameter, 0, 0, quality, tests];
        let content = |count, rest: [u8; 5]| [&[count], &gauge[..], &rest].concat();
        let refused = |content: &[u8]| decode(&framed(1, content)).expect_err("refused");
        let unknown = |what, code| FrameError::Unknown { what, code };
        assert!(decode(&framed(1, &content(1, rest(4, 9, 0x7F)))).is_ok());
        assert_eq!(refused(&content(1, rest(5, 9, 0))), unknown("parameter", 5));
        assert_eq!(
            refused(&content(1, rest(0, 5, 0))),
            unknown("quality flag", 5)
        );
        // The eighth bit takes a second byte.
        let later = [&content(1, rest(0, 1, 0x82))[..], &[1]].concat();
        assert_eq!(refused(&later), unknown("quality test", 0x80));
        assert_eq!(refused(&content(0, rest(0, 1, 0))), FrameError::Trailing(8));
        assert!(matches!(
            refused(&content(2, rest(0, 1, 0))),
            FrameError::Malformed(_)
        ));
        assert!(matches!(
            refused(&[1, 1, b'L', 0, 0, 0, 1, 0]),
            FrameError::Gauge(_)
        ));
        assert!(matches!(refused(&[]), FrameError::Malformed(_)));
        let nothing = [1_u32.to_le_bytes(), 0_u32.to_le_bytes()].concat();
        assert!(matches!(decode(&nothing), Err(FrameError::Length { .. })));
    }

    proptest! {
        #[test]
        fn a_batch_comes_back_and_any_flipped_or_missing_byte_shows(
            values in prop::collection::vec(-5_000_i64..5_000, 0..20),
            at in any::<prop::sample::Index>(),
            mask in 1_u8..=255,
        ) {
            let bytes = encode(&batch(&values)).expect("encodes");
            prop_assert_eq!(decode(&bytes), Ok(batch(&values)));
            let at = at.index(bytes.len());
            let mut flipped = bytes.clone();
            if let Some(byte) = flipped.get_mut(at) {
                *byte ^= mask;
            }
            prop_assert!(decode(&flipped).is_err());
            prop_assert!(decode(bytes.get(..at).unwrap_or_default()).is_err());
        }

        #[test]
        fn frames_that_were_cut_off_at_any_byte_give_exactly_the_whole_ones_before(
            sizes in prop::collection::vec(1_usize..5, 0..6),
        ) {
            let (mut bytes, mut all, mut ends) = (Vec::new(), Vec::new(), vec![(0, 0)]);
            for size in sizes {
                let values: Vec<i64> = (0_i64..).skip(all.len()).take(size).collect();
                bytes.extend(encode(&batch(&values)).expect("encodes"));
                all.extend(batch(&values));
                ends.push((bytes.len(), all.len()));
            }
            for cut in 0..=bytes.len() {
                let last = ends.iter().rfind(|(end, _)| *end <= cut);
                let (end, count) = *last.expect("the empty one");
                let expected = Leading {
                    observations: all.get(..count).unwrap_or_default().to_vec(),
                    bytes: end,
                    unknown_version: None,
                };
                prop_assert_eq!(leading(bytes.get(..cut).unwrap_or_default()), expected);
            }
        }

        #[test]
        fn a_flipped_byte_hides_its_own_frame_and_what_follows_and_nothing_before(
            at in any::<prop::sample::Index>(),
            mask in 1_u8..=255,
        ) {
            let one = encode(&batch(&[1, 2])).expect("encodes");
            let mut bytes = one.repeat(4);
            let at = at.index(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= mask;
            }
            let before = at / one.len();
            let seen = leading(&bytes);
            prop_assert_eq!(seen.bytes, before * one.len());
            prop_assert_eq!(seen.observations, batch(&[1, 2].repeat(before)));
        }
    }

    #[test]
    fn zeros_as_a_power_cut_may_leave_them_are_no_frame() {
        assert_eq!(leading(&[0; 64]), Leading::default());
    }
}
