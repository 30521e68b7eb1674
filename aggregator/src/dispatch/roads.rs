//! Ways from trucks to points.

use serde::{Deserialize, Serialize};
use shared::lonlat::LonLat;

/// How fast a road is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoadClass {
    Motorway,
    Arterial,
    Street,
}

/// What a route rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoutedBy {
    Roads,
    StraightLine,
}

/// A way to a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    pub points: Vec<LonLat>,
    pub distance_m: f64,
    pub drive_ms: i64,
    pub by: RoutedBy,
}

/// Roads are this much longer than the straight line, and trucks this fast in a storm.
const DETOUR: f64 = 1.4;
const KMH: f64 = 25.0;

/// An estimate without a road network: the straight line times 1.4 at 25 km/h.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a drive takes hours at most"
)]
pub fn straight_line(from: LonLat, to: LonLat) -> Route {
    let distance_m = from.distance_m(to) * DETOUR;
    Route {
        points: vec![from, to],
        distance_m,
        drive_ms: (distance_m / (KMH / 3.6) * 1000.0) as i64,
        by: RoutedBy::StraightLine,
    }
}
