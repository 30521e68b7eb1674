//! What a spool promises, held against every engine: compared with a model, and after accidents.

use std::collections::BTreeMap;

use agent::{
    config::{SpoolConfig, WhenFull},
    spool::{
        Appended, Dropped, Spool, SpoolError, Usage, frame, memory::MemoryEngine,
        queue::MEMORY_BYTES, retention::charge, seqs::SeqSet,
    },
};
use proptest::{prelude::*, test_runner::TestRunner};
use shared::{observation::Observation, time::Timestamp};

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
    after_a_power_cut_committed_batches_are_there,
    what_a_killed_process_left_is_durable_once_the_spool_is_open,
    every_opening_is_a_life_of_its_own_that_numbers_what_it_finds_from_one,
    a_spool_that_went_back_gives_no_number_twice_under_one_incarnation,
    a_damaged_batch_is_told_and_the_others_are_given,
    a_new_incarnation_keeps_what_is_held,
    what_is_not_held_is_not_released,
    a_batch_larger_than_all_there_is_goes_in_alone,
);

/// Enough for everything that does not ask about room.
const ROOMY: u64 = 16 * 1024 * 1024;
const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);

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

/// Makes everything durable.
fn commit(spool: &mut Spool) {
    spool.commit(NOW).unwrap();
}

fn seqs(numbers: impl IntoIterator<Item = u64>) -> SeqSet {
    numbers.into_iter().collect()
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
            waiting: None,
        }
    }

    /// What the next life finds: the same, numbered from 1.
    fn reborn(&self) -> Self {
        let batches: BTreeMap<_, _> = (1..).zip(self.batches.values().cloned()).collect();
        Self {
            newest: batches.len() as u64,
            batches,
            ..self.clone()
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

    fn release(&mut self, released: &SeqSet) -> u64 {
        let before = self.batches.len();
        self.batches.retain(|seq, _| !released.contains(*seq));
        (before - self.batches.len()) as u64
    }
}

#[derive(Debug, Clone)]
enum SpoolStep {
    Append(usize),
    Release { first: u64, last: u64 },
    Renew,
    Commit,
    Restart,
    PowerCut { kept: usize },
}

fn step() -> impl Strategy<Value = SpoolStep> {
    prop_oneof![
        6 => (1_usize..40).prop_map(SpoolStep::Append),
        3 => (0_u64..30, 0_u64..12).prop_map(|(first, more)| {
            SpoolStep::Release { first, last: first + more }
        }),
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
            SpoolStep::Release { first, last } => {
                let released = seqs(first..=last);
                let count = spool.release(&released);
                prop_assert_eq!(count, model.release(&released));
            }
            SpoolStep::Renew => {
                let before = spool.incarnation();
                spool.renew();
                prop_assert_ne!(spool.incarnation(), before);
            }
            SpoolStep::Commit => {
                spool.commit(NOW).unwrap();
                (committed, since) = (model.clone(), BTreeMap::new());
            }
            SpoolStep::Restart => {
                let before = spool.incarnation();
                drop(spool);
                spool = open(&place, ROOM, when_full);
                prop_assert_ne!(spool.incarnation(), before);
                model = model.reborn();
                (committed, since) = (model.clone(), BTreeMap::new());
            }
            SpoolStep::PowerCut { kept } => {
                let before = spool.incarnation();
                place = place.power_cut(kept);
                spool = open(&place, ROOM, when_full);
                prop_assert_ne!(spool.incarnation(), before);
                model = after_power_cut(&mut spool, &model, &committed, &since)?;
                (committed, since) = (model.clone(), BTreeMap::new());
            }
        }
        let usage = Usage {
            waiting: None,
            ..spool.usage()
        };
        prop_assert_eq!(usage, model.usage());
        prop_assert_eq!(spool.held(), seqs(model.batches.keys().copied()));
        for (seq, observations) in &model.batches {
            let found = spool.read(*seq).unwrap();
            prop_assert_eq!(found.as_ref(), Some(observations));
        }
    }
    Ok(())
}

