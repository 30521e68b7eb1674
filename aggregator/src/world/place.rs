//! Places in the city's lists, as types: a gauge's place cannot be taken for a truck's.

use oxc_index::define_index_type;
use serde::{Deserialize, Serialize};

define_index_type! {
    /// A gauge by its place in [`crate::network::City::gauges`].
    #[derive(Serialize, Deserialize)]
    pub struct GaugeIndex = u32;
}
define_index_type! {
    /// A waterlogging point by its place in [`crate::network::City::points`].
    #[derive(Serialize, Deserialize)]
    pub struct PointIndex = u32;
}
define_index_type! {
    /// A pump truck by its place in [`crate::network::City::trucks`].
    #[derive(Serialize, Deserialize)]
    pub struct TruckIndex = u32;
}
