//! One storm: agents, a line and a broker that fail, an aggregator that crashes, clocks that jump,
//! and then calm, in which everything must arrive.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use agent::{config::GaugeSpec, source::Outcome, uplink::machine::Event as Told};
use aggregator::{network::City, world::Input};
use fastrand::Rng;
use shared::{gauge::Parameter, quality::Limits, time::Timestamp, value::Value, wire::Ack};

use crate::{
    agent::{Death, SimAgent, ToLine},
    aggregator_side::{AggregatorSide, Brought, Ended},
    books::{Books, Broken, Counts, hold},
    failing_store::WriteFault,
    plan::{BrokerKind, Odds, StormPlan},
    timeline::Timeline,
};

/// Storm time at the beginning.
mod centre;
mod line;

const ORIGIN: Timestamp = Timestamp::from_millis(1_784_622_000_000);
/// Between two ticks of the world in the storm, and in the calm, when little happens.
const TICK_MS: u64 = 5_000;
const CALM_TICK_MS: u64 = 60_000;
/// Readings go on for so long in the calm, after the newest of the storm by their own time: a class
/// falls in at most two steps, each held for ten minutes. Every one is of a dry city, so that in the
/// end the order in which the storm's came cannot matter.
const CALM_READINGS_MS: i64 = 25 * 60_000;
/// Between two readings in the calm: what the city's layers promise.
const CALM_READ_EVERY_MS: u64 = 60_000;
/// Whatever was spooled must have arrived so long after the storm.
const PATIENCE_MS: u64 = 6 * 3_600_000;

/// What was going on, for people, also if it ends in a panic; nothing is written down unless they
/// ask.
pub type Transcript = Option<Rc<RefCell<Vec<String>>>>;

#[derive(Debug)]
enum Happens {
    Read(usize),
    Wake(usize),
    Connect(usize),
    StartAgent(usize),
    AtBroker {
        agent: usize,
        line: u64,
        seq: u64,
        payload: Vec<u8>,
    },
    AtAggregator(u64),
    Puback {
        agent: usize,
        line: u64,
        seq: u64,
    },
    Ack {
        agent: usize,
        payload: Vec<u8>,
    },
    Commit,
    Tick,
    StartAggregator,
}

/// A batch that a broker has and the aggregator has not taken.
struct Carried {
    agent: usize,
    line: u64,
    seq: u64,
    payload: Vec<u8>,
}

/// A storm under way.
struct Storm {
    rng: Rng,
    plan: StormPlan,
    odds: Odds,
    timeline: Timeline<Happens>,
    agents: Vec<SimAgent>,
    /// The number of each agent's present or last connection.
    lines: Vec<u64>,
    wakes: Vec<Option<u64>>,
    carried: BTreeMap<u64, Carried>,
    next_ticket: u64,
    is_commit_planned: bool,
    aggregator: AggregatorSide,
    /// How far the aggregator's clock is ahead of the storm's.
    clock_ms: i64,
    /// `None` while it is rough.
    readings_end_ms: Option<u64>,
    books: Books,
    transcript: Transcript,
}

/// Plays the storm of a seed to its end; what happened how often.
pub fn play(seed: u64, city: &Arc<City>, transcript: Transcript) -> Result<Counts, Broken> {
    let mut storm = Storm::new(seed, city, transcript);
    let plan = format!("{:?}", storm.plan);
    storm.say(|| plan);
    storm.run()?;
    Ok(storm.books.counts)
}

impl Storm {
    fn new(seed: u64, city: &Arc<City>, transcript: Transcript) -> Self {
        let mut rng = Rng::with_seed(seed);
        let plan = StormPlan::draw(&mut rng);
        let mut gauges: Vec<_> = city.gauges.iter().collect();
        rng.shuffle(&mut gauges);
        let agents: Vec<_> = gauges
            .chunks(plan.gauges)
            .take(plan.agents)
            .enumerate()
            .map(|(number, own)| {
                let id = format!("gw-{number}").parse().expect("an id");
                let specs = own.iter().map(|g| GaugeSpec {
                    id: g.id.clone(),
                    parameter: g.parameter,
                    interval: std::time::Duration::from_secs(plan.read_every_s),
                    limits: Limits::default_for(g.parameter),
                    total: None,
                });
                SimAgent::new(id, specs.collect(), &plan)
            })
            .collect();
        Self {
            odds: plan.odds.clone(),
            lines: vec![0; agents.len()],
            wakes: vec![None; agents.len()],
            agents,
            plan,
            rng,
            timeline: Timeline::new(),
            carried: BTreeMap::new(),
            next_ticket: 0,
            is_commit_planned: false,
            aggregator: AggregatorSide::new(city.clone()),
            clock_ms: 0,
            readings_end_ms: None,
            books: Books::default(),
            transcript,
        }
    }

