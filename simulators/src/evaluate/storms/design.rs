//! The storms over a generated city: what each is for, how it rains, which pumps fail. Pure.

use std::f64::consts::TAU;

use crate::{
    evaluate::{input::Outage, split::Split},
    rng::Rng,
    storm::{Cell, Front, Hyetograph, Storm},
};

use super::city::DrainedCity;

/// Return periods, in years; drawn evenly by their logarithm.
const YEARS: (f64, f64) = (2.0, 20.0);
const SPEEDS_KM_PER_H: (f64, f64) = (10.0, 45.0);
const DURATIONS_MIN: (f64, f64) = (60.0, 150.0);
const PEAK_RATIOS: (f64, f64) = (0.3, 0.5);
/// A storm's axis passes the city's middle within this share of half its width.
const ASIDE: f64 = 0.35;
/// The city is dry for so long before, in minutes.
const BEFORE_MIN: (f64, f64) = (1.0, 20.0);
/// One of so many storms to tune or to judge by meets failed pumps.
const FAILURES: f64 = 1.0 / 3.0;

/// How a storm moves and looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A band that sweeps over and brings every place the whole hyetograph, growing or fading on its way.
    Front,
    /// Two of them, one behind the other.
    Double,
    /// A round cell that is heaviest where its centre is.
    Cell,
    /// Small cells that come one after the other on tracks beside each other.
    Cluster,
}

impl Shape {
    const ALL: [Self; 4] = [Self::Front, Self::Double, Self::Cell, Self::Cluster];

    pub fn name(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Double => "double",
            Self::Cell => "cell",
            Self::Cluster => "cluster",
        }
    }
}

/// A storm of a city.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Design {
    pub name: String,
    pub shape: Shape,
    pub return_period_years: f64,
    pub duration_min: f64,
    pub speed_km_per_h: f64,
    pub towards_deg: f64,
    pub storm: Storm,
    pub outages: Vec<Outage>,
}

/// What a storm of this number is for.
pub(super) fn split(number: u16) -> Split {
    match number % 6 {
        0 => Split::Train,
        1 | 4 => Split::Tune,
        _ => Split::Test,
    }
}

impl Design {
    /// The storm of this number, counted from 0, over a city of the same seed.
    pub fn of(seed: u64, number: u16, city: &DrainedCity) -> Self {
        let mut rng = Rng::new(seed, 1_000 + u64::from(number));
        let split = split(number);
        // Floods must come to be learnt from.
        let (least, shapes) = if split == Split::Train {
            (4.0, &Shape::ALL[..1])
        } else {
            (YEARS.0, &Shape::ALL[..])
        };
        let years = least * (YEARS.1 / least).powf(rng.unit());
        let mut track = Track {
            years,
            duration_min: rng.between(DURATIONS_MIN.0, DURATIONS_MIN.1).round(),
            peak_ratio: rng.between(PEAK_RATIOS.0, PEAK_RATIOS.1),
            speed_km_per_h: rng.between(SPEEDS_KM_PER_H.0, SPEEDS_KM_PER_H.1),
            towards: rng.unit() * TAU,
            aside_m: city.half_m * rng.between(-ASIDE, ASIDE),
            begin_min: rng.between(BEFORE_MIN.0, BEFORE_MIN.1),
            city,
        };
        let shape = *rng.pick(shapes);
        let storm = track.storm(shape, &mut rng);
        let fails = split != Split::Train && rng.unit() < FAILURES;
        let outages = if fails {
            outages(city, &mut rng)
        } else {
            Vec::new()
        };
        let pumps = if outages.is_empty() { "" } else { "_pumps" };
        Self {
            name: format!(
                "{}{:02}_{}_p{years:.0}_{:.0}{pumps}",
                split.name(),
                number + 1,
                shape.name(),
                track.speed_km_per_h
            ),
            shape,
            return_period_years: years,
            duration_min: track.duration_min,
            speed_km_per_h: track.speed_km_per_h,
            towards_deg: track.towards.to_degrees(),
            storm,
            outages,
        }
    }
}

/// One in ten pumps fails, at least one, from some minute of the rain on, for up to three hours.
fn outages(city: &DrainedCity, rng: &mut Rng) -> Vec<Outage> {
    let mut pumped = city.pumped();
    let count = (pumped.len() / 10).max(1).min(pumped.len());
    let mut outages = Vec::new();
    for _ in 0..count {
        let sag = pumped.swap_remove(rng.below(pumped.len()));
        let off_min = 30 + rng.below(50);
        outages.push(Outage {
            point: sag.name.clone(),
            off_min,
            on_min: off_min + 60 + rng.below(120),
        });
    }
    outages
}

/// The way that a storm takes over a city.
#[derive(Debug)]
struct Track<'a> {
    city: &'a DrainedCity,
    years: f64,
    duration_min: f64,
    peak_ratio: f64,
    speed_km_per_h: f64,
    /// Clockwise from north.
    towards: f64,
    /// How far right of the city's middle it passes.
    aside_m: f64,
    begin_min: f64,
}

