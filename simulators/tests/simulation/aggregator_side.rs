//! The aggregator without its shell: ledger, store and world, driven as the committer and the driver
//! drive them. The one place here that knows its interfaces.

use std::sync::Arc;

use aggregator::{
    ingest::{Admitter, Claim, Described, Form, Group, Ledger, Taken, decode},
    network::{City, Gauge},
    restore::restore,
    store::{SavedWorld, Store as _},
    world::{Effect, Input, Started, World},
};
use shared::{clock::Mode, ids::AgentId, time::Timestamp, wire::Ack};

use crate::{
    books::{Books, Broken, hold},
    failing_store::{FailingStore, WriteFault},
};

/// Forecasts and plans are not what is tried here: they come rarely.
const RARELY_MS: i64 = 3_600_000;

/// A batch that somebody brought.
pub struct Brought {
    pub agent: AgentId,
    pub payload: Vec<u8>,
    /// By which the bringer knows it.
    pub ticket: u64,
}

/// How a group ended.
pub enum Ended {
    /// It is durable: these were brought, and these acknowledgements go out.
    Durable(Vec<u64>, Vec<(AgentId, Ack)>),
    /// It could not be formed; those who brought these are told that it failed.
    Failed(Vec<u64>),
    /// The program died of it.
    Died,
}

/// The aggregator and its disk.
pub struct AggregatorSide {
    pub city: Arc<City>,
    pub store: FailingStore,
    /// Milliseconds of the storm, which nobody sets.
    pub storm_ms: i64,
    life: Option<Life>,
}

/// What a crash takes.
struct Life {
    ledger: Ledger,
    world: World,
    waiting: Vec<Brought>,
}

impl AggregatorSide {
    pub fn new(city: Arc<City>) -> Self {
        Self {
            city,
            store: FailingStore::default(),
            storm_ms: 0,
            life: None,
        }
    }

    pub fn is_alive(&self) -> bool {
        self.life.is_some()
    }

    /// A power cut: what was not synced is gone too.
    pub fn crash(&mut self) {
        self.life = None;
        self.store.crash();
    }

    /// Starts on what the store holds.
    pub fn start(&mut self, now: Timestamp, books: &mut Books) -> Result<(), Broken> {
        let restored = restore(&self.store, self.city.clone())?;
        let described = |g: &Gauge| Described {
            parameter: g.parameter,
            interval_s: g.interval_s,
        };
        let gauges = self.city.gauges.iter();
        let gauges = gauges.map(|g| (g.id.clone(), described(g)));
        let ledger = Ledger::new(
            Admitter::new(gauges, 1.0, 30),
            Mode::Exercise,
            self.store.cursors()?,
            restored.world.counts(),
            restored.last_arrival,
        );
        self.life = Some(Life {
            ledger,
            world: restored.world,
            waiting: Vec::new(),
        });
        let started = Input::Started(settings());
        self.write(now, vec![started], WriteFault::None, books)?;
        Ok(())
    }

    /// Something waits for the next group.
    pub fn bring(&mut self, brought: Brought) {
        if let Some(life) = &mut self.life {
            life.waiting.push(brought);
        }
    }

