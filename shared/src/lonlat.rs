//! A position on the Earth: WGS 84 longitude and latitude in degrees.
//!
//! What is reckoned with positions is `geo`'s, under the feature `geometry`: a gateway needs none
//! of it, and builds without.

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

#[cfg(feature = "geometry")]
mod geometry {
    use geo::{Distance, Euclidean, Haversine, InterpolatePoint, Point};

    use super::LonLat;

    /// Half of a great circle, in metres: nothing is farther away.
    const FARTHEST_M: f64 = 20_015_115.0;

    impl From<LonLat> for Point {
        fn from(at: LonLat) -> Self {
            Self::new(at.lon, at.lat)
        }
    }

    impl LonLat {
        /// Great-circle distance in metres (haversine formula on the mean sphere, error < 0.6 %).
        #[must_use]
        pub fn distance_m(self, other: Self) -> f64 {
            // Rounding can make the formula of two opposite places no number; the minimum is one.
            Haversine
                .distance(self.into(), other.into())
                .min(FARTHEST_M)
        }

        /// The position a `share` (0–1) of the way to `other`, straight in degrees: right to a
        /// metre over the length of a street.
        #[must_use]
        pub fn towards(self, other: Self, share: f64) -> Self {
            let share = share.clamp(0.0, 1.0);
            let between = Euclidean.point_at_ratio_between(self.into(), other.into(), share);
            Self {
                lon: between.x(),
                lat: between.y(),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn at(lon: f64, lat: f64) -> LonLat {
            LonLat::new(lon, lat).expect("valid")
        }

        #[test]
        fn a_degree_of_latitude_is_111_2_km() {
            let degree = at(121.0, 31.0).distance_m(at(121.0, 32.0));
            assert!((degree - 111_195.0).abs() < 1.0, "{degree}");
        }

        #[test]
        fn the_other_side_of_the_earth_is_half_its_circumference_away() {
            for tenth in -1_800_i32..=1_800 {
                let (lon, lat) = (f64::from(tenth) / 10.0, f64::from(tenth) / 20.0);
                let opposite = if lon > 0.0 { lon - 180.0 } else { lon + 180.0 };
                let half = at(lon, lat).distance_m(at(opposite, -lat));
                assert!((FARTHEST_M - half).abs() < 1.0, "{half}");
            }
        }

        #[test]
        fn towards_goes_straight_and_not_beyond() {
            let (from, to) = (at(121.0, 31.0), at(121.2, 31.1));
            let half = from.towards(to, 0.5);
            assert!((half.lon() - 121.1).abs() < 1e-9 && (half.lat() - 31.05).abs() < 1e-9);
            assert_eq!(from.towards(to, 7.0), to);
            assert_eq!(from.towards(to, -1.0), from);
        }
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
}
