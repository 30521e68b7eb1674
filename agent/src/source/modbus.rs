//! Polls the gauges on one Modbus line. Shell.
//!
//! One loop owns the line: requests never overlap, as RS-485 demands and as many TCP gateways that
//! accept a single connection do. A unit that is silent is only probed now and then
//! ([`super::breaker`]); "the device said no" is a failed reading and nothing worse.

use std::{collections::HashMap, sync::Arc, time::Duration};

use shared::{clock::Clock, error::chain, time::Timestamp};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    Delivery, Outcome, Reading,
    breaker::Breaker,
    decode::{self, Decoded},
    line::{AskError, Blame, ModbusLine},
    reads::{RegisterRead, reads},
    schedule::Schedule,
};
use crate::{
    config::{ModbusBus, ModbusGauge},
    counters::{Counters, count},
    pulse::Beat,
};

/// The loop looks up at least this often: for its pulse, and for a clock that was set.
const IDLE: Duration = Duration::from_secs(1);

/// Everything that polls one line.
pub struct Poller {
    bus: ModbusBus,
    reads: Vec<RegisterRead>,
    schedule: Schedule,
    line: ModbusLine,
    breakers: HashMap<u8, Breaker>,
    failing: HashMap<u8, String>,
    clock: Clock,
    began: Instant,
    counters: Arc<Counters>,
    beat: Arc<Beat>,
    out: mpsc::Sender<Delivery>,
}

/// The longest that one poll can take: every try may need a connection, an answer and a wait for
/// a late one.
#[must_use]
pub fn longest_poll(bus: &ModbusBus) -> Duration {
    let tries = u32::from(bus.retries) + 1;
    (Duration::from_secs(6) + bus.turnaround + bus.timeout * 2) * tries
}

impl Poller {
    #[must_use]
    pub fn new(
        bus: ModbusBus,
        clock: Clock,
        counters: Arc<Counters>,
        beat: Arc<Beat>,
        out: mpsc::Sender<Delivery>,
    ) -> Self {
        let reads = reads(&bus);
        let schedule = Schedule::new(reads.iter().map(|r| r.interval_ms), clock.now());
        let line = ModbusLine::new(&bus, Arc::clone(&counters.stale_bytes));
        Self {
            bus,
            reads,
            schedule,
            line,
            breakers: HashMap::new(),
            failing: HashMap::new(),
            clock,
            began: Instant::now(),
            counters,
            beat,
            out,
        }
    }

    /// Polls until told to stop, or until nobody takes the readings.
    pub async fn run(mut self, stop: CancellationToken) {
        let beat = Arc::clone(&self.beat);
        stop.run_until_cancelled(self.poll_for_ever()).await;
        beat.rest();
    }

    async fn poll_for_ever(&mut self) {
        loop {
            self.beat.mark();
            let now = self.clock.now();
            let missed = self.schedule.missed();
            let Some(index) = self.schedule.take_due(now) else {
                sleep(self.until_next(now)).await;
                continue;
            };
            count(&self.counters.missed_polls, self.schedule.missed() - missed);
            let Some(read) = self.reads.get(index).cloned() else {
                continue;
            };
            let Some(readings) = self.poll(&read).await else {
                continue;
            };
            self.beat.rest();
            let delivery = Delivery {
                readings,
                receipt: None,
            };
            if self.out.send(delivery).await.is_err() {
                return;
            }
        }
    }

    fn until_next(&self, now: Timestamp) -> Duration {
        let wait_ms = self
            .schedule
            .next_due()
            .map_or(i64::MAX, |due| due.millis_since(now));
        let storm = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        self.clock
            .real_span(storm)
            .clamp(Duration::from_millis(1), IDLE)
    }

    /// Reads once; `None` where the unit is not asked because it has been silent.
    async fn poll(&mut self, read: &RegisterRead) -> Option<Vec<Reading>> {
        let breaker = self.breakers.entry(read.unit_id).or_default();
        if !breaker.allows(self.began.elapsed()) {
            return None;
        }
        let tries = if breaker.is_probing() {
            1
        } else {
            u32::from(self.bus.retries) + 1
        };
        let started = Instant::now();
        let answer = self.ask(read, tries).await;
        let now = self.clock.now();
        let breaker = self.breakers.entry(read.unit_id).or_default();
        match answer.as_ref().map_err(AskError::blame) {
            Ok(_) | Err(Blame::Nobody) => breaker.answered(),
            Err(Blame::Line) => {}
            Err(Blame::Unit) => {
                breaker.failed(self.began.elapsed(), started.elapsed(), self.bus.probe_max);
            }
        }
        self.note(read.unit_id, answer.as_ref().err());
        let readings = self.readings(read, answer.ok().as_deref(), now);
        let failed = readings
            .iter()
            .filter(|r| r.outcome == Outcome::Failed)
            .count();
        count(&self.counters.failed_readings, failed as u64);
        Some(readings)
    }

    /// Tries again only where another try can help.
    async fn ask(&mut self, read: &RegisterRead, tries: u32) -> Result<Vec<u16>, AskError> {
        let mut answer = self.line.ask(read).await;
        for _ in 1..tries {
            match &answer {
                Err(error) if error.blame() == Blame::Unit => answer = self.line.ask(read).await,
                _ => break,
            }
        }
        answer
    }

    fn readings(&self, read: &RegisterRead, words: Option<&[u16]>, at: Timestamp) -> Vec<Reading> {
        let gauges = read
            .serves
            .iter()
            .filter_map(|index| self.bus.gauges.get(*index));
        let reading = |gauge: &ModbusGauge| {
            let outcome = words.map_or(Outcome::Failed, |words| number(gauge, read.start, words));
            Reading {
                gauge: gauge.spec.id.clone(),
                at,
                outcome,
            }
        };
        gauges.map(reading).collect()
    }

    /// Logs the beginning, a change and the end of a unit's trouble, not every failed poll.
    fn note(&mut self, unit_id: u8, error: Option<&AskError>) {
        let bus = &self.bus.name;
        match error {
            None => {
                if self.failing.remove(&unit_id).is_some() {
                    tracing::info!(bus, unit_id, "unit answers again");
                }
            }
            Some(error) => {
                let text = error.to_string();
                let is_down = matches!(error, AskError::Down);
                if !is_down && self.failing.get(&unit_id) != Some(&text) {
                    let error = chain(error);
                    tracing::warn!(bus, unit_id, error, "unit gives no reading");
                    self.failing.insert(unit_id, text);
                }
            }
        }
    }
}

/// One gauge's number in the registers that were read from `start`.
fn number(gauge: &ModbusGauge, start: u16, words: &[u16]) -> Outcome {
    let own = usize::from(gauge.register.saturating_sub(start));
    let words = words.get(own..).unwrap_or_default();
    match decode::decode(
        words,
        gauge.format,
        gauge.scale,
        gauge.offset,
        &gauge.sentinels,
    ) {
        None => Outcome::Failed,
        Some(Decoded::Number(number)) => Outcome::from_units(number),
        Some(Decoded::Sentinel(number)) => match Outcome::from_units(number) {
            Outcome::Number(value) => Outcome::Sentinel(value),
            other => other,
        },
    }
}
