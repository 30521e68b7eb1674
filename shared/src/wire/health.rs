//! What an agent says of itself: retained on `flood/v1/state/<agent>`, and its last will.

use serde::{Deserialize, Serialize};

use crate::{clock::Mode, ids::AgentId, time::Timestamp};

/// An agent's health. Its `Serialize` is for snapshots and is not the wire, which is
/// [`AgentHealth::encode`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentHealth {
    pub agent: AgentId,
    /// `false` in the last will and on a clean shutdown.
    pub online: bool,
    pub at: Timestamp,
    pub mode: Mode,
    /// The program's version.
    pub version: String,
    /// Batches in the spool that wait for their commit acknowledgement.
    pub spooled_batches: u64,
    /// Bytes that the spool takes up.
    pub spooled_bytes: u64,
    /// Observations dropped since the start because the spool was full.
    pub dropped: u64,
    /// Readings that failed since the start: time-outs, bad frames, refused requests,
    /// payloads that are none.
    pub failed_readings: u64,
    /// Sources that give nothing at present, by name.
    #[serde(default)]
    pub silent_sources: Vec<String>,
    /// What is wrong at present, by the agent's own account.
    #[serde(default)]
    pub faults: Vec<AgentFault>,
    /// Until when the certificate holds by which it shows who it is, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_until: Option<Timestamp>,
}

/// Something that is wrong with an agent, its lines or its gauges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentFault {
    /// What kind of fault, for programs: `spool-damaged`, `unit`, `clock` and so on. A kind that
    /// is not known is shown with its cause like all others.
    pub kind: String,
    /// With what: a unit on a line, a gauge, a broker; empty for the agent itself.
    pub subject: String,
    /// When it began, by the agent's clock.
    pub since: Timestamp,
    /// Why, for people.
    pub cause: String,
}
