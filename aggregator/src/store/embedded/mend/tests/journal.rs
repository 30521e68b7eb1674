//! The walk over a journal.

use std::{collections::BTreeMap, fs, path::Path};

use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use proptest::prelude::*;

use crate::store::embedded::mend::{
    batches::{self, *},
    bits::{EFFORT, turn_back},
};

type Content = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What was written in one batch, by its sequence number.
type Written = BTreeMap<u64, Content>;

fn value(k: usize) -> Vec<u8> {
    (0..=250).cycle().take(k * 37 % 500).collect()
}

/// Writes batches of all kinds, each with what it says of itself; returns what they hold.
fn write(engine: &Path, count: usize) -> Written {
    let db = Database::builder(engine).open().expect("opens");
    let options = KeyspaceCreateOptions::default;
    let one = db.keyspace("one", options).expect("made");
    let other = db.keyspace("other", options).expect("made");
    let mut written = Written::new();
    for k in 1..=count {
        let seqno = db.seqno();
        let said = Said {
            number: k as u64,
            seqno,
        };
        let mut content = Content::new();
        let mut batch = db.batch().durability(Some(PersistMode::Buffer));
        for item in 0..=k % 4 {
            let key = format!("key-{k}-{item}").into_bytes();
            let keyspace = if item % 2 == 0 { &one } else { &other };
            batch.insert(keyspace, key.clone(), value(k + item));
            content.insert(key, Some(value(k + item)));
        }
        if k % 3 == 0 {
            let key = format!("key-{}-0", k - 1).into_bytes();
            batch.remove(&one, key.clone());
            content.insert(key, None);
        }
        batch.insert(&one, COMMIT_KEY, said.encode());
        content.insert(COMMIT_KEY.to_vec(), Some(said.encode().to_vec()));
        batch.commit().expect("written");
        written.insert(seqno, content);
    }
    db.persist(PersistMode::SyncAll).expect("synced");
    written
}

fn content(bytes: &[u8], batch: &Batch) -> Content {
    let items = batches::items(bytes, batch);
    let owned = items.map(|item| (item.key.to_vec(), item.value.map(<[u8]>::to_vec)));
    owned.collect()
}

fn found(pieces: &[Piece]) -> Vec<Batch> {
    let batches = pieces.iter().filter_map(|piece| match piece {
        Piece::Batch(batch) => Some(batch.clone()),
        Piece::Bad(_) => None,
    });
    batches.collect()
}

/// The journal that the engine wrote, up to its zeros.
fn journal(engine: &Path) -> Vec<u8> {
    let mut bytes = fs::read(engine.join("0.jnl")).expect("the journal");
    let end = walk(&bytes, None).iter().map(end_of).max().unwrap_or(0);
    assert!(bytes[end..].iter().all(|byte| *byte == 0));
    bytes.truncate(end);
    bytes
}

fn end_of(piece: &Piece) -> usize {
    match piece {
        Piece::Batch(batch) => batch.at.end,
        Piece::Bad(bytes) => bytes.end,
    }
}

#[test]
fn all_that_the_engine_wrote_is_read_and_written_again_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = write(folder.path(), 30);
    let bytes = journal(folder.path());
    let batches = found(&walk(&bytes, None));
    assert!(batches.iter().all(|batch| batch.is_whole));
    let read: Written = batches
        .iter()
        .map(|b| (b.seqno, content(&bytes, b)))
        .collect();
    assert_eq!(read, written);
    let mut again = Vec::new();
    for batch in &batches {
        let mut items = Vec::new();
        for item in batches::items(&bytes, batch) {
            append_item(&mut items, item);
        }
        assert_eq!(items, bytes[batch.items.clone()]);
        append(&mut again, &items, batch.count, batch.seqno);
    }
    assert_eq!(again, bytes);
}

#[test]
fn a_keyspace_that_was_cleared_is_read_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = Database::builder(folder.path()).open().expect("opens");
    let keyspace = db.keyspace("one", KeyspaceCreateOptions::default);
    let keyspace = keyspace.expect("made");
    keyspace.insert("a", "b").expect("written");
    keyspace.clear().expect("cleared");
    keyspace.insert("c", "d").expect("written");
    db.persist(PersistMode::SyncAll).expect("synced");
    let bytes = journal(folder.path());
    let batches = found(&walk(&bytes, None));
    let counts: Vec<_> = batches.iter().map(|b| content(&bytes, b).len()).collect();
    assert_eq!(counts, [1, 0, 1]);
}

#[test]
fn the_engine_reads_a_journal_without_one_of_its_batches() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = write(folder.path(), 8);
    let bytes = journal(folder.path());
    let mut without = Vec::new();
    let gone = *written.keys().nth(4).expect("the fifth");
    for batch in found(&walk(&bytes, None))
        .iter()
        .filter(|b| b.seqno != gone)
    {
        append(
            &mut without,
            &bytes[batch.items.clone()],
            batch.count,
            batch.seqno,
        );
    }
    fs::write(folder.path().join("0.jnl"), without).expect("written");
    let db = Database::builder(folder.path()).open().expect("opens");
    let one = db.keyspace("one", KeyspaceCreateOptions::default);
    let one = one.expect("there");
    let has = |key: &str| one.contains_key(key).expect("readable");
    assert!(has("key-4-0") && !has("key-5-0") && has("key-6-0") && has("key-8-0"));
}

