//! What only the engine on disk promises: files that accidents happen to, one user at a time, a
//! budget of bytes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use agent::{
    config::{SpoolConfig, WhenFull},
    spool::{
        self, Appended, Spool, SpoolError,
        contract::{Damage, Engine as _},
        frame,
        seqs::SeqSet,
    },
};
use shared::{observation::Observation, time::Timestamp};

use crate::{observations::batch, on_disk::OnDisk};

const MIB: u64 = 1024 * 1024;
const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);
/// The longest that a start may take, whatever has happened to the files.
const START: Duration = Duration::from_secs(5);

const CONFIG: SpoolConfig = SpoolConfig {
    max_bytes: 8 * MIB,
    when_full: WhenFull::DropOldest,
};

fn open(disk: &OnDisk) -> Spool {
    spool::open(disk.path(), CONFIG).unwrap()
}

fn append(spool: &mut Spool, observations: &[Observation]) -> u64 {
    match spool.append(observations).unwrap() {
        Appended::Stored { seq, .. } => seq,
        Appended::Full => panic!("the spool is full"),
    }
}

/// A spool of so many batches, closed; it has been opened once in their midst, for then sled makes
/// a snapshot, and again.
fn filled(batches: usize) -> OnDisk {
    let disk = OnDisk::new();
    let mut spool = open(&disk);
    for k in 0..batches {
        if k == batches / 2 {
            spool.commit(NOW).unwrap();
            drop(spool);
            spool = open(&disk);
        }
        append(&mut spool, &batch(k, 40));
        if k % 100 == 99 {
            spool.commit(NOW).unwrap();
        }
    }
    spool.commit(NOW).unwrap();
    disk
}

/// Where the bytes of each batch are: for each place its file, and the first and last byte of its
/// entry there. sled keeps older copies.
fn places(disk: &OnDisk, batches: usize) -> Vec<Vec<(PathBuf, usize, usize)>> {
    /// Bytes of an entry before its frame.
    const HEAD: usize = 20;
    let mut found = vec![Vec::new(); batches];
    for file in disk.files() {
        let bytes = fs::read(&file).unwrap();
        for (k, found) in found.iter_mut().enumerate() {
            let frame = frame::encode(&batch(k, 40)).unwrap();
            let mut at = 0;
            while let Some(skipped) = position(bytes.get(at..).unwrap(), &frame) {
                let begins = at + skipped;
                at = begins + frame.len();
                found.push((file.clone(), begins - HEAD, at - 1));
            }
        }
    }
    assert!(found.iter().all(|places| !places.is_empty()));
    found
}

fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let first = part.first().unwrap();
    let mut at = 0;
    while let Some(skipped) = bytes.get(at..)?.iter().position(|byte| byte == first) {
        at += skipped;
        if bytes.get(at..)?.starts_with(part) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Damages a file; the first and last byte that are not what they were.
fn accident(random: &mut fastrand::Rng, file: &Path) -> (&'static str, usize, usize) {
    let mut bytes = fs::read(file).unwrap();
    let length = bytes.len();
    let at = random.usize(..length);
    let (what, first, last) = match random.u8(..6) {
        0 | 1 => {
            *bytes.get_mut(at).unwrap() ^= 1 << random.u8(..8);
            ("a flipped bit", at, at)
        }
        2 => {
            let page = at / 4_096 * 4_096;
            let end = (page + 4_096).min(length);
            bytes.get_mut(page..end).unwrap().fill(0);
            ("a page of zeros", page, end - 1)
        }
        3 => {
            let end = (at + random.usize(1..20_000)).min(length);
            let rotten = bytes.get_mut(at..end).unwrap();
            for byte in rotten {
                *byte = random.u8(..);
            }
            ("noise", at, end - 1)
        }
        4 => {
            bytes.truncate(at);
            ("cut off", at, length)
        }
        _ => {
            fs::remove_file(file).unwrap();
            return ("deleted", 0, length);
        }
    };
    fs::write(file, bytes).unwrap();
    (what, first, last)
}

/// What the spool gives, by the number of the batch; nothing that was not put in, nothing twice.
fn given(spool: &mut Spool, batches: usize) -> BTreeSet<usize> {
    let mut given = BTreeSet::new();
    for seq in &spool.held() {
        let found = spool.read(seq).unwrap().unwrap();
        let first = found.first().unwrap().value.unwrap().milli();
        let k = usize::try_from(first).unwrap() / 1_000;
        assert!(k < batches && found == batch(k, 40), "batch {k} is false");
        assert!(given.insert(k), "batch {k} is given twice");
    }
    given
}

/// How many files are damaged where the environment does not say it.
const DAMAGES: u64 = 200;

/// `FLOOD_DAMAGES=1000` damages so many. It ends with its row of the table that `cargo verify
/// endurance` puts together: lost is what had a copy that was not hit, and is not given.
#[test]
fn whatever_happens_to_a_file_the_spool_starts_tells_it_and_gives_everything_else() {
    const BATCHES: usize = 500;
    let whole = filled(BATCHES);
    let places = places(&whole, BATCHES);
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let damages = std::env::var("FLOOD_DAMAGES").map_or(DAMAGES, |text| text.parse().unwrap());
    let (mut all_lost, mut unnamed, mut slowest) = (0, 0, Duration::ZERO);
    for round in 0..damages {
        let disk = whole.copied();
        let files = disk.files();
        let largest = disk.path().join("spool/db");
        let any = files.get(random.usize(..files.len())).unwrap();
        let file = if random.bool() { &largest } else { any };
        let (what, first, last) = accident(&mut random, file);
        let name = file.file_name();
        let is_hit = |(path, from, to): &(PathBuf, usize, usize)| {
            path.file_name() == name && *from <= last && first <= *to
        };
        // Lost is at most what has no copy elsewhere.
        let is_lost = |copies: &&Vec<_>| copies.iter().all(is_hit);
        let lost = places.iter().filter(is_lost).count();
        let case =
            format!("round {round} of seed {seed}: {what}, {file:?}, bytes {first}..={last}");

        let began = Instant::now();
        let mut spool = open(&disk);
        slowest = slowest.max(began.elapsed());
        assert!(slowest < START, "{case}: {slowest:?}");
        let damage = spool.damage().clone();
        let found = given(&mut spool, BATCHES);
        let missing = BATCHES - found.len();
        if missing > lost {
            println!("{case}: {missing} of {lost}");
            all_lost += missing - lost;
        }
        if missing > 0 && (damage.is_none() || damage.bytes == 0) {
            println!("{case} is not told");
            unnamed += 1;
        }
        // What is new has a number of its own, and the next start finds nothing wrong any more.
        let newest = spool.usage().newest;
        assert_eq!(append(&mut spool, &batch(BATCHES, 40)), newest + 1);
        spool.commit(NOW).unwrap();
        drop(spool);
        let mut spool = open(&disk);
        assert_eq!(*spool.damage(), Damage::default(), "{case}");
        assert_eq!(
            given(&mut spool, BATCHES + 1).len(),
            found.len() + 1,
            "{case}"
        );
    }
    let slowest = slowest.as_secs_f64();
    println!("| damaged spool | {damages} | {all_lost} | 0 | – | {slowest:.2} | {unnamed} |");
    assert_eq!((all_lost, unnamed), (0, 0), "told above, seed {seed}");
}

/// The card forgot the last of what it said it had written.
#[test]
fn a_lost_end_that_had_been_durable_is_counted() {
    let disk = filled(48);
    let older = disk.copied();
    let mut spool = open(&disk);
    for k in 48..61 {
        append(&mut spool, &batch(k, 40));
    }
    spool.commit(NOW).unwrap();
    drop(spool);
    let mark = disk.path().join("spool/mark");
    fs::copy(mark, older.path().join("spool/mark")).unwrap();
    let mut spool = open(&older);
    assert_eq!(given(&mut spool, 61).len(), 48);
    assert_eq!(spool.damage().batches, 13, "{:?}", spool.damage());
    assert!(spool.damage().bytes > 0);
}

#[test]
fn a_write_that_a_power_cut_tore_is_no_damage() {
    let disk = filled(10);
    let file = disk.path().join("spool/db");
    let mut bytes = fs::read(&file).unwrap();
    bytes.extend([0xF5, 0xB0, 0x9E, 0xA7, 2, 0, 0]);
    bytes.extend([0; 4_096]);
    fs::write(&file, bytes).unwrap();
    let mut spool = open(&disk);
    assert!(spool.damage().is_none(), "{:?}", spool.damage());
    assert_eq!(given(&mut spool, 10).len(), 10);
}

#[test]
fn what_a_full_card_left_of_a_new_store_is_made_again() {
    let disk = filled(10);
    disk.damage(&frame::encode(&batch(3, 40)).unwrap());
    fs::create_dir(disk.path().join("spool.new")).unwrap();
    fs::write(disk.path().join("spool.new/db"), [7; 100]).unwrap();
    let mut spool = open(&disk);
    assert_eq!(given(&mut spool, 10).len(), 9);
    drop(spool);
    // Killed between the two renames: the new store is whole.
    fs::rename(disk.path().join("spool"), disk.path().join("spool.new")).unwrap();
    let mut spool = open(&disk);
    assert!(spool.damage().is_none(), "{:?}", spool.damage());
    assert_eq!(given(&mut spool, 10).len(), 9);
}

#[test]
fn a_damaged_store_that_cannot_be_replaced_yet_is_served_from_where_it_lies() {
    let disk = filled(10);
    disk.damage(&frame::encode(&batch(3, 40)).unwrap());
    let obstacle = disk.path().join("spool.new");
    fs::write(&obstacle, "no folder").unwrap();
    let mut spool = open(&disk);
    let told = spool.damage().places.join(" ");
    assert!(told.contains("cannot be set aside now"), "{told}");
    assert_eq!(given(&mut spool, 11).len(), 9);
    append(&mut spool, &batch(10, 40));
    assert!(spool.commit(NOW).is_err());
    assert_eq!(given(&mut spool, 11).len(), 10);
    fs::remove_file(obstacle).unwrap();
    let began = Instant::now();
    while spool.commit(NOW).is_err() {
        assert!(began.elapsed() < START);
        std::thread::yield_now();
    }
    drop(spool);
    let mut spool = open(&disk);
    assert!(spool.damage().is_none(), "{:?}", spool.damage());
    assert_eq!(given(&mut spool, 11).len(), 10);
}

#[test]
fn a_damaged_store_is_set_aside_and_only_the_newest_are_kept() {
    let disk = filled(10);
    for k in 0..4 {
        let mut spool = open(&disk);
        append(&mut spool, &batch(100 + k, 40));
        append(&mut spool, &batch(200 + k, 40));
        spool.commit(NOW).unwrap();
        drop(spool);
        disk.damage(&frame::encode(&batch(100 + k, 40)).unwrap());
        let spool = open(&disk);
        let told = spool.damage().places.join(" ");
        let aside = disk.set_aside().pop().unwrap();
        assert!(told.contains(&aside.display().to_string()), "{told}");
        assert!(aside.join("db").exists());
    }
    assert_eq!(disk.set_aside().len(), 2);
}

#[test]
fn two_agents_cannot_share_a_spool() {
    let disk = OnDisk::new();
    let _first = open(&disk);
    let second = spool::open(disk.path(), CONFIG);
    assert!(matches!(second, Err(SpoolError::InUse { .. })));
}

#[test]
fn a_lock_that_a_killed_agent_left_to_a_program_it_was_starting_is_waited_for() {
    let disk = filled(10);
    let lock = fs::File::open(disk.path()).unwrap();
    lock.lock().unwrap();
    let other = Command::new("sleep").arg("0.1").stdin(lock).spawn();
    assert_eq!(given(&mut open(&disk), 10).len(), 10);
    assert!(other.unwrap().wait().unwrap().success());
}

#[test]
fn the_files_stay_within_the_budget_when_the_spool_is_full() {
    let disk = OnDisk::new();
    let limit = disk.engine().hold_limit(CONFIG.max_bytes);
    let mut spool = open(&disk);
    let mut most = 0;
    for k in 0..12_000 {
        append(&mut spool, &batch(k, 40));
        if k % 50 == 0 {
            spool.commit(NOW).unwrap();
            most = most.max(size(&disk.path().join("spool")));
        }
    }
    assert!(spool.usage().bytes <= limit && spool.usage().oldest > 1);
    assert!(spool.usage().bytes > limit / 2, "the budget is used");
    assert!(most <= CONFIG.max_bytes, "{most} bytes on disk");
}

/// Fresh batches are released at once while a few of long ago are not.
#[test]
fn files_of_which_little_is_held_are_used_again() {
    let disk = OnDisk::new();
    let mut spool = open(&disk);
    let mut kept = Vec::new();
    for k in 0..8_000 {
        let seq = append(&mut spool, &batch(k, 40));
        if k % 200 == 0 {
            kept.push(k);
        } else {
            spool.release(&SeqSet::from_iter([seq]));
        }
    }
    spool.commit(NOW).unwrap();
    let taken = size(&disk.path().join("spool"));
    assert!(taken <= 4 * MIB, "{taken} bytes for {} batches", kept.len());
    drop(spool);
    let mut spool = open(&disk);
    assert!(spool.damage().is_none(), "{:?}", spool.damage());
    assert_eq!(given(&mut spool, 8_000), kept.into_iter().collect());
}

fn size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).unwrap().map(|e| e.unwrap());
    let sizes = entries.map(|entry| match entry.metadata().unwrap() {
        folder if folder.is_dir() => size(&entry.path()),
        file => file.len(),
    });
    sizes.sum()
}
