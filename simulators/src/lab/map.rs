//! The map against the field: does it show what the gauges served? Pure.

use shared::time::Timestamp;

use super::{Field, ShownGauge};
use crate::gauge::Served;

/// The gauges that the map shows wrongly: nothing from `since` (storm time) or later, or a value
/// that was not served at the time it is shown for.
///
/// The agent stamps a Modbus reading a moment before or after it was served; that moment is far
/// less than half an interval, by which readings of one gauge are told apart.
pub(super) fn wrong(field: &Field, all_shown: &[ShownGauge], since: Timestamp) -> Vec<String> {
    let served = field.log.all();
    let none = Vec::new();
    let gauges = field.gauges();
    let is_wrong = |id: &str, interval_s: u32| {
        let shown = all_shown.iter().find(|g| g.id.as_str() == id);
        let list = served.get(id).unwrap_or(&none);
        !shown.is_some_and(|shown| shows(shown, list, interval_s, since))
    };
    let wrong = gauges
        .into_iter()
        .filter(|g| is_wrong(g.id.as_str(), g.interval_s));
    wrong.map(|g| g.id.to_string()).collect()
}

fn shows(shown: &ShownGauge, served: &[Served], interval_s: u32, since: Timestamp) -> bool {
    let (Some(value), Some(at)) = (shown.value, shown.observed_at) else {
        return false;
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "values of gauges are small"
    )]
    let milli = (value * 1000.0).round() as i64;
    let near = i64::from(interval_s) * 500;
    at >= since
        && served
            .iter()
            .rev()
            .any(|s| s.milli == milli && s.at.millis_since(at).abs() <= near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fresh_reading_with_the_value_served_at_its_time_is_right() {
        let t = |s: i64| Timestamp::from_millis(s * 1000);
        let served = |s, milli| Served {
            at: t(s),
            real: t(0),
            milli,
        };
        let list = [served(0, 100), served(60, 200)];
        let shown = |value, s| ShownGauge {
            id: "lg-1".parse().expect("id"),
            value: Some(value),
            observed_at: Some(t(s)),
        };
        assert!(shows(&shown(0.2, 61), &list, 60, t(30)));
        assert!(
            !shows(&shown(0.1, 61), &list, 60, t(30)),
            "the value of another time"
        );
        assert!(!shows(&shown(0.1, 0), &list, 60, t(30)), "from before");
    }
}
