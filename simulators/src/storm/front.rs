//! Fronts: bands of rain that sweep over a city. Each place gets the whole hyetograph, when the band comes to
//! it, less of it off the band's axis, more or less of it the longer the band has been on its way.

use shared::lonlat::LonLat;

use super::{Hyetograph, Plane};

/// One front of a storm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Front {
    pub hyetograph: Hyetograph,
    /// A place on the axis, and the minute of the storm at which it begins to rain there.
    pub over: LonLat,
    pub begin_min: f64,
    /// Where to it moves, in degrees clockwise from north.
    pub towards_deg: f64,
    pub speed_km_per_h: f64,
    /// Distance from the axis at which 61 % of the axis' rain falls (one standard deviation).
    pub half_width_m: f64,
    /// The rain grows by this exponent in an hour; below zero it fades.
    pub growth_per_h: f64,
}

impl Front {
    /// Intensity at a place, in mm/h.
    #[must_use]
    pub(crate) fn intensity_mm_per_h(&self, at: LonLat, minute: f64) -> f64 {
        let (east, north) = Plane::around(self.over).metres(at);
        let (sin, cos) = self.towards_deg.to_radians().sin_cos();
        let (along, off) = (east * sin + north * cos, east * cos - north * sin);
        let later_h = along / 1000.0 / self.speed_km_per_h;
        let here = self
            .hyetograph
            .intensity_mm_per_h(minute - self.begin_min - later_h * 60.0);
        let off = off / self.half_width_m;
        here * (-off * off / 2.0).exp() * (self.growth_per_h * later_h).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front() -> Front {
        Front {
            hyetograph: Hyetograph::new(5.0, 120.0, 0.4).expect("valid"),
            over: LonLat::new(121.4, 31.2).expect("valid"),
            begin_min: 10.0,
            towards_deg: 90.0,
            speed_km_per_h: 20.0,
            half_width_m: 4_000.0,
            growth_per_h: 0.0,
        }
    }

    fn at(front: &Front, east_m: f64, north_m: f64) -> LonLat {
        Plane::around(front.over).place((east_m, north_m))
    }

    #[test]
    fn it_comes_later_by_the_way_that_it_goes_and_brings_as_much() {
        let front = front();
        let (near, far) = (front.over, at(&front, 10_000.0, 0.0));
        for minute in 0..240 {
            let minute = f64::from(minute);
            let (first, then) = (
                front.intensity_mm_per_h(near, minute),
                front.intensity_mm_per_h(far, minute + 30.0),
            );
            assert!((first - then).abs() < 1e-6, "10 km at 20 km/h, {minute}");
        }
        assert!(front.intensity_mm_per_h(far, 39.0).abs() < f64::EPSILON);
    }

    #[test]
    fn off_the_axis_it_rains_less_and_a_growing_front_brings_more_further_on() {
        let front = Front {
            growth_per_h: 0.5,
            ..front()
        };
        let peak = |at, minute| front.intensity_mm_per_h(at, minute);
        let here = peak(front.over, 58.0);
        let off = peak(at(&front, 0.0, -4_000.0), 58.0);
        assert!((off / here - 0.6065).abs() < 1e-3, "{off} of {here}");
        let on = peak(at(&front, 20_000.0, 0.0), 118.0);
        assert!((on / here - 0.5_f64.exp()).abs() < 1e-3, "{on} of {here}");
    }
}
