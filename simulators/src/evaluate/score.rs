//! What forecasts were worth beside what came.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::ids::PointId;

use super::night::Watched;

/// A warning counts within these minutes before a flood.
const COUNTS: std::ops::RangeInclusive<i64> = 10..=30;

/// Floods and warnings with shorter pauses are one, in minutes.
const PAUSE: i64 = 10;

/// Leads that intervals are judged at, in minutes.
pub(super) const LEADS: [i64; 4] = [10, 20, 30, 60];

/// Water that is neither there nor forecast is dryness, in m.
pub(super) const WET_M: f64 = 0.02;

/// A gauge's scatter: what lies so near to a limit lies within, in m.
pub(super) const SCATTER_M: f64 = 0.005;

/// Floods by how they were foreseen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Events {
    pub hits: u64,
    pub misses: u64,
    pub false_warnings: u64,
}

impl Events {
    pub fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.false_warnings += other.false_warnings;
    }

    /// Critical success index: hits of all that was there or was warned of.
    pub fn csi(self) -> Option<f64> {
        let all = self.hits + self.misses + self.false_warnings;
        (all > 0).then(|| self.hits as f64 / all as f64)
    }

    /// Probability of detection.
    pub fn pod(self) -> Option<f64> {
        let floods = self.hits + self.misses;
        (floods > 0).then(|| self.hits as f64 / floods as f64)
    }

    /// False alarm ratio.
    pub fn far(self) -> Option<f64> {
        let warnings = self.hits + self.false_warnings;
        (warnings > 0).then(|| self.false_warnings as f64 / warnings as f64)
    }
}

/// How an interval that should hold 80 % did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Cover {
    pub below: u64,
    pub within: u64,
    pub above: u64,
}

impl Cover {
    pub fn add(&mut self, other: Self) {
        self.below += other.below;
        self.within += other.within;
        self.above += other.above;
    }

    pub fn share(self) -> Option<f64> {
        let all = self.below + self.within + self.above;
        (all > 0).then(|| self.within as f64 / all as f64)
    }
}

/// Who warns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Warner {
    /// The product's probability.
    Product,
    /// The product's median, when it is said to reach the depth.
    Median,
    /// It stays as it is: warns of nothing.
    Persistence,
    /// The rise of the last ten minutes goes on.
    RateOfRise,
}

impl Warner {
    pub const ALL: [Self; 4] = [
        Self::Product,
        Self::Median,
        Self::Persistence,
        Self::RateOfRise,
    ];
}

/// Floods of a depth, and which of them a warner foresaw.
pub(super) fn warnings(
    watched: &Watched,
    warner: Warner,
    closure: bool,
    probability: f64,
) -> Events {
    let mut events = Events::default();
    for (point, (waterlogged_m, closure_m)) in &watched.thresholds {
        let threshold_m = if closure { *closure_m } else { *waterlogged_m };
        let depths = series(watched, point);
        let warned: Vec<i64> = (0_i64..)
            .zip(&watched.minutes)
            .filter(|(minute, moment)| {
                let depth = moment.depths.get(point).copied().unwrap_or(0.0);
                if depth >= threshold_m {
                    return false;
                }
                let forecast = moment.forecasts.get(point);
                match warner {
                    Warner::Product => forecast.is_some_and(|f| {
                        let half = f.horizons.iter().find(|h| h.minutes == 30);
                        half.is_some_and(|h| {
                            let reached = if closure {
                                h.reached.closure
                            } else {
                                h.reached.waterlogged
                            };
                            reached >= probability
                        })
                    }),
                    Warner::Median => forecast.is_some_and(|f| {
                        let at = if closure {
                            f.reaches_closure_at
                        } else {
                            f.reaches_waterlogged_at
                        };
                        at.is_some_and(|at| at.millis_since(f.basis_at) <= 30 * 60_000)
                    }),
                    Warner::Persistence => false,
                    Warner::RateOfRise => {
                        let before = usize::try_from(minute - 10)
                            .ok()
                            .and_then(|m| depths.get(m));
                        before.is_some_and(|before| depth + 3.0 * (depth - before) >= threshold_m)
                    }
                }
            })
            .map(|(minute, _)| minute)
            .collect();
        events.add(judged(&warned, &depths, threshold_m));
    }
    events
}

/// True depths at a point by minute, in m.
pub(super) fn series(watched: &Watched, point: &PointId) -> Vec<f64> {
    let depth = |m: &super::night::Moment| m.depths.get(point).copied().unwrap_or(0.0);
    watched.minutes.iter().map(depth).collect()
}

