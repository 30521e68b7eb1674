//! A store whose files are damaged in many ways: it opens in time, serves nothing that was not
//! written, loses nothing in silence, and goes on.
//!
//! `FLOOD_DAMAGES` says how many ways; `FLOOD_DAMAGES_SEED` repeats one, which a failure prints.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use aggregator::{
    audit::{Chain, Entry},
    store::{
        Commit, Durability, Quarantined, Refused, SavedWorld, Store, StoreError, Stored, open,
    },
    world::Arrival,
};
use fjall::{Database, KeyspaceCreateOptions};
use shared::{gauge::Parameter, ids::AgentId, wire::Ack};
use tempfile::TempDir;

use crate::given::*;

const LONGEST: Duration = Duration::from_secs(5);

/// Everything that a store gives.
#[derive(Debug, Default, Clone, PartialEq)]
struct Content {
    series: BTreeMap<(String, i64), Stored>,
    arrivals: BTreeMap<u64, Arrival>,
    cursors: BTreeMap<AgentId, Ack>,
    refused: Vec<Refused>,
    quarantine: Vec<Quarantined>,
    worlds: BTreeMap<u64, SavedWorld>,
    desk: BTreeMap<String, Vec<u8>>,
    deeds: BTreeMap<u64, Entry>,
}

impl Content {
    fn of(store: &dyn Store) -> Self {
        let identity = |s: &Stored| {
            let o = &s.observation;
            (o.gauge.to_string(), o.observed_at.as_millis())
        };
        let by_number = |deed: Entry| (deed.number, deed);
        let series = series(store);
        Self {
            series: series.into_iter().map(|s| (identity(&s), s)).collect(),
            arrivals: arrivals(store, 0)
                .into_iter()
                .map(|a| (a.number, a))
                .collect(),
            cursors: store.cursors().unwrap().into_iter().collect(),
            refused: store.refused(usize::MAX).unwrap(),
            quarantine: quarantine(store).into_iter().map(|(_, one)| one).collect(),
            worlds: worlds(store, None)
                .into_iter()
                .map(|w| (w.after, w))
                .collect(),
            desk: store.desk("").unwrap().into_iter().collect(),
            deeds: deeds(store, 0).into_iter().map(by_number).collect(),
        }
    }

    /// How much of it `other` does not have.
    fn missing_in(&self, other: &Self) -> usize {
        fn count<K: Ord, V: PartialEq>(all: &BTreeMap<K, V>, left: &BTreeMap<K, V>) -> usize {
            all.iter().filter(|(k, v)| left.get(*k) != Some(*v)).count()
        }
        let gone = |r: &&Refused| !other.refused.contains(r);
        let freed = |q: &&Quarantined| !other.quarantine.contains(q);
        count(&self.series, &other.series)
            + count(&self.arrivals, &other.arrivals)
            + count(&self.cursors, &other.cursors)
            + count(&self.worlds, &other.worlds)
            + count(&self.desk, &other.desk)
            + count(&self.deeds, &other.deeds)
            + self.refused.iter().filter(gone).count()
            + self.quarantine.iter().filter(freed).count()
    }
}

/// A store as it was before it was damaged.
struct Whole {
    folder: TempDir,
    content: Content,
    /// Every observation that was ever committed.
    written: BTreeSet<String>,
    /// And everything that the desk ever kept.
    cursors: BTreeSet<String>,
}

const DAYS: i64 = 4;

