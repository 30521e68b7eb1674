//! The batch envelope, version 1: one byte of version, then postcard; with a JSON twin.
//!
//! Both forms are pinned by golden files in `tests/golden`: a version once released decodes for
//! ever. A new field means a new version byte and a new decoder beside this one.

use serde::{Deserialize, Serialize};

use crate::{clock::Mode, ids::AgentId, limits, observation::Observation, time::Timestamp};

/// The version that [`Envelope::encode`] writes.
pub const VERSION: u8 = 1;

/// One batch of observations from one agent. Its identity is (agent, incarnation, seq).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// Why bytes are not an envelope.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("the payload is empty")]
    Empty,
    #[error("the payload has {0} bytes; at most {max} are allowed", max = limits::MAX_PAYLOAD)]
    TooLarge(usize),
    #[error("version {0} is not known here; this program decodes version {VERSION}")]
    Version(u8),
    #[error("the batch has {0} observations; at most {max} are allowed", max = limits::MAX_BATCH)]
    TooMany(usize),
    #[error("the batch is malformed")]
    Postcard(#[from] postcard::Error),
    #[error("{0} bytes follow the batch")]
    Trailing(usize),
    #[error("the JSON batch is malformed")]
    Json(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct JsonForm {
    version: u8,
    #[serde(flatten)]
    envelope: Envelope,
}

#[derive(Serialize)]
struct JsonFormRef<'a> {
    version: u8,
    #[serde(flatten)]
    envelope: &'a Envelope,
}

impl Envelope {
    /// The binary form.
    ///
    /// # Errors
    /// Only where memory cannot be had for it.
    pub fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_extend(self, vec![VERSION])
    }

    /// The JSON twin, for `…/json` topics.
    ///
    /// # Errors
    /// Never for a well-formed envelope.
    pub fn encode_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&JsonFormRef {
            version: VERSION,
            envelope: self,
        })
    }

    /// Reads the binary form.
    ///
    /// # Errors
    /// Anything that is not exactly one batch of a known version within the limits.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let (version, body) = payload.split_first().ok_or(DecodeError::Empty)?;
        if payload.len() > limits::MAX_PAYLOAD {
            return Err(DecodeError::TooLarge(payload.len()));
        }
        if *version != VERSION {
            return Err(DecodeError::Version(*version));
        }
        let (envelope, rest) = postcard::take_from_bytes::<Self>(body)?;
        if !rest.is_empty() {
            return Err(DecodeError::Trailing(rest.len()));
        }
        envelope.within_limits()
    }

    /// Reads the JSON twin.
    ///
    /// # Errors
    /// As [`Envelope::decode`].
    pub fn decode_json(payload: &[u8]) -> Result<Self, DecodeError> {
        if payload.len() > limits::MAX_PAYLOAD {
            return Err(DecodeError::TooLarge(payload.len()));
        }
        let form: JsonForm = serde_json::from_slice(payload)?;
        if form.version != VERSION {
            return Err(DecodeError::Version(form.version));
        }
        form.envelope.within_limits()
    }

    fn within_limits(self) -> Result<Self, DecodeError> {
        let count = self.observations.len();
        if count > limits::MAX_BATCH {
            Err(DecodeError::TooMany(count))
        } else {
            Ok(self)
        }
    }
}
