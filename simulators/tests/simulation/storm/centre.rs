//! What happens at the aggregator: it starts, takes, writes or fails to, answers, and crashes.

use super::*;

impl Storm {
    pub(super) fn start_aggregator(&mut self) -> Result<(), Broken> {
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

    pub(super) fn at_aggregator(&mut self, ticket: u64) {
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

    pub(super) fn commit(&mut self) -> Result<(), Broken> {
        self.is_commit_planned = false;
        self.write(Vec::new())
    }

    pub(super) fn tick(&mut self) -> Result<(), Broken> {
        self.write(vec![Input::Tick])
    }

    pub(super) fn write(&mut self, inputs: Vec<Input>) -> Result<(), Broken> {
        if !self.aggregator.is_alive() {
            return Ok(());
        }
        let is_unreadable = self.chance(self.odds.store_unreadable);
        self.aggregator.store.make_unreadable(is_unreadable);
        let fault = self.write_fault();
        let now = self.aggregator_time();
        self.aggregator.storm_ms = self.storm_time().millis_since(ORIGIN);
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
                self.failed(&tickets);
                Ok(())
            }
            Ended::Died => self.crash_aggregator(),
        }
    }

    pub(super) fn write_fault(&mut self) -> WriteFault {
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
    pub(super) fn done(&mut self, tickets: &[u64]) {
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
    pub(super) fn failed(&mut self, tickets: &[u64]) {
        for ticket in tickets {
            if self.plan.broker == BrokerKind::Embedded {
                self.carried.remove(ticket);
            } else {
                let delay = 1_000 + self.delay();
                self.timeline
                    .after_ms(delay, Happens::AtAggregator(*ticket));
            }
        }
    }

    pub(super) fn send(&mut self, agent: &str, ack: &Ack) -> Result<(), Broken> {
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

    pub(super) fn crash_aggregator(&mut self) -> Result<(), Broken> {
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
}
