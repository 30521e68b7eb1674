//! The look at keyspaces and tables.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use fjall::{Database, KeyspaceCreateOptions};

use crate::store::embedded::mend::{
    keyspaces::{Keyspaces, look, source},
    merge::Newest,
};

type Items = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store whose engine has two keyspaces, one of them in two tables of several blocks.
fn store() -> (tempfile::TempDir, Items) {
    let folder = tempfile::tempdir().expect("a folder");
    let db = Database::builder(folder.path().join("engine")).open();
    let db = db.expect("opens");
    let options = KeyspaceCreateOptions::default;
    let one = db.keyspace("one", options).expect("made");
    db.keyspace("other", options).expect("made");
    let mut items = Items::new();
    for (round, from) in [(1_u8, 0), (2, 300)] {
        for k in from..from + 600 {
            let (key, value) = (format!("key-{k:05}"), vec![round; 40]);
            one.insert(key.as_bytes(), value.as_slice())
                .expect("written");
            items.insert(key.into_bytes(), value);
        }
        one.remove(format!("key-{from:05}")).expect("removed");
        items.remove(format!("key-{from:05}").as_bytes());
        one.rotate_memtable_and_wait().expect("flushed");
    }
    (folder, items)
}

fn looked(store: &Path) -> Keyspaces {
    look(store, &store.join("engine"), u64::MAX).expect("readable")
}

/// Everything that the tables of keyspace `one` still give, and how many places in them are bad.
fn items(store: &Path, found: &Keyspaces) -> (Items, usize) {
    let one = found.all.iter().find(|k| k.name == "one");
    let (mut sources, mut bad) = (Vec::new(), 0);
    for (path, seqno) in &one.expect("named").look.tables {
        let (more, places) = source(path, *seqno, &store.join("scratch")).expect("readable");
        sources.extend(more);
        bad += places.len();
    }
    let newest = Newest::of(sources).map(|(key, value)| (key.to_vec(), value.to_vec()));
    (newest.collect(), bad)
}

fn tables(store: &Path) -> Vec<PathBuf> {
    let found = looked(store);
    let one = found.all.iter().find(|k| k.name == "one").expect("named");
    one.look.tables.keys().cloned().collect()
}

#[test]
fn what_the_engine_wrote_is_found_whole_and_read_without_it() {
    let (folder, written) = store();
    let found = looked(folder.path());
    assert!(found.are_whole(), "{found:?}");
    let names: Vec<_> = found.all.iter().map(|k| k.name.as_str()).collect();
    assert_eq!(names, ["other", "one"]);
    assert_eq!(found.own.known().len(), 2);
    assert_eq!(tables(folder.path()).len(), 2);
    assert_eq!(items(folder.path(), &found), (written, 0));
}

#[test]
fn a_bit_of_a_table_costs_at_most_the_block_that_it_is_in() {
    let (folder, written) = store();
    let table = &tables(folder.path())[1];
    let whole = fs::read(table).expect("readable");
    let (mut hits, mut misses) = (0, 0);
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(table, bytes).expect("written");
        let found = looked(folder.path());
        assert!(!found.are_whole(), "byte {at}");
        let (left, bad) = items(folder.path(), &found);
        assert!(left.len() + 150 > written.len(), "{} left", left.len());
        for (key, value) in &left {
            // Behind a lost block may stand what it had replaced, or brought to an end.
            let old = [1; 40].as_slice();
            assert!(written.get(key) == Some(value) || value == old, "byte {at}");
        }
        assert!(bad > 0 || left == written, "byte {at}");
        if bad > 0 { hits += 1 } else { misses += 1 }
    }
    assert!(hits > 20 && misses > 2, "{hits} hits, {misses} misses");
}

#[test]
fn a_bit_of_any_list_of_the_engines_is_noticed() {
    let (folder, written) = store();
    let keyspaces = folder.path().join("engine/keyspaces");
    for id in ["0", "1"] {
        let current = keyspaces.join(id).join("current");
        let number = fs::read(&current).expect("readable")[0];
        for file in [current.with_file_name(format!("v{number}")), current] {
            let whole = fs::read(&file).expect("readable");
            for bit in 0..whole.len() * 8 {
                let mut bytes = whole.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                fs::write(&file, bytes).expect("written");
                let found = looked(folder.path());
                assert!(!found.are_whole(), "{} bit {bit}", file.display());
            }
            fs::remove_file(&file).expect("removed");
            let found = looked(folder.path());
            assert!(!found.are_whole(), "without {}", file.display());
            assert_eq!(items(folder.path(), &found), (written.clone(), 0));
            fs::write(&file, whole).expect("written");
        }
    }
    assert!(looked(folder.path()).are_whole());
}
