//! The members of the rain to come over one place.
//!
//! A member keeps its part from forecast to forecast: what changes between two forecasts is the
//! weather, not the dice.

use super::{
    motion::{Found, LONGEST_MINUTES, Motion, beside},
    past::{Past, Place},
};

/// How many ways the rain may go on in.
pub const MEMBERS: usize = 8;

/// One of each for the members.
pub type Members<T> = [T; MEMBERS];

/// Rain that nobody has followed fades with this constant, in minutes: Lagrangian persistence of about
/// 20 minutes (flood domain: small urban catchments).
const FADE_MINUTES: f64 = 20.0;

/// Rain that has not been seen yet counts so much beside rain that has.
const UNSEEN_SHARE: f64 = 0.3;

/// What was seen long ago upstream counts less than what was seen just now, by this constant in minutes.
const OLD_MINUTES: f64 = 8.0;

/// What lies further downstream than this says nothing of what comes, in minutes.
const BEHIND_MINUTES: f64 = 15.0;

/// Rain that grows does so by at most this factor a minute, for at most so many minutes.
const GROWTH: f64 = 1.12;
const GROWTH_MINUTES: f64 = 12.0;

/// A surge is so many times the present rain, reached in so many minutes: storms reach their peak at
/// four to six times the rain that falls a quarter of an hour before (Chicago hyetographs of 1 to 20 years).
const SURGE: f64 = 5.0;
const SURGE_MINUTES: f64 = 20.0;

/// The motion is known to about this factor.
const FASTER: f64 = 1.15;

/// Shares of the members that follow the storm, among themselves.
const FOLLOWING: [(Unseen, f64, f64); 6] = [
    (Unseen::Stays, 1.0, 0.25),
    (Unseen::Grows, 1.0, 0.12),
    (Unseen::Fades, 1.0, 0.20),
    (Unseen::Stays, FASTER, 0.14),
    (Unseen::Stays, 1.0 / FASTER, 0.14),
    (Unseen::Surges, 1.0, 0.15),
];

/// Members that know no motion keep at least this share.
const STANDING_SHARE: f64 = 0.1;

/// Rain is told for every so many minutes.
pub const STEP_MINUTES: f64 = 5.0;

/// What becomes of rain that nobody has seen yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unseen {
    Stays,
    Fades,
    Grows,
    Surges,
}

/// The rain to come over one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Coming {
    /// How much each member counts; they sum to 1.
    pub weights: Members<f64>,
    /// mm/h of each member now, and every five minutes from now.
    pub mm_per_h: Members<Vec<f64>>,
}

impl Coming {
    /// Rain of a member in so many minutes, between two steps a mean of both; the last goes on.
    #[must_use]
    pub fn at(&self, member: usize, minutes: f64) -> f64 {
        let Some(series) = self.mm_per_h.get(member) else {
            return 0.0;
        };
        let place = (minutes / STEP_MINUTES).max(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "minutes of some hours"
        )]
        let before = place as usize;
        let last = series.last().copied().unwrap_or(0.0);
        let first = series.get(before).copied().unwrap_or(last);
        let second = series.get(before + 1).copied().unwrap_or(last);
        first + (second - first) * place.fract()
    }
}

/// The rain to come over a place for so many steps; `None` where no gauge said anything lately.
#[must_use]
pub fn coming(past: &Past, place: Place, found: Option<Found>, steps: usize) -> Option<Coming> {
    let now = (0..10).find_map(|ago| past.around(place, f64::from(ago)))?;
    let minutes = |step: usize| step as f64 * STEP_MINUTES;
    let mut weights = [0.0; MEMBERS];
    let mut mm_per_h: Members<Vec<f64>> = Default::default();
    let mut members = weights.iter_mut().zip(&mut mm_per_h);
    let mut standing = 1.0;
    let mut put = |weight: f64, rain: &dyn Fn(f64) -> f64| {
        if let Some((slot, series)) = members.next() {
            *slot = weight;
            *series = (0..=steps).map(|step| rain(minutes(step))).collect();
        }
    };
    if let Some(found) = found {
        let share = (1.0 - found.disagreement).clamp(0.0, 1.0) * (1.0 - STANDING_SHARE);
        standing -= share;
        for (unseen, factor, part) in FOLLOWING {
            let upstream = Upstream::of(past, place, found.motion.times(factor));
            put(share * part, &|lead| {
                upstream.rain(past, lead, unseen).unwrap_or(now)
            });
        }
    } else {
        let alone = [Unseen::Grows, Unseen::Surges];
        for (unseen, part) in alone.into_iter().zip([0.15, 0.1]) {
            standing -= part;
            put(part, &|lead| unseen.of(now, 1.0, lead));
        }
        for _ in alone.len()..FOLLOWING.len() {
            put(0.0, &|_| now);
        }
    }
    put(standing / 2.0, &|_| now);
    put(standing / 2.0, &|lead| Unseen::Fades.of(now, 1.0, lead));
    Some(Coming { weights, mm_per_h })
}

