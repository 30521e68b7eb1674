//! What a run waits for: agents online, readings served, a right map, an empty backlog.

use std::time::{Duration, Instant};

use shared::time::Timestamp;

use super::{Lab, LabError, START, map};

/// Everything served must be in the store this long after the gauges fell silent.
const DRAIN: Duration = Duration::from_secs(60);

impl Lab {
    /// Waits until every agent is online at the aggregator.
    ///
    /// # Errors
    /// A program ended, or an agent is missing for too long.
    pub async fn wait_online(&mut self) -> Result<(), LabError> {
        let wanted = self.agents.len();
        let begun = Instant::now();
        loop {
            self.check()?;
            let online = self
                .client
                .agents()
                .await
                .map_or(0, |a| a.iter().filter(|a| a.online).count());
            if online >= wanted {
                return Ok(());
            }
            if begun.elapsed() > START {
                let what = format!("{wanted} agents online (there are {online})");
                return Err(LabError::TimedOut {
                    what,
                    seconds: START.as_secs(),
                });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the gauges have served this many more readings.
    ///
    /// # Errors
    /// A program ended, or the gauges are not asked any more.
    pub async fn until_served(&mut self, more: u64) -> Result<(), LabError> {
        let (wanted, begun) = (self.field.log.count() + more, Instant::now());
        while self.field.log.count() < wanted {
            self.check()?;
            if begun.elapsed() > DRAIN {
                let what = format!("{more} more readings");
                return Err(LabError::TimedOut {
                    what,
                    seconds: DRAIN.as_secs(),
                });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Waits until the map is right again: it shows of every gauge a reading that was served after
    /// `since` (real time), with the value that was served. Returns how long that took.
    ///
    /// # Errors
    /// It does not get right within the deadline; the gauges that are wrong are named.
    pub async fn until_map_is_right(
        &mut self,
        since: Timestamp,
        deadline: Duration,
    ) -> Result<Duration, LabError> {
        let begun = Instant::now();
        loop {
            self.check()?;
            let wrong = match self.client.state().await {
                Ok(state) => map::wrong(&self.field, &state, self.clock.at(since)),
                Err(error) => vec![error.to_string()],
            };
            if wrong.is_empty() {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > deadline {
                let what = format!("the right map ({} are wrong)", wrong.join(", "));
                return Err(LabError::TimedOut {
                    what,
                    seconds: deadline.as_secs(),
                });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Makes the gauges silent and waits until everything they served has been counted in.
    ///
    /// # Errors
    /// Not everything comes in time.
    pub async fn drain(&mut self) -> Result<(), LabError> {
        self.field.switch.off();
        let begun = Instant::now();
        let mut quiet = 0;
        let mut last = (0, 0);
        // Counters start anew with the aggregator, so the end is told by empty spools and silence.
        while quiet < 20 {
            self.check()?;
            let observed = self
                .client
                .counters()
                .await?
                .get("observations")
                .copied()
                .unwrap_or(0);
            let spooled: u64 = self
                .client
                .agents()
                .await?
                .iter()
                .map(|a| a.spooled_batches)
                .sum();
            let now = (observed, spooled);
            quiet = if now == last && spooled == 0 {
                quiet + 1
            } else {
                0
            };
            last = now;
            if begun.elapsed() > DRAIN {
                let what = format!("the end of the backlog ({spooled} batches are still spooled)");
                return Err(LabError::TimedOut {
                    what,
                    seconds: DRAIN.as_secs(),
                });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}
