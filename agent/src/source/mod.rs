//! Where readings come from: Modbus lines that are polled and local brokers that are listened to.

pub mod breaker;
pub mod decode;
pub mod line;
pub mod modbus;
pub mod mqtt;
pub mod reads;
pub mod schedule;
pub mod transport;

use shared::{ids::GaugeId, time::Timestamp, value::Value};
use tokio::sync::mpsc;

/// What one gauge gave, or failed to give, at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub gauge: GaugeId,
    /// When the answer arrived, in storm time.
    pub at: Timestamp,
    pub outcome: Outcome,
}

/// The content of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Number(Value),
    /// The instrument's own "no reading" value.
    Sentinel(Value),
    /// No answer, or one that cannot be used.
    Failed,
}

impl Outcome {
    /// A number in the parameter's unit; failed where it can be no value.
    #[must_use]
    pub fn from_units(number: f64) -> Self {
        Value::from_units(number).map_or(Self::Failed, Self::Number)
    }
}

/// Readings on their way to the spool.
#[derive(Debug)]
pub struct Delivery {
    pub readings: Vec<Reading>,
    /// Who wants to know that they are durable.
    pub receipt: Option<Receipt>,
}

/// What has become of a delivery, by the token of its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Durable(u64),
    /// It never will be: the source's broker must deliver again.
    Dropped(u64),
}

/// Tells a source what has become of a delivery. Dropped without a confirmation it says so, since
/// a broker repeats nothing as long as the connection lives.
#[derive(Debug)]
pub struct Receipt {
    token: u64,
    answers: Option<mpsc::UnboundedSender<Answer>>,
}

impl Receipt {
    #[must_use]
    pub fn new(token: u64, answers: mpsc::UnboundedSender<Answer>) -> Self {
        Self {
            token,
            answers: Some(answers),
        }
    }

    /// The delivery is durable.
    pub fn confirm(mut self) {
        self.answer(Answer::Durable(self.token));
    }

    fn answer(&mut self, answer: Answer) {
        if let Some(answers) = self.answers.take() {
            // The source may have ended; then nobody waits for this.
            let _ = answers.send(answer);
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.answer(Answer::Dropped(self.token));
    }
}
