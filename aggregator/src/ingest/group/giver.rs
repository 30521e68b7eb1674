//! Who gives observations.

use shared::{ids::AgentId, wire::bounded_text};

use crate::ingest::Origin;

/// Characters of a channel that are kept with what was refused.
pub const KEPT_CHANNEL: usize = 200;

/// Who gave observations: his kind, and his name for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Giver {
    pub origin: Origin,
    pub name: String,
}

impl Giver {
    const AGENT: &str = "agent ";

    pub fn agent(agent: &AgentId) -> Self {
        Self {
            origin: Origin::Agent,
            name: format!("{}{agent}", Self::AGENT),
        }
    }

    /// Who has something in quarantine under this name.
    pub fn named(name: &str) -> Self {
        let origin = if name.starts_with(Self::AGENT) {
            Origin::Agent
        } else {
            Origin::ThirdParty
        };
        Self {
            origin,
            name: name.to_owned(),
        }
    }

    pub fn third_party(channel: &str) -> Self {
        Self {
            origin: Origin::ThirdParty,
            name: bounded_text(channel, KEPT_CHANNEL),
        }
    }
}
