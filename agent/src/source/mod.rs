//! Where readings come from: Modbus lines that are polled and local brokers that are listened to.

pub mod breaker;
pub mod decode;
pub mod line;
pub mod modbus;
pub mod mqtt;
pub mod payload;
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

/// Readings on their way to the spool.
#[derive(Debug)]
pub struct Delivery {
    pub readings: Vec<Reading>,
    /// Who wants to know that they are durable.
    pub receipt: Option<Receipt>,
}

/// Tells a source that a delivery is durable. Dropping it instead says nothing: the source's
/// broker will deliver again.
#[derive(Debug)]
pub struct Receipt {
    pub token: u64,
    pub durable: mpsc::UnboundedSender<u64>,
}

impl Receipt {
    /// The delivery is durable.
    pub fn confirm(self) {
        // The source may have ended; then nobody waits for this.
        let _ = self.durable.send(self.token);
    }
}
