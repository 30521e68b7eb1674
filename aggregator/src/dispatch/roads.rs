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
    #[expect(clippy::cast_precision_loss, reason = "a drive takes hours at most")]
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

impl RoadClass {
    /// Speed of a loaded truck in heavy rain, in km/h: an assumption, about half of a dry day's.
    const fn storm_kmh(self) -> f64 {
        match self {
            Self::Motorway => 45.0,
            Self::Arterial => 28.0,
            Self::Street => 18.0,
        }
    }

    /// Milliseconds for so many metres of it.
    #[must_use]
    pub fn drive_ms(self, metres: f64) -> i64 {
        millis(metres, self.storm_kmh())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a drive takes hours at most"
)]
fn millis(metres: f64, kmh: f64) -> i64 {
    (metres / (kmh / 3.6) * 1000.0) as i64
}

/// An estimate without a road network: the straight line times 1.4 at 25 km/h.
#[must_use]
pub fn straight_line(from: LonLat, to: LonLat) -> Route {
    let distance_m = from.distance_m(to) * DETOUR;
    Route {
        points: vec![from, to],
        drive: Drive {
            distance_m,
            drive_ms: millis(distance_m, KMH),
            by: RoutedBy::StraightLine,
        },
    }
}
