//! Against a line and an aggregator that fail at random, everything is committed in the end.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    CutLine,
    LosePublish,
    LoseAck,
    AggregatorAway,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(Fault::None),
        1 => Just(Fault::CutLine),
        1 => Just(Fault::LosePublish),
        1 => Just(Fault::LoseAck),
        1 => Just(Fault::AggregatorAway),
    ]
}

struct Trial {
    machine: Machine,
    now: Duration,
    held: BTreeSet<u64>,
    durable: Ack,
    /// What the broker has not acknowledged, and the most that there was of it.
    unacknowledged: BTreeSet<u64>,
    window_seen: usize,
}

impl Trial {
    fn step(&mut self, event: Event, fault: Fault) {
        let (mut events, mut handled) = (vec![event], 0);
        while let Some(event) = events.pop() {
            handled += 1;
            assert!(handled < 10_000, "it goes on for ever");
            match event {
                Event::BrokerHas { seq } => drop(self.unacknowledged.remove(&seq)),
                Event::Disconnected => self.unacknowledged.clear(),
                _ => {}
            }
            for action in self.machine.step(self.now, event) {
                self.act(action, fault, &mut events);
            }
            self.window_seen = self.window_seen.max(self.unacknowledged.len());
        }
    }

    fn act(&mut self, action: Action, fault: Fault, events: &mut Vec<Event>) {
        match action {
            Action::Publish { seq, .. } => {
                self.unacknowledged.insert(seq);
                assert!(
                    self.held.contains(&seq),
                    "published {seq}, which is not held"
                );
                match fault {
                    Fault::LosePublish => {}
                    Fault::AggregatorAway => events.push(Event::BrokerHas { seq }),
                    Fault::None | Fault::CutLine | Fault::LoseAck => {
                        self.durable.add(seq);
                        events.push(Event::BrokerHas { seq });
                        if !matches!(fault, Fault::LoseAck) {
                            events.push(Event::Committed(self.durable.clone()));
                        }
                    }
                }
            }
            Action::Release(seqs) => {
                let undone: Vec<_> = seqs.iter().filter(|s| !self.durable.releases(*s)).collect();
                assert!(
                    undone.is_empty(),
                    "released {undone:?}, which are not durable"
                );
                self.held.retain(|seq| !seqs.contains(*seq));
                self.unacknowledged.retain(|seq| !seqs.contains(*seq));
            }
            Action::Reconnect => {
                self.unacknowledged.clear();
                events.push(Event::Connected);
            }
            Action::Renew => panic!("no reason to renew"),
        }
    }
}

proptest! {
    #[test]
    fn whatever_fails_everything_is_committed_in_the_end(
        backlog in 0_u64..20,
        script in prop::collection::vec((fault(), 0_usize..4, 0_u64..12), 1..60),
    ) {
        let held: SeqSet = (1..=backlog).collect();
        let mut trial = Trial {
            machine: Machine::new(PACE, 7, backlog, held),
            now: Duration::ZERO,
            held: (1..=backlog).collect(),
            durable: Ack::nothing(7),
            unacknowledged: BTreeSet::new(),
            window_seen: 0,
        };
        trial.step(Event::Connected, Fault::None);
        let mut seq = backlog;
        for (fault, gauge, seconds) in script {
            seq += 1;
            trial.held.insert(seq);
            let gauge = ["lg-1", "lg-2", "lg-3", "lg-4"].get(gauge).copied().unwrap_or("lg-1");
            trial.step(stored(seq, &[gauge]), fault);
            if matches!(fault, Fault::CutLine) {
                trial.step(Event::Disconnected, fault);
                trial.step(Event::Connected, fault);
            }
            trial.now += SECOND * u32::try_from(seconds).expect("small");
            trial.step(Event::Tick, fault);
        }
        prop_assert!(trial.window_seen <= PACE.window, "window of {}", trial.window_seen);
        for _ in 0..400 {
            trial.now += SECOND;
            trial.step(Event::Tick, Fault::None);
        }
        prop_assert!(trial.machine.is_drained(), "left: {:?}", trial.machine);
        prop_assert!(trial.held.is_empty(), "never released: {:?}", trial.held);
    }
}
