//! The spool on disk keeps its promises: compared with its model, and after every kind of accident.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use agent::spool::{
    Appended, Spool, SpoolError, WhenFull, memory::MemorySpool, retention::hold_limit,
    sled::SledSpool,
};
use proptest::prelude::*;
use shared::{
    gauge::Parameter,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    value::Value,
    wire::Ack,
};
use tempfile::TempDir;

const MIB: u64 = 1024 * 1024;

fn batch(first: i64, count: usize) -> Vec<Observation> {
    let one = |k: i64| Observation {
        gauge: format!("lg-{:04}", k % 50).parse().unwrap(),
        parameter: Parameter::Depth,
        observed_at: Timestamp::from_millis(1_784_622_000_000 + first * 1_000 + k),
        value: Some(Value::from_milli(k)),
        quality: Quality::Pass,
        tests: TestSet::NONE,
    };
    (0..i64::try_from(count).unwrap()).map(one).collect()
}

fn open(dir: &Path) -> SledSpool {
    SledSpool::open(dir, 64 * MIB, WhenFull::DropOldest).unwrap()
}

fn append(spool: &mut dyn Spool, observations: &[Observation]) -> u64 {
    match spool.append(observations).unwrap() {
        Appended::Stored { seq, .. } => seq,
        Appended::Full => panic!("the spool is full"),
    }
}

/// What is on disk at this instant, as a power cut or `kill -9` would leave it.
fn crash(dir: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_all(&dir.join("spool"), &copy.path().join("spool"));
    copy
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn quarantined(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries
        .filter(|p| p.to_string_lossy().contains(".corrupt-"))
        .collect()
}

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Release { through: u64, range: (u64, u64) },
    ReleaseOther,
    Renew,
    Reopen,
    CrashAfterCommit,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_usize..40).prop_map(Step::Append),
        3 => (0_u64..30, (0_u64..40, 0_u64..6)).prop_map(|(through, (from, more))| {
            Step::Release { through, range: (from, from + more) }
        }),
        1 => Just(Step::ReleaseOther),
        1 => Just(Step::Renew),
        1 => Just(Step::Reopen),
        1 => Just(Step::CrashAfterCommit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_spool_on_disk_is_its_model(
        steps in prop::collection::vec(step(), 1..40),
        when_full in prop_oneof![Just(WhenFull::DropOldest), Just(WhenFull::StopReading)],
    ) {
        // Room for about ten of the larger batches.
        let room = 10_000;
        let mut dir = tempfile::tempdir().unwrap();
        let mut spool = SledSpool::open(dir.path(), room, when_full).unwrap();
        let mut model = MemorySpool::new(1, room, when_full);
        for (k, step) in steps.into_iter().enumerate() {
            match step {
                Step::Append(count) => {
                    let observations = batch(i64::try_from(k).unwrap(), count);
                    let (real, expected) = (spool.append(&observations), model.append(&observations));
                    prop_assert_eq!(real.unwrap(), expected.unwrap());
                }
                Step::Release { through, range } => {
                    let ack = |incarnation| Ack { incarnation, through, ranges: vec![range] };
                    let released = spool.release(&ack(spool.incarnation())).unwrap();
                    prop_assert_eq!(released, model.release(&ack(model.incarnation())).unwrap());
                }
                Step::ReleaseOther => {
                    let incarnation = spool.incarnation().wrapping_add(1);
                    let ack = Ack { incarnation, through: u64::MAX, ranges: vec![] };
                    prop_assert_eq!(spool.release(&ack).unwrap(), 0);
                }
                Step::Renew => {
                    let before = spool.incarnation();
                    spool.renew().unwrap();
                    model.renew().unwrap();
                    prop_assert_ne!(spool.incarnation(), before);
                }
                Step::Reopen => {
                    let before = spool.incarnation();
                    drop(spool);
                    spool = SledSpool::open(dir.path(), room, when_full).unwrap();
                    prop_assert_eq!(spool.incarnation(), before);
                }
                Step::CrashAfterCommit => {
                    spool.commit().unwrap();
                    let copy = crash(dir.path());
                    spool = SledSpool::open(copy.path(), room, when_full).unwrap();
                    dir = copy;
                }
            }
            prop_assert_eq!(spool.usage(), model.usage());
            prop_assert_eq!(spool.held(), model.held());
            for (first, last) in model.held().clone().iter() {
                for seq in first..=last {
                    prop_assert_eq!(spool.read(seq).unwrap(), model.read(seq).unwrap());
                }
            }
        }
    }
}

#[test]
fn after_a_crash_committed_batches_are_there_and_no_number_is_used_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    for k in 0..20 {
        append(&mut spool, &batch(k, 10));
    }
    spool.commit().unwrap();
    let incarnation = spool.incarnation();
    for k in 20..25 {
        append(&mut spool, &batch(k, 10));
    }
    let copy = crash(dir.path());
    let mut after = open(copy.path());
    assert_eq!(after.incarnation(), incarnation);
    for seq in 1..=20 {
        let expected = batch(i64::try_from(seq).unwrap() - 1, 10);
        assert_eq!(after.read(seq).unwrap(), Some(expected), "batch {seq}");
    }
    let next = append(&mut after, &batch(99, 1));
    assert!(next > after.usage().batches - 1 && next > 20);
}

