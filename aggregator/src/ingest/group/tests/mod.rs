//! Groups by themselves: messages in, one commit and one sequence of arrivals out.

mod bounds;
mod quarantine;

use shared::{
    clock::Mode,
    gauge::Parameter,
    observation::Observation,
    quality::{Quality, Test, TestSet},
    time::Timestamp,
    value::Value,
    wire::{Envelope, Remark},
};

use super::*;
use crate::{grants::Grants, ingest::Described, store::MemoryStore};

const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);

fn observation(gauge: &str, second: i64, milli: i64, quality: Quality) -> Observation {
    Observation {
        gauge: gauge.parse().expect("id"),
        parameter: Parameter::Depth,
        observed_at: NOW.plus_millis(second * 1_000),
        value: Some(Value::from_milli(milli)),
        quality,
        tests: TestSet::NONE,
    }
}

fn intake(observations: Vec<Observation>) -> Message {
    Message::Intake("somebody".parse().expect("id"), observations)
}

fn batch(seq: u64, observations: Vec<Observation>) -> Message {
    Message::Batch(Envelope {
        agent: "gw-01".parse().expect("id"),
        incarnation: 5,
        seq,
        oldest: 1,
        sent_at: NOW,
        mode: Mode::Exercise,
        backfill: false,
        observations,
    })
}

/// A ledger with its store.
struct Desk {
    ledger: Ledger,
    store: MemoryStore,
}

impl Desk {
    fn new() -> Self {
        let described = Described {
            parameter: Parameter::Depth,
            interval_s: 60,
        };
        let gauges = [("lg-1".parse().expect("id"), described)];
        let admitter = Admitter::new(gauges, 1.0, 30);
        let counts = Counts::default();
        Self {
            ledger: Ledger::new(admitter, Mode::Exercise, [], counts, 0),
            store: MemoryStore::default(),
        }
    }

    fn take(&mut self, group: &mut Group, message: Result<Message, Undecoded>) -> Receipt {
        let taken = Taken {
            channel: "flood/v1/in/somebody",
            payload: b"{\x01}",
            at: NOW,
            is_enrolled: false,
        };
        let taken = self.ledger.message(group, &self.store, message, taken);
        taken.expect("the store can be read")
    }

    /// Forms and writes one group of messages.
    fn write(&mut self, messages: impl IntoIterator<Item = Message>) -> Commit {
        self.write_at(0, messages)
    }

    /// The same so many seconds after now.
    fn write_at(&mut self, second: i64, messages: impl IntoIterator<Item = Message>) -> Commit {
        let now = NOW.plus_millis(second * 1_000);
        let mut group = Group::default();
        for message in messages {
            let taken = Taken {
                channel: "flood/v1/in/somebody",
                payload: b"{}",
                at: now,
                is_enrolled: false,
            };
            let taken = self
                .ledger
                .message(&mut group, &self.store, Ok(message), taken);
            taken.expect("the store can be read");
        }
        self.ledger.close(&mut group, now);
        let commit = group.commit();
        self.store.commit(&commit).expect("written");
        self.ledger.committed();
        commit
    }

    /// Lets a tick come so many seconds after now.
    fn pass_time(&mut self, second: i64, monotonic_ms: i64) -> Commit {
        let (mut group, now) = (Group::default(), NOW.plus_millis(second * 1_000));
        let passed = self
            .ledger
            .pass_time(&mut group, &self.store, now, monotonic_ms);
        passed.expect("the store can be read");
        self.ledger.input(&mut group, Input::Tick, now);
        self.ledger.close(&mut group, now);
        let commit = group.commit();
        self.store.commit(&commit).expect("written");
        self.ledger.committed();
        commit
    }

