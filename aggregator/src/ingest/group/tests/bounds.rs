//! What comes in too great number, too far apart, or of what is not its sender's.

use shared::wire::AgentHealth;

use super::{strangers::MAX_STRANGERS, *};

/// A day, in seconds.
const DAY: i64 = 86_400;

fn of_agent(name: &str, seq: u64, observations: Vec<Observation>) -> Message {
    let Message::Batch(envelope) = batch(seq, observations) else {
        unreachable!("a batch is a batch")
    };
    Message::Batch(Envelope {
        agent: name.parse().expect("id"),
        ..envelope
    })
}

impl Desk {
    /// Takes one message of somebody who is enrolled.
    fn enrolled(&mut self, message: Message) -> Commit {
        let mut group = Group::default();
        let taken = Taken {
            channel: "flood/v1/in/somebody",
            payload: b"{}",
            at: NOW,
            is_enrolled: true,
        };
        let taken = self
            .ledger
            .message(&mut group, &self.store, Ok(message), taken);
        taken.expect("the store can be read");
        self.ledger.close(&mut group, NOW);
        let commit = group.commit();
        self.store.commit(&commit).expect("written");
        self.ledger.committed();
        commit
    }
}

#[test]
fn beyond_a_bound_no_stranger_is_let_in_and_who_is_enrolled_always_is() {
    let mut desk = Desk::new();
    let stranger = |k: usize| of_agent(&format!("x-{k}"), 1, vec![]);
    desk.write((0..MAX_STRANGERS).map(stranger));
    assert_eq!(desk.count(Counter::NoRoom), 0);
    let more = desk.write((0..15_000).map(|k| stranger(MAX_STRANGERS + k)));
    assert_eq!(inputs(&more), ["counted"]);
    assert!(more.cursors.is_empty(), "none is acknowledged");
    assert_eq!(desk.count(Counter::NoRoom), 15_000);
    let told: Vec<_> = more.refused.iter().map(|r| &*r.reason).collect();
    assert_eq!(told, ["no-room"], "said once");
    let fresh = observation("lg-1", 0, 310, Quality::Pass);
    let enrolled = desk.enrolled(of_agent("gw-09", 1, vec![fresh]));
    assert_eq!(inputs(&enrolled), ["batch", "observed", "counted"]);
    assert_eq!(enrolled.cursors.len(), 1);
    let later = desk.write_at(3_601, [stranger(20_000)]);
    assert_eq!(inputs(&later), ["forgotten", "batch", "counted"]);
    let cursors = desk.store.cursors().expect("read").len();
    assert_eq!(cursors, MAX_STRANGERS + 1, "the forgotten one's is gone");
}

#[test]
fn who_is_no_known_truck_is_refused_and_said_once() {
    let mut desk = Desk::new();
    let report = |k: i64| {
        Message::Truck(shared::fleet::TruckReport {
            truck: format!("pt-{k}").parse().expect("id"),
            reported_at: NOW,
            position: shared::lonlat::LonLat::new(121.0, 31.0).expect("a place"),
            state: shared::fleet::TruckState::Idle,
            order: None,
            pumped_m3: shared::units::CubicMetres::ZERO,
        })
    };
    let commit = desk.write((0..500).map(report));
    assert_eq!(inputs(&commit), ["counted"], "none is journaled");
    assert_eq!(desk.count(Counter::UnknownTruck), 500);
    assert_eq!(commit.refused.len(), 1);
}

#[test]
fn a_message_of_very_many_days_opens_a_few_and_is_not_acknowledged_before_all_are_kept() {
    let mut desk = Desk::new();
    let of_days = |seq| {
        let day = |k: i64| observation("lg-1", -k * DAY, k, Quality::Pass);
        batch(seq, (0..30).map(day).collect())
    };
    let first = desk.write([of_days(1)]);
    assert_eq!(inputs(&first), ["observed", "counted"]);
    assert!(first.cursors.is_empty(), "the agent keeps it");
    let kept = first.observations().count();
    assert!((16..30).contains(&kept), "{kept}");
    assert_eq!(desk.count(Counter::NoRoom), 30 - kept as u64);
    let second = desk.write([of_days(1)]);
    assert_eq!(second.cursors.len(), 1, "when it comes again");
    assert_eq!(desk.count(Counter::Observations), 30);
}

#[test]
fn what_is_far_ahead_opens_no_day_and_enters_when_its_time_comes() {
    let mut desk = Desk::new();
    desk.pass_time(0, 0);
    let far = |k: i64| observation("lg-1", (8 + k) * DAY, k, Quality::Pass);
    let commit = desk.write([batch(1, (0..900).map(far).collect())]);
    assert_eq!(inputs(&commit), ["batch", "counted"]);
    assert_eq!(commit.cursors.len(), 1, "all of it is kept");
    assert_eq!(commit.quarantined.len(), 900);
    assert_eq!(desk.count(Counter::Future), 900);
    let later = desk.pass_time(2 * DAY, 2 * DAY * 1_000);
    assert_eq!(later.readmitted.len(), 2);
    assert_eq!(inputs(&later), ["early", "early", "tick", "counted"]);
    let set = desk.pass_time(300 * DAY, 2 * DAY * 1_000);
    assert_eq!(set.readmitted.len(), 38, "what is kept and what can be");
}

