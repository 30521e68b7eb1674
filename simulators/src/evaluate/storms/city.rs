//! A seeded city to evaluate by: where its sags and rain gauges are, and what drains to and from each. Pure.
//!
//! The ranges hold what the folders of simulated Shanghai have (area, paved share, drain by return period) and
//! go beyond them where those have one value for all: slope, shape, storage, how dense the rain gauges are.

use shared::lonlat::LonLat;

use crate::{evaluate::input::Sag, rng::Rng, storm::Plane};

/// The middle of every generated city.
const MIDDLE: (f64, f64) = (121.475, 31.23);

/// Half the width of a city of 64 points, in metres; others are as dense.
const HALF_M: (f64, f64) = (4_000.0, 7_000.0);
const USUAL_POINTS: f64 = 64.0;

/// What a drain for a return period of a year takes, in mm/h on its whole catchment, and how that grows with
/// the logarithm of the period (as the intensity of DB31/T 1043-2017 does).
const DRAIN_MM_PER_H: f64 = 53.0;
const DRAIN_GROWTH: f64 = 0.846;

/// Places that are tried for each thing: the one furthest from its neighbours is taken.
const TRIES: usize = 4;

/// A place with a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed<T> {
    pub position: LonLat,
    pub of: T,
}

/// The city.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DrainedCity {
    pub plane: Plane,
    /// Half its width, in metres.
    pub half_m: f64,
    pub sags: Vec<Placed<Sag>>,
    /// Rain gauges by name.
    pub gauges: Vec<Placed<String>>,
}

impl DrainedCity {
    /// The city of a seed.
    pub fn of(seed: u64, points: u16) -> Self {
        let middle = LonLat::new(MIDDLE.0, MIDDLE.1).expect("a place on Earth");
        let plane = Plane::around(middle);
        let mut rng = Rng::new(seed, 11);
        let spread = (f64::from(points) / USUAL_POINTS).sqrt();
        let half_m = rng.between(HALF_M.0, HALF_M.1) * spread;
        let gauges = places(
            &mut rng,
            plane,
            half_m,
            gauges(points, points_to_a_gauge(seed)),
        );
        let gauges: Vec<Placed<String>> = (1..)
            .zip(gauges)
            .map(|(number, position)| Placed {
                position,
                of: format!("RG{number:02}"),
            })
            .collect();
        let sags = places(&mut rng, plane, half_m, usize::from(points));
        let kept = Kept::of(&mut Rng::new(seed, 12));
        let mut rng = Rng::new(seed, 13);
        let sag = |(number, position): (usize, LonLat)| {
            let nearest = gauges.iter().min_by(|a, b| {
                let far = |gauge: &Placed<String>| gauge.position.distance_m(position);
                far(a).total_cmp(&far(b))
            });
            let rain = nearest.map(|gauge| gauge.of.clone());
            Placed {
                position,
                of: sag(&mut rng, number, rain, kept),
            }
        };
        Self {
            plane,
            half_m,
            sags: (1..).zip(sags).map(sag).collect(),
            gauges,
        }
    }

    /// Sags that are pumped dry in their everyday life, whose pumps can fail.
    pub fn pumped(&self) -> Vec<&Sag> {
        let sags = self.sags.iter().map(|placed| &placed.of);
        sags.filter(|sag| sag.is_underpass).collect()
    }
}

/// How well a city is kept: what its drains take of what they were built for, and how much stands in its sags
/// beside the typical ones.
#[derive(Debug, Clone, Copy)]
struct Kept {
    drains: f64,
    storage: f64,
}

impl Kept {
    fn of(rng: &mut Rng) -> Self {
        Self {
            drains: rng.between(0.85, 1.1),
            storage: rng.between(0.8, 1.25),
        }
    }
}

fn points_to_a_gauge(seed: u64) -> f64 {
    Rng::new(seed, 14).between(2.2, 5.0)
}

fn gauges(points: u16, points_to_one: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number of at most 999 points"
    )]
    let count = (f64::from(points) / points_to_one).round() as usize;
    count.max(2)
}