    /// Whoever has this name does not belong any more.
    fn disown(&mut self, name: &str) -> Commit {
        let mut group = Group::default();
        let names = vec![name.to_owned()];
        let disowned = self.ledger.disown(&mut group, &self.store, names, NOW);
        disowned.expect("the store can be read");
        let commit = group.commit();
        assert_eq!(inputs(&commit), ["disowned"]);
        self.store.commit(&commit).expect("written");
        self.ledger.committed();
        commit
    }

    /// Lets the third party speak for all gauges by the configuration's word.
    fn grant(&mut self, corrects: bool) {
        let admitter = std::mem::replace(&mut self.ledger.admitter, Admitter::new([], 1.0, 30));
        let source = "somebody".parse().expect("id");
        self.ledger.admitter = admitter.with_grants(Grants::all_to(source, corrects));
    }

    fn count(&self, counter: Counter) -> u64 {
        self.ledger.counts.get(counter)
    }
}

fn inputs(commit: &Commit) -> Vec<&'static str> {
    let name = |arrival: &Arrival| match arrival.input {
        Input::Started(_) => "started",
        Input::Observed(_) => "observed",
        Input::AgentBatch { .. } => "batch",
        Input::Health(_) => "health",
        Input::Truck(_) => "truck",
        Input::Request(_) => "request",
        Input::Counted(_) => "counted",
        Input::Tick => "tick",
        Input::Recalled(_) => "recalled",
        Input::Forgotten(_) => "forgotten",
        Input::Early { .. } => "early",
        Input::Disowned(_) => "disowned",
    };
    commit.arrivals.iter().map(name).collect()
}

