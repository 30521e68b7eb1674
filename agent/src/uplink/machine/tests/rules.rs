//! One rule after the other: window, rate, deadline, what a commit says and what it does not.

use super::*;

/// A machine with a backlog of so many batches and its own pace, connected at time zero, and what it
/// published then.
fn connected(pace: Pace, backlog: u64) -> (Machine, String) {
    let held: SeqSet = (1..=backlog).collect();
    let mut machine = Machine::new(pace, 7, backlog, held);
    let actions = machine.step(Duration::ZERO, Event::Connected);
    (machine, published(&actions))
}

/// The broker takes this batch; what goes out then.
fn taken(machine: &mut Machine, seq: u64) -> String {
    published(&machine.step(SECOND, Event::BrokerHas { seq }))
}

/// Stores fresh batches, each of a gauge of its own, which the broker takes.
fn store_and_take(machine: &mut Machine, seqs: std::ops::RangeInclusive<u64>) -> Vec<String> {
    let mut each = |seq: u64| {
        let gauge = format!("lg-{seq}");
        let out = published(&machine.step(SECOND, stored(seq, &[&gauge])));
        let more = taken(machine, seq);
        [out, more].join(" ").trim().to_owned()
    };
    seqs.map(&mut each).collect()
}

fn released(seqs: &[std::ops::RangeInclusive<u64>]) -> Action {
    Action::Release(seqs.iter().cloned().collect())
}

const SLOW: Pace = Pace {
    backfill_per_second: 2.0,
    ..PACE
};

#[test]
fn nothing_goes_out_before_a_connection_and_nothing_is_due_then() {
    let mut machine = machine(&[(1, 9)]);
    assert_eq!(machine.step(SECOND, stored(10, &["lg-1"])), []);
    assert_eq!(machine.step(SECOND * 100, Event::Tick), []);
    assert_eq!(machine.wake_at(), None);
}

#[test]
fn no_more_than_the_window_waits_for_the_broker() {
    let (mut machine, _) = connected(PACE, 0);
    let gauges = ["lg-1", "lg-2", "lg-3", "lg-4", "lg-5", "lg-6"];
    let each = |(seq, gauge)| published(&machine.step(SECOND, stored(seq, &[gauge])));
    let out: Vec<_> = (1..).zip(gauges).map(each).collect();
    assert_eq!(out, ["1", "2", "3", "4", "", ""]);
    assert_eq!(taken(&mut machine, 2), "6", "the newest of those that wait");
    assert_eq!(taken(&mut machine, 2), "", "said twice frees one place");
    assert_eq!(taken(&mut machine, 1), "5");
}

#[test]
fn a_window_of_one_sends_fresh_and_backlog_in_turn() {
    let narrow = Pace { window: 1, ..PACE };
    let (mut machine, first) = connected(narrow, 5);
    assert_eq!(first, "(1)");
    machine.step(SECOND, stored(6, &["lg-1"]));
    machine.step(SECOND, stored(7, &["lg-2"]));
    let turns = [1, 7, 2, 6].map(|seq| {
        let out = taken(&mut machine, seq);
        machine.step(SECOND, ack(0, &[(seq, seq)]));
        out
    });
    assert_eq!(turns, ["7", "(2)", "6", "(3)"]);
}

#[test]
fn a_batch_is_fresh_until_every_gauge_in_it_has_a_newer_observation() {
    let mut machine = machine(&[]);
    machine.step(SECOND, stored(1, &["lg-1", "lg-2"]));
    machine.step(SECOND, stored(2, &["lg-1"]));
    let order = |machine: &Machine| {
        let (fresh, backlog) = (machine.fresh.iter().copied(), machine.backlog.iter());
        (fresh.collect::<Vec<_>>(), backlog.collect::<Vec<_>>())
    };
    assert_eq!(order(&machine), (vec![1, 2], vec![]), "lg-2 is only in 1");
    machine.step(SECOND, stored(3, &["lg-2"]));
    assert_eq!(order(&machine), (vec![2, 3], vec![1]));
}

#[test]
fn a_batch_that_is_announced_twice_goes_out_once() {
    let (mut machine, _) = connected(PACE, 0);
    assert_eq!(published(&machine.step(SECOND, stored(1, &["lg-1"]))), "1");
    assert_eq!(machine.step(SECOND, stored(1, &["lg-1"])), []);
}

#[test]
fn batches_that_were_not_announced_are_those_between_the_last_and_the_next() {
    let (mut machine, _) = connected(PACE, 0);
    machine.step(SECOND, stored(1, &["lg-1"]));
    assert_eq!(machine.step(SECOND, ack(1, &[])), [released(&[1..=1])]);
    let out = machine.step(SECOND, stored(4, &["lg-1"]));
    assert_eq!(published(&out), "4 (2) (3)");
}

#[test]
fn what_waits_for_tokens_is_due_when_there_is_one() {
    let (mut machine, first) = connected(SLOW, 100);
    assert_eq!(first, "(1)", "one at once");
    for seq in 2..=20 {
        let due = Duration::from_millis((seq - 1) * 500);
        machine.step(due.saturating_sub(SECOND / 4), ack(seq - 1, &[]));
        assert_eq!(machine.wake_at(), Some(due), "two in a second");
        let out = machine.step(due, Event::Tick);
        assert_eq!(published(&out), format!("({seq})"));
    }
}

