//! Who gives observations.

use shared::{
    ids::{AgentId, SourceId},
    wire::{Topic, bounded_text},
};

use crate::ingest::Origin;

/// Characters of a channel that are kept with what was refused.
pub const KEPT_CHANNEL: usize = 200;

/// Who gave observations: his kind, his name for people, and whether he belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Giver {
    pub origin: Origin,
    pub name: String,
    /// Whether he is enrolled, as far as that is known: what waited in quarantine does not say.
    pub is_enrolled: bool,
    /// The third party that he is.
    pub source: Option<SourceId>,
}

impl Giver {
    const AGENT: &str = "agent ";

    pub fn agent(agent: &AgentId, is_enrolled: bool) -> Self {
        Self {
            origin: Origin::Agent,
            name: format!("{}{agent}", Self::AGENT),
            is_enrolled,
            source: None,
        }
    }

    /// The name under which he is enrolled, if he is; empty for strangers together.
    pub fn principal(&self) -> &str {
        match &self.source {
            Some(source) => source.as_str(),
            None => self.name.strip_prefix(Self::AGENT).unwrap_or_default(),
        }
    }

    /// All together of whom something is to be said: there may be too many to name them.
    pub fn strangers(what: &str) -> Self {
        Self {
            origin: Origin::ThirdParty,
            name: format!("all ({what})"),
            is_enrolled: true,
            source: None,
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
            is_enrolled: false,
            source: match name.parse() {
                Ok(Topic::Intake(source)) => Some(source),
                Ok(_) | Err(_) => None,
            },
        }
    }

    pub fn third_party(source: SourceId, channel: &str, is_enrolled: bool) -> Self {
        Self {
            origin: Origin::ThirdParty,
            name: bounded_text(channel, KEPT_CHANNEL),
            is_enrolled,
            source: Some(source),
        }
    }
}
