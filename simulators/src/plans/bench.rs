//! How fast plans are, and how steady.

use std::time::{Duration, Instant};

use aggregator::dispatch::{Assigned, Plan, Roads, Situation, plan};
use serde::Serialize;
use shared::lonlat::LonLat;

use super::cases::{self, LARGE, Size};
use crate::rng::Rng;

/// By how much inputs tremble: the deviation of each, as a share.
const TREMBLING: f64 = 0.02;

/// A degree of latitude, in metres.
const DEGREE_M: f64 = 111_195.0;

/// A way that trembles by its share, in metres: the mean way in the city of the cases.
const WAY_M: f64 = 15_000.0;

/// Goals: a plan of the usual size, and one of the large size when the last plan stands.
const USUAL_GOAL_MS: f64 = 100.0;
const LARGE_GOAL_MS: f64 = 1_000.0;

/// Recommendations that may change, in per cent.
const STEADY_GOAL_PERCENT: f64 = 2.0;

/// What was measured of cases of one size.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    size: Size,
    cases: u64,
    /// Milliseconds of plans from nothing, and of plans while the last one stands and its inputs tremble.
    first: Percentiles,
    standing: Percentiles,
    /// Recommendations that change when inputs tremble, in per cent of all; and what that plan avoids less than
    /// one from nothing, in per cent.
    changed_percent: f64,
    lost_percent: f64,
    /// Gaps that the plans tell of themselves, in per cent.
    mean_gap_percent: f64,
    worst_gap_percent: f64,
    /// By how much the explanations of a plan miss what it avoids at most, in per cent.
    worst_unexplained_percent: f64,
}

#[derive(Debug, Serialize)]
struct Percentiles {
    p50_ms: f64,
    p99_ms: f64,
}

impl Percentiles {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let at = |share: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of a count"
            )]
            let place = (share * times.len() as f64).ceil() as usize;
            let time = times.get(place.saturating_sub(1)).copied();
            time.unwrap_or_default().as_secs_f64() * 1000.0
        };
        Self {
            p50_ms: at(0.5),
            p99_ms: at(0.99),
        }
    }
}

impl Figures {
    pub fn line(&self) -> String {
        let Size {
            trucks,
            points,
            members,
        } = self.size;
        format!(
            "{trucks} trucks x {points} points x {members} members, {} cases: p50 {:.1} ms, p99 {:.1} ms; with the last \
             plan standing p50 {:.1} ms, p99 {:.1} ms; {:.2} % of recommendations change when all inputs tremble by \
             {:.0} %, which avoids {:.2} % less than a plan from nothing; reported gap {:.2} %, worst {:.2} %; \
             unexplained {:.4} %",
            self.cases,
            self.first.p50_ms,
            self.first.p99_ms,
            self.standing.p50_ms,
            self.standing.p99_ms,
            self.changed_percent,
            TREMBLING * 100.0,
            self.lost_percent,
            self.mean_gap_percent,
            self.worst_gap_percent,
            self.worst_unexplained_percent,
        )
    }

    pub fn meet_goals(&self) -> bool {
        let is_fast = if self.size == LARGE {
            self.standing.p99_ms <= LARGE_GOAL_MS
        } else {
            self.first.p99_ms <= USUAL_GOAL_MS && self.standing.p99_ms <= USUAL_GOAL_MS
        };
        is_fast && self.changed_percent <= STEADY_GOAL_PERCENT
    }
}

/// Plans so many cases, from nothing and again while their inputs tremble.
pub(super) fn measure(seed: u64, count: u64, size: Size) -> Figures {
    let roads = Roads::default();
    let (mut first, mut standing) = (Vec::new(), Vec::new());
    let (mut told, mut changed, mut avoided, mut afresh) = (0, 0, 0.0, 0.0);
    let (mut gaps, mut worst_gap, mut unexplained) = (0.0, 0.0_f64, 0.0_f64);
    for number in 0..count {
        let situation = cases::case(seed, number, size);
        let (before, time) = timed(&situation, &roads);
        first.push(time);
        let trembling = trembling(&situation, &mut Rng::new(seed, u64::MAX - number));
        let (after, time) = timed(&stands(&trembling, &before), &roads);
        standing.push(time);
        told += before.recommendations.len();
        changed += different(&before, &after);
        avoided += after.cost_without - after.cost;
        let anew = plan(&trembling, &roads);
        afresh += anew.cost_without - anew.cost;
        gaps += before.gap_percent;
        worst_gap = worst_gap.max(before.gap_percent);
        unexplained = unexplained.max(unexplained_percent(&before));
    }
    let cases = count.max(1) as f64;
    Figures {
        size,
        cases: count,
        first: Percentiles::of(first),
        standing: Percentiles::of(standing),
        changed_percent: changed as f64 / f64::max(told as f64, 1.0) * 100.0,
        lost_percent: (afresh - avoided) / f64::max(afresh, 1.0) * 100.0,
        mean_gap_percent: gaps / cases,
        worst_gap_percent: worst_gap,
        worst_unexplained_percent: unexplained,
    }
}

fn timed(situation: &Situation, roads: &Roads) -> (Plan, Duration) {
    let begun = Instant::now();
    let plan = plan(situation, roads);
    (plan, begun.elapsed())
}

/// The same with every volume, inflow, capacity and place of a truck a little different.
fn trembling(situation: &Situation, rng: &mut Rng) -> Situation {
    let mut trembling = situation.clone();
    for reservoir in &mut trembling.reservoirs {
        reservoir.volume_m3 *= 1.0 + TREMBLING * rng.bell();
        for member in &mut reservoir.members {
            let factor = 1.0 + TREMBLING * rng.bell();
            member.m3h.iter_mut().for_each(|m3h| *m3h *= factor);
        }
    }
    for truck in &mut trembling.trucks {
        truck.capacity_m3h *= 1.0 + TREMBLING * rng.bell();
        let degrees = TREMBLING * WAY_M / DEGREE_M;
        let (east, north) = (degrees * rng.bell(), degrees * rng.bell());
        truck.position = LonLat::new(truck.position.lon() + east, truck.position.lat() + north)
            .expect("near where it was");
    }
    trembling
}

/// The same after this plan, of which nothing was ordered yet.
fn stands(situation: &Situation, plan: &Plan) -> Situation {
    let mut stands = situation.clone();
    for truck in &mut stands.trucks {
        let standing = plan.of(&truck.id).map(|r| r.point.clone());
        truck.assigned = Assigned::Free { standing };
    }
    stands
}

/// How many trucks another plan sends elsewhere, no more, or anew.
fn different(before: &Plan, after: &Plan) -> usize {
    let gone = before.recommendations.iter().filter(|r| {
        let now = after.of(&r.truck);
        now.is_none_or(|now| now.point != r.point)
    });
    let anew = after.recommendations.iter();
    let anew = anew.filter(|r| before.of(&r.truck).is_none());
    gone.count() + anew.count()
}

/// By how much what each truck avoids misses what all avoid, in per cent.
fn unexplained_percent(plan: &Plan) -> f64 {
    let told: f64 = plan.recommendations.iter().map(|r| r.saved_m3h).sum();
    let avoided = plan.cost_without - plan.cost;
    if avoided > 0.0 {
        (told - avoided).abs() / avoided * 100.0
    } else {
        told.abs()
    }
}