/// Days of which the first are in tables, one of them twice over, and the last only in the journal.
fn whole() -> Whole {
    let folder = temporary();
    let (mut number, mut written, mut cursors) = (0, BTreeSet::new(), BTreeSet::new());
    let mut end = Chain::default();
    for day in 0..DAYS {
        let store = open(folder.path()).unwrap();
        for k in 0..40 {
            let when = day * DAY_MS + k * (DAY_MS / 40);
            let commit = a_commit(&mut number, &mut end, when, k);
            for (observation, at) in commit.observations() {
                let observation = observation.clone();
                let stored = Stored {
                    observation,
                    received_at: at,
                };
                written.insert(format!("{stored:?}"));
            }
            cursors.extend(commit.cursors.iter().map(|c| format!("{c:?}")));
            let kept =
                |(key, kept): &(String, _)| format!("{:?}", (key, Option::as_ref(kept).unwrap()));
            cursors.extend(commit.desk.iter().map(kept));
            store.commit(&commit).unwrap();
            if k % 20 == 7 {
                store.save_world(&world(number, when)).unwrap();
            }
        }
        drop(store);
        if day < DAYS - 1 {
            flush(folder.path(), day);
        }
    }
    let content = Content::of(&*open(folder.path()).unwrap());
    assert!(content.series.len() > 5_000 && content.arrivals.len() > 400);
    Whole {
        folder,
        content,
        written,
        cursors,
    }
}

fn a_commit(number: &mut u64, end: &mut Chain, when: i64, k: i64) -> Commit {
    let mut next = || {
        *number += 1;
        *number
    };
    // One batch of today, one that comes again a little later with other values, and a late one.
    let of_today = (0..40).map(|g| observation(&format!("lg-{g:03}"), when, k * 1_000 + g));
    let again = (0..2).map(|g| observation(&format!("lg-{g:03}"), when - DAY_MS / 40, k + g));
    let late = (0..1).map(|g| observation(&format!("rg-{g:03}"), when - DAY_MS / 2, g));
    let arrivals = vec![
        observed(next(), when, of_today.collect()),
        observed(next(), when + 1, again.collect()),
        observed(next(), when + 2, late.collect()),
        tick(next(), when + 3),
    ];
    let ack = Ack {
        incarnation: 1,
        through: *number,
        ranges: Vec::new(),
    };
    Commit {
        arrivals,
        cursors: vec![(format!("gw-{:02}", k % 7).parse().unwrap(), ack)],
        refused: Vec::from_iter((k % 5 == 0).then(|| refused("future", when))),
        quarantined: vec![quarantined(when)],
        readmitted: Vec::new(),
        desk: vec![(
            format!("account/{}", k % 9),
            Some(number.to_be_bytes().to_vec()),
        )],
        deeds: vec![deed(end, "zhang", when)],
        durability: Durability::Synced,
    }
}

/// Writes all that is only in the journal to tables, and begins the next journal, as the engine does
/// when one is full.
fn flush(folder: &Path, journal: i64) {
    let engine = folder.join("engine");
    let db = Database::builder(&engine).open().unwrap();
    for name in db.list_keyspace_names() {
        let keyspace = db.keyspace(&name, KeyspaceCreateOptions::default);
        keyspace.unwrap().rotate_memtable_and_wait().unwrap();
    }
    drop(db);
    fs::remove_file(engine.join(format!("{journal}.jnl"))).unwrap();
    fs::write(engine.join(format!("{}.jnl", journal + 1)), b"").unwrap();
}

/// A folder in memory where there is one: what is synced is not looked at here.
fn temporary() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in files(folder) {
        let above = file.ancestors().skip(1);
        found.extend(above.take_while(|f| *f != folder).map(Path::to_owned));
    }
    found.sort();
    found.dedup();
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
}

const HOW: [&str; 6] = [
    "a bit",
    "many bits",
    "cut short",
    "zeros",
    "other bytes",
    "gone",
];
const WHAT: [&str; 8] = [
    "journal", "table", "manifest", "names", "world", "other", "folder", "two",
];

fn kind(path: &str) -> &'static str {
    match path {
        _ if path.contains("/keyspaces/0/") => "names",
        _ if path.contains("/tables/") => "table",
        _ if path.contains("/keyspaces/") => "manifest",
        _ if path.contains(".jnl") => "journal",
        _ if path.contains("/worlds/") => "world",
        _ => "other",
    }
}

