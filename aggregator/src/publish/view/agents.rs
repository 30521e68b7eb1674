//! Agents, and what they say is wrong.

use serde::Serialize;
use shared::{ids::AgentId, time::Timestamp, wire::AgentFault};
use utoipa::ToSchema;

use crate::{schema, world::AgentFacts};

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agent)]
pub struct AgentView<'a> {
    #[schema(value_type = schema::Id)]
    pub id: &'a AgentId,
    pub online: bool,
    #[schema(value_type = schema::Instant)]
    pub last_seen: Timestamp,
    pub spooled_batches: u64,
    pub dropped: u64,
    pub failed_readings: u64,
    pub silent_sources: &'a [String],
    /// What is wrong at present, by the agent's own account.
    pub faults: Vec<FaultView<'a>>,
    pub holes: u64,
    #[schema(value_type = Option<schema::Instant>, required)]
    pub backfill_until: Option<Timestamp>,
}

impl<'a> AgentView<'a> {
    #[must_use]
    pub fn new(id: &'a AgentId, facts: &'a AgentFacts) -> Self {
        let health = facts.health.as_ref();
        Self {
            id,
            online: facts.online,
            last_seen: facts.last_seen,
            spooled_batches: health.map_or(0, |h| h.spooled_batches),
            dropped: health.map_or(0, |h| h.dropped),
            failed_readings: health.map_or(0, |h| h.failed_readings),
            silent_sources: health.map_or(&[], |h| h.silent_sources.as_slice()),
            faults: health
                .map_or(&[][..], |h| &h.faults)
                .iter()
                .map(FaultView::from)
                .collect(),
            holes: u64::from(facts.has_hole),
            backfill_until: facts.backfill_at,
        }
    }
}

/// Something that is wrong with an agent, its lines or its gauges.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentFault)]
pub struct FaultView<'a> {
    /// For programs: `spool-damaged`, `unit`, `clock` and so on.
    pub kind: &'a str,
    /// With what: a unit on a line, a gauge, a broker; empty for the agent itself.
    pub subject: &'a str,
    /// When it began, by the agent's clock.
    #[schema(value_type = schema::Instant)]
    pub since: Timestamp,
    /// Why, for people.
    pub cause: &'a str,
}

impl<'a> From<&'a AgentFault> for FaultView<'a> {
    fn from(fault: &'a AgentFault) -> Self {
        Self {
            kind: &fault.kind,
            subject: &fault.subject,
            since: fault.since,
            cause: &fault.cause,
        }
    }
}
