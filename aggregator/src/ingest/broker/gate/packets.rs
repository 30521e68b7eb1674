//! MQTT packets in a stream of bytes, as far as a gate must know them: where each ends, and what a
//! client asks for when it connects (MQTT 3.1.1 and 5, 2.1 and 3.1). Pure.

use std::time::Duration;

/// Bytes of the packet with which a client connects, at most: a name, a login and a will, which is a
/// health message.
pub const MAX_CONNECT: usize = 64 * 1024;

/// Bytes that tell how long a packet is, at most.
const MAX_LENGTH_BYTES: u32 = 4;

/// Why a packet is none that may stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("a packet does not say how long it is")]
    Length,
    #[error("the first packet is not CONNECT")]
    NotConnect,
    #[error("CONNECT is too large")]
    TooLarge,
    #[error("CONNECT is not of MQTT 3.1, 3.1.1 or 5")]
    Form,
    #[error("CONNECT has a password and no user name")]
    PasswordAlone,
}

/// Follows a stream from packet to packet.
#[derive(Debug, Default)]
pub struct Packets {
    at: At,
}

#[derive(Debug, Clone, Copy, Default)]
enum At {
    /// Before the first byte of a packet.
    #[default]
    Between,
    /// Among the bytes that tell its length.
    Length { read: u32, length: usize },
    /// So many bytes before its end.
    Body { left: usize },
}

