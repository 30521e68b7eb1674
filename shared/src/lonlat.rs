//! A position on the Earth: WGS 84 longitude and latitude in degrees.

use serde::{Deserialize, Serialize};

/// Mean radius of the Earth in metres (IUGG mean radius R1).
const EARTH_RADIUS_M: f64 = 6_371_008.8;

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

    /// Great-circle distance in metres (haversine formula on the mean sphere, error < 0.6 %).
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        let (lat1, lat2) = (self.lat.to_radians(), other.lat.to_radians());
        let half_lat = ((lat2 - lat1) / 2.0).sin();
        let half_lon = ((other.lon - self.lon).to_radians() / 2.0).sin();
        let h = half_lat * half_lat + lat1.cos() * lat2.cos() * half_lon * half_lon;
        2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
    }

    /// The position a `share` (0–1) of the way to `other`, straight in degrees: right to a metre
    /// over the length of a street.
    #[must_use]
    pub fn towards(self, other: Self, share: f64) -> Self {
        let share = share.clamp(0.0, 1.0);
        Self {
            lon: self.lon + (other.lon - self.lon) * share,
            lat: self.lat + (other.lat - self.lat) * share,
        }
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

    #[test]
    fn a_degree_of_latitude_is_111_2_km() {
        let a = LonLat::new(121.0, 31.0).expect("valid");
        let b = LonLat::new(121.0, 32.0).expect("valid");
        assert!((a.distance_m(b) - 111_195.0).abs() < 10.0);
    }
}
