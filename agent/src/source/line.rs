//! One Modbus line: asks for registers, with a bound on every wait. Shell.
//!
//! After an error the line is closed and opened anew: the late answer would meet the next question.
//! On TCP, whose answers are numbered, a connection is kept over one question without an answer. A
//! connection that the other side has closed since the last question is nobody's fault: it is opened
//! again and the question asked once more.

use std::{
    future::pending,
    io,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use shared::backoff::{Backoff, BackoffLimits};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, sleep, sleep_until, timeout_at},
};

use super::{
    blame::AskError,
    client::{self, Pipe},
    framing::{Framing, Heard, Question},
    reads::RegisterRead,
    transport::{self, Stream},
};
use crate::{
    config::{Endpoint, ModbusBus},
    counters::count,
};

/// Waits between tries to reach a line that cannot be opened; a bus that probes its silent units
/// more often is tried as often.
const RECONNECT: BackoffLimits = BackoffLimits {
    least: Duration::from_millis(250),
    most: Duration::from_secs(10),
};
/// A TCP connection that was quiet for so long may have died without a word: a question that it
/// does not answer is asked once more on a new one.
const MAY_BE_DEAD: Duration = Duration::from_secs(10);

/// A line and what is known of its state.
pub(crate) struct ModbusLine {
    endpoint: Endpoint,
    framing: Framing,
    timeout: Duration,
    /// Silence before every request.
    pause: Duration,
    pause_after_connect: Duration,
    stream: Option<Box<dyn Stream>>,
    transaction: u16,
    quiet_since: Instant,
    /// The connection was kept over a question that was not answered.
    is_kept: bool,
    /// The device answers without transaction numbers.
    is_unnumbered: bool,
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
            framing: match bus.endpoint {
                Endpoint::Tcp { .. } => Framing::Tcp,
                Endpoint::RtuOverTcp { .. } | Endpoint::Rtu(_) => Framing::Rtu,
            },
            timeout: bus.timeout,
            pause: bus.endpoint.frame_silence() + bus.turnaround,
            pause_after_connect: bus.pause_after_connect,
            stream: None,
            transaction: 0,
            quiet_since: Instant::now(),
            is_kept: false,
            is_unnumbered: false,
            unsettled: false,
            backoff: Backoff::new(limits),
            down_until: None,
            stale_bytes,
        }
    }

    /// Asks for the registers of `read`; twice where the connection had died since the last time.
    ///
    /// # Errors
    /// See [`AskError`]. After any but a refusal the line has been closed.
    pub(crate) async fn ask(&mut self, read: &RegisterRead) -> Result<Vec<u16>, AskError> {
        let is_tcp = !matches!(self.endpoint, Endpoint::Rtu(_));
        let was_open = self.stream.is_some();
        let was_quiet = was_open && is_tcp && self.quiet_since.elapsed() >= MAY_BE_DEAD;
        match self.ask_once(read).await {
            Err(AskError::Closed(_)) if was_open => self.ask_once(read).await,
            Err(AskError::Silent(_)) if was_quiet => {
                self.close();
                self.ask_once(read).await
            }
            answer => answer,
        }
    }

    /// Closes the line until the next question.
    pub(crate) fn close(&mut self) {
        self.stream = None;
    }

    async fn ask_once(&mut self, read: &RegisterRead) -> Result<Vec<u16>, AskError> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.open().await?,
        };
        sleep_until(self.quiet_since + self.pause).await;
        self.transaction = self.transaction.checked_add(1).unwrap_or(1);
        let (client, mut pipe) = client::client(read, self.framing);
        let answer = tokio::select! {
            answer = client.ask() => answer,
            error = self.carry(stream.as_mut(), &mut pipe) => Err(error),
        };
        self.quiet_since = Instant::now();
        match &answer {
            Ok(_) | Err(AskError::Refused(_)) => {
                (self.stream, self.is_kept) = (Some(stream), false);
            }
            Err(AskError::Silent(_)) if self.may_keep() => {
                (self.stream, self.is_kept) = (Some(stream), true);
            }
            // Dropping the stream closes the line.
            Err(error) => {
                self.unsettled = !matches!(error, AskError::Closed(_));
                self.is_kept = false;
            }
        }
        answer
    }

    /// Whether the connection may be used again after a question that was not answered: once, so that
    /// a device that does not listen at first after a connection is asked when it does. Transaction
    /// numbers tell a late answer from the next one.
    fn may_keep(&self) -> bool {
        self.framing == Framing::Tcp && !self.is_kept && !self.is_unnumbered
    }

    /// Carries the client's question to the device and the answer back, and says why there is none;
    /// where there is one, the client has the word and this never ends.
    async fn carry(&mut self, stream: &mut dyn Stream, pipe: &mut Pipe) -> AskError {
        match self.exchange(stream, pipe).await {
            Ok(()) => pending().await,
            Err(error) => error,
        }
    }

    async fn exchange(&mut self, stream: &mut dyn Stream, pipe: &mut Pipe) -> Result<(), AskError> {
        let question = pipe.question(self.transaction).await;
        let question = question.map_err(AskError::Closed)?;
        let stale = transport::throw_away(stream)
            .await
            .map_err(AskError::Closed)?;
        count(&self.stale_bytes, stale);
        let until = Instant::now() + self.timeout;
        let (mut heard, mut scratch) = (Vec::new(), [0_u8; 512]);
        let asked = async {
            stream.write_all(&question.bytes()).await?;
            stream.flush().await
        };
        match timeout_at(until, asked).await {
            Err(_) => return Err(AskError::Silent(self.timeout)),
            Ok(written) => written.map_err(AskError::Closed)?,
        }
        loop {
            let Ok(read) = timeout_at(until, stream.read(&mut scratch)).await else {
                return Err(self.unanswered(&question, &heard));
            };
            let n = read.map_err(AskError::Closed)?;
            if n == 0 && heard.is_empty() {
                return Err(AskError::Closed(io::ErrorKind::UnexpectedEof.into()));
            }
            heard.extend_from_slice(scratch.get(..n).unwrap_or_default());
            match question.hear(&heard) {
                Heard::Answer(frame) => {
                    self.is_unnumbered = !question.is_numbered(&heard);
                    return pipe.answer(&frame).await.map_err(AskError::Closed);
                }
                Heard::More if n > 0 => {}
                Heard::More | Heard::Nonsense => {
                    return Err(self.unanswered(&question, &heard));
                }
            }
        }
    }

    fn unanswered(&self, question: &Question, heard: &[u8]) -> AskError {
        match question.describe(heard) {
            None => AskError::Silent(self.timeout),
            Some(what) => AskError::Garbled(what),
        }
    }

    async fn open(&mut self) -> Result<Box<dyn Stream>, AskError> {
        if self.down_until.is_some_and(|until| Instant::now() < until) {
            return Err(AskError::Down);
        }
        match self.opened().await {
            Ok(stream) => {
                (self.down_until, self.unsettled) = (None, false);
                self.backoff.ended(RECONNECT.most);
                Ok(stream)
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

    async fn opened(&self) -> io::Result<Box<dyn Stream>> {
        let mut stream = transport::connect(&self.endpoint).await?;
        if self.unsettled && self.framing == Framing::Rtu {
            let late = transport::discard(stream.as_mut(), self.timeout).await?;
            count(&self.stale_bytes, late);
        }
        sleep(self.pause_after_connect).await;
        Ok(stream)
    }
}
