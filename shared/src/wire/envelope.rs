//! The batch envelope: observations of one agent on their way up.
//!
//! Its binary form is one byte of version and what that version says (version 1: postcard); it
//! has a JSON twin. Both are pinned by golden files in `tests/golden`: a version once released
//! decodes for ever. A new field means a new version byte and a new decoder beside `v1`.

use serde::Deserialize;

use super::{DecodeError, VERSION, v1};
use crate::{clock::Mode, ids::AgentId, limits, observation::Observation, time::Timestamp};

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

impl Envelope {
    /// The binary form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        v1::batch::encode(self)
    }

    /// The JSON twin, for `…/json` topics.
    #[must_use]
    pub fn encode_json(&self) -> Vec<u8> {
        v1::batch_json::encode(self)
    }

    /// Reads the binary form.
    ///
    /// # Errors
    /// Anything that is not exactly one batch of a known version within the limits.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let (version, body) = payload.split_first().ok_or(DecodeError::Empty)?;
        within_limit(payload)?;
        match *version {
            VERSION => v1::batch::decode(body),
            other => Err(DecodeError::Version(other)),
        }
    }

    /// Reads the JSON twin.
    ///
    /// # Errors
    /// As [`Envelope::decode`].
    pub fn decode_json(payload: &[u8]) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u8,
        }
        within_limit(payload)?;
        match serde_json::from_slice(payload)? {
            Versioned { version: VERSION } => v1::batch_json::decode(payload),
            Versioned { version } => Err(DecodeError::Version(version)),
        }
    }
}

fn within_limit(payload: &[u8]) -> Result<(), DecodeError> {
    if payload.len() > limits::MAX_PAYLOAD {
        Err(DecodeError::TooLarge(payload.len()))
    } else {
        Ok(())
    }
}