#[test]
fn tokens_that_were_saved_are_no_more_than_those_of_a_second() {
    let wide = Pace { window: 64, ..SLOW };
    let (mut machine, _) = connected(wide, 100);
    let out = machine.step(SECOND * 5, Event::Tick);
    assert_eq!(published(&out), "(2) (3)");
    let less_than_one = Pace {
        backfill_per_second: 0.5,
        ..wide
    };
    let (mut machine, first) = connected(less_than_one, 100);
    assert_eq!(first, "(1)");
    let out = machine.step(SECOND * 9, Event::Tick);
    assert_eq!(published(&out), "(2)", "but one");
}

#[test]
fn nothing_is_due_for_a_backlog_that_waits_for_something_else_than_tokens() {
    let deadline = Some(PACE.ack_deadline);
    let (mut machine, first) = connected(SLOW, 1);
    assert_eq!(
        (first.as_str(), machine.wake_at()),
        ("(1)", deadline),
        "no backlog"
    );
    machine.step(Duration::ZERO, Event::Disconnected);
    assert_eq!(machine.wake_at(), None, "no connection");
    // A window full of fresh batches, and exactly one token.
    let one = Pace {
        backfill_per_second: 1.0,
        window: 1,
        ..PACE
    };
    let mut machine = Machine::new(one, 7, 5, SeqSet::from_iter([1..=5]));
    machine.step(Duration::ZERO, stored(6, &["lg-1"]));
    let out = machine.step(Duration::ZERO, Event::Connected);
    assert_eq!(
        (published(&out).as_str(), machine.wake_at()),
        ("6", deadline)
    );
}

#[test]
fn a_backlog_that_nobody_commits_takes_half_of_what_may_be_uncommitted() {
    let (mut machine, first) = connected(PACE, 100);
    let mut out = vec![first];
    out.extend((1..=8).map(|seq| taken(&mut machine, seq)));
    let expected = ["(1)", "(2) (3)", "(4)", "(5)", "(6)", "(7)", "(8)", "", ""];
    assert_eq!(out, expected, "of four windows of four");
    let fresh = store_and_take(&mut machine, 101..=108);
    assert_eq!(
        fresh,
        (101..=108).map(|seq| seq.to_string()).collect::<Vec<_>>()
    );
    let actions = machine.step(SECOND, ack(1, &[]));
    assert_eq!(actions.first(), Some(&released(&[1..=1])));
    assert_eq!(published(&actions), "(9)", "a commit opens it again");
}

#[test]
fn where_nobody_commits_fresh_batches_take_the_places_of_the_oldest_and_a_backlog_takes_none() {
    let (mut machine, _) = connected(PACE, 0);
    store_and_take(&mut machine, 1..=16);
    assert_eq!(machine.sent.len(), PACE.window * UNCOMMITTED_WINDOWS);
    // 17 was not announced, and waits.
    let out = store_and_take(&mut machine, 18..=18);
    assert_eq!(out, ["18"], "four windows are full");
    let actions = machine.step(SECOND, ack(0, &[(2, 16), (18, 18)]));
    assert_eq!(actions.first(), Some(&released(&[2..=16, 18..=18])));
    assert_eq!(published(&actions), "(1) (17)", "1 had made place");
}

#[test]
fn a_commit_of_one_batch_ends_the_probing() {
    let (mut machine, _) = connected(PACE, 100);
    for seq in 1..=8 {
        taken(&mut machine, seq);
    }
    let late = SECOND * 11;
    assert_eq!(published(&machine.step(late, Event::Tick)), "(1)");
    assert_eq!(machine.step(late, Event::BrokerHas { seq: 1 }), []);
    assert_eq!(
        published(&machine.step(late, stored(101, &["lg-1"]))),
        "101"
    );
    let out = machine.step(late, ack(0, &[(101, 101)]));
    assert_eq!(published(&out), "(2) (3)");
}

#[test]
fn what_is_refused_while_others_are_committed_does_not_hold_up_the_backlog_behind_it() {
    let (mut machine, _) = connected(PACE, 12);
    for seq in 1..=8 {
        taken(&mut machine, seq);
    }
    // The aggregator has no room for 1 to 7.
    let out = machine.step(SECOND * 2, ack(0, &[(8, 8)]));
    assert_eq!(published(&out), "(9)");
    taken(&mut machine, 9);
    let out = machine.step(SECOND * 11, Event::Tick);
    assert_eq!(published(&out), "(10) (11)", "not 1 again");
    machine.step(SECOND * 11, Event::BrokerHas { seq: 10 });
    machine.step(SECOND * 11, Event::BrokerHas { seq: 11 });
    let out = machine.step(SECOND * 11, ack(0, &[(8, 12)]));
    assert_eq!(out.first(), Some(&released(&[9..=12])));
    assert!(machine.sent.keys().eq(&[1, 2]), "all others are done");
}

