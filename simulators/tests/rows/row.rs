//! One row of the table.

use std::{fmt, time::Duration};

use simulators::{
    console::say,
    lab::{DeliveryCount, Lab},
};

/// A program that takes longer from its start until it works again has failed.
const SLOWEST_START: Duration = Duration::from_secs(5);

/// What was done how often, and what came of it. What a row does not look at is `None`.
#[derive(Debug, Default)]
pub struct Row {
    pub what: &'static str,
    pub count: u64,
    pub lost: usize,
    pub doubled: usize,
    /// How often a point under water was not told of.
    pub hidden: usize,
    pub slowest_start: Option<Duration>,
}

impl fmt::Display for Row {
    /// As a line of a table in Markdown; the last column, damages not named, is not of these tests.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            count,
            lost,
            doubled,
            hidden,
            slowest_start,
        } = self;
        write!(f, "| {what} | {count} | {lost} | {doubled} | {hidden} | ")?;
        match slowest_start {
            Some(slowest) => write!(f, "{:.2} | – |", slowest.as_secs_f64()),
            None => f.write_str("– | – |"),
        }
    }
}

impl Row {
    pub fn new(what: &'static str) -> Self {
        Self {
            what,
            ..Self::default()
        }
    }

    /// Something was started and took so long until it worked.
    pub fn started(&mut self, took: Duration) {
        self.slowest_start = self.slowest_start.max(Some(took));
    }

    /// Prints the row and fails unless all is well.
    pub fn judge(&self, lab: &mut Lab, delivery: &DeliveryCount) {
        say(self.to_string());
        let is_in_time = self.slowest_start.is_none_or(|took| took <= SLOWEST_START);
        if self.lost + self.doubled + self.hidden > 0 || !is_in_time {
            lab.keep_and_say();
        }
        assert_eq!(self.lost, 0, "lost: {:?}", delivery.wrong);
        assert_eq!(self.doubled, 0, "doubled: {:?}", delivery.wrong);
        assert_eq!(self.hidden, 0, "points under water were not told of");
        assert!(is_in_time, "a start took {:?}", self.slowest_start);
    }
}