#[test]
fn a_batch_becomes_arrivals_in_order_and_moves_its_agents_cursor() {
    let mut desk = Desk::new();
    let commit = desk.write([batch(1, vec![observation("lg-1", 0, 310, Quality::Pass)])]);
    assert_eq!(inputs(&commit), ["batch", "observed", "counted"]);
    let numbers: Vec<u64> = commit.arrivals.iter().map(|a| a.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(commit.durability, Durability::Synced);
    let (agent, ack) = commit.cursors.first().expect("a cursor");
    assert_eq!((agent.as_str(), ack.through), ("gw-01", 1));
    let next = desk.write([batch(2, vec![observation("lg-1", 60, 320, Quality::Pass)])]);
    assert_eq!(next.arrivals.first().map(|a| a.number), Some(4));
}

#[test]
fn what_is_known_is_not_written_again_and_what_is_better_is() {
    let mut desk = Desk::new();
    let suspect = || observation("lg-1", 0, 310, Quality::Suspect);
    desk.write([batch(1, vec![suspect(), suspect()])]);
    assert_eq!(desk.count(Counter::Duplicates), 1, "within one batch");
    let again = desk.write([batch(1, vec![suspect()]), batch(2, vec![suspect()])]);
    assert_eq!(inputs(&again), ["batch", "batch", "counted"]);
    assert_eq!(desk.count(Counter::Duplicates), 3);
    let better = desk.write([batch(3, vec![observation("lg-1", 0, 310, Quality::Pass)])]);
    assert_eq!(inputs(&better), ["batch", "observed", "counted"]);
    assert_eq!(
        desk.count(Counter::Observations),
        1,
        "it is the same observation"
    );
    let kept = desk
        .store
        .newest(&"lg-1".parse().expect("id"), Parameter::Depth);
    let kept = kept.expect("read").expect("kept").observation;
    assert_eq!(kept.quality, Quality::Pass);
}

#[test]
fn a_gateway_that_uses_a_number_again_loses_nothing_and_is_reported() {
    let mut desk = Desk::new();
    desk.write([batch(1, vec![observation("lg-1", 0, 310, Quality::Pass)])]);
    let other = observation("lg-1", 60, 450, Quality::Pass);
    let commit = desk.write([batch(1, vec![other.clone()])]);
    assert_eq!(inputs(&commit), ["batch", "observed", "counted"]);
    assert_eq!(desk.count(Counter::NumberReused), 1);
    let kept = desk
        .store
        .newest(&"lg-1".parse().expect("id"), Parameter::Depth);
    assert_eq!(kept.expect("read").map(|s| s.observation), Some(other));
}

#[test]
fn another_value_for_a_known_time_is_a_conflict_unless_its_source_says_that_it_corrects() {
    let mut desk = Desk::new();
    let third = |milli, quality| observation("lg-1", 0, milli, quality);
    let intake = |o: Observation| intake(vec![o]);
    desk.write([batch(1, vec![third(600, Quality::Pass)])]);
    let lower = desk.write([intake(third(20, Quality::Pass))]);
    let reasons: Vec<_> = lower.refused.iter().map(|r| r.reason.as_str()).collect();
    assert_eq!(reasons, ["conflicting"]);
    let kept = |desk: &Desk| {
        let kept = desk
            .store
            .newest(&"lg-1".parse().expect("id"), Parameter::Depth);
        kept.expect("read")
            .map(|s| (s.observation.value.map(Value::milli), s.observation.quality))
    };
    assert_eq!(kept(&desk), Some((Some(600), Quality::Pass)));
    desk.write([
        intake(third(20, Quality::Pass)),
        intake(third(600, Quality::Fail)),
    ]);
    let known = Some((Some(600), Quality::Pass));
    assert_eq!(kept(&desk), known, "however often it is said");
    let mut correction = third(20, Quality::Pass);
    correction.tests = correction.tests.with(Test::Corrected);
    desk.write([intake(correction.clone())]);
    assert_eq!(
        kept(&desk),
        known,
        "it is not its own word that it corrects"
    );
    desk.grant(true);
    desk.write([intake(correction)]);
    assert_eq!(kept(&desk), Some((Some(20), Quality::Pass)));
    desk.write([intake(third(20, Quality::Fail))]);
    assert_eq!(kept(&desk), Some((Some(20), Quality::Fail)), "taken back");
    let again = desk.write([intake(third(20, Quality::Fail))]);
    assert_eq!(inputs(&again), ["counted"]);
}

#[test]
fn a_third_party_that_speaks_again_of_a_time_corrects_itself() {
    let mut desk = Desk::new();
    let said = |milli| intake(vec![observation("lg-1", 0, milli, Quality::NotEvaluated)]);
    let commit = desk.write([said(600), said(20)]);
    assert!(commit.refused.is_empty());
    let kept = desk
        .store
        .newest(&"lg-1".parse().expect("id"), Parameter::Depth);
    let kept = kept.expect("read").expect("kept").observation;
    assert_eq!(
        (kept.value, kept.is_correction()),
        (Some(Value::from_milli(20)), true)
    );
}

#[test]
fn what_is_odd_is_kept_and_listed_once_with_its_reason() {
    let mut desk = Desk::new();
    let future = |second| observation("lg-1", second, 1, Quality::Pass);
    let mut rain = observation("lg-1", 0, 1, Quality::Pass);
    rain.parameter = Parameter::RainfallDepth;
    let level = observation("lg-1", 0, 1, Quality::Pass);
    let commit = desk.write([
        batch(1, vec![future(3_600), future(3_601), rain.clone(), level]),
        intake(vec![observation("lg-9", 0, 1, Quality::Pass)]),
    ]);
    let listed = commit.refused.iter();
    let listed: Vec<_> = listed.map(|r| (&*r.reason, &*r.topic)).collect();
    assert_eq!(
        listed,
        [
            ("future", "agent gw-01 seq 1"),
            ("wrong-parameter", "agent gw-01 seq 1"),
            ("unknown-gauge", "flood/v1/in/somebody"),
        ]
    );
    assert_eq!(
        inputs(&commit),
        ["batch", "observed", "early", "observed", "counted"]
    );
    assert_eq!(
        (
            desk.count(Counter::Future),
            desk.count(Counter::UnknownGauge)
        ),
        (2, 1)
    );
    let kept = |parameter| {
        let kept = desk.store.newest(&"lg-1".parse().expect("id"), parameter);
        kept.expect("read").expect("kept").observation
    };
    let ahead = kept(Parameter::Depth);
    assert_eq!(
        (ahead.quality, ahead.tests),
        (Quality::Suspect, TestSet::NONE.with(Test::Clock))
    );
    assert_eq!(kept(Parameter::RainfallDepth), rain);
}

#[test]
fn an_agent_is_told_what_is_wrong_with_its_readings_until_it_is_right() {
    let mut desk = Desk::new();
    let told = |desk: &mut Desk| {
        let agent = "gw-01".parse().expect("id");
        let said = desk.ledger.acknowledgement(&agent, Ack::nothing(5), NOW);
        let remark = |r: Remark| (r.gauge.map(|g| g.to_string()), r.reason);
        let remarks = |all: Vec<Remark>| all.into_iter().map(remark).collect::<Vec<_>>();
        said.remarks.map(remarks)
    };
    desk.write([batch(0, vec![])]);
    assert_eq!(told(&mut desk), Some(vec![]), "it may remember another's");
    desk.write([batch(1, vec![observation("lg-1", 3_600, 1, Quality::Pass)])]);
    let ahead = (Some("lg-1".to_owned()), "future".to_owned());
    assert_eq!(told(&mut desk), Some(vec![ahead]));
    desk.write([batch(2, vec![observation("lg-1", 0, 1, Quality::Pass)])]);
    assert_eq!(told(&mut desk), None, "as before: it may be a mixture");
    desk.write_at(
        61,
        [batch(3, vec![observation("lg-1", 61, 1, Quality::Pass)])],
    );
    assert_eq!(told(&mut desk), Some(vec![]));
    let said: Vec<_> = desk
        .ledger
        .news()
        .into_iter()
        .map(|n| n.cause.is_some())
        .collect();
    assert_eq!(said, [true, false], "for the log");
}

#[test]
fn a_gauge_that_reports_at_another_pace_than_its_layer_says_is_told() {
    let mut desk = Desk::new();
    let fast = |k: i64| observation("lg-1", k - 60, 1, Quality::Pass);
    let commit = desk.write([batch(1, (0..30).map(fast).collect())]);
    let listed: Vec<_> = commit.refused.iter().map(|r| &*r.reason).collect();
    assert_eq!(listed, ["wrong-interval"]);
    assert_eq!(desk.count(Counter::Observations), 30, "all are kept");
    let third = intake(vec![observation("lg-1", 0, 1, Quality::Pass)]);
    assert!(
        desk.write([third]).refused.is_empty(),
        "it may say what it likes"
    );
}

#[test]
fn two_values_that_an_agent_gave_for_one_time_are_both_kept_and_the_higher_is_followed() {
    let told = |order: &[i64]| {
        let mut desk = Desk::new();
        for (seq, milli) in (1..).zip(order) {
            desk.write([batch(
                seq,
                vec![observation("lg-1", 0, *milli, Quality::Pass)],
            )]);
        }
        let again = batch(1, vec![observation("lg-1", 0, order[0], Quality::Pass)]);
        assert_eq!(
            inputs(&desk.write([again])),
            ["batch", "counted"],
            "known by now"
        );
        assert_eq!(desk.count(Counter::Observations), order.len() as u64);
        let (gauge, depth) = ("lg-1".parse().expect("id"), Parameter::Depth);
        let from = NOW.plus_millis(-60_000);
        let kept = desk.store.range(&gauge, depth, from, NOW, 9).expect("read");
        let kept = kept.into_iter().map(|s| s.observation);
        let kept = kept.map(|o| (o.observed_at.millis_since(NOW), o.value.map(Value::milli)));
        kept.collect::<Vec<_>>()
    };
    for order in [[10, 600, 20], [600, 20, 10], [20, 10, 600]] {
        let kept = [(-2, Some(10)), (-1, Some(20)), (0, Some(600))];
        assert_eq!(told(&order), kept, "{order:?}");
    }
}

#[test]
fn a_repetition_takes_back_nobody_elses_word() {
    let said = |milli, quality| intake(vec![observation("lg-1", 0, milli, quality)]);
    let low = || said(0, Quality::NotEvaluated);
    let agent = || batch(1, vec![observation("lg-1", 0, 900, Quality::Pass)]);
    let kept = |messages: [Message; 3]| {
        let mut desk = Desk::new();
        for message in messages {
            desk.write([message]);
        }
        let newest = desk
            .store
            .newest(&"lg-1".parse().expect("id"), Parameter::Depth);
        let kept = newest.expect("read").expect("kept").observation;
        (kept.value.map(Value::milli), kept.is_correction())
    };
    assert_eq!(kept([low(), agent(), low()]), (Some(900), false));
    assert_eq!(
        kept([said(0, Quality::Fail), agent(), said(0, Quality::Fail)]),
        (Some(900), false)
    );
    assert_eq!(kept([low(), low(), agent()]), (Some(900), false));
}

#[test]
fn a_batch_of_another_mode_is_refused_whole_and_not_acknowledged() {
    let mut desk = Desk::new();
    let Message::Batch(envelope) = batch(1, vec![observation("lg-1", 0, 1, Quality::Pass)]) else {
        unreachable!("a batch is a batch")
    };
    let actual = Envelope {
        mode: Mode::Actual,
        ..envelope
    };
    let commit = desk.write([Message::Batch(actual)]);
    assert_eq!(inputs(&commit), ["counted"]);
    assert!(commit.cursors.is_empty());
    assert_eq!(
        commit.refused.first().map(|r| &*r.reason),
        Some("wrong-mode")
    );
}

#[test]
fn what_was_not_understood_is_kept_in_printable_characters() {
    let mut desk = Desk::new();
    let mut group = Group::default();
    let undecoded = Undecoded {
        counter: Counter::BadPayload,
        detail: "not JSON".to_owned(),
    };
    desk.take(&mut group, Err(undecoded));
    desk.ledger.close(&mut group, NOW);
    let commit = group.commit();
    let refused = commit.refused.first().expect("kept");
    assert_eq!(
        (&*refused.reason, &*refused.detail, &*refused.payload),
        ("bad-payload", "not JSON", "{\u{fffd}}")
    );
    assert_eq!(commit.durability, Durability::Synced);
}

#[test]
fn ticks_alone_wait_for_no_sync_and_count_as_no_commit() {
    let mut desk = Desk::new();
    let mut group = Group::default();
    desk.ledger.input(&mut group, Input::Tick, NOW);
    desk.ledger.close(&mut group, NOW);
    let commit = group.commit();
    assert_eq!(inputs(&commit), ["tick"]);
    assert_eq!(commit.durability, Durability::Buffered);
    assert_eq!(desk.count(Counter::Commits), 0);
}

#[test]
fn a_group_that_failed_leaves_no_trace_but_its_count() {
    let mut desk = Desk::new();
    desk.write([batch(1, vec![observation("lg-1", 0, 1, Quality::Pass)])]);
    let mut group = Group::default();
    let lost = || batch(2, vec![observation("lg-1", 60, 2, Quality::Pass)]);
    desk.take(&mut group, Ok(lost()));
    desk.ledger.close(&mut group, NOW);
    desk.ledger.failed();
    assert_eq!(desk.count(Counter::CommitFailures), 1);
    assert_eq!(desk.count(Counter::Observations), 1);
    let again = desk.write([lost()]);
    assert_eq!(
        inputs(&again),
        ["batch", "observed", "counted"],
        "it is new"
    );
    assert_eq!(again.arrivals.first().map(|a| a.number), Some(4));
}
