//! Who asks.

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

    /// Whether it is known who he is: accounts and sessions are for somebody.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.principal != Principal::Anonymous
    }
}
