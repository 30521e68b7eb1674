//! What every message keeps to, whatever it is written in: looked at in this one place, after it was
//! read and before anybody sees it.
//!
//! Numbers and times that no gauge and no clock can give are refused. Texts and lists are cut: what
//! is cut tells a person less, and what is said besides is worth having.

use super::{Acknowledgement, AgentFault, AgentHealth, DecodeError, Envelope, FieldError};
use crate::{
    fleet::{TruckOrder, TruckReport},
    limits::{
        MAX_ACK_RANGES, MAX_FAULTS, MAX_HEALTH_TEXT, MAX_NAME, MAX_REMARK, MAX_SILENT_SOURCES,
    },
    observation::Observation,
    time::Timestamp,
};

/// The earliest instant that a message may tell: 1900-01-01T00:00:00Z, where the clocks of some
/// protocols begin. A clock that was never set tells a later one.
const EARLIEST: Timestamp = Timestamp::from_millis(-2_208_988_800_000);

/// The latest: the end of the year 9999, the last that RFC 3339 can write.
const LATEST: Timestamp = Timestamp::from_millis(253_402_300_799_999);

/// The most that a truck may say that it has pumped, in cubic metres.
const MAX_PUMPED_M3: f64 = 1.0e9;

/// A text of somebody else: at most so many characters, and none that would move a terminal.
#[must_use]
pub fn bounded_text(text: &str, most: usize) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(most).map(shown).collect()
}

pub(super) fn batch(batch: Envelope) -> Result<Envelope, DecodeError> {
    instant(batch.sent_at)?;
    for (index, observation) in batch.observations.iter().enumerate() {
        self::observation(observation)
            .map_err(|source| DecodeError::Observation { index, source })?;
    }
    Ok(batch)
}

pub(super) fn observation(observation: &Observation) -> Result<(), FieldError> {
    instant(observation.observed_at)?;
    if let Some(value) = observation.value {
        value.within_bounds()?;
    }
    Ok(())
}

pub(super) fn health(health: AgentHealth) -> Result<AgentHealth, DecodeError> {
    instant(health.at)?;
    let mut room = MAX_HEALTH_TEXT;
    let mut fits = |bytes: usize| {
        let left = room.checked_sub(bytes);
        room = left.unwrap_or_default();
        left.is_some()
    };
    let mut faults = Vec::new();
    for fault in health.faults.into_iter().take(MAX_FAULTS) {
        instant(fault.since)?;
        let fault = AgentFault {
            kind: bounded_text(&fault.kind, MAX_NAME),
            subject: bounded_text(&fault.subject, MAX_NAME),
            since: fault.since,
            cause: bounded_text(&fault.cause, MAX_REMARK),
        };
        if fits(fault.kind.len() + fault.subject.len() + fault.cause.len()) {
            faults.push(fault);
        }
    }
    let silent = health.silent_sources.iter().take(MAX_SILENT_SOURCES);
    let silent = silent.map(|name| bounded_text(name, MAX_NAME));
    Ok(AgentHealth {
        version: bounded_text(&health.version, MAX_NAME),
        silent_sources: silent.filter(|name| fits(name.len())).collect(),
        faults,
        ..health
    })
}

pub(super) fn acknowledgement(mut said: Acknowledgement) -> Result<Acknowledgement, DecodeError> {
    if let Some(at) = said.at {
        instant(at)?;
    }
    // Nobody writes others than ranges that rise.
    let mut last = said.ack.through;
    said.ack.ranges.retain(|(from, to)| {
        let rises = last < *from && from <= to;
        last = if rises { *to } else { last };
        rises
    });
    // The rest is acknowledged later.
    said.ack.ranges.truncate(MAX_ACK_RANGES);
    Ok(said)
}

pub(super) fn report(report: TruckReport) -> Result<TruckReport, DecodeError> {
    instant(report.reported_at)?;
    let pumped = report.pumped_m3.get();
    if (0.0..=MAX_PUMPED_M3).contains(&pumped) {
        Ok(report)
    } else {
        Err(FieldError::Pumped(pumped).into())
    }
}

pub(super) fn order(order: TruckOrder) -> Result<TruckOrder, DecodeError> {
    instant(order.issued_at)?;
    Ok(order)
}

fn instant(at: Timestamp) -> Result<(), FieldError> {
    if (EARLIEST..=LATEST).contains(&at) {
        Ok(())
    } else {
        Err(FieldError::BeyondTime(at.as_millis()))
    }
}
