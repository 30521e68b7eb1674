//! Polls the gauges on one Modbus line. Shell.
//!
//! One loop owns the line: requests never overlap, as RS-485 demands and as many TCP gateways that
//! accept a single connection do. What is not asked because a unit is silent or its registers give
//! nothing (`units.rs`) is a failed reading all the same, at each gauge's own interval. A joined
//! read that a device refuses is halved until the register that it has not is alone.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use shared::{clock::Clock, error::chain, time::Timestamp};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    Delivery, Outcome, Reading, Stamp,
    blame::{AskError, Blame},
    decode::{self, Decoded},
    line::ModbusLine,
    reads::{RegisterRead, RequestKey, Wanted, reads, wanted},
    schedule::Schedule,
    units::{May, Units},
};
use crate::{
    config::{ModbusBus, ModbusGauge, RegisterKind, register_hint},
    counters::{Counters, count},
    faults::{FaultKind, Faults},
    pulse::Beat,
    timekeeper::Moment,
};

/// The loop looks up at least this often: for its pulse, and for a clock that was set.
const IDLE: Duration = Duration::from_secs(1);
/// Further tries of a request while the device is busy, and the first pause before one; each is
/// twice as long as the one before. Devices are busy for some 100 ms.
const BUSY_TRIES: u32 = 3;
const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// Everything that polls one line.
pub struct Poller {
    bus: ModbusBus,
    wanted: Vec<Wanted>,
    /// What is asked at each tick: one read, or the parts that it was halved into.
    reads: Vec<Vec<RegisterRead>>,
    schedule: Schedule,
    line: ModbusLine,
    units: Units,
    clock: Clock,
    began: Instant,
    counters: Arc<Counters>,
    faults: Arc<Faults>,
    beat: Arc<Beat>,
    out: mpsc::Sender<Delivery>,
    stop: CancellationToken,
}

/// What a poller is given.
pub struct PollerSetup {
    pub bus: ModbusBus,
    pub clock: Clock,
    pub counters: Arc<Counters>,
    pub faults: Arc<Faults>,
    pub beat: Arc<Beat>,
    pub stop: CancellationToken,
}

/// The agent stops, or nobody takes readings any more.
struct Over;

/// The longest that one request can take: every try may need a connection, an answer and a wait for
/// a late one, and a connection that had died costs one more.
#[must_use]
pub(crate) fn longest_poll(bus: &ModbusBus) -> Duration {
    let tries = u32::from(bus.retries) + 2 + BUSY_TRIES;
    (Duration::from_secs(6) + bus.turnaround + bus.pause_after_connect + bus.timeout * 2) * tries
}

impl Poller {
    #[must_use]
    pub fn new(setup: PollerSetup, out: mpsc::Sender<Delivery>) -> Self {
        let PollerSetup {
            bus,
            clock,
            counters,
            faults,
            beat,
            stop,
        } = setup;
        let reads = reads(&bus);
        let mut units = Units::default();
        for read in &reads {
            units.add(read.key());
        }
        Self {
            schedule: Schedule::new(reads.iter().map(|r| r.interval_ms), clock.now()),
            line: ModbusLine::new(&bus, Arc::clone(&counters.stale_bytes)),
            wanted: wanted(&bus),
            reads: reads.into_iter().map(|read| vec![read]).collect(),
            units,
            bus,
            clock,
            began: Instant::now(),
            counters,
            faults,
            beat,
            out,
            stop,
        }
    }

    /// Polls until told to stop, or until nobody takes the readings. A stop interrupts any wait for
    /// a device, and nothing that was read is lost.
    pub async fn run(mut self) {
        while self.poll_next().await.is_ok() {}
        self.beat.rest();
    }

