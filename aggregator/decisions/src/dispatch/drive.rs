//! How far and how long it is from a truck to a point.

use serde::{Deserialize, Serialize};
use shared::lonlat::LonLat;

/// What a route rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoutedBy {
    Roads,
    StraightLine,
}

/// How far and how long a way is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drive {
    pub distance_m: f64,
    pub drive_ms: i64,
    pub by: RoutedBy,
}

impl Drive {
    /// Minutes of driving.
    #[must_use]
    pub fn minutes(&self) -> f64 {
        self.drive_ms as f64 / 60_000.0
    }
}

/// A way to a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    pub points: Vec<LonLat>,
    pub drive: Drive,
}

/// Roads are this much longer than the straight line, and trucks this fast in a storm.
const DETOUR: f64 = 1.4;
const KMH: f64 = 25.0;

/// Milliseconds for so many metres at a speed.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a drive takes hours at most"
)]
pub(super) fn drive_ms(metres: f64, kmh: f64) -> i64 {
    (metres / (kmh / 3.6) * 1000.0) as i64
}

/// An estimate without a road network: the straight line times 1.4 at 25 km/h.
pub(super) fn straight_line(from: LonLat, to: LonLat) -> Route {
    let distance_m = from.distance_m(to) * DETOUR;
    Route {
        points: vec![from, to],
        drive: Drive {
            distance_m,
            drive_ms: drive_ms(distance_m, KMH),
            by: RoutedBy::StraightLine,
        },
    }
}
