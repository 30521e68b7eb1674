//! Power cuts and sudden ends: what was promised is there, and of the rest a beginning, never parts.

use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Command, Stdio},
};

use aggregator::{
    audit::{Chain, Entry},
    store::{Commit, Durability, Store, open},
};
use proptest::prelude::*;
use shared::wire::Ack;
use tempfile::TempDir;

use crate::{
    engines::{Embedded, Engine, Memory},
    given::*,
    model::{Model, Step, step, take},
};

/// A page of the operating system: what a power cut takes or leaves as a whole.
const PAGE: usize = 4_096;

/// Bytes of a journal of the engine's that were written: it is made longer than it is filled.
fn written(journal: &Path) -> usize {
    let mut file = File::open(journal).unwrap();
    let (mut bytes, mut page) = (Vec::<u8>::new(), [0; 4 * PAGE]);
    loop {
        let count = file.read(&mut page).unwrap();
        bytes.extend(&page[..count]);
        if count == 0 || page[..count].iter().all(|b| *b == 0) {
            break;
        }
    }
    bytes.iter().rposition(|b| *b != 0).map_or(0, |at| at + 1)
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else if entry.path().extension().is_some_and(|e| e == "jnl") {
            let mut bytes = vec![0; written(&entry.path())];
            File::open(entry.path())
                .unwrap()
                .read_exact(&mut bytes)
                .unwrap();
            fs::write(target, bytes).unwrap();
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What is on disk at this instant, as `kill -9` would leave it.
fn copied(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_all(folder, copy.path());
    copy
}

fn journal(folder: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(folder.join("engine")).unwrap();
    let journals = files.map(|f| f.unwrap().path());
    let journals = journals.filter(|p| p.extension().is_some_and(|e| e == "jnl"));
    let all: Vec<_> = journals.collect();
    assert_eq!(all.len(), 1, "too little was written for a second journal");
    all[0].clone()
}

/// What a power cut leaves when the medium had taken so many bytes of the journal.
fn cut(folder: &Path, kept: usize) -> TempDir {
    let copy = copied(folder);
    let path = journal(copy.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(kept);
    // The rest of the file was never written: it reads as zeros.
    bytes.resize(bytes.len() + PAGE, 0);
    fs::write(&path, bytes).unwrap();
    copy
}

fn commits() -> impl Strategy<Value = Vec<Step>> {
    let commit = step().prop_filter("a commit", |s| matches!(s, Step::Commit { .. }));
    prop::collection::vec(commit, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The models after each commit are all that a cut may leave, from the last synced one on.
    #[test]
    fn a_power_cut_leaves_what_was_synced_and_a_beginning_of_the_rest(
        steps in commits(),
        share in 0.0..1.0_f64,
    ) {
        let mut engine = Embedded::new();
        let mut after = vec![Model::default()];
        let (mut synced, mut covered) = (0, 0);
        for step in &steps {
            let mut model = after[after.len() - 1].clone();
            take(step, &mut model, &mut engine);
            if matches!(step, Step::Commit { durability: Durability::Synced, .. }) {
                (synced, covered) = (after.len(), written(&journal(engine.folder())));
            }
            after.push(model);
        }
        let end = written(&journal(engine.folder()));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
        let kept = covered + ((end - covered) as f64 * share) as usize;
        let left = Embedded::in_folder(cut(engine.folder(), kept));
        let last = left.store().last_arrival().unwrap();
        let is_that = |model: &&Model| {
            // A commit may hold nothing but cursors, or nothing but what leaves the quarantine, or
            // nothing but a deed with its change.
            let refused = left.store().refused(usize::MAX).unwrap();
            let cursors = left.store().cursors().unwrap();
            let aside: Vec<_> = quarantine(left.store()).into_iter().map(|q| q.1).collect();
            model.last() == last
                && (model.refused() == refused && model.cursors() == cursors)
                && model.quarantined() == aside
                && model.deeds() == deeds(left.store(), 0)
                && model.desk() == left.store().desk("").unwrap()
        };
        let possible = after.iter().skip(synced).find(is_that);
        possible.expect("not torn").check(left.store());
    }

    #[test]
    fn a_killed_process_leaves_every_commit(steps in prop::collection::vec(step(), 1..20)) {
        let mut engine = Embedded::new();
        let mut model = Model::default();
        for step in &steps {
            take(step, &mut model, &mut engine);
        }
        model.check(Embedded::in_folder(copied(engine.folder())).store());
    }
}

proptest! {
    #[test]
    fn the_memory_engine_keeps_in_a_crash_exactly_what_was_synced(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut engine = Memory::default();
        let (mut model, mut synced) = (Model::default(), Model::default());
        for (k, step) in steps.iter().enumerate() {
            take(step, &mut model, &mut engine);
            match step {
                Step::Commit { durability: Durability::Buffered, .. } | Step::Reopen => {}
                _ => synced = model.clone(),
            }
            if k % 5 == 4 {
                engine.0.crash();
                model = synced.clone();
                model.check(engine.store());
            }
        }
    }
}

/// A medium takes pages in any order.
#[test]
fn a_power_cut_that_leaves_a_hole_leaves_what_was_synced() {
    let engine = Embedded::new();
    engine.store().commit(&group(0)).unwrap();
    let covered = written(&journal(engine.folder()));
    // The power goes before the second commit's sync comes to its end.
    let mark = fs::read(engine.folder().join("mark")).unwrap();
    let large: Vec<_> = (0..1_000)
        .map(|g| observation(&format!("g-{g}"), 7, 1))
        .collect();
    let arrivals = vec![observed(21, 7, large.clone()), observed(22, 8, large)];
    engine.store().commit(&commit(arrivals)).unwrap();
    let end = written(&journal(engine.folder()));
    let pages = (covered.div_ceil(PAGE)..end / PAGE).map(|page| page * PAGE);
    assert!(pages.len() > 20);
    for page in pages {
        let copy = copied(engine.folder());
        let path = journal(copy.path());
        let mut bytes = fs::read(&path).unwrap();
        bytes[page..page + PAGE].fill(0);
        fs::write(&path, bytes).unwrap();
        fs::write(copy.path().join("mark"), &mark).unwrap();
        assert_eq!(groups_in(&*open(copy.path()).unwrap()), 1, "without {page}");
    }
}

#[test]
fn a_saved_world_covers_the_arrivals_before_it() {
    let ticks = |numbers: std::ops::RangeInclusive<u64>| Commit {
        arrivals: numbers.map(|n| tick(n, 1)).collect(),
        durability: Durability::Buffered,
        ..Commit::default()
    };
    let engine = Embedded::new();
    engine.store().commit(&ticks(1..=3)).unwrap();
    engine.store().save_world(&world(3, 1)).unwrap();
    let covered = written(&journal(engine.folder()));
    engine.store().commit(&ticks(4..=5)).unwrap();
    let left = Embedded::in_folder(cut(engine.folder(), covered));
    assert_eq!(numbers(left.store(), 0), [1, 2, 3]);
    assert_eq!(worlds(left.store(), None), [world(3, 1)]);
    left.store().commit(&ticks(4..=4)).unwrap();
}

#[test]
fn a_world_that_was_not_written_to_its_end_is_not_there() {
    let engine = Embedded::new();
    engine.store().commit(&commit(vec![tick(1, 1)])).unwrap();
    engine.store().save_world(&world(1, 1)).unwrap();
    let copy = copied(engine.folder());
    let unfinished = copy.path().join("worlds/00000000000000000009_9.world.new");
    fs::write(&unfinished, b"half").unwrap();
    let left = Embedded::in_folder(copy);
    assert_eq!(worlds(left.store(), None), [world(1, 1)]);
    assert!(!unfinished.exists());
}

/// The folder for the writer that is a process of its own.
const FOLDER: &str = "STORE_OF_THE_WRITER";

fn group(k: u64) -> Commit {
    let first = 20 * k + 1;
    let arrivals = (first..first + 20).map(|number| {
        let batch = (0..50).map(|g| observation(&format!("lg-{g}"), number.cast_signed(), 1));
        observed(number, number.cast_signed(), batch.collect())
    });
    let ack = Ack {
        incarnation: 1,
        through: k,
        ranges: Vec::new(),
    };
    Commit {
        arrivals: arrivals.collect(),
        cursors: vec![("gw-1".parse().unwrap(), ack)],
        refused: vec![refused("future", k.cast_signed())],
        desk: vec![("account/zhang".to_owned(), Some(k.to_be_bytes().to_vec()))],
        deeds: vec![deed_of_group(k)],
        ..Commit::default()
    }
}

/// The deed that tells of the change that a group makes at the desk.
fn deed_of_group(k: u64) -> Entry {
    let mut end = Chain::default();
    let all = (0..=k).map(|k| deed(&mut end, &k.to_string(), k.cast_signed()));
    all.last().unwrap()
}

/// That a store holds the groups up to one, whole. Returns how many they are.
fn groups_in(store: &dyn Store) -> u64 {
    let groups = store.last_arrival().unwrap() / 20;
    assert_eq!(numbers(store, 0), (1..=groups * 20).collect::<Vec<_>>());
    assert_eq!(series(store).len() as u64, groups * 20 * 50);
    assert_eq!(store.refused(usize::MAX).unwrap().len() as u64, groups);
    let cursors = store.cursors().unwrap();
    let through: Vec<_> = cursors.iter().map(|(_, ack)| ack.through + 1).collect();
    assert_eq!(through, [groups]);
    let of_group = |k: u64| ("account/zhang".to_owned(), k.to_be_bytes().to_vec());
    assert_eq!(store.desk("").unwrap(), [of_group(groups - 1)]);
    assert_eq!(deeds(store, 0).last(), Some(&deed_of_group(groups - 1)));
    assert_eq!(deeds(store, 0).len() as u64, groups);
    assert_eq!(store.damaged(), 0);
    groups
}

/// By itself it writes a few groups; as the process that is to be killed it never ends.
#[test]
fn a_writer_tells_what_it_has_committed() {
    let (own, given) = (tempfile::tempdir().unwrap(), env::var(FOLDER));
    let folder = given.as_ref().map_or(own.path(), Path::new);
    let groups = given.as_ref().map_or(3, |_| u64::MAX);
    let store = open(folder).unwrap();
    for k in 0..groups {
        store.commit(&group(k)).unwrap();
        println!("\ncommitted {}", k + 1);
    }
    assert_eq!(groups_in(&*store), groups);
}

#[test]
fn a_process_that_is_killed_in_the_middle_of_a_commit_has_lost_nothing_it_told() {
    for wanted in [1, 7, 40] {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "crash::a_writer_tells_what_it_has_committed",
                "--nocapture",
            ])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let mut next = || -> Option<u64> {
            let mut lines = lines.by_ref().map(Result::unwrap);
            lines.find_map(|line| line.strip_prefix("committed ")?.parse().ok())
        };
        let mut told = 0;
        while told < wanted {
            told = next().expect("it never ends by itself");
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        while let Some(more) = next() {
            told = more;
        }
        let groups = groups_in(&*open(folder.path()).unwrap());
        assert!((told..=told + 1).contains(&groups), "{groups} of {told}");
    }
}
