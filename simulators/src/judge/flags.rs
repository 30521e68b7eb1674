//! The flags of a run, judged by the true floods. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use shared::{ids::PointId, time::Timestamp};

use super::Seen;

/// What became of one point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FlagVerdict {
    /// Flagged when the truth says so.
    InTime,
    /// Flagged, but too late.
    Late,
    /// Flagged although the truth had not got so far, by more than two polling periods.
    Early,
    /// Waterlogged, but never flagged.
    Missed,
    /// Flagged, but never waterlogged.
    FalseAlarm,
}

/// One point of the judgement; points that were rightly left alone do not appear.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PointVerdict {
    pub point: PointId,
    pub truth_onset: Option<Timestamp>,
    pub flagged_at: Option<Timestamp>,
    pub delay_s: Option<f64>,
    pub verdict: FlagVerdict,
    /// When a truck was first recommended for it.
    pub truck_at: Option<Timestamp>,
    /// Why none ever was, as the plans said.
    pub no_truck: Option<String>,
}

/// Polling periods within which a flag must follow.
const PERIODS: i64 = 2;

/// Judges the flags that were seen up to `to` against the true floods, under gauges that are read
/// every `interval_s`.
///
/// Onsets so shortly before `to` that a flag could still come in time do not count.
#[must_use]
pub(crate) fn flags(
    floods: &BTreeMap<PointId, Timestamp>,
    seen: &Seen,
    to: Timestamp,
    interval_s: u32,
) -> Vec<PointVerdict> {
    let allowed = i64::from(interval_s) * 1000 * PERIODS;
    let onset = |id: &PointId| {
        floods
            .get(id)
            .copied()
            .filter(|at| at.plus_millis(allowed) <= to)
    };
    let points: BTreeSet<&PointId> = floods.keys().chain(seen.flags.keys()).collect();
    let judged = points.into_iter().filter_map(|id| {
        let (truth, flagged) = (onset(id), seen.flags.get(id).copied());
        let known = floods.get(id).is_some_and(|at| *at <= to);
        let verdict = judge(id, truth, flagged, allowed, known)?;
        Some(PointVerdict {
            truck_at: seen.recommended.get(id).copied(),
            no_truck: seen.why_no_truck(id),
            ..verdict
        })
    });
    judged.collect()
}

fn judge(
    id: &PointId,
    truth: Option<Timestamp>,
    flagged: Option<Timestamp>,
    allowed_ms: i64,
    known: bool,
) -> Option<PointVerdict> {
    let verdict = match (truth, flagged) {
        (None, None) => return None,
        // The flood began at the very end: a flag is right and none is no miss.
        (None, Some(_)) if known => FlagVerdict::InTime,
        (None, Some(_)) => FlagVerdict::FalseAlarm,
        (Some(_), None) => FlagVerdict::Missed,
        (Some(onset), Some(flag)) => match flag.millis_since(onset) {
            late if late > allowed_ms => FlagVerdict::Late,
            early if early < -allowed_ms => FlagVerdict::Early,
            _ => FlagVerdict::InTime,
        },
    };
    let delay_s = truth
        .zip(flagged)
        .map(|(onset, flag)| flag.seconds_since(onset));
    Some(PointVerdict {
        point: id.clone(),
        truth_onset: truth,
        flagged_at: flagged,
        delay_s,
        verdict,
        truck_at: None,
        no_truck: None,
    })
}

/// Whether trucks were recommended up to `to` exactly if something flooded.
#[must_use]
pub(crate) fn recommendations_are_right(
    floods: &BTreeMap<PointId, Timestamp>,
    seen: &Seen,
    to: Timestamp,
) -> bool {
    let flooded = floods.values().any(|at| *at <= to);
    flooded != seen.recommended.is_empty()
}

/// Whether every judged point was flagged when the truth says so, and no other.
#[must_use]
pub(crate) fn are_all_in_time<'a>(points: impl IntoIterator<Item = &'a PointVerdict>) -> bool {
    points.into_iter().all(|p| p.verdict == FlagVerdict::InTime)
}

/// How many points got each verdict.
#[must_use]
pub(crate) fn tally(points: &[PointVerdict]) -> BTreeMap<&'static str, usize> {
    let mut tally = BTreeMap::new();
    for point in points {
        let name = match point.verdict {
            FlagVerdict::InTime => "in time",
            FlagVerdict::Late => "late",
            FlagVerdict::Early => "early",
            FlagVerdict::Missed => "missed",
            FlagVerdict::FalseAlarm => "false alarm",
        };
        *tally.entry(name).or_insert(0) += 1;
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * MINUTE)
    }

    fn verdict(truth: Option<i64>, flagged: Option<i64>) -> Option<FlagVerdict> {
        let id: PointId = "wp-001".parse().expect("id");
        judge(&id, truth.map(at), flagged.map(at), 2 * MINUTE, false).map(|v| v.verdict)
    }

    #[test]
    fn a_flag_must_follow_the_onset_within_two_periods() {
        assert_eq!(verdict(Some(10), Some(10)), Some(FlagVerdict::InTime));
        assert_eq!(verdict(Some(10), Some(12)), Some(FlagVerdict::InTime));
        assert_eq!(verdict(Some(10), Some(13)), Some(FlagVerdict::Late));
        assert_eq!(verdict(Some(10), Some(7)), Some(FlagVerdict::Early));
        assert_eq!(verdict(Some(10), None), Some(FlagVerdict::Missed));
        assert_eq!(verdict(None, Some(10)), Some(FlagVerdict::FalseAlarm));
        assert_eq!(verdict(None, None), None);
    }
}
