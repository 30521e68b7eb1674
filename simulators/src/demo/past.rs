//! Looks back: what the aggregator served at random moments beside what it prints of them when all is
//! over. In between it is killed twice, for a restart may forget nothing.

use serde_json::Value;
use shared::time::Timestamp;

use crate::{
    console::say,
    lab::{Lab, LabError},
    rng::Rng,
};

/// How often the aggregator is killed: after each third of the run.
const KILLS: u8 = 2;

/// The stream of random numbers that moments are drawn from.
const MOMENTS: u64 = 0x6c6f_6f6b;

/// Moments to come, and what was served at those that have been.
pub(super) struct LookBack {
    moments: Vec<Timestamp>,
    kills: Vec<Timestamp>,
    served: Vec<String>,
}

impl LookBack {
    /// So many moments from `begin` to `end`, drawn from `seed`.
    pub(super) fn new(count: usize, begin: Timestamp, end: Timestamp, seed: u64) -> Self {
        let span = end.millis_since(begin) as f64;
        #[expect(clippy::cast_possible_truncation, reason = "a share of a run in ms")]
        let at = |share: f64| begin.plus_millis((span * share) as i64);
        let mut rng = Rng::new(seed, MOMENTS);
        let mut moments: Vec<_> = (0..count).map(|_| at(rng.between(0.0, 1.0))).collect();
        moments.sort_unstable_by(|a, b| b.cmp(a));
        let thirds = (1..=KILLS).rev();
        let kills = thirds.map(|n| at(f64::from(n) / f64::from(KILLS + 1)));
        Self {
            moments,
            kills: kills.collect(),
            served: Vec::new(),
        }
    }

    /// Kills the aggregator or takes what it serves, if it is time.
    ///
    /// # Errors
    /// It does not start again, or does not answer.
    pub(super) async fn look(&mut self, lab: &mut Lab, now: Timestamp) -> Result<(), LabError> {
        if self.kills.pop_if(|at| *at <= now).is_some() {
            say("  killing the aggregator, and starting it again");
            lab.aggregator.kill();
            lab.start_aggregator().await?;
        }
        if self.moments.pop_if(|at| *at <= now).is_some() {
            self.served.push(lab.client.state_document().await?);
        }
        Ok(())
    }

    /// Prints every moment again from the store of the stopped aggregator; whether all are the same,
    /// byte for byte.
    ///
    /// # Errors
    /// The store does not reach back so far, or what was served tells no time.
    pub(super) async fn holds(&self, lab: &Lab) -> anyhow::Result<bool> {
        let mut different = 0;
        for served in &self.served {
            let document: Value = serde_json::from_str(served)?;
            let now = document.get("now").and_then(Value::as_str);
            let now = now.ok_or_else(|| anyhow::anyhow!("a state document without its time"))?;
            if lab.state_at(now).await? != served.as_bytes() {
                say(format!("      the state of {now} was printed differently"));
                different += 1;
            }
        }
        let (mark, count) = (
            if different == 0 { "pass" } else { "FAIL" },
            self.served.len(),
        );
        say(format!(
            "{mark}  looking back: {count} moments, {different} printed differently than they were served"
        ));
        Ok(different == 0)
    }
}
