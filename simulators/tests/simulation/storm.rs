//! One storm: agents, a line and a broker that fail, an aggregator that crashes, clocks that jump,
//! and then calm, in which everything must arrive.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use agent::{config::GaugeSpec, source::Outcome, uplink::machine::Event as Told};
use aggregator::{network::City, world::Input};
use fastrand::Rng;
use shared::{gauge::Parameter, quality::Limits, time::Timestamp, value::Value, wire::Ack};

use crate::{
    agent::{SimAgent, ToLine},
    aggregator_side::{AggregatorSide, Brought, Ended},
    books::{Books, Broken, Counts, hold},
    failing_store::WriteFault,
    plan::{BrokerKind, Odds, StormPlan},
    timeline::Timeline,
};

/// Storm time at the beginning.
const ORIGIN: Timestamp = Timestamp::from_millis(1_784_622_000_000);
/// Between two ticks of the world.
const TICK_MS: u64 = 10_000;
/// Readings go on for so long in the calm: longer than any flag is held.
const CALM_READINGS_MS: u64 = 15 * 60_000;
/// Whatever was spooled must have arrived so long after the storm.
const PATIENCE_MS: u64 = 4 * 3_600_000;

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
                });
                SimAgent::new(id, specs.collect(), rng.u64(1..), &plan)
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
            books: Books::default(),
            transcript,
        }
    }

    fn run(&mut self) -> Result<(), Broken> {
        let rough_ms = self.plan.rough_s * 1000;
        let (readings_end, deadline) = (rough_ms + CALM_READINGS_MS, rough_ms + PATIENCE_MS);
        self.timeline.after_ms(0, Happens::StartAggregator);
        self.timeline.after_ms(0, Happens::Tick);
        for agent in 0..self.agents.len() {
            self.timeline.after_ms(0, Happens::StartAgent(agent));
            let first = self.rng.u64(..self.plan.read_every_s * 1000);
            self.timeline.after_ms(first, Happens::Read(agent));
        }
        let mut is_rough = true;
        while let Some(happens) = self.timeline.next() {
            let now = self.timeline.now_ms();
            if is_rough && now >= rough_ms {
                is_rough = false;
                self.calm_down();
            }
            if now >= readings_end {
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
        self.clock_ms = 0;
        for agent in &mut self.agents {
            agent.clock_ms = 0;
        }
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
                self.agents[agent].start(self.timeline.now_ms());
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
                self.timeline.after_ms(TICK_MS, Happens::Tick);
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
        let seq = self.agents[agent].read(storm, &outcomes, &mut self.books)?;
        self.say(|| format!("agent {agent} reads, batch {seq:?}"));
        if self.agents[agent].is_alive() && self.chance(self.odds.agent_crash) {
            return self.crash_agent(agent);
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

    fn crash_agent(&mut self, agent: usize) -> Result<(), Broken> {
        self.books.counts.note("agents crashed");
        self.say(|| format!("agent {agent} crashes"));
        self.agents[agent].crash();
        self.lines[agent] += 1;
        self.wakes[agent] = None;
        let rest = self.rng.u64(100..60_000);
        self.timeline.after_ms(rest, Happens::StartAgent(agent));
        Ok(())
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
        let wake = self.agents[agent].wake_at_ms(now);
        if let Some(at) = wake.filter(|at| self.wakes[agent].is_none_or(|known| *at < known)) {
            let at = at.max(now + 1);
            self.wakes[agent] = Some(at);
            self.timeline.after_ms(at - now, Happens::Wake(agent));
        }
        Ok(())
    }

    // --- the line and the broker

    fn plan_connect(&mut self, agent: usize) {
        let backoff = self.rng.u64(100..5_000);
        self.timeline.after_ms(backoff, Happens::Connect(agent));
    }

    fn connect(&mut self, agent: usize) -> Result<(), Broken> {
        if !self.agents[agent].is_alive() || self.agents[agent].is_connected() {
            return Ok(());
        }
        if self.plan.broker == BrokerKind::Embedded && !self.aggregator.is_alive() {
            self.plan_connect(agent);
            return Ok(());
        }
        self.step(agent, Told::Connected)
    }

    fn cut(&mut self, agent: usize) -> Result<(), Broken> {
        if self.agents[agent].is_connected() {
            self.books.counts.note("lines cut");
            self.lines[agent] += 1;
            self.step(agent, Told::Disconnected)?;
            self.plan_connect(agent);
        }
        Ok(())
    }

    fn publish(&mut self, agent: usize, seq: u64, payload: Vec<u8>) {
        self.books.counts.note("batches published");
        if self.chance(self.odds.publish_lost) {
            self.books.counts.note("batches lost on the line");
            return;
        }
        let (line, delay) = (self.lines[agent], self.delay());
        self.timeline.after_ms(
            delay,
            Happens::AtBroker {
                agent,
                line,
                seq,
                payload,
            },
        );
    }

    fn at_broker(&mut self, agent: usize, line: u64, seq: u64, payload: Vec<u8>) {
        // A line that was cut meanwhile may have carried it to its end, or not.
        if self.lines[agent] != line && self.rng.bool() {
            return;
        }
        if self.plan.broker == BrokerKind::External {
            self.puback(agent, line, seq);
            if self.chance(self.odds.forgotten) {
                self.books.counts.note("batches forgotten by a broker");
                return;
            }
        }
        let copies = 1 + usize::from(self.chance(self.odds.doubled));
        for _ in 0..copies {
            self.next_ticket += 1;
            let carried = Carried {
                agent,
                line,
                seq,
                payload: payload.clone(),
            };
            self.carried.insert(self.next_ticket, carried);
            let delay = self.delay();
            self.timeline
                .after_ms(delay, Happens::AtAggregator(self.next_ticket));
        }
        if copies > 1 {
            self.books.counts.note("batches doubled");
        }
    }

    fn puback(&mut self, agent: usize, line: u64, seq: u64) {
        if self.chance(self.odds.puback_lost) {
            self.books.counts.note("PUBACKs lost");
            return;
        }
        let delay = self.rng.u64(1..20);
        self.timeline
            .after_ms(delay, Happens::Puback { agent, line, seq });
    }

    fn acknowledged(&mut self, agent: usize, payload: &[u8]) -> Result<(), Broken> {
        if !self.agents[agent].is_connected() {
            return Ok(());
        }
        let ack: Ack = serde_json::from_slice(payload)?;
        self.step(agent, Told::Committed(ack))
    }

    // --- the aggregator

    fn start_aggregator(&mut self) -> Result<(), Broken> {
        self.say(|| "the aggregator starts".to_owned());
        let now = self.aggregator_time();
        self.aggregator.start(now, &mut self.books)?;
        // A broker keeps what was not acknowledged to it, and delivers it again.
        for ticket in self.carried.keys().copied().collect::<Vec<_>>() {
            let delay = self.delay();
            self.timeline.after_ms(delay, Happens::AtAggregator(ticket));
        }
        Ok(())
    }

    fn at_aggregator(&mut self, ticket: u64) {
        let Some(carried) = self.carried.get(&ticket) else {
            return;
        };
        if !self.aggregator.is_alive() {
            if self.plan.broker == BrokerKind::Embedded {
                self.carried.remove(&ticket);
            }
            return;
        }
        self.aggregator.bring(Brought {
            agent: self.agents[carried.agent].id.clone(),
            payload: carried.payload.clone(),
            ticket,
        });
        if !self.is_commit_planned {
            self.is_commit_planned = true;
            let delay = self.rng.u64(1..200);
            self.timeline.after_ms(delay, Happens::Commit);
        }
    }

    fn commit(&mut self) -> Result<(), Broken> {
        self.is_commit_planned = false;
        self.write(Vec::new())
    }

    fn tick(&mut self) -> Result<(), Broken> {
        self.write(vec![Input::Tick])
    }

    fn write(&mut self, inputs: Vec<Input>) -> Result<(), Broken> {
        if !self.aggregator.is_alive() {
            return Ok(());
        }
        let is_unreadable = self.chance(self.odds.store_unreadable);
        self.aggregator.store.make_unreadable(is_unreadable);
        let fault = self.write_fault();
        let now = self.aggregator_time();
        let ended = self.aggregator.write(now, inputs, fault, &mut self.books)?;
        match ended {
            Ended::Durable(tickets, acks) => {
                let done = format!("durable: {tickets:?}, acknowledged: {acks:?}");
                self.say(|| done);
                // It may die between the commit and the answers.
                if self.chance(self.odds.aggregator_crash) {
                    return self.crash_aggregator();
                }
                self.done(&tickets);
                acks.into_iter()
                    .try_for_each(|(agent, ack)| self.send(agent.as_str(), &ack))
            }
            Ended::Failed(tickets) => {
                self.books.counts.note("groups that could not be formed");
                self.say(|| format!("not formed: {tickets:?}"));
                self.failed(&tickets)
            }
            Ended::Died => self.crash_aggregator(),
        }
    }

    fn write_fault(&mut self) -> WriteFault {
        if !self.chance(self.odds.store_unwritable) {
            return WriteFault::None;
        }
        self.books.counts.note("commits that failed");
        if self.rng.bool() {
            WriteFault::Refused
        } else {
            WriteFault::Unheard
        }
    }

    /// Whoever brought these is told that they are durable.
    fn done(&mut self, tickets: &[u64]) {
        for ticket in tickets {
            let Some(carried) = self.carried.remove(ticket) else {
                continue;
            };
            if self.plan.broker == BrokerKind::Embedded {
                self.puback(carried.agent, carried.line, carried.seq);
            }
        }
    }

    /// Whoever brought these is told that they are not durable.
    fn failed(&mut self, tickets: &[u64]) -> Result<(), Broken> {
        for ticket in tickets {
            if self.plan.broker == BrokerKind::Embedded {
                self.carried.remove(ticket);
            } else {
                let delay = 1_000 + self.delay();
                self.timeline
                    .after_ms(delay, Happens::AtAggregator(*ticket));
            }
        }
        Ok(())
    }

    fn send(&mut self, agent: &str, ack: &Ack) -> Result<(), Broken> {
        let Some(agent) = self.agents.iter().position(|a| a.id.as_str() == agent) else {
            return Ok(());
        };
        if self.chance(self.odds.ack_lost) {
            self.books.counts.note("acknowledgements lost");
            return Ok(());
        }
        let payload = serde_json::to_vec(ack)?;
        let copies = 1 + usize::from(self.chance(self.odds.doubled));
        for _ in 0..copies {
            let (delay, payload) = (self.delay(), payload.clone());
            self.timeline
                .after_ms(delay, Happens::Ack { agent, payload });
        }
        Ok(())
    }

    fn crash_aggregator(&mut self) -> Result<(), Broken> {
        self.books.counts.note("aggregators crashed");
        self.say(|| "the aggregator crashes".to_owned());
        self.aggregator.crash();
        let rest = self.rng.u64(100..60_000);
        self.timeline.after_ms(rest, Happens::StartAggregator);
        if self.plan.broker == BrokerKind::Embedded {
            self.carried.clear();
            for agent in 0..self.agents.len() {
                self.cut(agent)?;
            }
        }
        Ok(())
    }

    // --- chance and time

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
