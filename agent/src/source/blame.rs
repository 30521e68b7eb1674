//! Why a question on a Modbus line gave no registers, and whose failure that is.

use std::{io, time::Duration};

use tokio_modbus::ExceptionCode;

/// Why there are no registers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("{endpoint} cannot be opened")]
    Open {
        endpoint: String,
        #[source]
        source: io::Error,
    },
    #[error("the line is down; it is tried again later")]
    Down,
    #[error("no answer in {0:?}")]
    Silent(Duration),
    #[error("an answer that cannot be understood: {0}")]
    Garbled(String),
    #[error("{found} registers came where {expected} were asked for")]
    Short { expected: u16, found: usize },
    #[error("the line was closed without an answer")]
    Closed(#[source] io::Error),
    #[error("the device refused: {}", named(*.0))]
    Refused(ExceptionCode),
}

/// Whose failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The line as a whole: no unit is the worse for it.
    Line,
    /// This unit did not answer properly.
    Unit,
    /// This unit is there and cannot just now.
    Busy,
    /// This unit is there and has no such registers, or not so many at once.
    Registers,
    /// This unit is there and said no.
    Request,
}

impl AskError {
    #[must_use]
    pub(crate) fn blame(&self) -> Blame {
        match self {
            Self::Open { .. } | Self::Down => Blame::Line,
            Self::Silent(_) | Self::Garbled(_) | Self::Short { .. } | Self::Closed(_) => {
                Blame::Unit
            }
            Self::Refused(exception) => match exception {
                ExceptionCode::IllegalDataAddress | ExceptionCode::IllegalDataValue => {
                    Blame::Registers
                }
                ExceptionCode::Acknowledge | ExceptionCode::ServerDeviceBusy => Blame::Busy,
                // A gateway says so for a unit behind it that is silent.
                ExceptionCode::GatewayPathUnavailable | ExceptionCode::GatewayTargetDevice => {
                    Blame::Unit
                }
                _ => Blame::Request,
            },
        }
    }
}

/// An exception by its name, and by its number, which manuals of devices go by.
fn named(exception: ExceptionCode) -> String {
    let name = match exception {
        ExceptionCode::Custom(_) => "unknown exception".to_owned(),
        known => known.to_string().to_lowercase(),
    };
    format!("{name} (exception {})", u8::from(exception))
}
