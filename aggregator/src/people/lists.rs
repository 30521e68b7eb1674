//! Which lists of the state somebody sees, wherever he sees it.

use super::{
    Viewer,
    policy::{self, endpoint},
};

/// Which lists of the state somebody sees; the others are everybody's. A list is in the state, in its
/// deltas and on the map for those to whom its own endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lists {
    /// Orders, and by which order a truck is bound.
    pub orders: bool,
    /// What whoever keeps the gateways going needs: agents, gauges that no layer knows, counters.
    pub upkeep: bool,
}

/// The endpoints of what is kept together as [`Lists::upkeep`].
const UPKEEP: [&str; 3] = [
    "/api/v1/agents",
    "/api/v1/unknown-gauges",
    "/api/v1/counters",
];

impl Lists {
    pub const ALL: Self = Self {
        orders: true,
        upkeep: true,
    };

    /// What somebody sees.
    #[must_use]
    pub fn of(viewer: &Viewer) -> Self {
        let may = |route: &str| policy::may(Some(viewer), endpoint("GET", route), None).is_ok();
        Self {
            orders: may("/api/v1/orders"),
            upkeep: UPKEEP.into_iter().all(may),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        people::{Area, Role},
        principal::Principal,
    };

    #[test]
    fn lists_follow_the_table() {
        let lists = |role: Role, area: &str| {
            Lists::of(&Viewer {
                principal: Principal::Anonymous,
                role,
                area: area.parse::<Area>().expect("an area"),
            })
        };
        let of = |orders, upkeep| Lists { orders, upkeep };
        assert_eq!(lists(Role::Viewer, "city"), of(false, false));
        assert_eq!(lists(Role::Crew, "city"), of(true, false));
        assert_eq!(lists(Role::Dispatcher, "city"), Lists::ALL);
        assert_eq!(lists(Role::Administrator, "district/d-01"), of(true, false));
        assert_eq!(Lists::of(&Viewer::unknown()), Lists::ALL);
        let rows = UPKEEP.map(|route| endpoint("GET", route).expect("a row"));
        let same = |row: &&policy::Endpoint| (row.whom, row.reach) == (rows[0].whom, rows[0].reach);
        assert!(rows.iter().all(same), "one answer for all: {rows:?}");
    }
}
