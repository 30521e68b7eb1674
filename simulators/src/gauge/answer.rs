//! What a gauge gives at one instant: what it looks at, changed by its faults. Pure.

use shared::{ids::GaugeId, time::Timestamp};

use super::{Fault, FaultKind, Readings};

/// What a gauge gives at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum GaugeAnswer {
    Silent,
    Sentinel,
    Value(f64),
}

/// The answer of a gauge at `at`, with its faults applied in the order in which they are listed.
#[must_use]
pub(crate) fn answer(
    gauge: &GaugeId,
    faults: &[Fault],
    readings: &dyn Readings,
    at: Timestamp,
) -> GaugeAnswer {
    let Some(mut value) = readings.reading(gauge, at) else {
        return GaugeAnswer::Silent;
    };
    for fault in faults.iter().filter(|f| f.holds(at)) {
        match fault.kind {
            FaultKind::Silent => return GaugeAnswer::Silent,
            FaultKind::Sentinel => return GaugeAnswer::Sentinel,
            FaultKind::Stuck => value = readings.reading(gauge, fault.from).unwrap_or(value),
            FaultKind::Spike { by } | FaultKind::Offset { by } => value += by,
            FaultKind::Drift { per_hour } => {
                value += per_hour * at.seconds_since(fault.from) / 3600.0;
            }
        }
    }
    GaugeAnswer::Value(value)
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

    fn at_hour(hour: f64, kind: FaultKind) -> GaugeAnswer {
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
        assert_eq!(at_hour(0.5, FaultKind::Silent), GaugeAnswer::Value(0.5));
        assert_eq!(at_hour(1.0, FaultKind::Silent), GaugeAnswer::Silent);
        assert_eq!(at_hour(3.0, FaultKind::Silent), GaugeAnswer::Value(3.0));
    }

    #[test]
    fn each_kind_changes_the_value_in_its_own_way() {
        assert_eq!(at_hour(2.0, FaultKind::Stuck), GaugeAnswer::Value(1.0));
        assert_eq!(
            at_hour(2.0, FaultKind::Offset { by: 0.5 }),
            GaugeAnswer::Value(2.5)
        );
        assert_eq!(
            at_hour(2.0, FaultKind::Spike { by: 4.0 }),
            GaugeAnswer::Value(6.0)
        );
        assert_eq!(
            at_hour(2.0, FaultKind::Drift { per_hour: -0.25 }),
            GaugeAnswer::Value(1.75)
        );
        assert_eq!(at_hour(2.0, FaultKind::Sentinel), GaugeAnswer::Sentinel);
    }

    #[test]
    fn where_nothing_is_recorded_the_gauge_is_silent() {
        assert_eq!(at_hour(-1.0, FaultKind::Sentinel), GaugeAnswer::Silent);
    }
}
