//! Rain cells: each carries a hyetograph along a straight track, heaviest at its centre.

use shared::lonlat::LonLat;

use super::{Front, Hyetograph};

/// One cell of a storm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub hyetograph: Hyetograph,
    /// Minute of the storm at which it begins to rain.
    pub begin_min: f64,
    /// Centre at the beginning and at the end.
    pub from: LonLat,
    pub to: LonLat,
    /// Distance from the centre at which 61 % of the centre's rain falls (one standard deviation).
    pub radius_m: f64,
}

impl Cell {
    /// Intensity at a place, in mm/h.
    #[must_use]
    pub(crate) fn intensity_mm_per_h(&self, at: LonLat, minute: f64) -> f64 {
        let own = minute - self.begin_min;
        let here = self.hyetograph.intensity_mm_per_h(own);
        if here <= 0.0 {
            return 0.0;
        }
        let centre = self
            .from
            .towards(self.to, own / self.hyetograph.duration_min());
        let off = centre.distance_m(at) / self.radius_m;
        here * (-off * off / 2.0).exp()
    }
}

/// All cells and fronts of a storm; their rain adds up.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Storm {
    pub cells: Vec<Cell>,
    pub fronts: Vec<Front>,
}

/// Less than a rain gauge resolves (GB/T 28592 calls less than 0.1 mm in a day a trace).
const TRACE_MM_PER_H: f64 = 0.1;

impl Storm {
    /// Intensity at a place, in mm/h, at a minute of the storm.
    #[must_use]
    pub(crate) fn intensity_mm_per_h(&self, at: LonLat, minute: f64) -> f64 {
        let cells = self.cells.iter().map(|c| c.intensity_mm_per_h(at, minute));
        let fronts = self.fronts.iter().map(|f| f.intensity_mm_per_h(at, minute));
        let rain: f64 = cells.chain(fronts).sum();
        if rain < TRACE_MM_PER_H { 0.0 } else { rain }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64) -> LonLat {
        LonLat::new(lon, 31.2).expect("valid")
    }

    #[test]
    fn it_rains_most_where_the_cell_is_at_that_minute() {
        let storm = Storm {
            cells: vec![Cell {
                hyetograph: Hyetograph::new(10.0, 60.0, 0.5).expect("valid"),
                begin_min: 10.0,
                from: at(121.3),
                to: at(121.6),
                radius_m: 8_000.0,
            }],
            fronts: Vec::new(),
        };
        let rain = |lon, minute| storm.intensity_mm_per_h(at(lon), minute);
        assert!(rain(121.35, 20.0) > rain(121.55, 20.0));
        assert!(rain(121.55, 60.0) > rain(121.35, 60.0));
        assert!(rain(121.3, 9.0).abs() < f64::EPSILON, "not yet begun");
        assert!(
            rain(122.9, 40.0).abs() < f64::EPSILON,
            "far away, a trace is none"
        );
    }
}
