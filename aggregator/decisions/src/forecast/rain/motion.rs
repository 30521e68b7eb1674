//! How a storm moves, read from the gauges: the motion under which they agree best about the rain of
//! the last minutes when each looks at the others along it.
//!
//! The search over candidate vectors is that of Lagrangian persistence for radar (Bellon and Austin
//! 1978), done between points; what is compared are roots of intensities, so that one cloudburst does
//! not outweigh all else.

use serde::{Deserialize, Serialize};

use super::past::{Past, Place};

/// Rain is compared over the last so many minutes, every so many of them.
const COMPARED_MINUTES: usize = 40;
const COMPARED_EVERY: usize = 2;

/// Two gauges say something of each other when they lie so near to one line of motion, in km: cells
/// differ across their motion.
pub(super) const ACROSS_KM: f64 = 1.2;

/// Convective rain keeps its shape for some half an hour (Lagrangian decorrelation, 20–40 min).
const ALONG_MINUTES: f64 = 30.0;

/// Rain is followed from gauge to gauge for no longer.
pub(super) const LONGEST_MINUTES: f64 = 50.0;

/// Gauges nearer to each other in time than this see the same rain under any motion, in minutes.
const NEAREST_MINUTES: f64 = 2.0;

/// Speeds that are tried, in km/h, in so many directions: storms move with 10 to 60 km/h.
const SPEEDS_KMH: [f64; 11] = [
    9.0, 12.0, 15.0, 18.0, 22.0, 26.0, 31.0, 37.0, 44.0, 53.0, 65.0,
];
const DIRECTIONS: usize = 24;

/// Then around the best of them: factors of the speed, and turns in radians.
const FACTORS: [f64; 5] = [0.87, 0.93, 1.0, 1.07, 1.15];
const TURNS: [f64; 5] = [-0.13, -0.065, 0.0, 0.065, 0.13];

/// On the mean of what is compared there must fall so much, in mm/h, or nothing can be read from it.
const LEAST_MM_PER_H: f64 = 1.0;

/// So many pairs (weighed) must be compared.
const LEAST_COMPARED: f64 = 5.0;

/// More gauges than these make the search slower and not better.
const MOST_GAUGES: usize = 40;

/// How a storm moves, in km/min east and north.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Motion {
    pub east: f64,
    pub north: f64,
}

/// A motion that was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Found {
    pub motion: Motion,
    /// How badly the gauges agree under it: 0 not at all, 1 as if they saw different storms.
    pub disagreement: f64,
}

impl Motion {
    fn towards(kmh: f64, direction: f64) -> Self {
        Self {
            east: kmh / 60.0 * direction.cos(),
            north: kmh / 60.0 * direction.sin(),
        }
    }

    /// The same, so many times as fast.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            east: self.east * factor,
            north: self.north * factor,
        }
    }

    fn turned(self, angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self {
            east: self.east * cos - self.north * sin,
            north: self.east * sin + self.north * cos,
        }
    }

    /// Minutes that rain takes from one place to the other, negative where it comes from there, and how
    /// far beside it passes, in km.
    pub(super) fn way(self, from: Place, to: Place) -> (f64, f64) {
        let speed = self.east.hypot(self.north);
        let (east, north) = (to.east_km - from.east_km, to.north_km - from.north_km);
        let along_km = (east * self.east + north * self.north) / speed;
        let across_km = (north * self.east - east * self.north) / speed;
        (along_km / speed, across_km)
    }
}

/// The motion of the rain that fell lately; `None` where too little fell, or too few gauges saw it.
#[must_use]
pub fn motion(past: &Past) -> Option<Found> {
    let gauges = wettest(past);
    let coarse = SPEEDS_KMH.iter().flat_map(|kmh| {
        let turn = std::f64::consts::TAU / DIRECTIONS as f64;
        (0..DIRECTIONS).map(move |k| Motion::towards(*kmh, turn * k as f64))
    });
    let coarse = best(past, &gauges, coarse)?.motion;
    let fine = FACTORS
        .iter()
        .flat_map(|factor| TURNS.map(|turn| coarse.times(*factor).turned(turn)));
    best(past, &gauges, fine)
}

/// Of very many gauges those that saw most; ties go to the first.
fn wettest(past: &Past) -> Vec<usize> {
    let fell = |gauge: usize| -> f64 {
        let minutes = (0..COMPARED_MINUTES).step_by(COMPARED_EVERY);
        minutes.filter_map(|ago| past.at(gauge, ago as f64)).sum()
    };
    let mut gauges: Vec<(usize, f64)> = (0..past.gauges.len()).map(|g| (g, fell(g))).collect();
    gauges.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    gauges.truncate(MOST_GAUGES);
    let mut gauges: Vec<usize> = gauges.into_iter().map(|(gauge, _)| gauge).collect();
    gauges.sort_unstable();
    gauges
}

fn best(past: &Past, gauges: &[usize], motions: impl Iterator<Item = Motion>) -> Option<Found> {
    let mut best: Option<Found> = None;
    for motion in motions {
        let Some(disagreement) = disagreement(past, gauges, motion) else {
            continue;
        };
        if best.is_none_or(|best| disagreement < best.disagreement) {
            best = Some(Found {
                motion,
                disagreement,
            });
        }
    }
    best
}

/// The mean squared difference of the roots of rain between gauges on one line of motion, each looked at
/// when the storm passed it, as a share of what they saw.
fn disagreement(past: &Past, gauges: &[usize], motion: Motion) -> Option<f64> {
    let (mut differences, mut seen, mut weights) = (0.0, 0.0, 0.0);
    for from in gauges {
        for to in gauges {
            let (Some((stands, _)), Some((there, _))) =
                (past.gauges.get(*from), past.gauges.get(*to))
            else {
                continue;
            };
            let (minutes, across_km) = motion.way(*stands, *there);
            if !(NEAREST_MINUTES..LONGEST_MINUTES).contains(&minutes)
                || across_km.abs() > 2.0 * ACROSS_KM
            {
                continue;
            }
            let weight = beside(across_km) * (-minutes / ALONG_MINUTES).exp();
            for ago in (0..COMPARED_MINUTES).step_by(COMPARED_EVERY) {
                let ago = ago as f64;
                let (Some(now), Some(then)) = (past.at(*to, ago), past.at(*from, ago + minutes))
                else {
                    continue;
                };
                differences += weight * (now.sqrt() - then.sqrt()).powi(2);
                seen += weight * (now + then);
                weights += weight;
            }
        }
    }
    let is_enough = weights > LEAST_COMPARED && seen / weights > 2.0 * LEAST_MM_PER_H;
    is_enough.then(|| differences / seen)
}

/// How much a gauge says of a place so far beside its line of motion.
pub(super) fn beside(across_km: f64) -> f64 {
    (-(across_km / ACROSS_KM).powi(2)).exp()
}
