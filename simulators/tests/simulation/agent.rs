//! An agent without its shell: quality, spool and uplink machine. Its spool survives a crash, the
//! rest does not.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use agent::{
    config::{GaugeSpec, SpoolConfig},
    quality::{GatewayTime, QualityStage},
    source::{Outcome, Reading, Stamp},
    spool::{Appended, Spool, memory::MemoryEngine, seqs::SeqSet},
    uplink::machine::{Action, Event, Machine, Pace},
};
use aggregator::store::Store;
use shared::{clock::Mode, ids::AgentId, time::Timestamp, wire::Envelope};

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
    spool_config: SpoolConfig,
    disk: MemoryEngine,
    life: Option<Life>,
}

/// What a crash takes.
struct Life {
    machine: Machine,
    quality: QualityStage,
    spool: Spool,
    began_ms: u64,
    is_connected: bool,
    /// Published on this connection and without a PUBACK.
    in_window: BTreeSet<u64>,
}

/// How an agent dies.
#[derive(Debug, Clone, Copy)]
pub enum Death {
    /// The process ends; the kernel has what it wrote.
    Kill,
    /// Of what was not synced, the disk has the first so many changes.
    PowerCut { kept: usize },
}

impl SimAgent {
    pub fn new(id: AgentId, gauges: Vec<GaugeSpec>, plan: &StormPlan) -> Self {
        Self {
            id,
            gauges,
            clock_ms: 0,
            pace: plan.pace,
            spool_config: SpoolConfig {
                max_bytes: plan.spool_bytes,
                when_full: plan.when_full,
            },
            disk: MemoryEngine::default(),
            life: None,
        }
    }

    /// Starts on what the disk holds; `random` gives the incarnation of a new spool.
    pub fn start(
        &mut self,
        now_ms: u64,
        random: fastrand::Rng,
        books: &mut Books,
    ) -> Result<(), Broken> {
        let disk = Box::new(self.disk.clone());
        let mut spool = Spool::open(disk, self.spool_config, random)?;
        let mut batches = BTreeMap::new();
        for seq in &spool.held() {
            batches.insert(seq, spool.read(seq)?.unwrap_or_default());
        }
        books.reopened(&self.id, batches)?;
        let newest = spool.usage().newest;
        self.life = Some(Life {
            machine: Machine::new(self.pace, spool.incarnation(), newest, spool.held()),
            quality: QualityStage::new(&self.gauges),
            spool,
            began_ms: now_ms,
            is_connected: false,
            in_window: BTreeSet::new(),
        });
        Ok(())
    }

    pub fn die(&mut self, death: Death) {
        self.life = None;
        if let Death::PowerCut { kept } = death {
            self.disk = self.disk.power_cut(kept);
        }
    }

    pub fn is_alive(&self) -> bool {
        self.life.is_some()
    }

    pub fn is_connected(&self) -> bool {
        self.life.as_ref().is_some_and(|l| l.is_connected)
    }

    /// Whether everything that was spooled has been released.
    pub fn is_drained(&self) -> bool {
        let life = self.life.as_ref();
        life.is_some_and(|l| l.machine.is_drained() && l.spool.usage().batches == 0)
    }

    /// When the machine wants to be woken, in milliseconds of the storm.
    pub fn wake_at_ms(&self) -> Option<u64> {
        let life = self.life.as_ref()?;
        let at = life.machine.wake_at()?;
        Some(life.began_ms + u64::try_from(at.as_millis()).ok()? + 1)
    }

    /// Reads all gauges and makes the batch durable, unless the agent dies before the sync; the
    /// number of the batch, if there is one.
    pub fn read(
        &mut self,
        storm: Timestamp,
        outcomes: &[Outcome],
        dies: bool,
        books: &mut Books,
    ) -> Result<Option<u64>, Broken> {
        let now = storm.plus_millis(self.clock_ms);
        let Some(life) = &mut self.life else {
            return Ok(None);
        };
        let readings = self.gauges.iter().zip(outcomes);
        let readings = readings.map(|(gauge, outcome)| Reading {
            gauge: gauge.id.clone(),
            at: now,
            stamp: Stamp::Gateway,
            outcome: *outcome,
        });
        let clock = GatewayTime::sure(now);
        let assess = |reading| life.quality.assess(&reading, clock);
        let batch: Vec<_> = readings.filter_map(assess).collect();
        if batch.is_empty() {
            return Ok(None);
        }
        let appended = life.spool.append(&batch)?;
        if dies {
            // What it made room for may be gone all the same.
            books.dropped_below(&self.id, life.spool.usage().oldest);
            return Ok(None);
        }
        life.spool.commit(now)?;
        let Appended::Stored { seq, .. } = appended else {
            books.counts.note("readings refused by a full spool");
            return Ok(None);
        };
        books.spooled(&self.id, seq, &batch);
        books.dropped_below(&self.id, life.spool.usage().oldest);
        Ok(Some(seq))
    }

    /// Tells the uplink of a batch.
    pub fn stored(&self, seq: u64) -> Event {
        let life = self.life.as_ref();
        Event::Stored {
            seq,
            oldest: life.map_or(seq, |l| l.spool.usage().oldest),
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
                        match self.publish(seq, backfill, storm)? {
                            Some((payload, oldest)) => {
                                to_line.push(ToLine::Publish { seq, payload });
                                events.push(Event::HeldFrom { oldest });
                            }
                            None => events.push(Event::Gone { seq }),
                        }
                    }
                    Action::Release(seqs) => self.release(&seqs, store, books)?,
                    Action::Renew => events.extend(self.renew(books)),
                    Action::Reconnect => {
                        self.note(&Event::Disconnected);
                        to_line.push(ToLine::Reconnect);
                    }
                }
            }
        }
        Ok(to_line)
    }

    /// A batch as it goes on the line, and the lowest number that it says is held; none if the spool
    /// does not hold it.
    fn publish(
        &mut self,
        seq: u64,
        backfill: bool,
        storm: Timestamp,
    ) -> Result<Option<(Vec<u8>, u64)>, Broken> {
        let Some(life) = &mut self.life else {
            return Ok(None);
        };
        let Some(observations) = life.spool.read(seq)? else {
            return Ok(None);
        };
        life.in_window.insert(seq);
        let (used, window) = (life.in_window.len(), self.pace.window);
        hold(life.is_connected, || {
            format!("{} publishes without a line", self.id)
        })?;
        hold(used <= window, || {
            format!("{} has {used} batches in a window of {window}", self.id)
        })?;
        let envelope = Envelope {
            agent: self.id.clone(),
            incarnation: life.spool.incarnation(),
            seq,
            oldest: life.spool.usage().oldest,
            sent_at: storm.plus_millis(self.clock_ms),
            mode: Mode::Exercise,
            backfill,
            observations,
        };
        Ok(Some((envelope.encode(), envelope.oldest)))
    }

    fn release(
        &mut self,
        seqs: &SeqSet,
        store: &dyn Store,
        books: &mut Books,
    ) -> Result<(), Broken> {
        books.released(&self.id, seqs, store)?;
        if let Some(life) = &mut self.life {
            life.spool.release(seqs);
            life.in_window.retain(|seq| !seqs.contains(*seq));
        }
        Ok(())
    }

    fn renew(&mut self, books: &mut Books) -> Option<Event> {
        books.counts.note("incarnations renewed");
        let life = self.life.as_mut()?;
        life.spool.renew();
        let incarnation = life.spool.incarnation();
        Some(Event::Renewed { incarnation })
    }

    fn note(&mut self, event: &Event) {
        if let Some(life) = &mut self.life {
            life.note(event);
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
