//! How messages become bytes and are read again: written in the newest version, read in every one
//! that was ever released.

use serde::Deserialize;

use super::{Acknowledgement, AgentHealth, Command, DecodeError, Envelope, VERSION, bounds, v1};
use crate::{
    fleet::{TruckOrder, TruckReport},
    limits,
};

impl Acknowledgement {
    /// As JSON on `flood/v1/ack/<agent>`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        v1::ack::encode(self)
    }

    /// Reads an acknowledgement from the wire. Ranges and remarks beyond the limits are dropped.
    ///
    /// # Errors
    /// Not JSON, a field is missing, or one does not say what it should.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        within_limit(payload)?;
        bounds::acknowledgement(v1::ack::decode(payload)?)
    }
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
            VERSION => bounds::batch(v1::batch::decode(body)?),
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
            Versioned { version: VERSION } => bounds::batch(v1::batch_json::decode(payload)?),
            Versioned { version } => Err(DecodeError::Version(version)),
        }
    }
}

impl Command {
    /// As JSON on `flood/v1/cmd/<agent>`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        v1::command::encode(self)
    }

    /// Reads a command from the wire.
    ///
    /// # Errors
    /// Not JSON, a command that is not known, or a field is missing or does not say what it should.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        v1::command::decode(payload)
    }
}

impl AgentHealth {
    /// As JSON on `flood/v1/state/<agent>`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        v1::health::encode(self)
    }

    /// Reads an agent's health from the wire. Texts and lists beyond the limits are cut.
    ///
    /// # Errors
    /// Not JSON, a field is missing, or one does not say what it should.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        within_limit(payload)?;
        bounds::health(v1::health::decode(payload)?)
    }
}

impl TruckReport {
    /// As JSON on `flood/v1/truck/<truck>`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        v1::truck::encode_report(self)
    }

    /// Reads a report from the wire.
    ///
    /// # Errors
    /// Not JSON, a field is missing, or one does not say what it should.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        within_limit(payload)?;
        bounds::report(v1::truck::decode_report(payload)?)
    }
}

impl TruckOrder {
    /// As JSON on `flood/v1/order/<truck>`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        v1::truck::encode_order(self)
    }

    /// Reads an order from the wire.
    ///
    /// # Errors
    /// Not JSON, a field is missing, or one does not say what it should.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        within_limit(payload)?;
        bounds::order(v1::truck::decode_order(payload)?)
    }
}

fn within_limit(payload: &[u8]) -> Result<(), DecodeError> {
    if payload.len() > limits::MAX_PAYLOAD {
        Err(DecodeError::TooLarge(payload.len()))
    } else {
        Ok(())
    }
}
