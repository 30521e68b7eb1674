//! One Modbus line: asks for registers, with a bound on every wait. Shell.
//!
//! tokio-modbus has no time-outs of its own, and a client whose call was given up must not be used
//! again: the late answer would meet the next question. So every call is bounded, and after any
//! error the client is dropped and the line opened anew.

use std::{
    io,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use shared::backoff::{Backoff, BackoffLimits};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_modbus::{
    Error, ExceptionCode, Request, Response,
    client::{Client as _, Context},
    slave::{Slave, SlaveContext as _},
};

use super::{reads::RegisterRead, transport};
use crate::config::{Endpoint, ModbusBus, RegisterKind};

/// Waits between tries to reach a line that cannot be opened; a bus that probes its silent units
/// more often is tried as often.
const RECONNECT: BackoffLimits = BackoffLimits {
    least: Duration::from_millis(250),
    most: Duration::from_secs(30),
};

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
    TimedOut(Duration),
    #[error("the answer cannot be used")]
    Garbled(#[source] Error),
    #[error("{found} registers came where {expected} were asked for")]
    Short { expected: u16, found: usize },
    #[error("the device refused: {0}")]
    Refused(ExceptionCode),
}

/// Whose failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The line as a whole: no unit is the worse for it.
    Line,
    /// This unit did not answer properly.
    Unit,
    /// This unit is there and said no.
    Nobody,
}

impl AskError {
    #[must_use]
    pub(crate) fn blame(&self) -> Blame {
        match self {
            Self::Open { .. } | Self::Down => Blame::Line,
            Self::TimedOut(_) | Self::Garbled(_) | Self::Short { .. } => Blame::Unit,
            // A gateway says so for a unit behind it that is silent.
            Self::Refused(ExceptionCode::GatewayTargetDevice) => Blame::Unit,
            Self::Refused(_) => Blame::Nobody,
        }
    }
}

/// A line and what is known of its state.
pub(crate) struct ModbusLine {
    endpoint: Endpoint,
    timeout: Duration,
    /// Silence before every request.
    pause: Duration,
    context: Option<Context>,
    quiet_since: Instant,
    /// The last request was given up: its answer may still come.
    unsettled: bool,
    backoff: Backoff,
    down_until: Option<Instant>,
    stale_bytes: Arc<AtomicU64>,
}

impl ModbusLine {
    #[must_use]
    pub(crate) fn new(bus: &ModbusBus, stale_bytes: Arc<AtomicU64>) -> Self {
        let limits = BackoffLimits {
            least: RECONNECT.least.min(bus.probe_max),
            most: RECONNECT.most.min(bus.probe_max),
        };
        Self {
            endpoint: bus.endpoint.clone(),
            timeout: bus.timeout,
            pause: bus.endpoint.frame_silence() + bus.turnaround,
            context: None,
            quiet_since: Instant::now(),
            unsettled: false,
            backoff: Backoff::new(limits),
            down_until: None,
            stale_bytes,
        }
    }

    /// Asks once for the registers of `read`.
    ///
    /// # Errors
    /// See [`AskError`]. After any but a refusal the line has been dropped.
    pub(crate) async fn ask(&mut self, read: &RegisterRead) -> Result<Vec<u16>, AskError> {
        let mut context = match self.context.take() {
            Some(context) => context,
            None => self.open().await?,
        };
        sleep_until(self.quiet_since + self.pause).await;
        context.set_slave(Slave(read.unit_id));
        let answer = timeout(self.timeout, context.call(question(read))).await;
        self.quiet_since = Instant::now();
        let result = match answer {
            Err(_) => Err(AskError::TimedOut(self.timeout)),
            Ok(Err(error)) => Err(AskError::Garbled(error)),
            Ok(Ok(Err(exception))) => Err(AskError::Refused(exception)),
            Ok(Ok(Ok(response))) => registers(response, read),
        };
        match &result {
            Ok(_) | Err(AskError::Refused(_)) => self.context = Some(context),
            // Dropping the context closes the line.
            Err(_) => self.unsettled = true,
        }
        result
    }

    async fn open(&mut self) -> Result<Context, AskError> {
        if self.down_until.is_some_and(|until| Instant::now() < until) {
            return Err(AskError::Down);
        }
        let settle = self.unsettled.then_some(self.timeout);
        match transport::connect(&self.endpoint, settle, &self.stale_bytes).await {
            Ok(context) => {
                (self.down_until, self.unsettled) = (None, false);
                self.backoff.ended(RECONNECT.most);
                Ok(context)
            }
            Err(error) => {
                let wait = self.backoff.next(fastrand::f64());
                self.down_until = Some(Instant::now() + wait);
                Err(AskError::Open {
                    endpoint: self.endpoint.to_string(),
                    source: error,
                })
            }
        }
    }
}

fn question(read: &RegisterRead) -> Request<'static> {
    match read.kind {
        RegisterKind::Holding => Request::ReadHoldingRegisters(read.start, read.count),
        RegisterKind::Input => Request::ReadInputRegisters(read.start, read.count),
    }
}

/// tokio-modbus does not compare the length of an answer with what was asked for.
fn registers(response: Response, read: &RegisterRead) -> Result<Vec<u16>, AskError> {
    let words = match response {
        Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words) => words,
        _ => Vec::new(),
    };
    if words.len() == usize::from(read.count) {
        Ok(words)
    } else {
        Err(AskError::Short {
            expected: read.count,
            found: words.len(),
        })
    }
}
