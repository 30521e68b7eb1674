//! A city as a plane: metres east and north of its middle. Right to a per mille over 50 km.

use shared::lonlat::LonLat;

/// A degree of a great circle on the mean sphere, in metres.
const DEGREE_M: f64 = 111_195.0;

/// The plane that touches the Earth at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plane {
    middle: LonLat,
}

impl Plane {
    #[must_use]
    pub(crate) fn around(middle: LonLat) -> Self {
        Self { middle }
    }

    /// Metres east and north of the middle.
    #[must_use]
    pub(crate) fn metres(self, at: LonLat) -> (f64, f64) {
        let narrower = self.middle.lat().to_radians().cos();
        let east = (at.lon() - self.middle.lon()) * narrower * DEGREE_M;
        (east, (at.lat() - self.middle.lat()) * DEGREE_M)
    }

    /// The place so many metres east and north of the middle; the middle where that is none.
    #[must_use]
    pub(crate) fn place(self, (east_m, north_m): (f64, f64)) -> LonLat {
        let narrower = self.middle.lat().to_radians().cos();
        let lon = self.middle.lon() + east_m / narrower / DEGREE_M;
        LonLat::new(lon, self.middle.lat() + north_m / DEGREE_M).unwrap_or(self.middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_where_its_metres_say_and_as_far_as_on_the_sphere() {
        let middle = LonLat::new(121.47, 31.23).expect("valid");
        let plane = Plane::around(middle);
        for metres in [(9_000.0, 0.0), (-3_000.0, 12_000.0), (0.0, -25_000.0)] {
            let at = plane.place(metres);
            let (east, north) = plane.metres(at);
            assert!((east - metres.0).abs() < 1e-6 && (north - metres.1).abs() < 1e-6);
            let (far, flat) = (middle.distance_m(at), metres.0.hypot(metres.1));
            assert!((far / flat - 1.0).abs() < 1e-3, "{far} m, {flat} m");
        }
    }
}