#[test]
fn numbers_go_on_after_everything_was_released_and_the_program_restarted() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    for k in 0..3 {
        append(&mut spool, &batch(k, 1));
    }
    let ack = Ack {
        incarnation: spool.incarnation(),
        through: 3,
        ranges: vec![],
    };
    spool.release(&ack).unwrap();
    drop(spool);
    let mut spool = open(dir.path());
    assert_eq!(spool.usage().batches, 0);
    assert_eq!(append(&mut spool, &batch(9, 1)), 4);
}

#[test]
fn a_torn_snapshot_does_not_keep_the_spool_from_opening() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    append(&mut spool, &batch(0, 5));
    drop(spool);
    fs::write(
        dir.path().join("spool/snap.FFFFFFFFFFFFFFFF.generating"),
        [0],
    )
    .unwrap();
    let mut spool = open(dir.path());
    assert_eq!(spool.read(1).unwrap(), Some(batch(0, 5)));
    assert!(quarantined(dir.path()).is_empty());
}

#[test]
fn a_zeroed_configuration_of_the_store_is_set_aside_and_a_new_store_begins() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    append(&mut spool, &batch(0, 5));
    let incarnation = spool.incarnation();
    drop(spool);
    let conf = dir.path().join("spool/conf");
    let length = fs::metadata(&conf).unwrap().len();
    fs::write(&conf, vec![0; usize::try_from(length).unwrap()]).unwrap();
    let mut spool = open(dir.path());
    assert_ne!(spool.incarnation(), incarnation);
    assert_eq!(append(&mut spool, &batch(1, 5)), 1);
    assert_eq!(quarantined(dir.path()).len(), 1);
}

#[test]
fn whatever_is_cut_off_or_overwritten_the_spool_opens_and_gives_nothing_false() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    for k in 0..200 {
        append(&mut spool, &batch(k, 20));
    }
    spool.commit().unwrap();
    drop(spool);
    let whole = fs::read(dir.path().join("spool/db")).unwrap();
    let cuts = [
        0,
        1,
        4_096,
        whole.len() / 3,
        whole.len() / 2,
        whole.len() - 7,
    ];
    let flips = [0, 20, 5_000, 100_000, whole.len() / 2];
    let mut damaged: Vec<Vec<u8>> = cuts.iter().map(|at| whole[..*at].to_vec()).collect();
    for at in flips.into_iter().filter(|at| at + 64 < whole.len()) {
        let mut bytes = whole.clone();
        bytes[at..at + 64].fill(0xA5);
        damaged.push(bytes);
    }
    for (k, bytes) in damaged.into_iter().enumerate() {
        let copy = crash(dir.path());
        fs::write(copy.path().join("spool/db"), bytes).unwrap();
        let mut spool = open(copy.path());
        for (first, last) in spool.held().clone().iter() {
            for seq in first..=last {
                let expected = batch(i64::try_from(seq).unwrap() - 1, 20);
                match spool.read(seq) {
                    Ok(found) => assert_eq!(found, Some(expected), "damage {k}, batch {seq}"),
                    Err(error) => panic!("damage {k}, batch {seq}: {error}"),
                }
            }
        }
        append(&mut spool, &batch(1_000, 3));
        spool.commit().unwrap();
        drop(spool);
        assert!(open(copy.path()).usage().batches >= 1);
    }
}

#[test]
fn only_the_newest_quarantined_stores_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..4 {
        drop(open(dir.path()));
        let conf = dir.path().join("spool/conf");
        let length = fs::metadata(&conf).unwrap().len();
        fs::write(&conf, vec![0; usize::try_from(length).unwrap()]).unwrap();
    }
    drop(open(dir.path()));
    let mut names: Vec<_> = quarantined(dir.path())
        .iter()
        .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["spool.corrupt-3", "spool.corrupt-4"]);
}

#[test]
fn two_agents_cannot_share_a_spool() {
    let dir = tempfile::tempdir().unwrap();
    let _first = open(dir.path());
    let second = SledSpool::open(dir.path(), 64 * MIB, WhenFull::DropOldest);
    assert!(matches!(second, Err(SpoolError::InUse { .. })));
}

#[test]
fn the_files_stay_within_the_budget_when_the_spool_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let budget = 8 * MIB;
    let mut spool = SledSpool::open(dir.path(), hold_limit(budget), WhenFull::DropOldest).unwrap();
    for k in 0..12_000 {
        append(&mut spool, &batch(k, 40));
        if k % 50 == 0 {
            spool.commit().unwrap();
        }
    }
    spool.commit().unwrap();
    assert!(spool.usage().bytes <= hold_limit(budget) && spool.usage().oldest > 1);
    let on_disk = size(dir.path());
    assert!(
        on_disk <= budget,
        "{on_disk} bytes on disk for a budget of {budget}"
    );
}

fn size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).unwrap().map(|e| e.unwrap());
    entries
        .map(|e| {
            let data = e.metadata().unwrap();
            if data.is_dir() {
                size(&e.path())
            } else {
                data.len()
            }
        })
        .sum()
}
