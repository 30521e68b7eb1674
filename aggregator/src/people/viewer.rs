//! Who asks.

use shared::ids::PersonId;

use super::{Area, Role};
use crate::principal::Principal;

/// Who asks, as far as it has been found out, and what he may. A request of which nothing has been
/// found out, where a log-in is demanded, has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    pub principal: Principal,
    pub role: Role,
    pub area: Area,
}

impl Viewer {
    /// Somebody unknown who may everything, where no log-in is demanded.
    #[must_use]
    pub const fn unknown() -> Self {
        Self {
            principal: Principal::Anonymous,
            role: Role::Administrator,
            area: Area::City,
        }
    }

    /// Somebody unknown who may look on, where an exercise is played.
    #[must_use]
    pub const fn onlooker() -> Self {
        Self {
            principal: Principal::Anonymous,
            role: Role::Viewer,
            area: Area::City,
        }
    }

    /// The same, who only looks on.
    #[must_use]
    pub fn looking_on(self) -> Self {
        let role = self.role.min(Role::Viewer);
        Self { role, ..self }
    }

    /// Whoever pressed the button of the exercise login.
    #[must_use]
    pub const fn of_exercise() -> Self {
        Self {
            principal: Principal::Exercise,
            role: Role::Dispatcher,
            area: Area::City,
        }
    }

    /// Somebody with an account who has logged in himself: what is his own is his alone.
    #[must_use]
    pub const fn person(&self) -> Option<&PersonId> {
        match &self.principal {
            Principal::Person(name) => Some(name),
            _ => None,
        }
    }
}
