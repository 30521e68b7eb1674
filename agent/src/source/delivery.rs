//! How readings travel, and how their source learns what became of them. Shell.

use tokio::sync::mpsc;

use super::reading::{Answer, Reading, Stamp};
use crate::timekeeper::Moment;

/// Readings on their way to the spool.
#[derive(Debug)]
pub struct Delivery {
    pub readings: Vec<Reading>,
    /// When they were given.
    pub moment: Moment,
    /// Who wants to know that they are durable.
    pub receipt: Option<Receipt>,
}

impl Delivery {
    /// The gateway's clock was set by so many milliseconds since: the times that it gave go with it,
    /// or a reading on its way when a wrong clock is put right would keep a time that never was.
    pub(crate) fn clock_was_set(&mut self, set_ms: i64) {
        for reading in self.readings.iter_mut().filter(|r| r.stamp != Stamp::Own) {
            reading.at = reading.at.plus_millis(set_ms);
        }
    }
}

/// Tells a source what has become of a delivery. Dropped without a confirmation it says so, since
/// a broker repeats nothing as long as the connection lives.
#[derive(Debug)]
pub struct Receipt {
    token: u64,
    answers: Option<mpsc::UnboundedSender<Answer>>,
}

impl Receipt {
    #[must_use]
    pub fn new(token: u64, answers: mpsc::UnboundedSender<Answer>) -> Self {
        Self {
            token,
            answers: Some(answers),
        }
    }

    /// The delivery is durable.
    pub(crate) fn confirm(mut self) {
        self.answer(Answer::Durable(self.token));
    }

    fn answer(&mut self, answer: Answer) {
        if let Some(answers) = self.answers.take() {
            // The source may have ended; then nobody waits for this.
            let _ = answers.send(answer);
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.answer(Answer::Dropped(self.token));
    }
}

#[cfg(test)]
mod tests {
    use shared::time::Timestamp;

    use super::*;
    use crate::source::Outcome;

    #[test]
    fn a_clock_that_is_set_takes_its_own_times_along_and_no_others() {
        let reading = |stamp| Reading {
            gauge: "lg-1".parse().expect("an id"),
            at: Timestamp::from_millis(700_000),
            stamp,
            outcome: Outcome::Failed,
        };
        let mut delivery = Delivery {
            readings: [Stamp::Gateway, Stamp::Own, Stamp::Unknown]
                .map(reading)
                .to_vec(),
            moment: Moment::now(),
            receipt: None,
        };
        delivery.clock_was_set(-600_000);
        let times: Vec<_> = delivery.readings.iter().map(|r| r.at.as_millis()).collect();
        assert_eq!(times, [100_000, 700_000, 100_000]);
    }
}