fn judged(warned: &[i64], depths: &[f64], threshold_m: f64) -> Events {
    let wet: Vec<i64> = (0..)
        .zip(depths)
        .filter(|(_, depth)| **depth >= threshold_m)
        .map(|(minute, _)| minute)
        .collect();
    let onsets: Vec<i64> = spells(&wet).iter().map(|(first, _)| *first).collect();
    let foreseen = |onset: &&i64| warned.iter().any(|w| COUNTS.contains(&(*onset - w)));
    let hits = onsets.iter().filter(foreseen).count() as u64;
    let followed = |(first, last): &(i64, i64)| {
        onsets
            .iter()
            .any(|onset| (*first..=last + COUNTS.end()).contains(onset))
    };
    Events {
        hits,
        misses: onsets.len() as u64 - hits,
        false_warnings: spells(warned)
            .iter()
            .filter(|spell| !followed(spell))
            .count() as u64,
    }
}

/// First and last of minutes that follow each other with short pauses.
pub(super) fn spells(minutes: &[i64]) -> Vec<(i64, i64)> {
    let mut spells: Vec<(i64, i64)> = Vec::new();
    for minute in minutes {
        match spells.last_mut() {
            Some((_, last)) if minute - *last <= PAUSE => *last = *minute,
            _ => spells.push((*minute, *minute)),
        }
    }
    spells
}

/// How the intervals did, by lead in minutes, where water was or was forecast.
pub(super) fn cover(watched: &Watched) -> BTreeMap<i64, Cover> {
    let mut covers = BTreeMap::new();
    for (minute, moment) in watched.minutes.iter().enumerate() {
        for (point, forecast) in &moment.forecasts {
            for horizon in forecast
                .horizons
                .iter()
                .filter(|h| LEADS.contains(&h.minutes))
            {
                let due = usize::try_from(horizon.minutes).map(|lead| minute + lead);
                let due = due.ok().and_then(|due| watched.minutes.get(due));
                let Some(came) = due.and_then(|m| m.depths.get(point).copied()) else {
                    continue;
                };
                if came < WET_M && horizon.p50_m < WET_M {
                    continue;
                }
                let cover: &mut Cover = covers.entry(horizon.minutes).or_default();
                if came < horizon.p10_m - SCATTER_M {
                    cover.below += 1;
                } else if came > horizon.p90_m + SCATTER_M {
                    cover.above += 1;
                } else {
                    cover.within += 1;
                }
            }
        }
    }
    covers
}

/// Errors of the time to dry, as shares of the true time, at each minute in which a point stood under water
/// and was said to be dry within two hours.
pub(super) fn drain_errors(watched: &Watched) -> Vec<f64> {
    let mut errors = Vec::new();
    for (point, (waterlogged_m, _)) in &watched.thresholds {
        let depths = series(watched, point);
        for (minute, moment) in watched.minutes.iter().enumerate() {
            let Some(forecast) = moment.forecasts.get(point) else {
                continue;
            };
            let Some(dry_at) = forecast.dry_at else {
                continue;
            };
            if depths.get(minute).is_none_or(|depth| depth < waterlogged_m) {
                continue;
            }
            let after = depths.iter().skip(minute);
            let Some(truly) = after
                .clone()
                .position(|depth| *depth < 0.05)
                .filter(|m| *m > 0)
            else {
                continue;
            };
            let told = dry_at.millis_since(forecast.basis_at) as f64 / 60_000.0;
            errors.push((told - truly as f64) / truly as f64);
        }
    }
    errors
}

/// The middle of values.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floods_and_warnings_are_judged_as_events() {
        let mut depths = vec![0.0; 200];
        depths[60..80].fill(0.2);
        depths[150..155].fill(0.2);
        let judged = judged(&[45, 46, 47, 90, 91], &depths, 0.15);
        assert_eq!(
            judged,
            Events {
                hits: 1,
                misses: 1,
                false_warnings: 1
            }
        );
        assert_eq!(judged.csi(), Some(1.0 / 3.0));
    }

    #[test]
    fn a_warning_of_the_last_minutes_is_no_hit_and_no_false_alarm() {
        let mut depths = vec![0.0; 100];
        depths[60..80].fill(0.2);
        let late = judged(&[55], &depths, 0.15);
        assert_eq!(
            late,
            Events {
                hits: 0,
                misses: 1,
                false_warnings: 0
            }
        );
    }
}
