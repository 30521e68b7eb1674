//! How readings travel, and how their source learns what became of them. Shell.

use tokio::sync::mpsc;

use super::reading::{Answer, Reading};

/// Readings on their way to the spool.
#[derive(Debug)]
pub struct Delivery {
    pub readings: Vec<Reading>,
    /// Who wants to know that they are durable.
    pub receipt: Option<Receipt>,
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
    pub fn confirm(mut self) {
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
