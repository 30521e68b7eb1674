//! A position on the Earth: WGS 84 longitude and latitude in degrees.

#[cfg(feature = "geo")]
use geo::{Distance as _, Euclidean, Haversine, HaversineMeasure, InterpolatePoint as _, Point};
use serde::{Deserialize, Serialize};

/// WGS 84 longitude and latitude in degrees. JSON form: `[lon, lat]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 2]", into = "[f64; 2]")]
pub struct LonLat {
    lon: f64,
    lat: f64,
}

/// A pair of numbers that is not a position.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("[{lon}, {lat}] is not a WGS 84 [longitude, latitude]{}", hint(*lon, *lat))]
pub struct NotAPosition {
    pub lon: f64,
    pub lat: f64,
}

fn hint(lon: f64, lat: f64) -> &'static str {
    if (-90.0..=90.0).contains(&lon) && (-180.0..=180.0).contains(&lat) && lat.abs() > 90.0 {
        "; longitude comes first, these look swapped"
    } else if lon.abs() > 360.0 || lat.abs() > 360.0 {
        "; degrees are wanted, these look like metres"
    } else {
        ""
    }
}

impl LonLat {
    /// # Errors
    /// Longitude outside ±180, latitude outside ±90, or not finite.
    pub fn new(lon: f64, lat: f64) -> Result<Self, NotAPosition> {
        if (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) {
            Ok(Self { lon, lat })
        } else {
            Err(NotAPosition { lon, lat })
        }
    }

    /// Longitude in degrees east.
    #[must_use]
    pub const fn lon(self) -> f64 {
        self.lon
    }

    /// Latitude in degrees north.
    #[must_use]
    pub const fn lat(self) -> f64 {
        self.lat
    }
}

/// Half the way around the Earth in metres, on geo's mean sphere.
#[cfg(feature = "geo")]
const FARTHEST_M: f64 = std::f64::consts::PI * HaversineMeasure::GRS80_MEAN_RADIUS.radius();

#[cfg(feature = "geo")]
impl LonLat {
    /// Great-circle distance in metres (haversine formula on the mean sphere, error < 0.6 %).
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        // At the other end of the Earth rounding may leave the formula without an answer (NaN).
        Haversine
            .distance(Point::from(self), Point::from(other))
            .min(FARTHEST_M)
    }

    /// The position a `share` (0–1) of the way to `other`, straight in degrees: right to a metre
    /// over the length of a street.
    #[must_use]
    pub fn towards(self, other: Self, share: f64) -> Self {
        let (from, to) = (Point::from(self), Point::from(other));
        let at = Euclidean.point_at_ratio_between(from, to, share.clamp(0.0, 1.0));
        let (lon, lat) = at.x_y();
        Self { lon, lat }
    }
}

/// Longitude as x, latitude as y.
#[cfg(feature = "geo")]
impl From<LonLat> for Point {
    fn from(at: LonLat) -> Self {
        Point::new(at.lon, at.lat)
    }
}

impl TryFrom<[f64; 2]> for LonLat {
    type Error = NotAPosition;

    fn try_from([lon, lat]: [f64; 2]) -> Result<Self, NotAPosition> {
        Self::new(lon, lat)
    }
}

impl From<LonLat> for [f64; 2] {
    fn from(at: LonLat) -> [f64; 2] {
        [at.lon, at.lat]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_coordinates_are_refused_with_a_hint() {
        let wrong = LonLat::new(31.23, 121.47).expect_err("latitude of 121");
        assert!(wrong.to_string().contains("swapped"));
        let metres = LonLat::new(350_123.4, 3_412_345.6).expect_err("a projection");
        assert!(metres.to_string().contains("metres"));
    }

    #[cfg(feature = "geo")]
    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat::new(lon, lat).expect("a position")
    }

    #[test]
    #[cfg(feature = "geo")]
    fn distances_are_great_circles_on_the_mean_sphere() {
        let degree = at(121.0, 31.0).distance_m(at(121.0, 32.0));
        assert!((degree - 111_195.080).abs() < 0.001, "{degree}");
        let street = at(121.473_701, 31.230_416).distance_m(at(121.480_1, 31.235_2));
        assert!((street - 808.173).abs() < 0.001, "{street}");
        let same = at(121.0, 31.0).distance_m(at(121.0, 31.0));
        assert!(same.abs() < f64::EPSILON, "{same}");
        for lat in 0..90 {
            let lat = f64::from(lat) + 0.123_456_7;
            let across = at(-60.0, lat).distance_m(at(120.0, -lat));
            assert!((across - 20_015_114.4).abs() < 1.0, "{lat}: {across}");
        }
    }

    #[test]
    #[cfg(feature = "geo")]
    fn a_share_of_the_way_stays_between_both_ends() {
        let (from, to) = (at(121.0, 31.0), at(122.0, 30.0));
        let shares = [-1.0, 0.0, 0.25, 1.0, 7.0];
        let way = shares.map(|share| <[f64; 2]>::from(from.towards(to, share)));
        assert_eq!(
            way,
            [
                [121.0, 31.0],
                [121.0, 31.0],
                [121.25, 30.75],
                [122.0, 30.0],
                [122.0, 30.0]
            ]
        );
    }
}