    fn run(&mut self) -> Result<(), Broken> {
        let rough_ms = self.plan.rough_s * 1000;
        let deadline = rough_ms + PATIENCE_MS;
        self.timeline.after_ms(0, Happens::StartAggregator);
        self.timeline.after_ms(0, Happens::Tick);
        for agent in 0..self.agents.len() {
            self.timeline.after_ms(0, Happens::StartAgent(agent));
            let first = self.rng.u64(..self.plan.read_every_s * 1000);
            self.timeline.after_ms(first, Happens::Read(agent));
        }
        while let Some(happens) = self.timeline.next() {
            let now = self.timeline.now_ms();
            if self.readings_end_ms.is_none() && now >= rough_ms {
                self.calm_down();
            }
            if self.readings_end_ms.is_some_and(|end| now >= end) {
                match happens {
                    Happens::Read(_) => continue,
                    Happens::Tick if self.is_over() => break,
                    _ => {}
                }
            }
            hold(now < deadline, || "not everything has arrived".to_owned())?;
            self.happen(happens)?;
        }
        self.commit()?;
        self.tick()?;
        self.books.settle(&self.aggregator.store)?;
        self.aggregator.settle(self.aggregator_time())
    }

    fn is_over(&self) -> bool {
        self.aggregator.is_alive() && self.agents.iter().all(SimAgent::is_drained)
    }

    /// Nothing goes wrong any more, and the clocks are set.
    fn calm_down(&mut self) {
        self.say(|| "calm".to_owned());
        self.odds = Odds {
            slow_ms: 1,
            ..Odds::default()
        };
        self.plan.read_every_s = CALM_READ_EVERY_MS / 1000;
        self.clock_ms = 0;
        for agent in &mut self.agents {
            agent.clock_ms = 0;
        }
        self.readings_end_ms = Some(0);
        self.put_off_the_end();
    }

    /// There are readings until the newest of all is long past.
    fn put_off_the_end(&mut self) {
        let newest = self.books.newest().unwrap_or(ORIGIN).max(self.storm_time());
        let end = newest.millis_since(ORIGIN) + CALM_READINGS_MS;
        let end = u64::try_from(end).unwrap_or(0);
        self.readings_end_ms = self.readings_end_ms.map(|known| known.max(end));
    }

    fn happen(&mut self, happens: Happens) -> Result<(), Broken> {
        match happens {
            Happens::Read(agent) => self.read(agent),
            Happens::Wake(agent) => {
                if self.wakes.get(agent).copied().flatten() == Some(self.timeline.now_ms()) {
                    self.wakes[agent] = None;
                    self.step(agent, Told::Tick)?;
                }
                Ok(())
            }
            Happens::Connect(agent) => self.connect(agent),
            Happens::StartAgent(agent) => {
                self.say(|| format!("agent {agent} starts"));
                let (now, random) = (self.timeline.now_ms(), self.rng.fork());
                self.agents[agent].start(now, random, &mut self.books)?;
                // Batches may be found that nobody knew of.
                self.put_off_the_end();
                self.plan_connect(agent);
                Ok(())
            }
            Happens::AtBroker {
                agent,
                line,
                seq,
                payload,
            } => {
                self.at_broker(agent, line, seq, payload);
                Ok(())
            }
            Happens::AtAggregator(ticket) => {
                self.at_aggregator(ticket);
                Ok(())
            }
            Happens::Puback { agent, line, seq } => {
                if self.lines[agent] == line && self.agents[agent].is_connected() {
                    self.step(agent, Told::BrokerHas { seq })?;
                }
                Ok(())
            }
            Happens::Ack { agent, payload } => self.acknowledged(agent, &payload),
            Happens::Commit => self.commit(),
            Happens::Tick => {
                let is_rough = self.readings_end_ms.is_none();
                let pause = if is_rough { TICK_MS } else { CALM_TICK_MS };
                self.timeline.after_ms(pause, Happens::Tick);
                if self.chance(self.odds.clock_jump) {
                    self.clock_ms = self.jump();
                    let clock_ms = self.clock_ms;
                    self.say(|| format!("the aggregator's clock is {clock_ms} ms ahead"));
                }
                self.tick()
            }
            Happens::StartAggregator => self.start_aggregator(),
        }
    }

    // --- agents

