use super::*;

const SECOND: Duration = Duration::from_secs(1);
const PACE: Pace = Pace {
    window: 4,
    ack_deadline: Duration::from_secs(10),
    backfill_per_second: 100.0,
};

fn machine(held: &[(u64, u64)]) -> Machine {
    let held: SeqSet = held.iter().map(|(first, last)| *first..=*last).collect();
    Machine::new(PACE, 7, held.last().unwrap_or(0), held)
}

fn stored(seq: u64, gauges: &[&str]) -> Event {
    let gauges = gauges.iter().map(|g| g.parse().expect("id")).collect();
    Event::Stored {
        seq,
        oldest: 0,
        gauges,
    }
}

fn ack(through: u64, ranges: &[(u64, u64)]) -> Event {
    Event::Committed(Ack {
        incarnation: 7,
        through,
        ranges: ranges.to_vec(),
    })
}

/// What was published, in order; backfill in brackets.
fn published(actions: &[Action]) -> String {
    let text = |action: &Action| match action {
        Action::Publish {
            seq,
            backfill: false,
        } => Some(seq.to_string()),
        Action::Publish {
            seq,
            backfill: true,
        } => Some(format!("({seq})")),
        _ => None,
    };
    actions
        .iter()
        .filter_map(text)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_batch_goes_out_at_once_and_only_its_commit_releases_it() {
    let mut machine = machine(&[]);
    machine.step(SECOND, Event::Connected);
    assert_eq!(published(&machine.step(SECOND, stored(1, &["lg-1"]))), "1");
    assert_eq!(machine.step(SECOND, Event::BrokerHas { seq: 1 }), []);
    assert!(
        !machine.is_drained(),
        "the broker's word counts for nothing"
    );
    let actions = machine.step(SECOND, ack(1, &[]));
    assert_eq!(actions, [Action::Release(SeqSet::from_iter([1]))]);
    assert!(machine.is_drained());
}

#[test]
fn after_an_outage_the_newest_of_every_gauge_goes_before_the_backlog() {
    let mut machine = machine(&[(1, 3)]);
    for (seq, gauge) in [(4, "lg-1"), (5, "lg-2"), (6, "lg-1"), (7, "lg-1")] {
        assert_eq!(machine.step(SECOND, stored(seq, &[gauge])), []);
    }
    assert_eq!(
        published(&machine.step(SECOND, Event::Connected)),
        "7 (1) 5 (2)"
    );
    let freed: Vec<_> = [7, 1, 5, 2]
        .map(|seq| machine.step(SECOND, Event::BrokerHas { seq }))
        .concat();
    assert_eq!(published(&freed), "(3) (4)", "half of the window");
}

#[test]
fn fresh_batches_find_a_place_while_a_backlog_drains() {
    let mut machine = machine(&[(1, 1_000)]);
    let first = machine.step(SECOND, Event::Connected);
    assert_eq!(published(&first), "(1) (2)", "half of the window");
    assert_eq!(
        published(&machine.step(SECOND, stored(1_001, &["lg-1"]))),
        "1001"
    );
}

#[test]
fn the_backlog_keeps_to_its_rate() {
    let mut machine = Machine::new(
        Pace {
            backfill_per_second: 2.0,
            ..PACE
        },
        7,
        500,
        SeqSet::from_iter([1..=500]),
    );
    let (mut sent, mut now) = (0, Duration::ZERO);
    machine.step(now, Event::Connected);
    while now < SECOND * 30 {
        now += Duration::from_millis(100);
        for action in machine.step(now, Event::Tick) {
            if let Action::Publish { seq, .. } = action {
                sent += 1;
                machine.step(now, Event::BrokerHas { seq });
                machine.step(now, ack(seq, &[]));
            }
        }
    }
    assert!(
        (55..=65).contains(&sent),
        "{sent} batches in 30 s at 2 per second"
    );
}

#[test]
fn without_a_commit_in_time_a_batch_is_published_again() {
    let mut machine = machine(&[]);
    machine.step(SECOND, Event::Connected);
    machine.step(SECOND, stored(1, &["lg-1"]));
    machine.step(SECOND, Event::BrokerHas { seq: 1 });
    assert_eq!(machine.wake_at(SECOND), Some(SECOND * 11));
    assert_eq!(machine.step(SECOND * 10, Event::Tick), []);
    assert_eq!(published(&machine.step(SECOND * 11, Event::Tick)), "(1)");
}

#[test]
fn while_commits_fail_to_come_the_backlog_is_probed_with_one_batch() {
    let mut machine = machine(&[(1, 100)]);
    let mut now = SECOND;
    let first = machine.step(now, Event::Connected);
    let mut published_in_all = acknowledge_by_broker(&mut machine, now, first);
    now = SECOND * 12;
    published_in_all.clear();
    let again = machine.step(now, Event::Tick);
    published_in_all.extend(acknowledge_by_broker(&mut machine, now, again));
    assert_eq!(published_in_all.len(), 1);
    let actions = machine.step(now, ack(1, &[]));
    assert!(
        acknowledge_by_broker(&mut machine, now, actions).len() > 1,
        "a commit opens it again"
    );
}

/// The broker takes everything; returns what was published.
fn acknowledge_by_broker(machine: &mut Machine, now: Duration, actions: Vec<Action>) -> Vec<u64> {
    let (mut queue, mut published) = (actions, Vec::new());
    while let Some(action) = queue.pop() {
        if let Action::Publish { seq, .. } = action {
            published.push(seq);
            queue.extend(machine.step(now, Event::BrokerHas { seq }));
        }
    }
    published
}

#[test]
fn a_broker_that_stops_acknowledging_is_left() {
    let mut machine = machine(&[]);
    machine.step(SECOND, Event::Connected);
    machine.step(SECOND, stored(1, &["lg-1"]));
    assert_eq!(machine.step(SECOND * 11, Event::Tick), [Action::Reconnect]);
    assert_eq!(published(&machine.step(SECOND * 12, Event::Connected)), "1");
}

#[test]
fn after_a_lost_connection_everything_uncommitted_goes_again() {
    let mut machine = machine(&[]);
    machine.step(SECOND, Event::Connected);
    machine.step(SECOND, stored(1, &["lg-1"]));
    machine.step(SECOND, stored(2, &["lg-1"]));
    machine.step(SECOND, Event::BrokerHas { seq: 1 });
    assert_eq!(machine.step(SECOND, Event::Disconnected), []);
    assert_eq!(published(&machine.step(SECOND, Event::Connected)), "2 (1)");
}

#[test]
fn an_acknowledgement_of_another_incarnation_is_ignored() {
    let mut machine = machine(&[(1, 3)]);
    let other = Ack {
        incarnation: 8,
        through: 3,
        ranges: vec![],
    };
    assert_eq!(machine.step(SECOND, Event::Committed(other)), []);
    assert!(!machine.is_drained());
}

#[test]
fn an_aggregator_that_knows_more_than_was_ever_stored_means_a_new_incarnation() {
    let mut machine = machine(&[(1, 3)]);
    machine.step(SECOND, Event::Connected);
    assert_eq!(machine.step(SECOND, ack(9, &[])), [Action::Renew]);
    assert_eq!(machine.step(SECOND, ack(9, &[])), [], "once is enough");
    let actions = machine.step(SECOND, Event::Renewed { incarnation: 8 });
    assert_eq!(
        published(&actions),
        "(1) (2)",
        "nothing was taken for released"
    );
}

#[test]
fn only_what_was_sent_in_this_life_is_released() {
    let mut machine = machine(&[(1, 3)]);
    machine.step(SECOND, Event::Connected);
    machine.step(SECOND, Event::BrokerHas { seq: 1 });
    assert_eq!(
        machine.step(SECOND, ack(1, &[])).first(),
        Some(&Action::Release(SeqSet::from_iter([1])))
    );
    let mut machine = self::machine(&[(1, 100)]);
    machine.step(SECOND, Event::Connected);
    let actions = machine.step(SECOND, ack(90, &[]));
    assert_eq!(actions, [Action::Renew], "90 was never sent");
    assert!(!machine.is_drained());
}

#[test]
fn what_the_spool_gave_up_may_be_acknowledged_unsent() {
    let mut machine = machine(&[(1, 100)]);
    machine.step(SECOND, Event::Connected);
    machine.step(SECOND, stored(101, &["lg-1"]));
    machine.step(SECOND, Event::HeldFrom { oldest: 101 });
    let actions = machine.step(SECOND, ack(101, &[]));
    assert_eq!(actions, [Action::Release(SeqSet::from_iter([101]))]);
    assert!(machine.is_drained());
}

#[test]
fn an_aggregator_that_commits_nothing_is_noticed_and_one_that_does_again_too() {
    let mut machine = machine(&[]);
    machine.step(SECOND, Event::Connected);
    machine.step(SECOND, stored(1, &["lg-1"]));
    assert_eq!(machine.uncommitted_for(SECOND * 9), Duration::ZERO);
    machine.step(SECOND * 10, Event::BrokerHas { seq: 1 });
    machine.step(SECOND * 25, Event::Tick);
    assert_eq!(machine.uncommitted_for(SECOND * 80), SECOND * 70);
    machine.step(SECOND * 81, ack(1, &[]));
    assert_eq!(machine.uncommitted_for(SECOND * 90), Duration::ZERO);
}

#[test]
fn what_the_spool_dropped_is_forgotten_and_what_was_not_announced_is_found() {
    let mut machine = machine(&[(1, 5)]);
    let dropped = Event::Stored {
        seq: 8,
        oldest: 4,
        gauges: vec!["lg-1".parse().expect("id")],
    };
    machine.step(SECOND, dropped);
    let mut sent = machine.step(SECOND, Event::Connected);
    let mut all = Vec::new();
    while let Some(action) = sent.pop() {
        if let Action::Publish { seq, .. } = action {
            all.push(seq);
            sent.extend(machine.step(SECOND, Event::BrokerHas { seq }));
        }
    }
    all.sort_unstable();
    assert_eq!(all, [4, 5, 6, 7, 8]);
}

mod delivery {
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
        window_seen: usize,
        in_window: usize,
    }

    impl Trial {
        fn step(&mut self, event: Event, fault: Fault) {
            let mut events = vec![event];
            while let Some(event) = events.pop() {
                for action in self.machine.step(self.now, event) {
                    self.act(action, fault, &mut events);
                }
                self.window_seen = self.window_seen.max(self.machine.in_window());
            }
            self.in_window = self.machine.in_window();
        }

        fn act(&mut self, action: Action, fault: Fault, events: &mut Vec<Event>) {
            match action {
                Action::Publish { seq, .. } => {
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
                    let undone: Vec<_> =
                        seqs.iter().filter(|s| !self.durable.releases(*s)).collect();
                    assert!(
                        undone.is_empty(),
                        "released {undone:?}, which are not durable"
                    );
                    self.held.retain(|seq| !seqs.contains(*seq));
                }
                Action::Reconnect => events.push(Event::Connected),
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
                window_seen: 0,
                in_window: 0,
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
}
