//! The batch envelope: observations of one agent on their way up.
//!
//! Its binary form is one byte of version and what that version says (version 1: postcard); it
//! has a JSON twin. Both are pinned by golden files in `tests/golden`: a version once released
//! decodes for ever. A new field means a new version byte and a new decoder beside `v1`.

use crate::{clock::Mode, ids::AgentId, observation::Observation, time::Timestamp};

/// One batch of observations from one agent. Its identity is (agent, incarnation, seq).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub agent: AgentId,
    /// A number that changes when the agent's spool starts anew; `seq` counts within it.
    pub incarnation: u64,
    /// Counts from 1 without holes.
    pub seq: u64,
    /// The lowest sequence number that the agent still holds or holds now: whatever is below it
    /// and was never committed has been dropped by the agent's spool and will not come.
    pub oldest: u64,
    pub sent_at: Timestamp,
    pub mode: Mode,
    /// Whether this batch waited while newer ones went first.
    pub backfill: bool,
    pub observations: Vec<Observation>,
}