    fn read(&mut self, agent: usize) -> Result<(), Broken> {
        let every_ms = self.plan.read_every_s * 1000;
        self.timeline.after_ms(every_ms, Happens::Read(agent));
        if self.chance(self.odds.clock_jump) {
            let jump = self.jump();
            self.agents[agent].clock_ms = jump;
            self.say(|| format!("agent {agent}'s clock is {jump} ms ahead"));
        }
        if self.agents[agent].is_alive() && self.chance(self.odds.line_cut) {
            self.cut(agent)?;
        }
        let outcomes: Vec<_> = (0..self.agents[agent].gauges.len())
            .map(|gauge| self.outcome(agent, gauge))
            .collect();
        let storm = self.storm_time();
        let crashes = self.agents[agent].is_alive() && self.chance(self.odds.agent_crash);
        let before_the_sync = crashes && self.rng.bool();
        let seq = self.agents[agent].read(storm, &outcomes, before_the_sync, &mut self.books)?;
        self.say(|| format!("agent {agent} reads, batch {seq:?}"));
        if crashes {
            self.crash_agent(agent);
            return Ok(());
        }
        match seq {
            Some(_) if self.chance(self.odds.untold) => {
                self.books.counts.note("batches not told to the uplink");
                Ok(())
            }
            Some(seq) => {
                let stored = self.agents[agent].stored(seq);
                self.step(agent, stored)
            }
            None => Ok(()),
        }
    }

    fn outcome(&mut self, agent: usize, gauge: usize) -> Outcome {
        if self.chance(self.odds.reading_failed) {
            self.books.counts.note("readings failed");
            return if self.rng.bool() {
                Outcome::Failed
            } else {
                Outcome::Sentinel(Value::from_milli(-32_768))
            };
        }
        let share = self.timeline.now_ms() as f64 / (self.plan.rough_s * 1000) as f64;
        let wave = if share < 1.0 {
            (share * std::f64::consts::PI).sin()
        } else {
            0.0
        };
        let level = wave * (0.5 + self.rng.f64());
        Outcome::from_units(match self.agents[agent].gauges[gauge].parameter {
            Parameter::Depth => 0.6 * level,
            Parameter::Stage | Parameter::WaterLevel => 2.5 + level,
            Parameter::RainfallIntensity => 60.0 * level,
            Parameter::RainfallDepth => level,
        })
    }

    fn crash_agent(&mut self, agent: usize) {
        let death = if self.rng.bool() {
            self.books.counts.note("agents killed");
            Death::Kill
        } else {
            self.books.counts.note("agents' power cut");
            let kept = self.rng.usize(..5);
            Death::PowerCut { kept }
        };
        self.say(|| format!("agent {agent} dies: {death:?}"));
        self.agents[agent].die(death);
        self.lines[agent] += 1;
        self.wakes[agent] = None;
        let rest = self.rng.u64(100..60_000);
        self.timeline.after_ms(rest, Happens::StartAgent(agent));
    }

    /// Steps an agent, carries what it publishes and plans when it is woken next.
    fn step(&mut self, agent: usize, told: Told) -> Result<(), Broken> {
        let (now, storm) = (self.timeline.now_ms(), self.storm_time());
        self.say(|| format!("agent {agent} is told {told:?}"));
        let store = &self.aggregator.store;
        // Checks read the store whatever the aggregator can.
        let was_unreadable = store.make_unreadable(false);
        let to_line = self.agents[agent].step(now, storm, told, store, &mut self.books);
        store.make_unreadable(was_unreadable);
        for act in to_line? {
            match act {
                ToLine::Publish { seq, payload } => self.publish(agent, seq, payload),
                ToLine::Reconnect => {
                    self.books.counts.note("dead connections given up");
                    self.lines[agent] += 1;
                    self.plan_connect(agent);
                }
            }
        }
        let wake = self.agents[agent].wake_at_ms();
        if let Some(at) = wake.filter(|at| self.wakes[agent].is_none_or(|known| *at < known)) {
            let at = at.max(now + 1);
            self.wakes[agent] = Some(at);
            self.timeline.after_ms(at - now, Happens::Wake(agent));
        }
        Ok(())
    }

    // --- the line and the broker

    // --- the aggregator

    fn chance(&mut self, odds: f64) -> bool {
        odds > 0.0 && self.rng.f64() < odds
    }

    fn delay(&mut self) -> u64 {
        if self.chance(self.odds.slow) {
            self.books.counts.note("messages delayed");
            self.rng.u64(1..=self.odds.slow_ms)
        } else {
            self.rng.u64(1..30)
        }
    }

    /// How far a clock is off after a jump: seconds, minutes or hours, to either side, or not at all.
    fn jump(&mut self) -> i64 {
        self.books.counts.note("clocks jumped");
        let most = [0, 1_000, 60_000, 600_000, 7_200_000];
        let most = most[self.rng.usize(..most.len())];
        self.rng.i64(-most..=most)
    }

    fn storm_time(&self) -> Timestamp {
        let now = i64::try_from(self.timeline.now_ms()).unwrap_or(i64::MAX);
        ORIGIN.plus_millis(now)
    }

    fn aggregator_time(&self) -> Timestamp {
        self.storm_time().plus_millis(self.clock_ms)
    }

    fn say(&mut self, line: impl FnOnce() -> String) {
        let now = self.timeline.now_ms();
        if let Some(transcript) = &self.transcript {
            transcript
                .borrow_mut()
                .push(format!("{now:>9} ms  {}", line()));
        }
    }
}
