//! What a run waits for: agents online, readings served, a right map, an empty backlog.

use std::{
    ops::ControlFlow::{self, Break, Continue},
    time::{Duration, Instant},
};

use shared::time::Timestamp;

use super::{
    Lab, LabError, map,
    process::START_DEADLINE,
    until::{STEP, timed_out},
};

/// How often the aggregator is asked for something large.
const WIDE_STEP: Duration = Duration::from_millis(100);
/// Everything served must be in the store this long after the gauges fell silent.
const DRAIN: Duration = Duration::from_secs(60);
/// Counters that stand still for so many looks will not move any more.
const QUIET_LOOKS: u32 = 20;

impl Lab {
    /// Waits until `look` breaks; what it continues with is what is still missing.
    ///
    /// # Errors
    /// A program ended, the look failed, or something is missing for too long.
    async fn wait<T>(
        &mut self,
        step: Duration,
        deadline: Duration,
        mut look: impl AsyncFnMut(&Self) -> Result<ControlFlow<T, String>, LabError>,
    ) -> Result<T, LabError> {
        let begun = Instant::now();
        loop {
            self.check()?;
            let missing = match look(self).await? {
                Break(found) => return Ok(found),
                Continue(missing) => missing,
            };
            if begun.elapsed() > deadline {
                return Err(timed_out(missing, deadline));
            }
            tokio::time::sleep(step).await;
        }
    }

    /// Waits until the aggregator is ready.
    ///
    /// # Errors
    /// A program ended, or it takes too long.
    pub(super) async fn until_ready(&mut self) -> Result<(), LabError> {
        self.wait(STEP, START_DEADLINE, async |lab| {
            Ok(if lab.client.is_ready().await {
                Break(())
            } else {
                Continue("the aggregator's /readyz".to_owned())
            })
        })
        .await
    }

    /// Waits until every agent is online at the aggregator.
    ///
    /// # Errors
    /// A program ended, or an agent is missing for too long.
    pub async fn until_online(&mut self) -> Result<(), LabError> {
        let wanted = self.agents.len();
        self.wait(STEP, START_DEADLINE, async |lab| {
            let agents = lab.client.agents().await.unwrap_or_default();
            let online = agents.iter().filter(|a| a.online).count();
            Ok(if online >= wanted {
                Break(())
            } else {
                Continue(format!("{wanted} agents online (there are {online})"))
            })
        })
        .await
    }

    /// Waits until the gauges have served this many more readings.
    ///
    /// # Errors
    /// A program ended, or the gauges are not asked any more.
    pub async fn until_served(&mut self, more: u64) -> Result<(), LabError> {
        let wanted = self.field.log.count() + more;
        self.wait(STEP, DRAIN, async |lab| {
            Ok(if lab.field.log.count() >= wanted {
                Break(())
            } else {
                Continue(format!("{more} more readings"))
            })
        })
        .await
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
        self.wait(WIDE_STEP, deadline, async |lab| {
            let wrong = match lab.client.gauges().await {
                Ok(shown) => map::wrong(&lab.field, &shown, lab.clock.at(since)),
                Err(error) => vec![error.to_string()],
            };
            Ok(if wrong.is_empty() {
                Break(begun.elapsed())
            } else {
                Continue(format!("the right map ({} are wrong)", wrong.join(", ")))
            })
        })
        .await
    }

    /// Makes the gauges silent and waits until everything they served has been counted in.
    ///
    /// # Errors
    /// Not everything comes in time.
    pub async fn drain(&mut self) -> Result<(), LabError> {
        self.field.switch.off();
        let (mut quiet, mut last) = (0, None);
        self.wait(WIDE_STEP, DRAIN, async |lab| {
            let counters = lab.client.counters().await?;
            let observed = counters.get("observations").copied();
            let agents = lab.client.agents().await?;
            let spooled: u64 = agents.iter().map(|a| a.spooled_batches).sum();
            let now = Some((observed, spooled));
            quiet = if now == last && spooled == 0 {
                quiet + 1
            } else {
                0
            };
            last = now;
            Ok(if quiet >= QUIET_LOOKS {
                Break(())
            } else {
                let held = format!("{spooled} batches are still spooled");
                Continue(format!("the end of the backlog ({held})"))
            })
        })
        .await
    }
}
