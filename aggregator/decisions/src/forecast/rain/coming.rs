//! The members of the rain to come over one place.
//!
//! A member keeps its part from forecast to forecast: what changes between two forecasts is the
//! weather, not the dice.

use super::{
    motion::{Found, LONGEST_MINUTES, Motion, beside},
    past::{Past, Place},
    trend::Trend,
};

/// How many ways the rain may go on in.
pub const MEMBERS: usize = 11;

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

/// Rain that grows does so for at most so many minutes.
const GROWTH_MINUTES: f64 = 12.0;

/// A surge is so many times the present rain, reached in so many minutes: storms reach their peak at
/// four to six times the rain that falls a quarter of an hour before (Chicago hyetographs of 1 to 20 years),
/// and no heavier than this in mm/h (five minutes of once in a hundred years).
const SURGE: f64 = 5.0;
const SURGE_MINUTES: f64 = 20.0;
const LATE_SURGE_MINUTES: f64 = 50.0;
const HEAVIEST_MM_PER_H: f64 = 300.0;

/// While it rains anywhere, a cloudburst may come that no gauge has seen: so probable each, at its peak after so
/// many minutes, with so many mm/h (five minutes of once in a year or two in Shanghai). Hardly a decision
/// rests on it, but how far up the limits of an interval may reach.
const CLOUDBURST_SHARE: f64 = 0.015;
const CLOUDBURSTS: [f64; 2] = [22.0, 50.0];
const CLOUDBURST_MM_PER_H: f64 = 110.0;
const RAINS_MM_PER_H: f64 = 2.0;

/// After a peak rain falls off as this power of the time since (the falling limb of Chicago hyetographs,
/// `(t + b)^−n` with n from 0.7 to 0.9). Before it, rain is taken to last as long again as it has been
/// half as strong as it is: the strongest is the shortest. Nothing is shorter than so many minutes.
const RECESSION: f64 = 0.9;
const SHORTEST_MINUTES: f64 = 5.0;

/// The motion is known to about this factor.
const FASTER: f64 = 1.15;

/// Shares of the members that follow the storm, among themselves.
const FOLLOWING: [(Unseen, Pace, f64); 7] = [
    (Unseen::Stays, Pace::AsFound, 0.25),
    (Unseen::Grows, Pace::AsFound, 0.12),
    (Unseen::Fades, Pace::AsFound, 0.20),
    (Unseen::Stays, Pace::Faster, 0.14),
    (Unseen::Stays, Pace::Slower, 0.14),
    (Unseen::Surges, Pace::AsFound, 0.08),
    (Unseen::SurgesLate, Pace::AsFound, 0.07),
];

/// Members that know no motion keep at least this share.
const STANDING_SHARE: f64 = 0.1;

/// Rain is told for each of so many minutes, for between two far ones a cloudburst seems longer than it is;
/// then for every so many.
const FINE_MINUTES: f64 = 60.0;
const STEP_MINUTES: f64 = 5.0;

/// Of two gauges that have not seen the rain, the one so many minutes further upstream knows e times as much.
const FURTHER_MINUTES: f64 = 5.0;

/// What becomes of rain that nobody has seen yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unseen {
    Stays,
    Fades,
    Grows,
    Surges,
    SurgesLate,
}

/// How fast the storm is beside the motion that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    AsFound,
    Faster,
    Slower,
}

/// The rain to come over one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Coming {
    /// How much each member counts; they sum to 1.
    pub weights: Members<f64>,
    /// mm/h of each member now, each minute for an hour, and then every five minutes.
    pub mm_per_h: Members<Vec<f64>>,
}

