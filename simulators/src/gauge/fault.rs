//! What goes wrong with a gauge, from when to when in storm time. Pure.

use serde::{Deserialize, Serialize};
use shared::{ids::GaugeId, time::Timestamp};

use super::Readings;

/// One fault of one gauge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    #[serde(flatten)]
    pub kind: FaultKind,
    /// First instant of the fault.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Timestamp,
}

/// The kinds of fault that field reports name most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FaultKind {
    /// It does not answer, or does not report.
    Silent,
    /// It repeats the value it had when the fault began.
    Stuck,
    /// It reads too high by this much: keep the span to one interval.
    Spike { by: f64 },
    /// It gives its error value.
    Sentinel,
    /// It creeps away by this much per hour of storm time.
    Drift { per_hour: f64 },
    /// It reads wrong by a constant, as after a careless re-installation.
    Offset { by: f64 },
}

/// What a gauge gives at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    Silent,
    Sentinel,
    Value(f64),
}

impl Fault {
    fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// The answer of a gauge at `at`, with its faults applied in the order in which they are listed.
#[must_use]
pub fn answer(gauge: &GaugeId, faults: &[Fault], readings: &dyn Readings, at: Timestamp) -> Answer {
    let Some(mut value) = readings.reading(gauge, at) else {
        return Answer::Silent;
    };
    for fault in faults.iter().filter(|f| f.holds(at)) {
        match fault.kind {
            FaultKind::Silent => return Answer::Silent,
            FaultKind::Sentinel => return Answer::Sentinel,
            FaultKind::Stuck => value = readings.reading(gauge, fault.from).unwrap_or(value),
            FaultKind::Spike { by } | FaultKind::Offset { by } => value += by,
            FaultKind::Drift { per_hour } => {
                value += per_hour * at.seconds_since(fault.from) / 3600.0;
            }
        }
    }
    Answer::Value(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rising;

    impl Readings for Rising {
        fn reading(&self, _: &GaugeId, at: Timestamp) -> Option<f64> {
            (at.as_millis() >= 0).then(|| at.seconds_since(Timestamp::default()) / 3600.0)
        }
    }

    fn at_hour(hour: f64, kind: FaultKind) -> Answer {
        #[expect(clippy::cast_possible_truncation, reason = "a few hours")]
        let at = |h: f64| Timestamp::from_millis((h * 3_600_000.0) as i64);
        let fault = Fault {
            kind,
            from: at(1.0),
            to: at(3.0),
        };
        answer(&"lg-1".parse().expect("id"), &[fault], &Rising, at(hour))
    }

    #[test]
    fn a_fault_holds_from_its_start_up_to_but_not_at_its_end() {
        assert_eq!(at_hour(0.5, FaultKind::Silent), Answer::Value(0.5));
        assert_eq!(at_hour(1.0, FaultKind::Silent), Answer::Silent);
        assert_eq!(at_hour(3.0, FaultKind::Silent), Answer::Value(3.0));
    }

    #[test]
    fn each_kind_changes_the_value_in_its_own_way() {
        assert_eq!(at_hour(2.0, FaultKind::Stuck), Answer::Value(1.0));
        assert_eq!(
            at_hour(2.0, FaultKind::Offset { by: 0.5 }),
            Answer::Value(2.5)
        );
        assert_eq!(
            at_hour(2.0, FaultKind::Spike { by: 4.0 }),
            Answer::Value(6.0)
        );
        assert_eq!(
            at_hour(2.0, FaultKind::Drift { per_hour: -0.25 }),
            Answer::Value(1.75)
        );
        assert_eq!(at_hour(2.0, FaultKind::Sentinel), Answer::Sentinel);
    }

    #[test]
    fn where_nothing_is_recorded_the_gauge_is_silent() {
        assert_eq!(at_hour(-1.0, FaultKind::Sentinel), Answer::Silent);
    }
}