/// What is committed and not released since is there, and what is there was once appended, in the
/// order of then. Returns the model of what is there.
fn after_power_cut(
    spool: &mut Spool,
    model: &SpoolModel,
    committed: &SpoolModel,
    since: &BTreeMap<u64, Vec<Observation>>,
) -> Result<SpoolModel, TestCaseError> {
    let mut appended = committed.batches.values().chain(since.values());
    let mut there = BTreeMap::new();
    for seq in &spool.held() {
        let found = spool.read(seq).unwrap().unwrap();
        let is_known = appended.any(|batch| *batch == found);
        prop_assert!(is_known, "batch {} was never appended, or not then", seq);
        there.insert(seq, found);
    }
    for (seq, batch) in &committed.batches {
        let is_owed = model.batches.contains_key(seq);
        let is_there = there.values().any(|found| found == batch);
        prop_assert!(!is_owed || is_there, "batch {} is lost", seq);
    }
    Ok(SpoolModel {
        newest: there.len() as u64,
        batches: there,
        ..model.clone()
    })
}

fn after_a_power_cut_committed_batches_are_there<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    for k in 0..20 {
        append(&mut spool, &batch(k, 10));
    }
    commit(&mut spool);
    for k in 20..25 {
        append(&mut spool, &batch(k, 10));
    }
    let place = place.power_cut(3);
    let mut after = roomy(&place);
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

fn every_opening_is_a_life_of_its_own_that_numbers_what_it_finds_from_one<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    for k in 0..5 {
        append(&mut spool, &batch(k, 1));
    }
    assert_eq!(spool.release(&seqs([1, 2, 4])), 3);
    commit(&mut spool);
    let before = spool.incarnation();
    drop(spool);
    let mut spool = roomy(&place);
    assert_ne!(spool.incarnation(), before);
    assert_eq!(spool.held(), seqs([1, 2]));
    assert_eq!(spool.read(1).unwrap(), Some(batch(2, 1)));
    assert_eq!(spool.read(2).unwrap(), Some(batch(4, 1)));
    assert_eq!((spool.usage().oldest, spool.usage().newest), (1, 2));
    assert_eq!(append(&mut spool, &batch(9, 1)), 3);
    assert_eq!(spool.release(&seqs(1..=3)), 3);
    commit(&mut spool);
    drop(spool);
    assert_eq!(roomy(&place).usage().newest, 0, "nothing comes back");
}

/// A card image that was restored, a card that acknowledged what it had not written, a machine that
/// was cloned: readings of after it had the numbers of readings of before, and were lost.
fn a_spool_that_went_back_gives_no_number_twice_under_one_incarnation<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 5));
    commit(&mut spool);
    drop(spool);
    let older = place.image();
    let mut given = BTreeMap::new();
    for (k, place) in [place, older].into_iter().enumerate() {
        let mut spool = roomy(&place);
        assert_eq!(spool.read(1).unwrap(), Some(batch(0, 5)), "it is kept");
        for n in 0..3 {
            let batch = batch(1 + 10 * k + n, 5);
            let identity = (spool.incarnation(), append(&mut spool, &batch));
            let before = given.insert(identity, batch);
            assert_eq!(before, None, "{identity:?} was another batch");
        }
        commit(&mut spool);
    }
}

fn a_damaged_batch_is_told_and_the_others_are_given<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    for k in 0..5 {
        append(&mut spool, &batch(k, 5));
    }
    commit(&mut spool);
    assert!(spool.damage().is_none());
    drop(spool);
    place.damage(2, &batch(1, 5));
    place.damage(4, &batch(3, 5));
    let mut spool = roomy(&place);
    let damage = spool.damage().clone();
    assert!(!damage.is_none());
    assert_eq!(damage.batches, 2, "{damage:?}");
    let found: Vec<_> = (1..=3).map(|seq| spool.read(seq).unwrap()).collect();
    assert_eq!(found, [0, 2, 4].map(|k| Some(batch(k, 5))));
    let held: u64 = [0, 2, 4].iter().map(|k| size(&batch(*k, 5))).sum();
    assert_eq!(spool.usage().bytes, held);
    append(&mut spool, &batch(9, 5));
    commit(&mut spool);
    drop(spool);
    let spool = roomy(&place);
    assert!(spool.damage().is_none(), "{:?}", spool.damage());
    assert_eq!(spool.usage().batches, 4);
}

