//! What lies where in the harbour, written down by hand and not reckoned as the program does.

use crate::{
    people::{Role, Viewer},
    principal::Principal,
};

/// An area and the points and gauges of the harbour that are seen from it.
pub struct Here {
    pub area: &'static str,
    pub points: &'static [&'static str],
    pub gauges: &'static [&'static str],
    /// Shelters, communities, pump stations.
    pub houses: &'static [&'static str],
    /// Whether the order eastward and the one westward are seen.
    pub orders: [bool; 2],
}

/// The city first.
pub const HERE: [Here; 6] = [
    Here {
        area: "city",
        points: &[
            "wp-001", "wp-002", "wp-003", "wp-004", "wp-005", "wp-006", "wp-007", "wp-008",
        ],
        gauges: &[
            "lg-0001", "lg-0002", "lg-0003", "lg-0004", "lg-0005", "lg-0006", "lg-0007", "lg-0008",
            "lg-0101", "lg-0102", "rg-0001", "rg-0002", "rg-0003", "rg-0004", "rg-0005", "rg-0006",
        ],
        houses: &[
            "sh-001", "sh-002", "cm-00001", "cm-00002", "cm-00003", "ps-0001", "ps-0002",
        ],
        orders: [true, true],
    },
    Here {
        area: "district/d-01",
        points: &["wp-001", "wp-002", "wp-005"],
        gauges: &[
            "lg-0001", "lg-0002", "lg-0005", "lg-0101", "rg-0001", "rg-0002",
        ],
        houses: &["sh-001", "cm-00001", "cm-00002", "ps-0001"],
        orders: [false, true],
    },
    Here {
        area: "district/d-02",
        points: &["wp-003", "wp-004", "wp-006", "wp-007", "wp-008"],
        gauges: &[
            "lg-0003", "lg-0004", "lg-0006", "lg-0007", "lg-0008", "lg-0102", "rg-0003", "rg-0004",
            "rg-0005", "rg-0006",
        ],
        houses: &["sh-002", "cm-00003", "ps-0002"],
        orders: [true, false],
    },
    Here {
        area: "district/d-01/street/s-0101",
        points: &["wp-001", "wp-002"],
        gauges: &["lg-0001", "lg-0002", "lg-0101", "rg-0001"],
        houses: &["cm-00002", "ps-0001"],
        orders: [false, true],
    },
    Here {
        area: "district/d-01/street/s-0102",
        points: &["wp-005"],
        gauges: &["lg-0005", "rg-0002"],
        houses: &["sh-001", "cm-00001"],
        orders: [false, false],
    },
    Here {
        area: "district/d-02/street/s-0201",
        points: &["wp-004", "wp-008"],
        gauges: &["lg-0004", "lg-0008", "rg-0003", "rg-0006"],
        houses: &["sh-002", "cm-00003"],
        orders: [false, false],
    },
];

pub fn somebody(role: Role, here: &Here) -> Viewer {
    Viewer {
        principal: Principal::Person("wang-li".parse().expect("id")),
        role,
        area: here.area.parse().expect("an area"),
    }
}
