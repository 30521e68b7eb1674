//! Who asks, orders or reports.

use serde::{Deserialize, Serialize};
use shared::{
    ids::{PersonId, TokenId, TruckId},
    time::Timestamp,
};

/// Somebody who does something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Principal {
    /// Nobody has shown who he is.
    Anonymous,
    /// A truck, by its reports.
    Truck(TruckId),
    /// Somebody with an account, who has logged in.
    Person(PersonId),
    /// A program with an API token.
    Token(TokenId),
    /// Whoever pressed the button of the exercise login, which exercises alone have.
    Exercise,
    /// Who has the machine itself: by a command there, or the program of its own accord.
    Machine,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub by: Principal,
    pub at: Timestamp,
}