/// Damages one file, or a folder, or two; says what was done.
fn damage(folder: &Path, how: &'static str, what: &'static str, rng: &mut fastrand::Rng) -> String {
    if what == "two" {
        let mut one = || damage(folder, rng.choice(HOW).unwrap(), WHAT[rng.usize(..6)], rng);
        return format!("{} and {}", one(), one());
    }
    if what == "folder" {
        let folders = folders(folder);
        let gone = &folders[rng.usize(..folders.len())];
        fs::remove_dir_all(gone).unwrap();
        return format!("{} is gone", gone.strip_prefix(folder).unwrap().display());
    }
    let of_kind = |path: &PathBuf| kind(&path.to_string_lossy()) == what;
    let files: Vec<_> = files(folder).into_iter().filter(of_kind).collect();
    let Some(file) = rng.choice(&files) else {
        return format!("no {what} is left");
    };
    let mut bytes = fs::read(file).unwrap();
    let name = file.strip_prefix(folder).unwrap().display().to_string();
    if how == "gone" {
        fs::remove_file(file).unwrap();
        return format!("{name} is gone");
    }
    if bytes.is_empty() {
        return format!("{name} is empty");
    }
    let at = rng.usize(..bytes.len());
    let end = (at + 1 + rng.usize(..8_192)).min(bytes.len());
    match how {
        "a bit" => bytes[at] ^= 1 << rng.u32(..8),
        "many bits" => {
            for _ in 0..20 {
                let at = rng.usize(..bytes.len());
                bytes[at] ^= 1 << rng.u32(..8);
            }
        }
        "cut short" => bytes.truncate(at),
        "zeros" => bytes[at..end].fill(0),
        _ => rng.fill(&mut bytes[at..end]),
    }
    fs::write(file, bytes).unwrap();
    format!("{name}: {how} at {at} to {end}")
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What came of one damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Harmless,
    LostAndTold,
    Silent,
    Refused,
}

struct Seen {
    outcome: Outcome,
    opened_in: Duration,
    said: String,
}

fn open_and_look(whole: &Whole, folder: &Path) -> Seen {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .finish();
    let said = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        let began = Instant::now();
        let opened = open(folder);
        let opened_in = began.elapsed();
        let store = match opened {
            Ok(store) => store,
            Err(e) => {
                return Seen {
                    outcome: Outcome::Refused,
                    opened_in,
                    said: format!("{e:?}\n{}", said()),
                };
            }
        };
        let left = Content::of(&*store);
        for stored in left.series.values() {
            assert!(whole.written.contains(&format!("{stored:?}")), "{stored:?}");
        }
        for arrival in &left.arrivals {
            assert_eq!(whole.content.arrivals.get(arrival.0), Some(arrival.1));
        }
        for cursor in &left.cursors {
            assert!(whole.cursors.contains(&format!("{cursor:?}")), "{cursor:?}");
        }
        for kept in &left.desk {
            assert!(whole.cursors.contains(&format!("{kept:?}")), "{kept:?}");
        }
        for deed in &left.deeds {
            assert_eq!(whole.content.deeds.get(deed.0), Some(deed.1));
        }
        for one in &left.quarantine {
            assert!(whole.content.quarantine.contains(one), "{one:?}");
        }
        for (after, world) in &left.worlds {
            assert_eq!(whole.content.worlds.get(after), Some(world));
        }
        let missing = whole.content.missing_in(&left);
        let said_so = said().contains("ERROR") && store.damaged() > 0;
        let outcome = match missing {
            0 => Outcome::Harmless,
            _ if said_so => Outcome::LostAndTold,
            _ => Outcome::Silent,
        };
        let said = format!("{missing} missing, {} damaged\n{}", store.damaged(), said());
        goes_on(whole, store, folder, left);
        Seen {
            outcome,
            opened_in,
            said,
        }
    })
}