impl Coming {
    /// Rain of a member in so many minutes, between two steps a mean of both; the last goes on.
    #[must_use]
    pub fn at(&self, member: usize, minutes: f64) -> f64 {
        let Some(series) = self.mm_per_h.get(member) else {
            return 0.0;
        };
        let (fine, coarse) = (minutes.min(FINE_MINUTES), (minutes - FINE_MINUTES).max(0.0));
        let place = (fine + coarse / STEP_MINUTES).max(0.0);
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

/// The minutes that rain is told for, up to so many.
fn told(until: f64) -> impl Iterator<Item = f64> {
    let from = |begin: f64, step: f64| (0..).map(move |k| begin + f64::from(k) * step);
    let fine = from(0.0, 1.0).take_while(|minutes| *minutes < FINE_MINUTES);
    let coarse = from(FINE_MINUTES, STEP_MINUTES);
    fine.chain(coarse)
        .take_while(move |minutes| *minutes <= until)
}

/// The rain to come over a place for so many minutes; `None` where no gauge said anything lately.
#[must_use]
pub fn coming(past: &Past, place: Place, found: Option<Found>, minutes: f64) -> Option<Coming> {
    let now = (0..10).find_map(|ago| past.around(place, f64::from(ago)))?;
    let trend = Trend::of(|ago| past.around(place, f64::from(ago)));
    let rains = now >= RAINS_MM_PER_H || past.fell_anywhere(RAINS_MM_PER_H);
    let mut weights = [0.0; MEMBERS];
    let mut mm_per_h: Members<Vec<f64>> = Default::default();
    let mut members = weights.iter_mut().zip(&mut mm_per_h);
    let mut put = |weight: f64, rain: &dyn Fn(f64) -> f64| {
        if let Some((slot, series)) = members.next() {
            *slot = weight;
            *series = told(minutes).map(rain).collect();
        }
    };
    let cloudburst = if rains { CLOUDBURST_SHARE } else { 0.0 };
    for peak in CLOUDBURSTS {
        put(cloudburst, &|lead| {
            let risen = (lead / peak).min(1.0) * after(lead - peak);
            now.max(CLOUDBURST_MM_PER_H * risen)
        });
    }
    let known = 1.0 - cloudburst * CLOUDBURSTS.len() as f64;
    let mut standing = known;
    if let Some(found) = found {
        let share = known * (1.0 - found.disagreement).clamp(0.0, 1.0) * (1.0 - STANDING_SHARE);
        standing -= share;
        let [as_found, faster, slower] = [1.0, FASTER, 1.0 / FASTER]
            .map(|factor| Upstream::of(past, place, found.motion.times(factor)));
        for (unseen, pace, part) in FOLLOWING {
            let upstream = match pace {
                Pace::AsFound => &as_found,
                Pace::Faster => &faster,
                Pace::Slower => &slower,
            };
            put(share * part, &|lead| {
                upstream.rain(past, lead, unseen).unwrap_or(now)
            });
        }
    } else {
        let alone = [Unseen::Grows, Unseen::Surges, Unseen::SurgesLate];
        for (unseen, part) in alone.into_iter().zip([0.15, 0.05, 0.05]) {
            let part = known * part;
            standing -= part;
            put(part, &|lead| now * unseen.factor(trend, lead));
        }
        for _ in alone.len()..FOLLOWING.len() {
            put(0.0, &|_| now);
        }
    }
    for unseen in [Unseen::Stays, Unseen::Fades] {
        put(standing / 2.0, &|lead| now * unseen.factor(trend, lead));
    }
    Some(Coming { weights, mm_per_h })
}

impl Unseen {
    /// By what factor rain changes in so many minutes.
    fn factor(self, trend: Trend, minutes: f64) -> f64 {
        let lasted = trend.lasted_minutes.max(SHORTEST_MINUTES);
        let recession = (lasted / (lasted + minutes)).powf(RECESSION);
        match self {
            Self::Stays => recession,
            Self::Fades => recession * (-minutes / FADE_MINUTES).exp(),
            Self::Grows if trend.is_over => recession.sqrt(),
            Self::Grows => {
                trend.growth.powf(minutes.min(GROWTH_MINUTES)) * after(minutes - GROWTH_MINUTES)
            }
            Self::Surges | Self::SurgesLate if trend.is_over => 1.0,
            Self::Surges => surge(minutes, SURGE_MINUTES),
            Self::SurgesLate => surge(minutes, LATE_SURGE_MINUTES),
        }
    }
}

/// A surge that is at its peak after so many minutes.
fn surge(minutes: f64, peak_minutes: f64) -> f64 {
    (1.0 + (SURGE - 1.0) * (minutes / peak_minutes).min(1.0)) * after(minutes - peak_minutes)
}

/// What is left of a peak so many minutes after it.
fn after(minutes: f64) -> f64 {
    (SHORTEST_MINUTES / (SHORTEST_MINUTES + minutes.max(0.0))).powf(RECESSION)
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
    trend: Trend,
}

impl Upstream {
    fn of(past: &Past, place: Place, motion: Motion) -> Self {
        let mut gauges = Vec::new();
        for (gauge, ((stands, _), trend)) in past.gauges.iter().zip(&past.trends).enumerate() {
            let (minutes, across_km) = motion.way(*stands, place);
            let beside = beside(across_km);
            if beside > 1e-4 && (-BEHIND_MINUTES..3.0 * LONGEST_MINUTES).contains(&minutes) {
                gauges.push(Seen {
                    gauge,
                    minutes,
                    beside,
                    newest: past.newest(gauge),
                    trend: *trend,
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
                let rain = (newest * unseen.factor(seen.trend, -ago)).min(HEAVIEST_MM_PER_H);
                // Of gauges that have not seen it, the one furthest upstream knows most.
                (rain, UNSEEN_SHARE * (ago / FURTHER_MINUTES).exp())
            };
            sum += seen.beside * weight * rain;
            weights += seen.beside * weight;
        }
        // What differs from gauge to gauge is set right over ten minutes; now is as it was observed.
        let bias = 1.0 + (self.bias - 1.0) * (lead / 10.0).min(1.0);
        // Far ahead all weigh next to nothing, and the furthest upstream still most.
        (weights > 0.0).then(|| sum / weights * bias)
    }

    /// By what factor more rain fell at the place in the last half hour than came to it from upstream.
    fn bias(&self, past: &Past, place: Place) -> f64 {
        /// As if so much had fallen at both, in mm: little rain says little.
        const PRIOR_MM: f64 = 2.0;
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
