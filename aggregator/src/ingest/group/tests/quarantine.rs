//! What waits for a clock to be put right.

use super::*;

/// A day, in seconds.
const DAY: i64 = 86_400;

#[test]
fn what_is_too_old_is_kept_whole_and_admitted_when_the_clock_is_put_right() {
    let mut desk = Desk::new();
    let old = observation("lg-1", -31 * DAY, 310, Quality::Pass);
    let commit = desk.write([batch(1, vec![old.clone()]), batch(2, vec![old.clone()])]);
    assert_eq!(inputs(&commit), ["batch", "batch", "counted"]);
    assert_eq!(commit.cursors.first().map(|(_, ack)| ack.through), Some(2));
    let aside: Vec<_> = commit.quarantined.iter().map(|q| &q.observation).collect();
    assert_eq!(aside, [&old], "once");
    assert_eq!(desk.pass_time(0, 0).readmitted.len(), 0);
    let right = desk.pass_time(-DAY, 0);
    assert_eq!(right.readmitted.len(), 1);
    assert_eq!(inputs(&right), ["observed", "tick", "counted"]);
    let kept = desk.store.newest(&old.gauge, Parameter::Depth);
    assert_eq!(kept.expect("read").map(|s| s.observation), Some(old));
    assert_eq!(
        desk.pass_time(-2 * DAY, 0).readmitted.len(),
        0,
        "it is gone"
    );
}

#[test]
fn an_agent_whose_quarantine_is_full_keeps_its_own() {
    let mut desk = Desk::new();
    let mut seq = 0;
    let commit = loop {
        seq += 1;
        let from = i64::try_from(seq).expect("small") * 1_000;
        let old = |k| observation("lg-1", -40 * DAY + from + k, 1, Quality::Pass);
        let commit = desk.write([batch(seq, (0..1_000).map(old).collect())]);
        if commit.cursors.is_empty() {
            break commit;
        }
    };
    assert!(commit.cursors.is_empty(), "not acknowledged");
    let full = desk.count(Counter::QuarantineFull);
    assert!(full > 0);
    assert_eq!(
        desk.count(Counter::TooOld) + full,
        seq * 1_000,
        "none uncounted"
    );
    let old = observation("lg-1", -35 * DAY, 1, Quality::Pass);
    let mixed = desk.write([batch(
        seq + 2,
        vec![old, observation("lg-1", 5, 900, Quality::Pass)],
    )]);
    assert!(mixed.cursors.is_empty(), "the agent keeps it");
    assert_eq!(
        inputs(&mixed),
        ["observed", "counted"],
        "and what is fresh is shown"
    );
    let fresh = desk.write([batch(
        seq + 1,
        vec![observation("lg-1", 0, 1, Quality::Pass)],
    )]);
    let ranges = fresh.cursors.first().map(|(_, ack)| ack.ranges.clone());
    assert_eq!(
        ranges,
        Some(vec![(seq + 1, seq + 1)]),
        "what is fresh goes on"
    );
}

#[test]
fn a_third_party_whose_quarantine_is_full_is_not_told_that_its_own_is_kept() {
    let mut desk = Desk::new();
    let mut told = |from: i64, fresh: i64| {
        let old = |k| observation("lg-1", -40 * DAY + from + k, 1, Quality::Pass);
        let mut observations: Vec<_> = (0..1_000).map(old).collect();
        observations.push(observation("lg-1", fresh, 1, Quality::Pass));
        let mut group = Group::default();
        let message = Ok(intake(observations));
        let receipt = desk.take(&mut group, message);
        let commit = group.commit();
        desk.store.commit(&commit).expect("written");
        desk.ledger.committed();
        (receipt, commit.quarantined.len(), inputs(&commit).len())
    };
    let took = (0..100).map(|k| told(k * 1_000, k));
    let kept: Vec<_> = took.take_while(|told| told.0 == Receipt::Done).collect();
    assert!(!kept.is_empty() && kept.iter().all(|(_, aside, _)| *aside == 1_000));
    let (receipt, aside, inputs) = told(99_000, 99);
    assert_eq!(receipt, Receipt::Unkept);
    assert!(aside < 1_000, "it was full");
    assert_eq!(inputs, 1, "what is fresh is shown");
    assert_eq!(told(0, 98).0, Receipt::Done, "what is there needs no room");
}

#[test]
fn what_only_a_clock_behind_made_early_is_believed_when_that_is_set() {
    let mut desk = Desk::new();
    desk.pass_time(0, 0);
    let early = observation("lg-1", 7_200, 310, Quality::Pass);
    desk.write([batch(1, vec![early.clone()])]);
    let waiting = desk.pass_time(60, 60_000);
    assert_eq!(inputs(&waiting), ["tick"]);
    let set = desk.pass_time(7_260, 61_000);
    assert_eq!(inputs(&set), ["observed", "tick", "counted"]);
    let kept = desk.store.newest(&early.gauge, Parameter::Depth);
    assert_eq!(kept.expect("read").map(|s| s.observation), Some(early));
}

#[test]
fn what_was_kept_aside_is_nobodys_word_once_its_giver_is_revoked() {
    let mut desk = Desk::new();
    desk.pass_time(0, 0);
    let far = |k: i64| observation("lg-1", 8 * DAY + k, 1_500, Quality::Pass);
    let planted: Vec<_> = (0..1_500).map(far).collect();
    assert_eq!(desk.write([batch(1, planted)]).quarantined.len(), 1_500);
    assert_eq!(
        desk.disown("gw-01").quarantined.len(),
        1_500,
        "in one write"
    );
    let later = desk.pass_time(10 * DAY, 10 * DAY * 1_000);
    assert_eq!((inputs(&later), later.readmitted.len()), (vec!["tick"], 0));
    let mut reasons = std::collections::BTreeMap::<_, usize>::new();
    desk.store
        .quarantined(&mut |_, one| {
            *reasons.entry(one.reason).or_default() += 1;
            std::ops::ControlFlow::Continue(())
        })
        .expect("read");
    assert_eq!(
        reasons,
        [("revoked".to_owned(), 1_500)].into(),
        "all is kept"
    );
    // Whoever has the name now is another.
    let his = observation("lg-1", 8 * DAY - 1, 20, Quality::Pass);
    assert_eq!(desk.write([batch(2, vec![his])]).quarantined.len(), 1);
    let later = desk.pass_time(20 * DAY, 20 * DAY * 1_000);
    assert_eq!(later.readmitted.len(), 1);
    assert_eq!(inputs(&later), ["observed", "tick", "counted"]);
}

#[test]
fn no_clock_explains_what_somebody_dated_ahead_who_was_revoked() {
    let mut desk = Desk::new();
    desk.pass_time(0, 0);
    let early = observation("lg-1", 7_200, 1_500, Quality::Pass);
    let commit = desk.write([batch(1, vec![early])]);
    assert_eq!(inputs(&commit), ["batch", "early", "counted"]);
    desk.disown("gw-01");
    let set = desk.pass_time(7_260, 61_000);
    assert_eq!(inputs(&set), ["tick"]);
}
