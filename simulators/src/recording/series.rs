//! The series of a recorded gauge: steady between its steps, silent in a gap.

use shared::time::Timestamp;

/// A series of values in the parameter's unit, rising in time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedSeries {
    steps: Vec<(Timestamp, f64)>,
    hold_ms: i64,
}

/// A logger that says nothing for this many intervals is silent, not steady.
const HOLD_INTERVALS: i64 = 3;

impl RecordedSeries {
    /// From pairs in any order; equal pairs count once.
    ///
    /// # Errors
    /// Two different values at one time; the time is returned.
    pub fn new(mut steps: Vec<(Timestamp, f64)>, interval_s: u32) -> Result<Self, Timestamp> {
        steps.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        steps.dedup();
        if let Some([a, _]) = steps.windows(2).find_map(|w| match w {
            [a, b] if a.0 == b.0 => Some([a, b]),
            _ => None,
        }) {
            return Err(a.0);
        }
        Ok(Self {
            steps,
            hold_ms: i64::from(interval_s) * 1000 * HOLD_INTERVALS,
        })
    }

    /// The last value at or before `at`, unless it is too old; before the first one, the first.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<f64> {
        let after = self.steps.partition_point(|(t, _)| *t <= at);
        let Some((time, value)) = after.checked_sub(1).and_then(|k| self.steps.get(k)) else {
            let (first, value) = self.steps.first()?;
            return (first.millis_since(at) <= self.hold_ms).then_some(*value);
        };
        (at.millis_since(*time) <= self.hold_ms).then_some(*value)
    }

    /// First and last time.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.steps.first()?.0, self.steps.last()?.0))
    }

    /// The time between two values that is usual, in whole seconds.
    #[must_use]
    pub fn usual_step_s(&self) -> Option<u32> {
        let pairs = self.steps.windows(2);
        let mut steps: Vec<i64> = pairs
            .filter_map(|w| match w {
                [a, b] => Some((b.0.millis_since(a.0) + 500) / 1000),
                _ => None,
            })
            .collect();
        steps.sort_unstable();
        let usual = steps.get(steps.len() / 2)?;
        u32::try_from(*usual).ok().filter(|s| *s > 0)
    }

    /// How many readings are due from `from` to `to` to whom asks every `interval_s`.
    #[must_use]
    pub fn due(&self, from: Timestamp, to: Timestamp, interval_s: u32) -> u64 {
        let step = i64::from(interval_s.max(1)) * 1000;
        let mut times = (0..).map(|k| from.plus_millis(k * step));
        let times = times.by_ref().take_while(|at| *at < to);
        times.filter(|at| self.at(*at).is_some()).count() as u64
    }

    /// The same series with every value changed.
    #[must_use]
    pub fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        let steps = self.steps.iter().map(|(t, v)| (*t, change(*v))).collect();
        Self {
            steps,
            hold_ms: self.hold_ms,
        }
    }

    /// The middle value.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        let mut values: Vec<f64> = self.steps.iter().map(|(_, v)| *v).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    /// How many values it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(s: i64) -> Timestamp {
        Timestamp::from_millis(s * 1000)
    }

    #[test]
    fn a_series_is_steady_between_steps_and_silent_in_a_gap() {
        let steps = vec![(t(60), 1.0), (t(0), 0.5), (t(60), 1.0), (t(900), 3.0)];
        let series = RecordedSeries::new(steps, 60).expect("no conflict");
        assert_eq!(series.len(), 3);
        assert_eq!(
            series.at(t(-10)),
            Some(0.5),
            "before the first value, the first"
        );
        assert_eq!(series.at(t(59)), Some(0.5));
        assert_eq!(series.at(t(60)), Some(1.0));
        assert_eq!(series.at(t(240)), Some(1.0));
        assert_eq!(series.at(t(241)), None, "older than three intervals");
        assert_eq!(series.at(t(900)), Some(3.0));
    }

    #[test]
    fn the_usual_step_is_that_of_most_and_readings_are_due_where_there_are_values() {
        let every = |step: i64, n: i64| (0..n).map(|k| (t(k * step), 0.1)).collect::<Vec<_>>();
        let mut steps = every(300, 10);
        steps.push((t(9_000), 0.2));
        let series = RecordedSeries::new(steps, 300).expect("no conflict");
        assert_eq!(series.usual_step_s(), Some(300));
        assert_eq!(series.due(t(0), t(2_700), 300), 9);
        assert_eq!(series.due(t(0), t(600), 60), 10);
        assert_eq!(series.due(t(3_900), t(8_000), 300), 0, "in the gap");
        assert_eq!(RecordedSeries::default().usual_step_s(), None);
    }

    #[test]
    fn two_values_at_one_time_are_a_conflict() {
        assert_eq!(
            RecordedSeries::new(vec![(t(0), 1.0), (t(0), 2.0)], 60),
            Err(t(0))
        );
    }
}
