//! What a provider of log-ins says of somebody, and what he is by that.

use super::{Area, Role};

/// Whoever has this in a claim is that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name, or a way through objects: `realm_access.roles`.
    pub claim: String,
    /// The claim itself, or one of its list.
    pub value: String,
    pub role: Role,
    pub area: Area,
}

/// Somebody whom the provider knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub issuer: String,
    /// By which the provider names him for ever, and nobody else.
    pub subject: String,
    /// How he is called there; may be empty, and is not his alone.
    pub called: String,
    /// How others know him.
    pub shown: String,
    /// What he is here; nothing where the configuration does not name him.
    pub rights: Option<(Role, Area)>,
}
