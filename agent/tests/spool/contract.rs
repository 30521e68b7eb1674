//! What a spool promises, held against every engine: compared with a model, and after accidents.

use std::collections::BTreeMap;

use agent::{
    config::{SpoolConfig, WhenFull},
    spool::{
        Appended, Dropped, Spool, SpoolError, Usage, frame, memory::MemoryEngine,
        retention::charge, seqs::SeqSet,
    },
};
use proptest::{prelude::*, test_runner::TestRunner};
use shared::{observation::Observation, wire::Ack};

use crate::{observations::batch, on_disk::OnDisk, places::Place};

/// Runs every promise against every engine.
macro_rules! contract {
    ($($promise:ident),* $(,)?) => {
        mod sled {
            $(#[test] fn $promise() { super::$promise::<super::OnDisk>(); })*
        }
        mod memory {
            $(#[test] fn $promise() { super::$promise::<super::MemoryEngine>(); })*
        }
    };
}

contract!(
    whatever_happens_a_spool_is_its_model,
    after_a_power_cut_committed_batches_are_there_and_no_number_is_used_twice,
    what_a_killed_process_left_is_durable_once_the_spool_is_open,
    numbers_go_on_after_everything_was_released_and_the_program_restarted,
    a_store_that_makes_no_sense_is_set_aside_and_a_new_one_begins,
    a_damaged_batch_is_removed_and_the_others_are_given,
    a_new_incarnation_lasts_and_keeps_what_is_held,
    a_batch_that_an_acknowledgement_names_twice_is_released_once,
    an_acknowledgement_that_names_too_much_releases_what_is_held,
    a_batch_larger_than_all_there_is_goes_in_alone,
);

/// Enough for everything that does not ask about room.
const ROOMY: u64 = 16 * 1024 * 1024;

fn open<P: Place>(place: &P, held: u64, when_full: WhenFull) -> Spool {
    let config = SpoolConfig {
        max_bytes: P::files_for(held),
        when_full,
    };
    Spool::open(place.engine(), config, fastrand::Rng::new()).unwrap()
}

fn roomy<P: Place>(place: &P) -> Spool {
    open(place, ROOMY, WhenFull::DropOldest)
}

fn append(spool: &mut Spool, observations: &[Observation]) -> u64 {
    match spool.append(observations).unwrap() {
        Appended::Stored { seq, .. } => seq,
        Appended::Full => panic!("the spool is full"),
    }
}

fn ack(spool: &Spool, through: u64, ranges: &[(u64, u64)]) -> Ack {
    Ack {
        incarnation: spool.incarnation(),
        through,
        ranges: ranges.to_vec(),
    }
}

/// What a spool must hold, done as simply as can be.
#[derive(Clone)]
struct SpoolModel {
    room: u64,
    when_full: WhenFull,
    newest: u64,
    batches: BTreeMap<u64, Vec<Observation>>,
}

fn size(observations: &[Observation]) -> u64 {
    charge(&frame::encode(observations).unwrap())
}

impl SpoolModel {
    fn usage(&self) -> Usage {
        Usage {
            batches: self.batches.len() as u64,
            bytes: self.batches.values().map(|b| size(b)).sum(),
            oldest: *self.batches.keys().next().unwrap_or(&(self.newest + 1)),
            newest: self.newest,
        }
    }

    fn append(&mut self, observations: Vec<Observation>) -> Appended {
        let mut dropped = Dropped::default();
        while self.usage().bytes + size(&observations) > self.room {
            match (self.when_full, self.batches.pop_first()) {
                (WhenFull::DropOldest, Some((_, oldest))) => {
                    dropped.batches += 1;
                    dropped.observations += oldest.len() as u64;
                }
                (WhenFull::DropOldest, None) => break,
                (WhenFull::StopReading, oldest) => {
                    self.batches.extend(oldest);
                    return Appended::Full;
                }
            }
        }
        self.newest += 1;
        self.batches.insert(self.newest, observations);
        let seq = self.newest;
        Appended::Stored { seq, dropped }
    }

    fn release(&mut self, ack: &Ack) -> u64 {
        let before = self.batches.len();
        self.batches.retain(|seq, _| !ack.releases(*seq));
        (before - self.batches.len()) as u64
    }
}

#[derive(Debug, Clone)]
enum SpoolStep {
    Append(usize),
    Release { through: u64, range: (u64, u64) },
    ReleaseOther,
    Renew,
    Commit,
    Restart,
    PowerCut { kept: usize },
}

fn step() -> impl Strategy<Value = SpoolStep> {
    prop_oneof![
        6 => (1_usize..40).prop_map(SpoolStep::Append),
        3 => (0_u64..30, (0_u64..40, 0_u64..6)).prop_map(|(through, (from, more))| {
            SpoolStep::Release { through, range: (from, from + more) }
        }),
        1 => Just(SpoolStep::ReleaseOther),
        1 => Just(SpoolStep::Renew),
        2 => Just(SpoolStep::Commit),
        1 => Just(SpoolStep::Restart),
        2 => (0_usize..8).prop_map(|kept| SpoolStep::PowerCut { kept }),
    ]
}

/// Room for about ten of the larger batches.
const ROOM: u64 = 10_000;

fn whatever_happens_a_spool_is_its_model<P: Place>() {
    let policies = prop_oneof![Just(WhenFull::DropOldest), Just(WhenFull::StopReading)];
    let cases = (prop::collection::vec(step(), 1..40), policies);
    let config = ProptestConfig {
        cases: 48,
        source_file: Some(file!()),
        ..ProptestConfig::default()
    };
    let run = |(steps, when_full)| follow::<P>(steps, when_full);
    TestRunner::new(config).run(&cases, run).unwrap();
}

fn follow<P: Place>(steps: Vec<SpoolStep>, when_full: WhenFull) -> Result<(), TestCaseError> {
    let mut place = P::new();
    let mut spool = open(&place, ROOM, when_full);
    let mut model = SpoolModel {
        room: ROOM,
        when_full,
        newest: 0,
        batches: BTreeMap::new(),
    };
    // What is committed, and every batch since, whatever became of it.
    let (mut committed, mut since) = (model.clone(), BTreeMap::new());
    for (k, step) in steps.into_iter().enumerate() {
        match step {
            SpoolStep::Append(count) => {
                let observations = batch(k, count);
                since.insert(model.newest + 1, observations.clone());
                let appended = spool.append(&observations).unwrap();
                prop_assert_eq!(appended, model.append(observations));
            }
            SpoolStep::Release { through, range } => {
                let ack = ack(&spool, through, &[range]);
                prop_assert_eq!(spool.release(&ack).unwrap(), model.release(&ack));
            }
            SpoolStep::ReleaseOther => {
                let incarnation = spool.incarnation().wrapping_add(1);
                let ack = Ack {
                    incarnation,
                    ..ack(&spool, u64::MAX, &[])
                };
                prop_assert_eq!(spool.release(&ack).unwrap(), 0);
            }
            SpoolStep::Renew => {
                let before = spool.incarnation();
                spool.renew().unwrap();
                prop_assert_ne!(spool.incarnation(), before);
                (committed, since) = (model.clone(), BTreeMap::new());
            }
            SpoolStep::Commit => {
                spool.commit().unwrap();
                (committed, since) = (model.clone(), BTreeMap::new());
            }
            SpoolStep::Restart => {
                let before = spool.incarnation();
                drop(spool);
                spool = open(&place, ROOM, when_full);
                prop_assert_eq!(spool.incarnation(), before);
            }
            SpoolStep::PowerCut { kept } => {
                let before = spool.incarnation();
                place = place.power_cut(kept);
                spool = open(&place, ROOM, when_full);
                prop_assert_eq!(spool.incarnation(), before);
                model = after_power_cut(&mut spool, &model, &committed, &since)?;
                (committed, since) = (model.clone(), BTreeMap::new());
            }
        }
        prop_assert_eq!(spool.usage(), model.usage());
        prop_assert_eq!(
            spool.held(),
            model.batches.keys().copied().collect::<SeqSet>()
        );
        for (seq, observations) in &model.batches {
            let found = spool.read(*seq).unwrap();
            prop_assert_eq!(found.as_ref(), Some(observations));
        }
    }
    Ok(())
}

/// What is committed and not released since is there, what is there was once appended, and no
/// number that was committed is given again. Returns the model of what is there.
fn after_power_cut(
    spool: &mut Spool,
    model: &SpoolModel,
    committed: &SpoolModel,
    since: &BTreeMap<u64, Vec<Observation>>,
) -> Result<SpoolModel, TestCaseError> {
    let mut there = BTreeMap::new();
    for seq in &spool.held() {
        let found = spool.read(seq).unwrap().unwrap();
        let appended = since.get(&seq).or(committed.batches.get(&seq));
        prop_assert_eq!(Some(&found), appended, "batch {}", seq);
        there.insert(seq, found);
    }
    for seq in committed.batches.keys() {
        let is_owed = model.batches.contains_key(seq);
        prop_assert!(!is_owed || there.contains_key(seq), "batch {} is lost", seq);
    }
    let newest = spool.usage().newest;
    prop_assert!((committed.newest..=model.newest).contains(&newest));
    Ok(SpoolModel {
        newest,
        batches: there,
        ..model.clone()
    })
}

fn after_a_power_cut_committed_batches_are_there_and_no_number_is_used_twice<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    for k in 0..20 {
        append(&mut spool, &batch(k, 10));
    }
    spool.commit().unwrap();
    let incarnation = spool.incarnation();
    for k in 20..25 {
        append(&mut spool, &batch(k, 10));
    }
    let place = place.power_cut(3);
    let mut after = roomy(&place);
    assert_eq!(after.incarnation(), incarnation);
    for k in 0..20 {
        let found = after.read(k as u64 + 1).unwrap();
        assert_eq!(found, Some(batch(k, 10)), "batch {}", k + 1);
    }
    let newest = after.usage().newest;
    assert!(newest >= 20);
    assert_eq!(append(&mut after, &batch(99, 1)), newest + 1);
}

/// A loss that the simulation found: the batch was published, released and then undone, and another
/// got its number.
fn what_a_killed_process_left_is_durable_once_the_spool_is_open<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 5));
    drop(spool);
    drop(roomy(&place));
    let place = place.power_cut(0);
    let mut spool = roomy(&place);
    assert_eq!(spool.read(1).unwrap(), Some(batch(0, 5)));
    assert_eq!(append(&mut spool, &batch(1, 5)), 2);
}

