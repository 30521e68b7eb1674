//! An agent without its shell: quality, spool and uplink machine. Its spool survives a crash, the
//! rest does not.

use std::{collections::BTreeSet, time::Duration};

use agent::{
    config::GaugeSpec,
    quality::QualityStage,
    source::{Outcome, Reading},
    spool::{Appended, Spool as _, memory::MemorySpool},
    uplink::machine::{Action, Event, Machine, Pace},
};
use aggregator::store::Store;
use shared::{
    clock::Mode,
    ids::AgentId,
    time::Timestamp,
    wire::{Ack, Envelope},
};

use crate::{
    books::{Books, Broken, hold},
    plan::StormPlan,
};

/// What the agent does towards the line.
pub enum ToLine {
    Publish {
        seq: u64,
        payload: Vec<u8>,
    },
    /// The connection is given up.
    Reconnect,
}

/// One agent.
pub struct SimAgent {
    pub id: AgentId,
    pub gauges: Vec<GaugeSpec>,
    /// How far its clock is ahead of the storm's.
    pub clock_ms: i64,
    pace: Pace,
    spool: MemorySpool,
    life: Option<Life>,
}

/// What a crash takes.
struct Life {
    machine: Machine,
    quality: QualityStage,
    began_ms: u64,
    is_connected: bool,
    /// Published on this connection and without a PUBACK.
    in_window: BTreeSet<u64>,
}

impl SimAgent {
    pub fn new(id: AgentId, gauges: Vec<GaugeSpec>, incarnation: u64, plan: &StormPlan) -> Self {
        Self {
            id,
            gauges,
            clock_ms: 0,
            pace: plan.pace,
            spool: MemorySpool::new(incarnation, plan.spool_bytes, plan.when_full),
            life: None,
        }
    }

    pub fn start(&mut self, now_ms: u64) {
        let held: Vec<_> = self.spool.held().iter().collect();
        let (incarnation, newest) = (self.spool.incarnation(), self.spool.usage().newest);
        self.life = Some(Life {
            machine: Machine::new(self.pace, incarnation, newest, &held),
            quality: QualityStage::new(&self.gauges),
            began_ms: now_ms,
            is_connected: false,
            in_window: BTreeSet::new(),
        });
    }

    pub fn crash(&mut self) {
        self.life = None;
    }

    pub fn is_alive(&self) -> bool {
        self.life.is_some()
    }

    pub fn is_connected(&self) -> bool {
        self.life.as_ref().is_some_and(|l| l.is_connected)
    }

    /// Whether everything that was spooled has been released.
    pub fn is_drained(&self) -> bool {
        let is_idle = self.life.as_ref().is_some_and(|l| l.machine.is_drained());
        is_idle && self.spool.usage().batches == 0
    }

    /// When the machine wants to be woken, in milliseconds of the storm.
    pub fn wake_at_ms(&self, now_ms: u64) -> Option<u64> {
        let life = self.life.as_ref()?;
        let at = life.machine.wake_at(life.line_time(now_ms))?;
        Some(life.began_ms + u64::try_from(at.as_millis()).ok()? + 1)
    }

    /// Reads all gauges and makes the batch durable; the number of the batch, if there is one.
    pub fn read(
        &mut self,
        storm: Timestamp,
        outcomes: &[Outcome],
        books: &mut Books,
    ) -> Result<Option<u64>, Broken> {
        let now = storm.plus_millis(self.clock_ms);
        let Some(life) = &mut self.life else {
            return Ok(None);
        };
        let readings = self
            .gauges
            .iter()
            .zip(outcomes)
            .map(|(gauge, outcome)| Reading {
                gauge: gauge.id.clone(),
                at: now,
                outcome: *outcome,
            });
        let assess = |reading| life.quality.assess(&reading, now);
        let batch: Vec<_> = readings.filter_map(assess).collect();
        if batch.is_empty() {
            return Ok(None);
        }
        let appended = self.spool.append(&batch)?;
        self.spool.commit()?;
        let Appended::Stored { seq, .. } = appended else {
            books.counts.note("readings refused by a full spool");
            return Ok(None);
        };
        books.spooled(&self.id, seq, &batch);
        books.dropped_below(&self.id, self.spool.usage().oldest);
        Ok(Some(seq))
    }