/// Commits and reads, before and after opening it again.
fn goes_on(whole: &Whole, store: Arc<dyn Store>, folder: &Path, mut had: Content) {
    let last = store.last_arrival().unwrap();
    let used = *whole.content.arrivals.keys().next_back().unwrap();
    assert!(last >= used, "{last} is not above {used}");
    let when = DAYS * DAY_MS - 5;
    let new = observation("lg-000", when, 77);
    let next = observed(last + 1, when, vec![new]);
    had.arrivals.insert(next.number, next.clone());
    let stored = stored("lg-000", when, 77, when);
    had.series
        .insert(("lg-000".to_owned(), when), stored.clone());
    let mut end = store.end_of_deeds().unwrap();
    let mut commit_of_next = commit(vec![next]);
    let deed = deed(&mut end, "goes on", when);
    had.deeds.insert(deed.number, deed.clone());
    commit_of_next.deeds.push(deed);
    store.commit(&commit_of_next).unwrap();
    store.save_world(&world(last + 1, when)).unwrap();
    let got = store
        .get(&gauge("lg-000"), Parameter::Depth, at(when))
        .unwrap();
    assert_eq!(got, Some(stored));
    drop(store);
    let again = open(folder).unwrap();
    assert_eq!(again.last_arrival().unwrap(), last + 1);
    let has = Content::of(&*again);
    // The new world has thinned the older ones.
    had.worlds.clear();
    assert!(has.worlds.contains_key(&(last + 1)));
    assert_eq!(had.missing_in(&has), 0, "after opening it again");
    again.commit(&commit(vec![tick(last + 2, when)])).unwrap();
}

#[test]
fn a_damaged_store_opens_serves_what_is_left_says_what_is_lost_and_goes_on() {
    let count = env::var("FLOOD_DAMAGES").map_or(100, |n| n.parse().unwrap());
    let seed = env::var("FLOOD_DAMAGES_SEED")
        .ok()
        .map(|n| n.parse().unwrap());
    let first = seed.unwrap_or(1_000_000_u64);
    let whole = whole();
    let mut table: BTreeMap<(&str, &str), ([usize; 4], Duration)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for seed in first
        ..first
            + if env::var("FLOOD_DAMAGES_SEED").is_ok() {
                1
            } else {
                count
            }
    {
        let mut rng = fastrand::Rng::with_seed(seed);
        let how = HOW[rng.usize(..HOW.len())];
        let what = WHAT[rng.usize(..WHAT.len())];
        let how = match what {
            "folder" => "gone",
            "two" => "any",
            _ => how,
        };
        let folder = temporary();
        copy(whole.folder.path(), folder.path());
        let done = damage(folder.path(), how, what, &mut rng);
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            open_and_look(&whole, folder.path())
        }));
        let Ok(seen) = looked else {
            wrong.push(format!("seed {seed}: {done}: panicked"));
            continue;
        };
        if env::var("FLOOD_DAMAGES_SEED").is_ok() {
            println!(
                "{done}: {:?} in {:?}\n{}",
                seen.outcome, seen.opened_in, seen.said
            );
        }
        let row = table.entry((what, how)).or_default();
        row.0[seen.outcome as usize] += 1;
        row.1 = row.1.max(seen.opened_in);
        if seen.outcome >= Outcome::Silent || seen.opened_in > LONGEST {
            wrong.push(format!(
                "seed {seed}: {done}: {:?}: {}",
                seen.outcome, seen.said
            ));
        }
    }
    let slowest = table.values().map(|(_, slowest)| *slowest).max();
    println!("what      how          harmless  told  silent  refused  slowest");
    for ((what, how), ([harmless, told, silent, refused], slowest)) in table {
        println!("{what:9} {how:12} {harmless:8} {told:5} {silent:7} {refused:8}  {slowest:.2?}");
    }
    // Its row of the table of `cargo verify endurance`. What stood where the damage is, is lost and told.
    let slowest = slowest.unwrap_or_default().as_secs_f64();
    println!(
        "| damaged store | {count} | – | 0 | – | {slowest:.2} | {} |",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_folder_in_use_or_out_of_reach_is_an_error_and_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(StoreError::InUse(_))));
    drop(first);
    let file = folder.path().join("file");
    fs::write(&file, b"in the way").unwrap();
    assert!(open(&file.join("store")).is_err());
}