#[test]
fn there_is_room_for_so_many_unknown_gauges() {
    let mut desk = Desk::new();
    let unknown = |from: i64| {
        let one = |k: i64| observation(&format!("zz-{k}"), 0, 1, Quality::Pass);
        (from..from + 1_000).map(one).collect::<Vec<_>>()
    };
    let first = desk.write([batch(1, unknown(0))]);
    assert_eq!(first.observations().count(), 1_000);
    let mut group = Group::default();
    let receipt = desk.take(&mut group, Ok(intake(unknown(1_000))));
    assert_eq!(receipt, Receipt::Unkept);
    assert_eq!(group.commit().observations().count(), 0);
    desk.ledger.committed();
    assert_eq!(desk.count(Counter::NoRoom), 1_000);
    let own = desk.enrolled(of_agent("gw-09", 1, unknown(5_000)));
    assert_eq!(own.observations().count(), 256);
    assert!(own.cursors.is_empty(), "it keeps them");
    let known = observation("lg-1", 1, 310, Quality::Pass);
    let known = desk.write([of_agent("gw-02", 1, vec![known])]);
    assert_eq!(known.observations().count(), 1);
}

#[test]
fn an_oldest_or_a_number_at_its_end_poisons_no_count() {
    let mut desk = Desk::new();
    let of = |seq, oldest| {
        let Message::Batch(envelope) = batch(seq, vec![]) else {
            unreachable!("a batch is a batch")
        };
        Message::Batch(Envelope { oldest, ..envelope })
    };
    let commit = desk.write([of(2, u64::MAX)]);
    let (_, ack) = commit.cursors.first().expect("a cursor");
    assert_eq!((ack.through, desk.count(Counter::GivenUp)), (2, 1));
    desk.write([of(1 << 48, 1 << 48)]);
    assert_eq!(desk.count(Counter::GivenUp), 1 + MAX_GIVEN_UP);
    let commit = desk.write([of(3, 3)]);
    assert_eq!(inputs(&commit), ["batch", "counted"]);
    assert_eq!(desk.count(Counter::GivenUp), 1 + MAX_GIVEN_UP);
}

#[test]
fn a_source_speaks_for_what_it_was_granted_and_vouches_for_nothing_else() {
    let mut desk = Desk::new();
    let one = |second, milli| observation("lg-1", second, milli, Quality::Pass);
    let kept = |desk: &Desk| {
        let newest = desk
            .store
            .newest(&"lg-1".parse().expect("id"), Parameter::Depth);
        let kept = newest.expect("read").expect("kept").observation;
        (kept.value.map(Value::milli), kept.quality)
    };
    desk.write([intake(vec![one(0, 100)])]);
    assert_eq!(kept(&desk), (Some(100), Quality::NotEvaluated));
    desk.grant(false);
    desk.write([intake(vec![one(10, 200)])]);
    assert_eq!(kept(&desk), (Some(200), Quality::Pass), "its word counts");
    let mut correction = one(20, 300);
    desk.write([batch(1, vec![correction.clone()])]);
    correction.value = Some(Value::from_milli(1));
    correction.tests = TestSet::NONE.with(Test::Corrected);
    desk.write([intake(vec![correction.clone()])]);
    assert_eq!(
        kept(&desk),
        (Some(300), Quality::Pass),
        "another's word stays"
    );
    desk.write([batch(2, vec![correction])]);
    assert_eq!(kept(&desk).0, Some(300), "a gateway corrects nothing");
    desk.ledger.admitter = Admitter::new([], 1.0, 30).with_grants(Grants::none(false));
    let refused = desk.write([intake(vec![one(30, 900), one(31, 900)])]);
    assert_eq!(inputs(&refused), ["counted"]);
    assert_eq!(desk.count(Counter::NotGranted), 2);
    assert_eq!(kept(&desk).0, Some(300));
}

#[test]
fn texts_that_a_refusal_quotes_are_cut() {
    let mut desk = Desk::new();
    let mut group = Group::default();
    let undecoded = Undecoded {
        counter: Counter::BadPayload,
        detail: "\u{1b}[2J".repeat(10_000),
    };
    desk.take(&mut group, Err(undecoded));
    let commit = group.commit();
    let refused = commit.refused.first().expect("kept");
    assert_eq!(refused.detail.chars().count(), KEPT_DETAIL);
    assert!(!refused.detail.contains('\u{1b}'));
}

#[test]
fn what_strangers_say_of_themselves_fits_on_a_page() {
    let mut desk = Desk::new();
    let health = |k: usize| {
        Message::Health(AgentHealth {
            agent: format!("x-{k}").parse().expect("id"),
            online: true,
            at: NOW,
            mode: Mode::Exercise,
            version: "1".to_owned(),
            spooled_batches: 0,
            spooled_bytes: 0,
            dropped: 0,
            failed_readings: 0,
            silent_sources: vec!["x".repeat(100); 80],
            faults: Vec::new(),
            certificate_until: None,
        })
    };
    let commit = desk.write((0..2_000).map(health));
    let texts = commit.arrivals.iter().map(|arrival| match &arrival.input {
        Input::Health(health) => health.silent_sources.iter().map(String::len).sum(),
        _ => 0,
    });
    let texts: usize = texts.sum();
    assert!((1_900_000..=2 * 1024 * 1024).contains(&texts), "{texts}");
    assert!(desk.count(Counter::NoRoom) > 1_000);
    assert_eq!(commit.refused.len(), 1);
}
