//! Places in the city's lists, as types: a gauge's place cannot be taken for a truck's.

use serde::{Deserialize, Serialize};

macro_rules! place {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub struct $name(pub usize);

        impl oxc_index::Idx for $name {
            const MAX: usize = usize::MAX;

            unsafe fn from_usize_unchecked(place: usize) -> Self {
                Self(place)
            }

            fn index(self) -> usize {
                self.0
            }
        }
    };
}

place!(
    /// A gauge by its place in [`crate::network::City::gauges`].
    GaugeIndex
);
place!(
    /// A waterlogging point by its place in [`crate::network::City::points`].
    PointIndex
);
place!(
    /// A pump truck by its place in [`crate::network::City::trucks`].
    TruckIndex
);
