//! A command to an agent, in JSON.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Instant, to_json};
use crate::wire::{Command as Domain, DecodeError};

#[derive(Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
enum Command<'a> {
    Certificate {
        #[serde(borrow)]
        certificate: Cow<'a, str>,
        until: Instant<'a>,
    },
}

pub fn encode(command: &Domain) -> Vec<u8> {
    let Domain::Certificate { certificate, until } = command;
    to_json(&Command::Certificate {
        certificate: certificate.into(),
        until: (*until).into(),
    })
}

pub fn decode(payload: &[u8]) -> Result<Domain, DecodeError> {
    let Command::Certificate { certificate, until } = serde_json::from_slice(payload)?;
    Ok(Domain::Certificate {
        certificate: certificate.into_owned(),
        until: until.try_into()?,
    })
}