/// What is done to a journal's bytes.
#[derive(Debug, Clone)]
enum Damage {
    Bit(usize, u8),
    Zeros(usize, usize),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<usize>(), 0_u8..8).prop_map(|(at, bit)| Damage::Bit(at, bit)),
        2 => (any::<usize>(), 1_usize..3_000).prop_map(|(at, count)| Damage::Zeros(at, count)),
        1 => any::<usize>().prop_map(Damage::Cut),
    ]
}

/// The bytes that may be other than they were.
fn apply(damage: &Damage, bytes: &mut Vec<u8>) -> std::ops::Range<usize> {
    let length = bytes.len();
    match damage {
        Damage::Bit(at, bit) => {
            bytes[at % length] ^= 1 << bit;
            at % length..at % length + 1
        }
        Damage::Zeros(at, count) => {
            let range = at % length..(at % length + count).min(length);
            bytes[range.clone()].fill(0);
            range
        }
        Damage::Cut(at) => {
            bytes.truncate(at % length);
            at % length..length
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_damaged_nothing_false_is_read_and_only_what_was_hit_is_missing(
        damage in damage(),
    ) {
        thread_local! {
            static ENGINE: (tempfile::TempDir, Written, Vec<u8>) = {
                let folder = tempfile::tempdir().expect("a folder");
                let written = write(folder.path(), 25);
                let bytes = journal(folder.path());
                (folder, written, bytes)
            };
        }
        ENGINE.with(|(_, written, whole)| {
            let mut bytes = whole.clone();
            let hit = apply(&damage, &mut bytes);
            let pieces = walk(&bytes, None);
            let mut at = 0;
            for piece in &pieces {
                let begins = match piece {
                    Piece::Batch(batch) => batch.at.start,
                    Piece::Bad(bytes) => bytes.start,
                };
                prop_assert_eq!(begins, at, "every byte is of one piece");
                at = end_of(piece);
            }
            let left = found(&pieces);
            prop_assert!(left.is_sorted_by_key(|batch| batch.seqno));
            let read: Vec<_> = left.iter().map(|batch| content(&bytes, batch)).collect();
            for content in &read {
                prop_assert!(written.values().any(|w| w == content));
            }
            for batch in found(&walk(whole, None)) {
                let is_hit = batch.at.start < hit.end && hit.start < batch.at.end;
                let is_there = read.contains(&written[&batch.seqno]);
                prop_assert!(is_hit || is_there, "a batch that was not hit is gone");
            }
            Ok(())
        })?;
    }
}

#[test]
fn a_start_or_an_end_that_is_damaged_is_made_good_from_what_stands_between() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = write(folder.path(), 5);
    let bytes = journal(folder.path());
    let third = found(&walk(&bytes, None))[2].clone();
    // The count, the sequence number, and what ends the batch.
    for at in [third.at.start + 1, third.at.start + 12, third.at.end - 1] {
        let mut other = bytes.clone();
        other[at] ^= 0x40;
        let batches = found(&walk(&other, None));
        assert_eq!(batches.len(), 5);
        assert!(!batches[2].is_whole, "byte {at}");
        assert_eq!(batches[2].seqno, third.seqno);
        assert_eq!(content(&other, &batches[2]), written[&third.seqno]);
    }
}

#[test]
fn any_one_bit_of_a_batch_is_turned_back() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), 3);
    let bytes = journal(folder.path());
    let second = found(&walk(&bytes, None))[1].clone();
    let (mut lost, first) = (0, second.at.start);
    for bit in (0..second.at.len() * 8).step_by(23) {
        let mut other = bytes.clone();
        other[first + bit / 8] ^= 1 << (bit % 8);
        let pieces = walk(&other, None);
        if let Some(Piece::Bad(at)) = pieces.iter().find(|p| matches!(p, Piece::Bad(_))) {
            lost += 1;
            assert_eq!(*at, second.at);
            assert!(
                turn_back(&mut other[at.clone()], &mut EFFORT.clone()),
                "bit {bit}"
            );
            let batches = found(&walk(&other, None));
            assert_eq!(batches[1].seqno, second.seqno);
            assert_eq!(content(&other, &batches[1]), content(&bytes, &second));
        }
    }
    assert!(lost > 20, "{lost} bits cost the batch");
}

#[test]
fn two_bits_of_a_batch_are_left_alone_and_effort_is_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), 3);
    let bytes = journal(folder.path());
    let second = found(&walk(&bytes, None))[1].clone();
    let mut other = bytes[second.at.clone()].to_vec();
    other[20] ^= 1;
    let one_bit = other.clone();
    assert!(!turn_back(&mut other, &mut 1_000), "too little to find it");
    assert_eq!(other, one_bit);
    other[30] ^= 1;
    let two_bits = other.clone();
    assert!(!turn_back(&mut other, &mut EFFORT.clone()));
    assert_eq!(other, two_bits);
    for length in 0..30 {
        assert!(!turn_back(&mut vec![7; length], &mut EFFORT.clone()));
    }
}
