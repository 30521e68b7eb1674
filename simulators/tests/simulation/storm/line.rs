//! What happens between an agent and the broker: a line that stands or is cut, messages and what they
//! are answered with.

use super::*;

impl Storm {
    pub(super) fn plan_connect(&mut self, agent: usize) {
        let backoff = self.rng.u64(100..5_000);
        self.timeline.after_ms(backoff, Happens::Connect(agent));
    }

    pub(super) fn connect(&mut self, agent: usize) -> Result<(), Broken> {
        if !self.agents[agent].is_alive() || self.agents[agent].is_connected() {
            return Ok(());
        }
        if self.plan.broker == BrokerKind::Embedded && !self.aggregator.is_alive() {
            self.plan_connect(agent);
            return Ok(());
        }
        self.step(agent, Told::Connected)
    }

    pub(super) fn cut(&mut self, agent: usize) -> Result<(), Broken> {
        if self.agents[agent].is_connected() {
            self.books.counts.note("lines cut");
            self.lines[agent] += 1;
            self.step(agent, Told::Disconnected)?;
            self.plan_connect(agent);
        }
        Ok(())
    }

    pub(super) fn publish(&mut self, agent: usize, seq: u64, payload: Vec<u8>) {
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

    pub(super) fn at_broker(&mut self, agent: usize, line: u64, seq: u64, payload: Vec<u8>) {
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

    pub(super) fn puback(&mut self, agent: usize, line: u64, seq: u64) {
        if self.chance(self.odds.puback_lost) {
            self.books.counts.note("PUBACKs lost");
            return;
        }
        let delay = self.rng.u64(1..20);
        self.timeline
            .after_ms(delay, Happens::Puback { agent, line, seq });
    }

    pub(super) fn acknowledged(&mut self, agent: usize, payload: &[u8]) -> Result<(), Broken> {
        if !self.agents[agent].is_connected() {
            return Ok(());
        }
        let ack: Ack = serde_json::from_slice(payload)?;
        self.step(agent, Told::Committed(ack))
    }
}