fn a_new_incarnation_keeps_what_is_held<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 5));
    let before = spool.incarnation();
    spool.renew();
    assert_ne!(spool.incarnation(), before);
    assert_eq!(spool.read(1).unwrap(), Some(batch(0, 5)));
    assert_eq!(append(&mut spool, &batch(1, 5)), 2);
}

fn what_is_not_held_is_not_released<P: Place>() {
    let place = P::new();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 1));
    append(&mut spool, &batch(1, 1));
    let everything = SeqSet::from_iter([0..=u64::MAX]);
    assert_eq!(spool.release(&everything), 2);
    assert_eq!(spool.release(&everything), 0);
    assert_eq!(append(&mut spool, &batch(2, 1)), 3);
}

fn a_batch_larger_than_all_there_is_goes_in_alone<P: Place>() {
    let place = P::new();
    let room = size(&batch(0, 100));
    let mut spool = open(&place, room, WhenFull::DropOldest);
    append(&mut spool, &batch(0, 40));
    append(&mut spool, &batch(1, 20));
    commit(&mut spool);
    let appended = spool.append(&batch(2, 200)).unwrap();
    assert!(matches!(
        appended,
        Appended::Stored {
            seq: 3,
            dropped: Dropped {
                batches: 2,
                observations: 60,
                ..
            }
        }
    ));
    assert_eq!(spool.usage().batches, 1);
}

#[test]
fn a_batch_that_rots_while_the_store_is_open_is_removed_and_told() {
    let place = MemoryEngine::default();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 5));
    append(&mut spool, &batch(1, 5));
    commit(&mut spool);
    assert!(place.damage(1));
    let read = spool.read(1);
    assert!(matches!(read, Err(SpoolError::Damaged { seq: 1, .. })));
    assert_eq!(spool.read(1).unwrap(), None);
    assert_eq!(spool.usage().batches, 1);
    assert_eq!(spool.usage().bytes, size(&batch(1, 5)));
}

#[test]
fn while_the_medium_takes_nothing_batches_wait_in_memory_and_are_written_when_it_does() {
    let place = MemoryEngine::default();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 5));
    commit(&mut spool);
    place.set_broken(true);
    for k in 1..4 {
        assert_eq!(append(&mut spool, &batch(k, 5)), k as u64 + 1);
        assert!(matches!(spool.commit(NOW), Err(SpoolError::Engine(_))));
        assert_eq!(spool.usage().waiting, Some(2));
        let found = spool.read(k as u64 + 1).unwrap();
        assert_eq!(found, Some(batch(k, 5)), "it can be sent all the same");
    }
    assert_eq!(spool.release(&seqs([2])), 1);
    assert_eq!(spool.usage().waiting, Some(3));
    place.set_broken(false);
    commit(&mut spool);
    assert_eq!(spool.usage().waiting, None);
    drop(spool);
    let mut spool = roomy(&place.power_cut(0));
    let found: Vec<_> = (1..=3).map(|seq| spool.read(seq).unwrap()).collect();
    assert_eq!(found, [0, 2, 3].map(|k| Some(batch(k, 5))));
}

#[test]
fn beyond_what_memory_may_hold_the_oldest_that_was_never_durable_goes_and_is_counted() {
    let place = MemoryEngine::default();
    let mut spool = roomy(&place);
    append(&mut spool, &batch(0, 5));
    commit(&mut spool);
    place.set_broken(true);
    let room = MEMORY_BYTES / size(&batch(1, 1_000));
    let mut lost = Dropped::default();
    for k in 1..room + 5 {
        let Appended::Stored { dropped, .. } = spool
            .append(&batch(usize::try_from(k).unwrap(), 1_000))
            .unwrap()
        else {
            panic!("the spool is full")
        };
        lost.batches += dropped.batches;
        lost.observations += dropped.observations;
        lost.never_durable = lost.never_durable.max(dropped.never_durable);
    }
    assert!(lost.batches > 0 && lost.observations == 1_000 * lost.batches);
    assert_eq!(lost.never_durable, lost.batches + 1, "2 and so on");
    let newest = spool.usage().newest;
    assert!(spool.read(newest).unwrap().is_some());
    assert_eq!(spool.usage().waiting, Some(lost.never_durable + 1));
    assert!(spool.held().contains(1), "what is durable stays");
}
