//! Where a city lies, to find coordinates that were swapped or belong elsewhere.

use geo::{Coord, Intersects, Point, Rect};
use shared::lonlat::LonLat;

/// How far outside the bounds anything of the city may lie, in degrees: gauges far upstream do,
/// a place two hundred kilometres away does not.
const MARGIN: f64 = 2.0;

/// The bounds of a city.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds(Rect);

impl Bounds {
    /// From west, south, east, north.
    ///
    /// # Errors
    /// Corners that are no positions, or that stand in another order.
    pub fn new([west, south, east, north]: [f64; 4]) -> Result<Self, String> {
        for corner in [[west, south], [east, north]] {
            LonLat::try_from(corner).map_err(|e| e.to_string())?;
        }
        if west < east && south < north {
            let corner = |x, y| Coord { x, y };
            Ok(Self(Rect::new(corner(west, south), corner(east, north))))
        } else {
            Err(format!(
                "[{west}, {south}, {east}, {north}] is not [west, south, east, north], each less \
                 than the one opposite"
            ))
        }
    }

    /// West, south, east, north.
    #[must_use]
    pub fn bounds(self) -> [f64; 4] {
        let (low, high) = (self.0.min(), self.0.max());
        [low.x, low.y, high.x, high.y]
    }

    fn holds(self, at: Point, margin: f64) -> bool {
        let margin = Coord {
            x: margin,
            y: margin,
        };
        Rect::new(self.0.min() - margin, self.0.max() + margin).intersects(&at)
    }

    /// What is wrong with a position that cannot be of this city.
    #[must_use]
    pub fn complaint(self, at: LonLat) -> Option<String> {
        let (lon, lat) = (at.lon(), at.lat());
        if self.holds(Point::new(lon, lat), 0.0) {
            None
        } else if self.holds(Point::new(lat, lon), 0.0) {
            Some(format!(
                "[{lon}, {lat}] is outside the city; longitude comes first, these look swapped"
            ))
        } else if self.holds(Point::new(lon, lat), MARGIN) {
            None
        } else {
            let [west, south, east, north] = self.bounds();
            Some(format!(
                "[{lon}, {lat}] is far outside the city: `bounds` in city.toml is [{west}, \
                 {south}, {east}, {north}]"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_suspected_only_where_it_cannot_be_of_the_city() {
        let bounds = Bounds::new([29.8, 31.0, 30.2, 31.4]).expect("Alexandria");
        let said = |lon, lat| bounds.complaint(LonLat::new(lon, lat).expect("a position"));
        assert_eq!(said(30.0, 31.2), None);
        assert_eq!(
            said(30.0, 30.0),
            None,
            "a gauge upstream, outside the bounds"
        );
        assert!(said(31.2, 30.0).expect("swapped").contains("look swapped"));
        assert!(said(121.5, 31.2).expect("Shanghai").contains("far outside"));
    }

    #[test]
    fn bounds_are_west_south_east_north() {
        assert!(Bounds::new([122.05, 30.69, 121.99, 30.735]).is_err());
        assert!(Bounds::new([30.69, 121.99, 30.735, 122.05]).is_err());
    }
}