    /// Writes what waits and the inputs as one group.
    pub fn write(
        &mut self,
        now: Timestamp,
        inputs: Vec<Input>,
        fault: WriteFault,
        books: &mut Books,
    ) -> Result<Ended, Broken> {
        let Some(life) = &mut self.life else {
            return Ok(Ended::Died);
        };
        let (mut group, mut formed) = (Group::default(), Ok(()));
        let mut tickets = Vec::new();
        for input in inputs {
            if input == Input::Tick && formed.is_ok() {
                let store = &self.store;
                formed = (life.ledger).pass_time(&mut group, store, now, self.storm_ms);
            }
            life.ledger.input(&mut group, input, now);
        }
        for brought in life.waiting.drain(..) {
            tickets.push(brought.ticket);
            if formed.is_ok() {
                formed = take(&mut life.ledger, &mut group, &self.store, &brought, now);
            }
        }
        life.ledger.close(&mut group, now);
        if formed.is_err() {
            life.ledger.failed();
            return Ok(Ended::Failed(tickets));
        }
        let commit = group.commit();
        let written = self.store.commit_with(&commit, fault);
        if fault != WriteFault::Refused {
            books.committed(&commit);
        }
        if written.is_err() {
            self.life = None;
            return Ok(Ended::Died);
        }
        life.ledger.committed();
        for arrival in commit.arrivals {
            let effects = life.world.step(arrival.at, arrival.input);
            if effects.contains(&Effect::Save) {
                self.store.save_world(&SavedWorld {
                    after: arrival.number,
                    at: life.world.ticked_at(),
                    bytes: life.world.save(),
                })?;
                books.counts.note("worlds saved");
            }
        }
        Ok(Ended::Durable(tickets, group.cursors.into_iter().collect()))
    }

    /// Right after a tick: the live world, the restored one and the one that is stepped again from
    /// the first arrival are the same bytes; and it shows what the straight sequence of the stored
    /// observations shows.
    pub fn settle(&self, now: Timestamp) -> Result<(), Broken> {
        let Some(life) = &self.life else {
            return Err(Broken("the aggregator is not running".to_owned()));
        };
        let live = life.world.save();
        let restored = restore(&self.store, self.city.clone())?.world;
        hold(restored.save() == live, || {
            "the world that is restored is not the one that was".to_owned()
        })?;
        let mut again = World::new(self.city.clone());
        let mut straight = World::new(self.city.clone());
        self.store.arrivals(0, &mut |arrival| {
            let _ = again.step(arrival.at, arrival.input);
            std::ops::ControlFlow::Continue(())
        })?;
        hold(again.save() == live, || {
            "the world that is stepped again is not the one that was".to_owned()
        })?;
        let mut stored = Vec::new();
        self.store.visit(&mut |s| stored.push(s.observation))?;
        stored.sort_by(|a, b| (a.observed_at, &a.gauge).cmp(&(b.observed_at, &b.gauge)));
        straight.step(Timestamp::default(), Input::Started(settings()));
        for o in stored {
            straight.step(o.observed_at, Input::Observed(vec![o]));
        }
        straight.step(now, Input::Tick);
        same_facts(&life.world, &straight)
    }
}

fn take(
    ledger: &mut Ledger,
    group: &mut Group,
    store: &FailingStore,
    brought: &Brought,
    at: Timestamp,
) -> Result<(), aggregator::store::StoreError> {
    let claim = Claim::Batch {
        agent: brought.agent.clone(),
        form: Form::Binary,
    };
    let taken = Taken {
        channel: "simulation",
        payload: &brought.payload,
        at,
        is_enrolled: false,
    };
    let message = decode(&claim, &brought.payload, at);
    ledger.message(group, store, message, taken).map(drop)
}

fn settings() -> Started {
    Started {
        mode: Mode::Exercise,
        speed: 1.0,
        forecast_ms: RARELY_MS,
        replan_ms: RARELY_MS,
    }
}

/// What is a matter of the observations alone: gauges, and whether and how deep points stand under
/// water.
fn same_facts(live: &World, straight: &World) -> Result<(), Broken> {
    let (live, straight) = (live.snapshot(), straight.snapshot());
    let gauges = live.gauges.iter().zip(straight.gauges.iter());
    for (site, (live, straight)) in live.city.gauges.iter().zip(gauges) {
        hold(live == straight, || {
            format!("gauge {}: {live:?}, straight {straight:?}", site.id)
        })?;
    }
    let points = live.points.iter().zip(&straight.points);
    for (site, (live, straight)) in live.city.points.iter().zip(points) {
        let facts = |p: &aggregator::world::PointFacts| (p.status, p.depth, p.quality);
        hold(facts(live) == facts(straight), || {
            format!("point {}: {live:?}, straight {straight:?}", site.id)
        })?;
    }
    Ok(())
}