impl Track<'_> {
    fn storm(&mut self, shape: Shape, rng: &mut Rng) -> Storm {
        let mut storm = Storm::default();
        match shape {
            Shape::Front => storm.fronts.push(self.front(rng)),
            Shape::Double => {
                storm.fronts.push(self.front(rng));
                self.begin_min += self.duration_min * rng.between(0.4, 0.8);
                self.years = (self.years * rng.between(0.3, 0.8)).max(1.0);
                self.aside_m += self.city.half_m * rng.between(-ASIDE, ASIDE);
                storm.fronts.push(self.front(rng));
            }
            Shape::Cell => {
                let radius_m = self.city.half_m * rng.between(0.6, 1.2);
                storm.cells.push(self.cell(0.0, radius_m));
            }
            Shape::Cluster => {
                for _ in 0..3 + rng.below(3) {
                    let radius_m = self.city.half_m * rng.between(0.35, 0.7);
                    let off_m = self.city.half_m * rng.between(-0.8, 0.8);
                    storm.cells.push(self.cell(off_m, radius_m));
                    self.begin_min += rng.between(5.0, 25.0);
                }
            }
        }
        storm
    }

    fn hyetograph(&self) -> Hyetograph {
        Hyetograph::new(self.years, self.duration_min, self.peak_ratio)
            .expect("drawn from within the ranges of a hyetograph")
    }

    /// A place so far along the track from where it passes the middle, and so far right of it.
    fn place(&self, along_m: f64, off_m: f64) -> shared::lonlat::LonLat {
        let ((sin, cos), off_m) = (self.towards.sin_cos(), self.aside_m + off_m);
        let metres = (along_m * sin + off_m * cos, along_m * cos - off_m * sin);
        self.city.plane.place(metres)
    }

    /// A front that reaches the city when the storm begins.
    fn front(&self, rng: &mut Rng) -> Front {
        let edge_m = self.city.half_m * (self.towards.sin().abs() + self.towards.cos().abs());
        Front {
            hyetograph: self.hyetograph(),
            over: self.place(0.0, 0.0),
            begin_min: self.begin_min + edge_m / 1000.0 / self.speed_km_per_h * 60.0,
            towards_deg: self.towards.to_degrees(),
            speed_km_per_h: self.speed_km_per_h,
            half_width_m: self.city.half_m * rng.between(0.6, 1.4),
            growth_per_h: rng.between(-0.6, 0.6),
        }
    }

    /// A cell whose centre passes the city's middle when its rain is heaviest.
    fn cell(&self, off_m: f64, radius_m: f64) -> Cell {
        let way_m = self.speed_km_per_h * 1000.0 * self.duration_min / 60.0;
        Cell {
            hyetograph: self.hyetograph(),
            begin_min: self.begin_min,
            from: self.place(-way_m * self.peak_ratio, off_m),
            to: self.place(way_m * (1.0 - self.peak_ratio), off_m),
            radius_m,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn designs(seed: u64) -> (DrainedCity, Vec<Design>) {
        let city = DrainedCity::of(seed, 40);
        let designs = (0..48).map(|n| Design::of(seed, n, &city)).collect();
        (city, designs)
    }

    #[test]
    fn of_six_storms_one_teaches_two_tune_and_three_judge() {
        let names: Vec<_> = (0..6).map(|n| split(n).name()).collect();
        assert_eq!(names, ["train", "tune", "test", "test", "tune", "test"]);
        let (_, designs) = designs(4);
        for (number, design) in (0..).zip(&designs) {
            assert!(design.name.starts_with(split(number).name()));
        }
    }

    #[test]
    fn storms_differ_in_shape_and_way_and_some_but_none_to_learn_from_meet_failed_pumps() {
        let (_, designs) = designs(4);
        for shape in Shape::ALL {
            assert!(designs.iter().any(|d| d.shape == shape), "{shape:?}");
        }
        for design in &designs {
            assert!((YEARS.0..=YEARS.1).contains(&design.return_period_years));
            assert!((10.0..=45.0).contains(&design.speed_km_per_h));
            let is_to_learn_from = design.name.starts_with("train");
            assert!(!is_to_learn_from || design.outages.is_empty());
        }
        let failed = designs.iter().filter(|d| !d.outages.is_empty()).count();
        assert!((5..30).contains(&failed), "{failed}");
    }

    #[test]
    fn every_storm_comes_to_the_city_within_an_hour_and_a_half() {
        let (city, designs) = designs(9);
        for design in &designs {
            let wet = |minute: u32| {
                city.gauges.iter().any(|gauge| {
                    let minute = f64::from(minute);
                    design.storm.intensity_mm_per_h(gauge.position, minute) > 5.0
                })
            };
            assert!((0..90).any(wet), "{}", design.name);
            assert!(!wet(0), "{}: the city is dry at first", design.name);
        }
    }
}