impl Unseen {
    /// What becomes of rain that grew by a factor a minute, so many minutes later.
    fn of(self, mm_per_h: f64, growth: f64, minutes: f64) -> f64 {
        mm_per_h
            * match self {
                Self::Stays => 1.0,
                Self::Fades => (-minutes / FADE_MINUTES).exp(),
                Self::Grows => growth.powf(minutes.min(GROWTH_MINUTES)),
                Self::Surges => 1.0 + (SURGE - 1.0) * (minutes / SURGE_MINUTES).min(1.0),
            }
    }
}

/// The gauges that lie on a place's line of motion.
struct Upstream {
    gauges: Vec<Seen>,
    /// By what factor more fell at the place than came to it.
    bias: f64,
}

struct Seen {
    gauge: usize,
    /// Minutes that rain takes from it to the place.
    minutes: f64,
    beside: f64,
    newest: Option<f64>,
    growth: f64,
}

impl Upstream {
    fn of(past: &Past, place: Place, motion: Motion) -> Self {
        let mut gauges = Vec::new();
        for (gauge, (stands, _)) in past.gauges.iter().enumerate() {
            let (minutes, across_km) = motion.way(*stands, place);
            let beside = beside(across_km);
            if beside > 1e-4 && (-BEHIND_MINUTES..3.0 * LONGEST_MINUTES).contains(&minutes) {
                gauges.push(Seen {
                    gauge,
                    minutes,
                    beside,
                    newest: past.newest(gauge),
                    growth: growth(past, gauge),
                });
            }
        }
        let mut upstream = Self { gauges, bias: 1.0 };
        upstream.bias = upstream.bias(past, place);
        upstream
    }

    /// Rain over the place in so many minutes; `None` where no gauge on the line said anything.
    fn rain(&self, past: &Past, lead: f64, unseen: Unseen) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for seen in &self.gauges {
            // What passes the gauge at one time passes the place `minutes` later.
            let ago = seen.minutes - lead;
            let (rain, weight) = if ago >= 0.0 {
                let Some(rain) = past.at(seen.gauge, ago) else {
                    continue;
                };
                (rain, (-ago / OLD_MINUTES).exp())
            } else {
                let Some(newest) = seen.newest else { continue };
                let rain = unseen.of(newest, seen.growth, -ago);
                // Of gauges that have not seen it, the one furthest upstream knows most.
                (rain, UNSEEN_SHARE * (ago / STEP_MINUTES).exp())
            };
            sum += seen.beside * weight * rain;
            weights += seen.beside * weight;
        }
        // What differs from gauge to gauge is set right over ten minutes; now is as it was observed.
        let bias = 1.0 + (self.bias - 1.0) * (lead / 10.0).min(1.0);
        (weights > 1e-6).then(|| sum / weights * bias)
    }

    /// By what factor more rain fell at the place in the last half hour than came to it from upstream.
    fn bias(&self, past: &Past, place: Place) -> f64 {
        /// As if so much had fallen at both, in mm: little rain says little.
        const PRIOR_MM: f64 = 3.0;
        const EVERY_MINUTES: f64 = 3.0;
        let (mut fell, mut came) = (PRIOR_MM, PRIOR_MM);
        for step in 0..10 {
            let ago = f64::from(step) * EVERY_MINUTES;
            let (mut sum, mut weights) = (0.0, 0.0);
            for seen in &self.gauges {
                let passed = seen.minutes > EVERY_MINUTES && seen.minutes < LONGEST_MINUTES;
                if let Some(rain) = past.at(seen.gauge, ago + seen.minutes).filter(|_| passed) {
                    let weight = seen.beside * (-seen.minutes / BEHIND_MINUTES).exp();
                    sum += weight * rain;
                    weights += weight;
                }
            }
            if let Some(here) = past.around(place, ago).filter(|_| weights > 1e-3) {
                fell += here * EVERY_MINUTES / 60.0;
                came += sum / weights * EVERY_MINUTES / 60.0;
            }
        }
        (fell / came).clamp(0.5, 2.0)
    }
}

/// By what factor a gauge's rain grew a minute in the last ten; 1 where it did not.
fn growth(past: &Past, gauge: usize) -> f64 {
    let mean = |from: u32| {
        let minutes = (from..from + 5).filter_map(|ago| past.at(gauge, f64::from(ago)));
        let (sum, count) = minutes.fold((0.0, 0.0), |(sum, count), rain| (sum + rain, count + 1.0));
        (count > 0.0).then(|| sum / count)
    };
    let (Some(now), Some(before)) = (mean(0), mean(5)) else {
        return 1.0;
    };
    ((now + 1.0) / (before + 1.0)).powf(0.2).clamp(1.0, GROWTH)
}
