//! The machine by events in and actions out.

use super::*;

mod delivery;
mod rules;

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
    assert_eq!(machine.wake_at(), Some(SECOND * 11));
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
            assert!(published.len() < 1_000, "it publishes for ever");
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
    let first = machine.step(SECOND, Event::Connected);
    let mut all = acknowledge_by_broker(&mut machine, SECOND, first);
    all.sort_unstable();
    assert_eq!(all, [4, 5, 6, 7, 8]);
}
