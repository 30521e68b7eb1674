//! An agent's health, in JSON.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Instant, codes::Named as _, to_json};
use crate::{
    clock::Mode,
    time::Timestamp,
    wire::{AgentFault, AgentHealth, DecodeError, FieldError},
};

#[derive(Serialize, Deserialize)]
struct Health<'a> {
    #[serde(borrow)]
    agent: Cow<'a, str>,
    online: bool,
    at: Instant<'a>,
    mode: Cow<'a, str>,
    version: Cow<'a, str>,
    spooled_batches: u64,
    spooled_bytes: u64,
    dropped: u64,
    failed_readings: u64,
    #[serde(default)]
    silent_sources: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Fault<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    certificate_until: Option<Instant<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Fault<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    subject: Cow<'a, str>,
    since: Instant<'a>,
    cause: Cow<'a, str>,
}

impl<'a> From<&'a AgentFault> for Fault<'a> {
    fn from(fault: &'a AgentFault) -> Self {
        let AgentFault {
            kind,
            subject,
            since,
            cause,
        } = fault;
        Self {
            kind: kind.into(),
            subject: subject.into(),
            since: (*since).into(),
            cause: cause.into(),
        }
    }
}

impl TryFrom<Fault<'_>> for AgentFault {
    type Error = FieldError;

    fn try_from(fault: Fault<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            kind: fault.kind.into_owned(),
            subject: fault.subject.into_owned(),
            since: fault.since.try_into()?,
            cause: fault.cause.into_owned(),
        })
    }
}

pub fn encode(health: &AgentHealth) -> Vec<u8> {
    let AgentHealth {
        agent,
        online,
        at,
        mode,
        version,
        spooled_batches,
        spooled_bytes,
        dropped,
        failed_readings,
        silent_sources,
        faults,
        certificate_until,
    } = health;
    to_json(&Health {
        agent: agent.as_str().into(),
        online: *online,
        at: (*at).into(),
        mode: mode.name().into(),
        version: version.into(),
        spooled_batches: *spooled_batches,
        spooled_bytes: *spooled_bytes,
        dropped: *dropped,
        failed_readings: *failed_readings,
        silent_sources: silent_sources.iter().map(Cow::from).collect(),
        faults: faults.iter().map(Fault::from).collect(),
        certificate_until: certificate_until.map(Instant::from),
    })
}

pub fn decode(payload: &[u8]) -> Result<AgentHealth, DecodeError> {
    let health: Health<'_> = serde_json::from_slice(payload)?;
    let silent_sources = health.silent_sources.into_iter();
    let faults = health.faults.into_iter().map(AgentFault::try_from);
    Ok(AgentHealth {
        agent: health.agent.parse().map_err(FieldError::from)?,
        online: health.online,
        at: health.at.try_into()?,
        mode: Mode::named(&health.mode)?,
        version: health.version.into_owned(),
        spooled_batches: health.spooled_batches,
        spooled_bytes: health.spooled_bytes,
        dropped: health.dropped,
        failed_readings: health.failed_readings,
        silent_sources: silent_sources.map(Cow::into_owned).collect(),
        faults: faults.collect::<Result<_, _>>()?,
        certificate_until: health
            .certificate_until
            .map(Timestamp::try_from)
            .transpose()?,
    })
}