    /// Tells the uplink of a batch.
    pub fn stored(&self, seq: u64) -> Event {
        Event::Stored {
            seq,
            oldest: self.spool.usage().oldest,
            gauges: self.gauges.iter().map(|g| g.id.clone()).collect(),
        }
    }

    /// Steps the machine and does what it says, as the driver does.
    pub fn step(
        &mut self,
        now_ms: u64,
        storm: Timestamp,
        event: Event,
        store: &dyn Store,
        books: &mut Books,
    ) -> Result<Vec<ToLine>, Broken> {
        let (mut events, mut to_line) = (vec![event], Vec::new());
        while let Some(event) = events.pop() {
            let Some(life) = &mut self.life else { break };
            life.note(&event);
            let now = life.line_time(now_ms);
            for action in life.machine.step(now, event) {
                match action {
                    Action::Publish { seq, backfill } => {
                        match self.envelope(seq, backfill, storm)? {
                            Some(payload) => {
                                self.publishes(seq)?;
                                to_line.push(ToLine::Publish { seq, payload });
                            }
                            None => events.push(Event::Gone { seq }),
                        }
                    }
                    Action::Release(ack) => self.release(&ack, store, books)?,
                    Action::Renew => {
                        books.counts.note("incarnations renewed");
                        self.spool.renew()?;
                        let incarnation = self.spool.incarnation();
                        events.push(Event::Renewed { incarnation });
                    }
                    Action::Reconnect => {
                        self.disconnected();
                        to_line.push(ToLine::Reconnect);
                    }
                }
            }
        }
        Ok(to_line)
    }

    fn envelope(
        &mut self,
        seq: u64,
        backfill: bool,
        storm: Timestamp,
    ) -> Result<Option<Vec<u8>>, Broken> {
        let Some(observations) = self.spool.read(seq)? else {
            return Ok(None);
        };
        let envelope = Envelope {
            agent: self.id.clone(),
            incarnation: self.spool.incarnation(),
            seq,
            oldest: self.spool.usage().oldest,
            sent_at: storm.plus_millis(self.clock_ms),
            mode: Mode::Exercise,
            backfill,
            observations,
        };
        Ok(Some(envelope.encode()?))
    }

    fn publishes(&mut self, seq: u64) -> Result<(), Broken> {
        let Some(life) = &mut self.life else {
            return Ok(());
        };
        life.in_window.insert(seq);
        let (used, window) = (life.in_window.len(), self.pace.window);
        hold(life.is_connected, || {
            format!("{} publishes without a line", self.id)
        })?;
        hold(used <= window, || {
            format!("{} has {used} batches in a window of {window}", self.id)
        })
    }

    fn release(&mut self, ack: &Ack, store: &dyn Store, books: &mut Books) -> Result<(), Broken> {
        books.released(&self.id, ack, store)?;
        self.spool.release(ack)?;
        if let Some(life) = &mut self.life {
            life.in_window.retain(|seq| !ack.releases(*seq));
        }
        Ok(())
    }

    fn disconnected(&mut self) {
        if let Some(life) = &mut self.life {
            life.note(&Event::Disconnected);
        }
    }
}

impl Life {
    fn line_time(&self, now_ms: u64) -> Duration {
        Duration::from_millis(now_ms - self.began_ms)
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Connected => self.is_connected = true,
            Event::Disconnected => {
                self.is_connected = false;
                self.in_window.clear();
            }
            Event::BrokerHas { seq } | Event::Gone { seq } => {
                self.in_window.remove(seq);
            }
            Event::Stored { oldest, .. } => self.in_window.retain(|seq| seq >= oldest),
            Event::Renewed { .. } => self.in_window.clear(),
            _ => {}
        }
    }
}