fn numbers_go_on_after_everything_was_released_and_the_program_restarted<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    for k in 0..3 {
        append(&mut spool, &batch(k, 1));
    }
    let all = ack(&spool, 3, &[]);
    assert_eq!(spool.release(&all).unwrap(), 3);
    drop(spool);
    let mut spool = roomy(&place);
    let nothing = Usage {
        batches: 0,
        bytes: 0,
        oldest: 4,
        newest: 3,
    };
    assert_eq!(spool.usage(), nothing);
    assert_eq!(append(&mut spool, &batch(9, 1)), 4);
}

fn a_store_that_makes_no_sense_is_set_aside_and_a_new_one_begins<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 5));
    let incarnation = spool.incarnation();
    drop(spool);
    assert_eq!(place.stores_set_aside(), 0);
    place.corrupt();
    let mut spool = roomy(&place);
    assert_eq!(place.stores_set_aside(), 1);
    assert_ne!(spool.incarnation(), incarnation);
    assert_eq!(append(&mut spool, &batch(1, 5)), 1);
}

fn a_damaged_batch_is_removed_and_the_others_are_given<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    for k in 0..4 {
        append(&mut spool, &batch(k, 5));
    }
    drop(spool);
    place.damage(2);
    place.damage(4);
    let mut spool = roomy(&place);
    assert_eq!(place.stores_set_aside(), 0);
    assert_eq!(spool.held(), SeqSet::from_iter([1, 3]));
    let held = size(&batch(0, 5)) + size(&batch(2, 5));
    assert_eq!(spool.usage().bytes, held);
    assert_eq!(spool.read(2).unwrap(), None);
    assert_eq!(spool.read(3).unwrap(), Some(batch(2, 5)));
    assert_eq!(append(&mut spool, &batch(9, 5)), 5, "4 was used");
}