impl Packets {
    /// Takes the bytes that came. Returns how many packets ended in them.
    ///
    /// # Errors
    /// A packet does not say how long it is.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<usize, Wrong> {
        let mut ended = 0;
        while let Some((first, rest)) = bytes.split_first() {
            (self.at, bytes) = match self.at {
                At::Between => {
                    let at = At::Length { read: 0, length: 0 };
                    (at, rest)
                }
                At::Length { read, length } => {
                    let length = length | usize::from(first & 0x7f) << (7 * read);
                    let at = match (first & 0x80 != 0, length) {
                        (true, _) if read + 1 == MAX_LENGTH_BYTES => return Err(Wrong::Length),
                        (true, length) => At::Length {
                            read: read + 1,
                            length,
                        },
                        (false, left) => At::Body { left },
                    };
                    (at, rest)
                }
                At::Body { left } => {
                    let (_, rest) = bytes.split_at(left.min(bytes.len()));
                    let left = left - (bytes.len() - rest.len());
                    (At::Body { left }, rest)
                }
            };
            if let At::Body { left: 0 } = self.at {
                self.at = At::Between;
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// Whether a packet has begun that has not ended.
    #[must_use]
    pub fn is_within(&self) -> bool {
        !matches!(self.at, At::Between)
    }
}

/// What a client asks for when it connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// How long the client is silent at most; `None` for as long as it likes.
    pub keep_alive: Option<Duration>,
    /// Whether it speaks MQTT 5, and can be told why its connection ends.
    pub is_of_5: bool,
}

/// Seconds that a client of MQTT 5 may be silent, whatever it asks for: it is told so (3.2.2.3.14). One that
/// is gone without a word is missed after one and a half times that.
const MOST_SILENCE: u16 = 60;

/// Seconds for which a client may be silent that asked for so many; zero is for as long as it likes.
#[must_use]
pub const fn kept_alive(asked: u16, is_of_5: bool) -> u16 {
    if is_of_5 && (asked == 0 || asked > MOST_SILENCE) {
        MOST_SILENCE
    } else {
        asked
    }
}

/// Reads the first packet of a client, if all of it is there.
///
/// # Errors
/// It is no CONNECT, is too large, or breaks the rules of its version.
pub fn connect(bytes: &[u8]) -> Result<Option<Asked>, Wrong> {
    let Some((first, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    if *first != 0x10 {
        return Err(Wrong::NotConnect);
    }
    let mut length = 0;
    let mut lengths = rest.iter().zip(0..);
    let body = loop {
        let Some((byte, read)) = lengths.next() else {
            return Ok(None);
        };
        if read == MAX_LENGTH_BYTES {
            return Err(Wrong::Length);
        }
        length |= usize::from(byte & 0x7f) << (7 * read);
        if byte & 0x80 == 0 {
            break rest.get(read as usize + 1..).unwrap_or_default();
        }
    };
    if length > MAX_CONNECT {
        return Err(Wrong::TooLarge);
    }
    if body.len() < length {
        return Ok(None);
    }
    let (level, flags, keep_alive) = head(body).ok_or(Wrong::Form)?;
    let has = |flag: u8| flags & flag != 0;
    if has(RESERVED) {
        return Err(Wrong::Form);
    }
    // MQTT 5 has done away with the rule of 3.1.1 (3.1.2.9).
    if level < 5 && has(PASSWORD) && !has(USER_NAME) {
        return Err(Wrong::PasswordAlone);
    }
    let is_of_5 = level == 5;
    let keep_alive = Duration::from_secs(kept_alive(keep_alive, is_of_5).into());
    Ok(Some(Asked {
        keep_alive: (!keep_alive.is_zero()).then_some(keep_alive),
        is_of_5,
    }))
}

const RESERVED: u8 = 0x01;
const PASSWORD: u8 = 0x40;
const USER_NAME: u8 = 0x80;

/// Level, flags and keep-alive of a CONNECT.
fn head(body: &[u8]) -> Option<(u8, u8, u16)> {
    let rest = [&b"\0\x04MQTT"[..], &b"\0\x06MQIsdp"[..]]
        .iter()
        .find_map(|name| body.strip_prefix(*name))?;
    match rest {
        [level @ 3..=5, flags, high, low, ..] => {
            Some((*level, *flags, u16::from_be_bytes([*high, *low])))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A CONNECT of client `a` as of 3.1.1.
    fn packet(flags: u8, keep_alive: u16) -> Vec<u8> {
        let mut body = b"\0\x04MQTT\x04".to_vec();
        body.push(flags);
        body.extend(keep_alive.to_be_bytes());
        body.extend(b"\0\x01a");
        let mut packet = vec![0x10, u8::try_from(body.len()).expect("short")];
        packet.extend(body);
        packet
    }

    #[test]
    fn a_connect_tells_the_keep_alive_once_all_of_it_is_there() {
        let whole = packet(0x02, 15);
        for part in 0..whole.len() {
            assert_eq!(connect(&whole[..part]), Ok(None), "{part}");
        }
        let asked = |seconds: u64, is_of_5| {
            let keep_alive = Some(Duration::from_secs(seconds)).filter(|said| !said.is_zero());
            Ok(Some(Asked {
                keep_alive,
                is_of_5,
            }))
        };
        assert_eq!(connect(&whole), asked(15, false));
        assert_eq!(connect(&packet(0x02, 0)), asked(0, false));
        let of_5 = |keep_alive| {
            let mut packet = packet(0x02, keep_alive);
            packet[8] = 5;
            packet
        };
        assert_eq!(connect(&of_5(15)), asked(15, true));
        for long in [0, 61, 1_200] {
            assert_eq!(connect(&of_5(long)), asked(60, true), "{long}");
        }
    }

    #[test]
    fn what_is_no_connect_is_found_out_at_once() {
        assert_eq!(connect(b"GET / HTTP/1.1"), Err(Wrong::NotConnect));
        assert_eq!(connect(&[0x16, 0x03, 0x01]), Err(Wrong::NotConnect));
        assert_eq!(
            connect(&[0x10, 0xff, 0xff, 0xff, 0xff, 1]),
            Err(Wrong::Length)
        );
        assert_eq!(connect(&[0x10, 0xff, 0xff, 0x7f]), Err(Wrong::TooLarge));
        assert_eq!(connect(&packet(0x42, 15)), Err(Wrong::PasswordAlone));
        assert!(connect(&packet(0xc2, 15)).is_ok_and(|asked| asked.is_some()));
        assert_eq!(connect(&packet(0x03, 15)), Err(Wrong::Form));
        let mut other = packet(0x02, 15);
        other[4] = b'm';
        assert_eq!(connect(&other), Err(Wrong::Form));
    }

    #[test]
    fn a_length_of_five_bytes_is_none() {
        let mut packets = Packets::default();
        assert_eq!(
            packets.feed(&[0x30, 0x80, 0x80, 0x80, 0x80]),
            Err(Wrong::Length)
        );
    }

    proptest! {
        #[test]
        fn packets_are_counted_however_they_are_cut(
            lengths in prop::collection::vec(0_usize..400, 1..20),
            cuts in prop::collection::vec(1_usize..100, 1..50),
        ) {
            let mut stream = Vec::new();
            for length in &lengths {
                stream.push(0x30);
                let mut rest = *length;
                loop {
                    let more = if rest > 0x7f { 0x80 } else { 0 };
                    stream.push(u8::try_from(rest & 0x7f).expect("seven bits") | more);
                    rest >>= 7;
                    if rest == 0 {
                        break;
                    }
                }
                stream.extend(std::iter::repeat_n(0xff, *length));
            }
            let (mut packets, mut ended, mut rest) = (Packets::default(), 0, &stream[..]);
            for cut in cuts.iter().cycle() {
                let (part, after) = rest.split_at((*cut).min(rest.len()));
                ended += packets.feed(part).expect("lengths");
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(ended, lengths.len());
            prop_assert!(!packets.is_within());
        }
    }
}
