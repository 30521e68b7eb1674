//! Flags beside the truth: floods that were flagged, and flags that no flood explains.

use serde::Serialize;

use super::{
    night::{Moment, Watched},
    score::{SCATTER_M, series, spells},
};

/// What stays within a gauge's scatter of the threshold is neither flood nor none, in m.
const NEARLY_M: f64 = 3.0 * SCATTER_M;

/// A flood that is flagged within so many minutes after it has gone was flagged: readings come late.
const LATE_MIN: i64 = 5;

/// Flags of a storm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct FlagCounts {
    /// Points that flooded and were never flagged, and points that were flagged and never flooded.
    pub points_missed: u64,
    pub points_false: u64,
    /// Floods, and those of them that were flagged while they lasted.
    pub floods: u64,
    pub flagged: u64,
    /// Spells of flags, and those of them in which no water stood.
    pub flags: u64,
    pub unfounded: u64,
}

impl FlagCounts {
    pub fn add(&mut self, other: Self) {
        self.points_missed += other.points_missed;
        self.points_false += other.points_false;
        self.floods += other.floods;
        self.flagged += other.flagged;
        self.flags += other.flags;
        self.unfounded += other.unfounded;
    }

    /// Probability of detection: of floods, those that were flagged.
    pub fn pod(self) -> Option<f64> {
        (self.floods > 0).then(|| self.flagged as f64 / self.floods as f64)
    }

    /// False alarm ratio: of spells of flags, those without water.
    pub fn far(self) -> Option<f64> {
        (self.flags > 0).then(|| self.unfounded as f64 / self.flags as f64)
    }
}

/// Counts the flags of a storm.
pub(super) fn counts(watched: &Watched) -> FlagCounts {
    let mut all = FlagCounts::default();
    for (point, (waterlogged_m, _)) in &watched.thresholds {
        let depths = series(watched, point);
        let is_flagged = |moment: &Moment| moment.flagged.contains(point);
        let minutes = (0..).zip(&watched.minutes);
        let flagged = minutes.filter(|(_, moment)| is_flagged(moment));
        let flagged: Vec<i64> = flagged.map(|(minute, _)| minute).collect();
        all.add(of_point(&depths, &flagged, *waterlogged_m));
    }
    all
}

/// Of one point: its depths, and the minutes in which it was flagged.
fn of_point(depths: &[f64], flagged: &[i64], waterlogged_m: f64) -> FlagCounts {
    let at_least = |limit_m: f64| -> Vec<i64> {
        let minutes = (0..).zip(depths);
        let wet = minutes.filter(|(_, depth)| **depth >= limit_m);
        wet.map(|(minute, _)| minute).collect()
    };
    let wet = at_least(waterlogged_m);
    let (nearly, clearly) = (
        at_least(waterlogged_m - NEARLY_M),
        at_least(waterlogged_m + NEARLY_M),
    );
    let mut counts = FlagCounts {
        points_missed: u64::from(!clearly.is_empty() && flagged.is_empty()),
        points_false: u64::from(nearly.is_empty() && !flagged.is_empty()),
        ..FlagCounts::default()
    };
    for (first, last) in spells(&wet) {
        if clearly.iter().any(|m| (first..=last).contains(m)) {
            let is_flagged = |m: &i64| (first..=last + LATE_MIN).contains(m);
            counts.floods += 1;
            counts.flagged += u64::from(flagged.iter().any(is_flagged));
        }
    }
    for (first, last) in spells(flagged) {
        let is_wet = |m: &i64| (first - LATE_MIN..=last).contains(m);
        counts.flags += 1;
        counts.unfounded += u64::from(!nearly.iter().any(is_wet));
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depths(floods: &[(usize, usize, f64)]) -> Vec<f64> {
        let mut depths = vec![0.0; 300];
        for (from, to, depth) in floods {
            depths[*from..*to].fill(*depth);
        }
        depths
    }

    #[test]
    fn a_flood_is_flagged_while_it_lasts_and_a_flag_elsewhere_is_unfounded() {
        let flooded = depths(&[(50, 70, 0.3), (150, 160, 0.2)]);
        let counts = of_point(&flooded, &[52, 53, 54, 250], 0.15);
        assert_eq!((counts.floods, counts.flagged), (2, 1));
        assert_eq!((counts.flags, counts.unfounded), (2, 1));
        assert_eq!((counts.pod(), counts.far()), (Some(0.5), Some(0.5)));
        assert_eq!((counts.points_missed, counts.points_false), (0, 0));
    }

    #[test]
    fn what_only_nearly_floods_is_no_miss_and_a_flag_there_not_false() {
        let nearly = depths(&[(50, 70, 0.145)]);
        let missed = of_point(&nearly, &[], 0.15);
        assert_eq!((missed.floods, missed.points_missed), (0, 0));
        let flagged = of_point(&nearly, &[60], 0.15);
        assert_eq!((flagged.unfounded, flagged.points_false), (0, 0));
    }

    #[test]
    fn a_flag_on_a_dry_point_and_a_flood_without_one_count_by_point() {
        let dry = of_point(&depths(&[]), &[40, 41], 0.15);
        assert_eq!(
            (dry.points_false, dry.far(), dry.pod()),
            (1, Some(1.0), None)
        );
        let missed = of_point(&depths(&[(50, 70, 0.3)]), &[], 0.15);
        assert_eq!(
            (missed.points_missed, missed.pod(), missed.far()),
            (1, Some(0.0), None)
        );
    }
}
