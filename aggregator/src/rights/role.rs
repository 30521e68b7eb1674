//! What somebody is at the desk.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody is at the desk; each may what those before it may.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::Display,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[schema(as = PersonRole)]
pub enum Role {
    /// Sees the water.
    Viewer,
    /// Is out with a truck or at a pump: sees the orders too, and who gave them.
    Crew,
    /// Gives and recalls orders, and sees what was refused.
    Dispatcher,
    /// Says who may what.
    Administrator,
}
