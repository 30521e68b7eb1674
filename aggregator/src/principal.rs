//! Who asks, orders or reports.

use serde::{Deserialize, Serialize};
use shared::{ids::TruckId, time::Timestamp};

/// Somebody who does something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Principal {
    /// Nobody has shown who he is.
    Anonymous,
    /// A truck, by its reports.
    Truck(TruckId),
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub by: Principal,
    pub at: Timestamp,
}
