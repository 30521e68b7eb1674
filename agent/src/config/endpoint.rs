//! Addresses of Modbus lines in a configuration file.

use std::{fmt, time::Duration};

use shared::broker::host_port;

/// How a Modbus line is reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Modbus TCP.
    Tcp { host: String, port: u16 },
    /// RTU frames inside a TCP connection (a transparent serial server).
    RtuOverTcp { host: String, port: u16 },
    /// A serial line.
    Rtu(SerialLine),
}

/// A serial port and its settings.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SerialLine {
    pub path: String,
    pub baud: u32,
    pub parity: Parity,
    pub stop_bits: u8,
}

/// The parity bit of a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parity {
    None,
    Even,
    Odd,
}

/// The slowest and the fastest serial line that gauges are built for.
const BAUD: std::ops::RangeInclusive<u32> = 1_200..=921_600;

/// Why a text is not the address of a Modbus line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error(
        "`{0}` is not a Modbus line; write tcp://host:502, rtu:///dev/ttyUSB0?baud=9600&parity=none or rtu-over-tcp://host:port"
    )]
    Modbus(String),
    #[error("`{url}`: {problem}")]
    Serial { url: String, problem: String },
}

impl Endpoint {
    /// Parses a `connect` value.
    ///
    /// # Errors
    /// An unknown scheme, a bad host or port, or serial settings that no line has.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let bad = || AddressError::Modbus(text.to_owned());
        if let Some(rest) = text.strip_prefix("tcp://") {
            let (host, port) = host_port(rest, Some(502)).ok_or_else(bad)?;
            Ok(Self::Tcp { host, port })
        } else if let Some(rest) = text.strip_prefix("rtu-over-tcp://") {
            let (host, port) = host_port(rest, None).ok_or_else(bad)?;
            Ok(Self::RtuOverTcp { host, port })
        } else if let Some(rest) = text.strip_prefix("rtu://") {
            serial(text, rest).map(Self::Rtu)
        } else {
            Err(bad())
        }
    }

    /// The silence of 3.5 characters that separates RTU frames (Modbus over serial line 1.02,
    /// § 2.5.1.1).
    #[must_use]
    pub(crate) fn frame_silence(&self) -> Duration {
        const FIXED_ABOVE: u32 = 19_200;
        match self {
            Self::Tcp { .. } | Self::RtuOverTcp { .. } => Duration::ZERO,
            Self::Rtu(line) if line.baud > FIXED_ABOVE => Duration::from_micros(1_750),
            Self::Rtu(line) => Duration::from_secs_f64(3.5 * 11.0 / f64::from(line.baud)),
        }
    }

    /// What no two lines may share: the port itself, whatever its settings.
    #[must_use]
    pub(crate) fn port_key(&self) -> String {
        match self {
            Self::Tcp { host, port } | Self::RtuOverTcp { host, port } => format!("{host}:{port}"),
            Self::Rtu(line) => line.path.clone(),
        }
    }
}

fn serial(url: &str, rest: &str) -> Result<SerialLine, AddressError> {
    let wrong = |problem: String| AddressError::Serial {
        url: url.to_owned(),
        problem,
    };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if !path.starts_with('/') {
        return Err(wrong("the serial port must be an absolute path".to_owned()));
    }
    let mut line = SerialLine {
        path: path.to_owned(),
        baud: 9600,
        parity: Parity::None,
        stop_bits: 1,
    };
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("baud", value) => {
                line.baud = value
                    .parse()
                    .ok()
                    .filter(|b| BAUD.contains(b))
                    .ok_or_else(|| wrong(format!("baud={value} is not from 1200 to 921600")))?;
            }
            ("parity", "none") => line.parity = Parity::None,
            ("parity", "even") => line.parity = Parity::Even,
            ("parity", "odd") => line.parity = Parity::Odd,
            ("stop_bits", "1") => line.stop_bits = 1,
            ("stop_bits", "2") => line.stop_bits = 2,
            _ => {
                let known = "baud=…, parity=none|even|odd, stop_bits=1|2";
                return Err(wrong(format!(
                    "`{pair}` is not a setting of a line ({known})"
                )));
            }
        }
    }
    Ok(line)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::RtuOverTcp { host, port } => write!(f, "rtu-over-tcp://{host}:{port}"),
            Self::Rtu(line) => write!(f, "rtu://{}?baud={}", line.path, line.baud),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_every_kind_are_read() {
        assert_eq!(
            Endpoint::parse("tcp://10.0.0.7"),
            Ok(Endpoint::Tcp {
                host: "10.0.0.7".to_owned(),
                port: 502
            })
        );
        assert_eq!(
            Endpoint::parse("rtu-over-tcp://[fd00::1]:4001"),
            Ok(Endpoint::RtuOverTcp {
                host: "[fd00::1]".to_owned(),
                port: 4001
            })
        );
        let rtu = Endpoint::parse("rtu:///dev/ttyUSB0?baud=19200&parity=even&stop_bits=1");
        assert_eq!(
            rtu,
            Ok(Endpoint::Rtu(SerialLine {
                path: "/dev/ttyUSB0".to_owned(),
                baud: 19_200,
                parity: Parity::Even,
                stop_bits: 1
            }))
        );
    }

    #[test]
    fn the_silence_between_frames_follows_the_baud_rate() {
        let at = |url: &str| {
            let endpoint = Endpoint::parse(url).expect("endpoint");
            endpoint.frame_silence().as_micros()
        };
        assert_eq!(at("rtu:///dev/ttyS0?baud=9600"), 4_010);
        assert_eq!(at("rtu:///dev/ttyS0?baud=19200"), 2_005);
        assert_eq!(at("rtu:///dev/ttyS0?baud=115200"), 1_750);
        assert_eq!(at("tcp://h:502"), 0);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            "rtu://ttyUSB0",
            "rtu:///dev/x?baud=7",
            "rtu:///dev/x?speed=9600",
            "tcp://",
            "rtu-over-tcp://h",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad} was taken for a line");
        }
    }
}