fn a_new_incarnation_lasts_and_keeps_what_is_held<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 5));
    let former = ack(&spool, 1, &[]);
    spool.renew().unwrap();
    let incarnation = spool.incarnation();
    assert_eq!(spool.release(&former).unwrap(), 0);
    let place = place.power_cut(0);
    let mut spool = roomy(&place);
    assert_eq!(spool.incarnation(), incarnation);
    assert_eq!(spool.read(1).unwrap(), Some(batch(0, 5)));
    assert_eq!(append(&mut spool, &batch(1, 5)), 2);
}

/// A counter-example that random steps once found.
fn a_batch_that_an_acknowledgement_names_twice_is_released_once<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    for k in 0..4 {
        append(&mut spool, &batch(k, 1));
    }
    let twice = ack(&spool, 2, &[(0, 1), (4, 4), (4, 4)]);
    assert_eq!(spool.release(&twice).unwrap(), 3);
    assert_eq!(spool.held(), SeqSet::from_iter([3]));
}

fn an_acknowledgement_that_names_too_much_releases_what_is_held<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 1));
    append(&mut spool, &batch(1, 1));
    let backwards = ack(&spool, 0, &[(2, 1)]);
    assert_eq!(spool.release(&backwards).unwrap(), 0);
    let everything = ack(&spool, u64::MAX, &[(0, u64::MAX)]);
    assert_eq!(spool.release(&everything).unwrap(), 2);
    assert_eq!(append(&mut spool, &batch(2, 1)), 3);
}