/// So many places in the city, none quite beside another.
fn places(rng: &mut Rng, plane: Plane, half_m: f64, count: usize) -> Vec<LonLat> {
    let mut found: Vec<(f64, f64)> = Vec::new();
    for _ in 0..count {
        let mut tried = || {
            let at = (rng.between(-half_m, half_m), rng.between(-half_m, half_m));
            let room = |other: &(f64, f64)| (at.0 - other.0).hypot(at.1 - other.1);
            (at, found.iter().map(room).fold(f64::MAX, f64::min))
        };
        let (mut best, mut most) = tried();
        for _ in 1..TRIES {
            let (at, room) = tried();
            if room > most {
                (best, most) = (at, room);
            }
        }
        found.push(best);
    }
    found
        .into_iter()
        .map(|metres| plane.place(metres))
        .collect()
}

fn sag(rng: &mut Rng, number: usize, rain: Option<String>, kept: Kept) -> Sag {
    let is_underpass = rng.unit() < 0.5;
    let catchment_ha = if is_underpass {
        rng.between(1.0, 4.3)
    } else {
        rng.between(1.5, 6.0)
    };
    let years: f64 = if is_underpass {
        *rng.pick(&[2.0, 2.0, 3.0, 5.0, 5.0, 10.0])
    } else {
        *rng.pick(&[1.0, 2.0, 2.0, 3.0, 5.0])
    };
    let drain_mm_per_h = DRAIN_MM_PER_H * (1.0 + DRAIN_GROWTH * years.log10());
    // 1 mm/h on 1 ha is 10 m³/h.
    let drain_m3s = drain_mm_per_h * catchment_ha / 360.0 * kept.drains * rng.between(0.9, 1.1);
    Sag {
        name: format!("WL{number:03}"),
        is_underpass,
        rain,
        catchment_ha,
        paved: rng.between(0.65, 0.95),
        slope: 0.002 * 10.0_f64.powf(rng.unit()),
        width_m: (catchment_ha * 10_000.0).sqrt() * rng.between(0.6, 1.6),
        drain_m3s,
        storage_factor: kept.storage * 2.0_f64.powf(rng.between(-1.0, 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_city_and_another_seed_another_one() {
        assert_eq!(DrainedCity::of(7, 20), DrainedCity::of(7, 20));
        let (one, other) = (DrainedCity::of(7, 20), DrainedCity::of(8, 20));
        assert_eq!((one.sags.len(), other.sags.len()), (20, 20));
        assert_ne!(one.gauges, other.gauges);
        assert!(
            one.sags
                .iter()
                .zip(&other.sags)
                .all(|(a, b)| a.position != b.position && a.of != b.of)
        );
    }

    #[test]
    fn every_sag_has_the_rain_of_the_gauge_nearest_to_it() {
        let city = DrainedCity::of(3, 64);
        assert!((13..=30).contains(&city.gauges.len()));
        for sag in &city.sags {
            let far = |gauge: &Placed<String>| gauge.position.distance_m(sag.position);
            let own = city
                .gauges
                .iter()
                .find(|g| Some(&g.of) == sag.of.rain.as_ref());
            let own = own.map(far).expect("a gauge of the city");
            assert!(city.gauges.iter().all(|gauge| far(gauge) >= own));
        }
    }

    #[test]
    fn drains_take_what_a_storm_of_their_return_period_brings_and_storage_differs() {
        let city = DrainedCity::of(5, 200);
        for Placed { of: sag, .. } in &city.sags {
            let mm_per_h = sag.drain_m3s * 360.0 / sag.catchment_ha;
            assert!((40.0..120.0).contains(&mm_per_h), "{mm_per_h}");
            assert!((0.4..2.5).contains(&sag.storage_factor));
        }
        let most = |of: fn(&Sag) -> f64| city.sags.iter().map(|s| of(&s.of)).fold(0.0, f64::max);
        assert!(most(|s| s.storage_factor) > 1.5 && most(|s| s.slope) > 0.015);
        let pumped = city.pumped().len();
        assert!((60..140).contains(&pumped), "{pumped}");
    }
}