    async fn poll_next(&mut self) -> Result<(), Over> {
        self.beat.mark();
        let now = self.clock.now();
        let missed = self.schedule.missed();
        let Some(index) = self.schedule.take_due(now) else {
            let wait = sleep(self.until_next(now));
            return self.stop.run_until_cancelled(wait).await.ok_or(Over);
        };
        count(&self.counters.missed_polls, self.schedule.missed() - missed);
        self.poll(index).await?;
        if self.bus.close_after_poll {
            self.line.close();
        }
        Ok(())
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

    /// Asks everything that is due at one tick.
    async fn poll(&mut self, index: usize) -> Result<(), Over> {
        let due = self.reads.get(index).cloned().unwrap_or_default();
        let mut queue = VecDeque::from(due);
        while let Some(read) = queue.pop_front() {
            let tries = if self.units.is_probing(read.key()) {
                1
            } else {
                u32::from(self.bus.retries) + 1
            };
            match self.units.may(read.key(), self.began.elapsed()) {
                May::Rest => self.deliver(&read, None).await?,
                May::Try(key) if key != read.key() => {
                    if let Some(other) = self.read_of(key) {
                        self.try_read(index, other, 1, &mut queue).await?;
                    }
                    if self.units.is_silent(read.unit_id) {
                        self.deliver(&read, None).await?;
                    } else {
                        queue.push_front(read);
                    }
                }
                May::Try(_) => self.try_read(index, read, 1, &mut queue).await?,
                May::Ask => self.try_read(index, read, tries, &mut queue).await?,
            }
        }
        Ok(())
    }

    fn read_of(&self, key: RequestKey) -> Option<RegisterRead> {
        let all = self.reads.iter().flatten();
        all.into_iter().find(|read| read.key() == key).cloned()
    }

    /// Asks for registers, and notes and delivers what came of it. Refused together, they are put
    /// into the queue apart.
    async fn try_read(
        &mut self,
        index: usize,
        read: RegisterRead,
        tries: u32,
        queue: &mut VecDeque<RegisterRead>,
    ) -> Result<(), Over> {
        let started = Instant::now();
        let answer = self.ask(&read, tries).await?;
        let blame = answer.as_ref().map_err(AskError::blame).err();
        let cost = (self.began.elapsed(), started.elapsed());
        let (key, longest) = (read.key(), self.bus.probe_max);
        if blame == Some(Blame::Registers)
            && let Some(halves) = read.halves(&self.wanted)
        {
            self.units.answered(key, false, cost, longest);
            self.split(index, &read, &halves);
            for half in halves.into_iter().rev() {
                queue.push_front(half);
            }
            return Ok(());
        }
        match blame {
            None | Some(Blame::Busy) => self.units.answered(key, false, cost, longest),
            Some(Blame::Registers | Blame::Request) => {
                self.units.answered(key, true, cost, longest);
            }
            Some(Blame::Line) => {}
            Some(Blame::Unit) => self.units.failed(key, cost, longest),
        }
        self.note(&read, answer.as_ref().err());
        let words = answer.ok();
        if words.is_none() {
            count(&self.counters.failed_readings, read.serves.len() as u64);
        }
        self.deliver(&read, words.as_deref()).await
    }

    /// From now on two reads are asked in the place of one.
    fn split(&mut self, index: usize, read: &RegisterRead, halves: &[RegisterRead; 2]) {
        let (bus, registers) = (&self.bus.name, registers_of(read));
        let unit_id = read.unit_id;
        tracing::info!(
            bus,
            unit_id,
            registers,
            "refused together; asked apart from now on"
        );
        self.units.remove(read.key());
        for half in halves {
            self.units.add(half.key());
        }
        if let Some(reads) = self.reads.get_mut(index)
            && let Some(at) = reads.iter().position(|r| r.key() == read.key())
        {
            reads.splice(at..=at, halves.iter().cloned());
        }
    }

    /// Tries again only where another try can help.
    async fn ask(
        &mut self,
        read: &RegisterRead,
        tries: u32,
    ) -> Result<Result<Vec<u16>, AskError>, Over> {
        let (mut left, mut busy_left, mut pause) = (tries, BUSY_TRIES, BUSY_PAUSE);
        loop {
            self.beat.mark();
            let asked = self.line.ask(read);
            let answer = self.stop.run_until_cancelled(asked).await.ok_or(Over)?;
            match answer.as_ref().map_err(AskError::blame) {
                Err(Blame::Unit) if left > 1 => left -= 1,
                Err(Blame::Busy) if busy_left > 0 => {
                    busy_left -= 1;
                    let waited = self.stop.run_until_cancelled(sleep(pause)).await;
                    waited.ok_or(Over)?;
                    pause *= 2;
                }
                _ => return Ok(answer),
            }
        }
    }

    /// Passes on what the registers say, or that they gave nothing.
    async fn deliver(&self, read: &RegisterRead, words: Option<&[u16]>) -> Result<(), Over> {
        let at = self.clock.now();
        let gauges = read
            .serves
            .iter()
            .filter_map(|index| self.bus.gauges.get(*index));
        let reading = |gauge: &ModbusGauge| {
            let outcome = words.map_or(Outcome::Failed, |words| number(gauge, read.start, words));
            Reading {
                gauge: gauge.spec.id.clone(),
                at,
                stamp: Stamp::Gateway,
                outcome,
            }
        };
        let delivery = Delivery {
            readings: gauges.map(reading).collect(),
            moment: Moment::now(),
            receipt: None,
        };
        self.beat.rest();
        self.out.send(delivery).await.map_err(|_| Over)
    }

    /// Tells the beginning, a new cause and the end of trouble, not every failed poll.
    fn note(&self, read: &RegisterRead, error: Option<&AskError>) {
        let (bus, unit_id) = (&self.bus.name, read.unit_id);
        if matches!(error, Some(AskError::Down)) {
            return;
        }
        let unit = format!("unit {unit_id} on {bus}");
        let registers = format!("{} of {unit}{}", registers_of(read), self.names(read));
        let faults = &self.faults;
        let Some(error) = error else {
            faults.end(FaultKind::Line, bus);
            faults.end(FaultKind::Unit, &unit);
            faults.end(FaultKind::Registers, &registers);
            return;
        };
        let cause = chain(error);
        let sort = match error {
            AskError::Garbled(_) => "garbled",
            _ => &*cause,
        };
        if error.blame() == Blame::Line {
            faults.begin(FaultKind::Line, bus, &cause);
            return;
        }
        faults.end(FaultKind::Line, bus);
        if self.units.is_unanswered(unit_id) {
            faults.withdraw(FaultKind::Registers, &registers);
            faults.begin_sort(FaultKind::Unit, &unit, sort, &cause);
            return;
        }
        if error.blame() != Blame::Unit {
            faults.end(FaultKind::Unit, &unit);
        } else if !self.units.is_failing(read.key()) {
            // It may be the first of a unit that is not there any more.
            return;
        }
        let hint = match error.blame() {
            Blame::Registers => register_hint(read.start, read.kind),
            _ => None,
        };
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        let told = format!("{cause}{hint}");
        faults.begin_sort(FaultKind::Registers, &registers, sort, &told);
    }

    /// The gauges that a read serves, for people; a few of them.
    fn names(&self, read: &RegisterRead) -> String {
        const SHOWN: usize = 4;
        let gauges = read.serves.iter().filter_map(|i| self.bus.gauges.get(*i));
        let names: Vec<_> = gauges.take(SHOWN).map(|g| g.spec.id.as_str()).collect();
        let more = if read.serves.len() > SHOWN {
            ", …"
        } else {
            ""
        };
        format!(" ({}{more})", names.join(", "))
    }
}

/// Registers as a technician writes them.
fn registers_of(read: &RegisterRead) -> String {
    let kind = match read.kind {
        RegisterKind::Holding => "holding",
        RegisterKind::Input => "input",
    };
    let last = u32::from(read.start) + u32::from(read.count.max(1)) - 1;
    if read.count <= 1 {
        format!("{kind} register {}", read.start)
    } else {
        format!("{kind} registers {} to {last}", read.start)
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
