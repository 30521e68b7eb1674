//! From the running total of a rain gauge to what fell since its last reading. Pure.
//!
//! A tipping bucket counts for ever: the count wraps where its registers are full, begins anew when
//! the instrument is switched off or resets itself at midnight, and goes on while nobody reads it.
//! What is delivered is the difference to the total before, however long ago that was.

use shared::time::Timestamp;

/// The heaviest rain that is believed, in millimetres per hour: the record of an hour is about 300.
/// A step back that would need more is a new beginning.
const HEAVIEST_MM_PER_HOUR: f64 = 1_000.0;
/// What may always have fallen, in millimetres, however short the time: a funnel that was cleared.
const LEAST_MM: f64 = 20.0;

/// The most that is believed to fall in so many seconds.
#[must_use]
pub fn most_mm(seconds: f64) -> f64 {
    (HEAVIEST_MM_PER_HOUR * seconds / 3_600.0).max(LEAST_MM)
}

/// How a gauge counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TotalSpec {
    /// Where the count begins anew, in millimetres; none where it never does.
    pub wrap: Option<f64>,
    /// The total of a count of zero.
    pub zero: f64,
}

/// What a total says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fell {
    /// So many millimetres since the last reading, which is so many seconds ago.
    Since { mm: f64, seconds: f64 },
    /// Nothing is known to compare it with.
    Unknown,
}

/// The last total of a gauge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RainTotal {
    spec: TotalSpec,
    last: Option<(Timestamp, f64)>,
}

impl RainTotal {
    /// Begins with nothing, or with what an earlier process kept.
    #[must_use]
    pub fn new(spec: TotalSpec, last: Option<(Timestamp, f64)>) -> Self {
        Self { spec, last }
    }

    /// The same gauge with another last total.
    #[must_use]
    pub fn with_last(self, at: Timestamp, total: f64) -> Self {
        Self::new(self.spec, Some((at, total)))
    }

    /// The last total and when it was read.
    #[must_use]
    pub fn last(&self) -> Option<(Timestamp, f64)> {
        self.last
    }

    /// Begins anew.
    pub fn forget(&mut self) {
        self.last = None;
    }

    /// Takes the next total. One that is not newer than the last says nothing.
    pub fn take(&mut self, at: Timestamp, total: f64) -> Fell {
        if total < self.spec.zero {
            // No count: an error value of the instrument.
            return Fell::Unknown;
        }
        let Some((before, last)) = self.last else {
            self.last = Some((at, total));
            return Fell::Unknown;
        };
        let seconds = at.seconds_since(before);
        if seconds <= 0.0 {
            return Fell::Unknown;
        }
        self.last = Some((at, total));
        match self.difference(last, total, seconds) {
            Some(mm) => Fell::Since { mm, seconds },
            None => Fell::Unknown,
        }
    }

    fn difference(&self, last: f64, total: f64, seconds: f64) -> Option<f64> {
        if total >= last {
            return Some(total - last);
        }
        let is_possible = |mm: &f64| (0.0..=most_mm(seconds)).contains(mm);
        let wrapped = self.spec.wrap.map(|wrap| total - last + wrap);
        // It has counted from zero since it was reset.
        let reset = total - self.spec.zero;
        wrapped
            .filter(is_possible)
            .or(Some(reset).filter(is_possible))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: TotalSpec = TotalSpec {
        wrap: Some(13_107.2),
        zero: 0.0,
    };

    /// What fell by totals read so many minutes after the start, in hundredths of a millimetre.
    fn fell(totals: &[(i64, f64)]) -> Vec<Option<i64>> {
        let mut gauge = RainTotal::new(SPEC, None);
        let each = |(minute, total): &(i64, f64)| {
            let at = Timestamp::from_millis(minute * 60_000);
            match gauge.take(at, *total) {
                Fell::Since { mm, .. } => Some(hundredths(mm)),
                Fell::Unknown => None,
            }
        };
        totals.iter().map(each).collect()
    }

    #[expect(clippy::cast_possible_truncation, reason = "small")]
    fn hundredths(mm: f64) -> i64 {
        (mm * 100.0).round() as i64
    }

    #[test]
    fn a_total_gives_what_fell_since_the_last_reading_and_the_first_gives_nothing() {
        let totals = [(0, 254.0), (1, 254.0), (2, 254.2), (3, 255.0)];
        assert_eq!(fell(&totals), [None, Some(0), Some(20), Some(80)]);
    }

    #[test]
    fn a_count_that_wraps_goes_on() {
        let totals = [(0, 13_106.8), (1, 0.2)];
        assert_eq!(fell(&totals), [None, Some(60)]);
    }

    #[test]
    fn a_count_that_was_reset_gives_what_fell_since() {
        let totals = [(0, 254.0), (1, 0.4), (2, 0.6)];
        assert_eq!(fell(&totals), [None, Some(40), Some(20)]);
    }

    #[test]
    fn a_step_back_that_no_rain_explains_is_a_new_beginning() {
        let totals = [(0, 254.0), (1, 200.0), (2, 200.2)];
        assert_eq!(fell(&totals), [None, None, Some(20)]);
    }

    #[test]
    fn what_fell_while_nobody_read_is_delivered_with_the_next_reading() {
        let totals = [(0, 10.0), (180, 95.0)];
        assert_eq!(fell(&totals), [None, Some(8_500)]);
    }

    #[test]
    fn a_total_that_is_older_says_nothing() {
        let totals = [(5, 10.0), (4, 9.0), (6, 10.2)];
        assert_eq!(fell(&totals), [None, None, Some(20)]);
    }
}