#[test]
fn an_acknowledgement_of_what_is_released_already_says_nothing_new() {
    let (mut machine, _) = connected(PACE, 0);
    machine.step(SECOND, stored(1, &["lg-1"]));
    assert_eq!(machine.step(SECOND, ack(1, &[])), [released(&[1..=1])]);
    assert_eq!(machine.step(SECOND, ack(1, &[])), []);
    assert_eq!(machine.step(SECOND, ack(0, &[])), []);
}

#[test]
fn a_commit_may_come_after_its_deadline_or_over_the_next_connection() {
    let (mut machine, _) = connected(PACE, 0);
    machine.step(SECOND, stored(1, &["lg-1"]));
    machine.step(SECOND, stored(2, &["lg-2"]));
    taken(&mut machine, 1);
    machine.step(SECOND, Event::Disconnected);
    let actions = machine.step(SECOND, ack(2, &[]));
    assert_eq!(actions, [released(&[1..=2])], "both were sent");
    assert!(machine.is_drained());
}

#[test]
fn whoever_acknowledges_what_was_never_sent_speaks_of_other_batches() {
    let unsent = [
        (ack(3, &[]), "more than there is"),
        (
            ack(0, &[(1, 1), (3, 3)]),
            "more than there is, beyond a hole",
        ),
        (ack(0, &[(2, 2)]), "a fresh one that waits"),
        (ack(1, &[]), "one of the backlog that waits"),
    ];
    for (event, why) in unsent {
        let mut machine = machine(&[(1, 1)]);
        machine.step(SECOND, stored(2, &["lg-1"]));
        assert_eq!(machine.step(SECOND, event), [Action::Renew], "{why}");
        assert!(!machine.is_drained());
    }
    let (mut drained, _) = connected(PACE, 0);
    assert_eq!(drained.step(SECOND, ack(1, &[])), [Action::Renew]);
}

#[test]
fn a_range_that_runs_backwards_names_nothing() {
    let (mut machine, _) = connected(PACE, 0);
    machine.step(SECOND, stored(1, &["lg-1"]));
    let actions = machine.step(SECOND, ack(1, &[(9, 8)]));
    assert_eq!(actions, [released(&[1..=1])]);
}

#[test]
fn until_the_spool_is_renewed_nothing_goes_out_and_nobody_is_believed() {
    let (mut machine, _) = connected(PACE, 2);
    assert_eq!(machine.step(SECOND, ack(9, &[])), [Action::Renew]);
    assert_eq!(machine.step(SECOND, stored(3, &["lg-1"])), []);
    assert_eq!(machine.step(SECOND, ack(2, &[])), []);
    let actions = machine.step(SECOND, Event::Renewed { incarnation: 8 });
    assert_eq!(published(&actions), "3 (1) (2)", "all of it again");
    assert_eq!(machine.step(SECOND, ack(2, &[])), [], "of the old one");
    let new = Ack {
        incarnation: 8,
        through: 3,
        ranges: Vec::new(),
    };
    let actions = machine.step(SECOND, Event::Committed(new));
    assert_eq!(actions, [released(&[1..=3])]);
}

#[test]
fn a_batch_that_the_spool_does_not_hold_is_neither_sent_nor_waited_for() {
    let mut machine = machine(&[(1, 2)]);
    machine.step(SECOND, stored(3, &["lg-1"]));
    machine.step(SECOND, Event::Gone { seq: 3 });
    machine.step(SECOND, Event::Gone { seq: 1 });
    assert_eq!(published(&machine.step(SECOND, Event::Connected)), "(2)");
    machine.step(SECOND, Event::Gone { seq: 2 });
    assert!(machine.is_drained());
    assert_eq!(machine.wake_at(), None);
}

#[test]
fn it_is_drained_when_nothing_is_fresh_nothing_is_backlog_and_nothing_is_sent() {
    assert!(machine(&[]).is_drained());
    assert!(!machine(&[(1, 1)]).is_drained(), "backlog");
    let mut machine = machine(&[]);
    machine.step(SECOND, stored(1, &["lg-1"]));
    assert!(!machine.is_drained(), "fresh");
    machine.step(SECOND, Event::Connected);
    assert!(!machine.is_drained(), "sent");
    machine.step(SECOND, ack(1, &[]));
    assert!(machine.is_drained());
}

#[test]
fn the_connection_is_dead_only_when_the_broker_itself_is_late() {
    let (mut machine, _) = connected(PACE, 0);
    machine.step(SECOND, stored(1, &["lg-1"]));
    taken(&mut machine, 1);
    machine.step(SECOND * 2, stored(2, &["lg-2"]));
    assert_eq!(machine.wake_at(), Some(SECOND * 11));
    let at_eleven = machine.step(SECOND * 11, Event::Tick);
    assert_eq!(published(&at_eleven), "(1)", "the commit of 1 is late");
    assert_eq!(machine.wake_at(), Some(SECOND * 12));
    assert_eq!(machine.step(SECOND * 12, Event::Tick), [Action::Reconnect]);
    assert_eq!(machine.wake_at(), None, "nothing is on its way");
}
