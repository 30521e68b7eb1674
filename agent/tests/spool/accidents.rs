//! What only the engine on disk promises: files that accidents happen to, one user at a time, a
//! budget of bytes.

use std::{fs, path::Path};

use agent::{
    config::{SpoolConfig, WhenFull},
    spool::{self, Appended, Spool, SpoolError, contract::Engine as _},
};
use shared::observation::Observation;

use crate::{observations::batch, on_disk::OnDisk};

const MIB: u64 = 1024 * 1024;

const CONFIG: SpoolConfig = SpoolConfig {
    max_bytes: 64 * MIB,
    when_full: WhenFull::DropOldest,
};

fn open(disk: &OnDisk) -> Spool {
    spool::open(disk.path(), CONFIG).unwrap()
}

fn append(spool: &mut Spool, observations: &[Observation]) {
    let appended = spool.append(observations).unwrap();
    assert!(matches!(appended, Appended::Stored { .. }));
}

#[test]
fn a_torn_snapshot_does_not_keep_the_spool_from_opening() {
    let disk = OnDisk::new();
    let mut spool = open(&disk);
    append(&mut spool, &batch(0, 5));
    drop(spool);
    let torn = "spool/snap.FFFFFFFFFFFFFFFF.generating";
    fs::write(disk.path().join(torn), [0]).unwrap();
    let mut spool = open(&disk);
    assert_eq!(spool.read(1).unwrap(), Some(batch(0, 5)));
    assert!(disk.set_aside().is_empty());
}

#[test]
fn whatever_is_cut_off_or_overwritten_the_spool_opens_and_gives_nothing_false() {
    let disk = OnDisk::new();
    let mut spool = open(&disk);
    for k in 0..200 {
        append(&mut spool, &batch(k, 20));
    }
    spool.commit().unwrap();
    drop(spool);
    let whole = fs::read(disk.path().join("spool/db")).unwrap();
    let cuts = [
        0,
        1,
        4_096,
        whole.len() / 3,
        whole.len() / 2,
        whole.len() - 7,
    ];
    let flips = [0, 20, 5_000, 100_000, whole.len() / 2];
    let mut damaged: Vec<Vec<u8>> = cuts
        .iter()
        .map(|at| whole.get(..*at).unwrap().to_vec())
        .collect();
    for at in flips.into_iter().filter(|at| at + 64 < whole.len()) {
        let mut bytes = whole.clone();
        bytes.get_mut(at..at + 64).unwrap().fill(0xA5);
        damaged.push(bytes);
    }
    for (k, bytes) in damaged.into_iter().enumerate() {
        let copy = disk.copied();
        fs::write(copy.path().join("spool/db"), bytes).unwrap();
        let mut spool = open(&copy);
        for seq in &spool.held() {
            let expected = batch(usize::try_from(seq).unwrap() - 1, 20);
            match spool.read(seq) {
                Ok(found) => assert_eq!(found, Some(expected), "damage {k}, batch {seq}"),
                Err(error) => panic!("damage {k}, batch {seq}: {error}"),
            }
        }
        append(&mut spool, &batch(1_000, 3));
        spool.commit().unwrap();
        drop(spool);
        assert!(open(&copy).usage().batches >= 1);
    }
}

#[test]
fn only_the_newest_stores_that_were_set_aside_are_kept() {
    let disk = OnDisk::new();
    for _ in 0..4 {
        drop(open(&disk));
        disk.corrupt();
    }
    drop(open(&disk));
    let mut names: Vec<_> = disk
        .set_aside()
        .iter()
        .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["spool.corrupt-3", "spool.corrupt-4"]);
}

#[test]
fn two_agents_cannot_share_a_spool() {
    let disk = OnDisk::new();
    let _first = open(&disk);
    let second = spool::open(disk.path(), CONFIG);
    assert!(matches!(second, Err(SpoolError::InUse { .. })));
}

#[test]
fn the_files_stay_within_the_budget_when_the_spool_is_full() {
    let disk = OnDisk::new();
    let config = SpoolConfig {
        max_bytes: 8 * MIB,
        ..CONFIG
    };
    let limit = disk.engine().hold_limit(config.max_bytes);
    let mut spool = spool::open(disk.path(), config).unwrap();
    for k in 0..12_000 {
        append(&mut spool, &batch(k, 40));
        if k % 50 == 0 {
            spool.commit().unwrap();
        }
    }
    spool.commit().unwrap();
    assert!(spool.usage().bytes <= limit && spool.usage().oldest > 1);
    let on_disk = size(disk.path());
    assert!(
        on_disk <= config.max_bytes,
        "{on_disk} bytes on disk for a budget of {}",
        config.max_bytes
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