fn a_batch_larger_than_all_there_is_goes_in_alone<P: Place>() {
    let place = P::new();
    let room = size(&batch(0, 100));
    let mut spool = open(&place, room, WhenFull::DropOldest);
    append(&mut spool, &batch(0, 40));
    append(&mut spool, &batch(1, 20));
    let appended = spool.append(&batch(2, 200)).unwrap();
    let dropped = Dropped {
        batches: 2,
        observations: 60,
    };
    assert_eq!(appended, Appended::Stored { seq: 3, dropped });
    assert_eq!(spool.usage().batches, 1);
}

#[test]
fn a_batch_that_rots_while_the_store_is_open_is_removed_and_told() {
    let place = MemoryEngine::default();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 5));
    append(&mut spool, &batch(1, 5));
    assert!(place.damage(1));
    let read = spool.read(1);
    assert!(matches!(read, Err(SpoolError::Damaged { seq: 1, .. })));
    assert_eq!(spool.read(1).unwrap(), None);
    assert_eq!(spool.usage().batches, 1);
    assert_eq!(spool.usage().bytes, size(&batch(1, 5)));
}

#[test]
fn a_store_that_failed_is_used_again_once_it_was_opened_anew() {
    let place = MemoryEngine::default();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 5));
    spool.commit().unwrap();
    place.set_broken(true);
    assert!(matches!(
        spool.append(&batch(1, 5)),
        Err(SpoolError::Engine(_))
    ));
    assert!(spool.commit().is_err() && spool.read(1).is_err());
    assert!(spool.reopen().is_err());
    let closed = (spool.usage(), spool.held(), spool.incarnation());
    assert_eq!(closed, (Usage::default(), SeqSet::new(), 0));
    assert!(matches!(spool.commit(), Err(SpoolError::Closed)));
    place.set_broken(false);
    spool.reopen().unwrap();
    assert_eq!(spool.read(1).unwrap(), Some(batch(0, 5)));
    assert_eq!(append(&mut spool, &batch(1, 5)), 2);
    assert_eq!(place.stores_set_aside(), 0);
}
