//! Records that rot: each is told once and passed over, and the rest is served.

use std::{
    fs,
    path::{Path, PathBuf},
};

use aggregator::{
    audit::{Chain, Verification},
    store::Commit,
};
use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use shared::{gauge::Parameter, wire::Ack};

use crate::{
    engines::{Embedded, Engine},
    given::*,
};

/// Three days, each with an arrival of two observations, a cursor, a refused message, a world, and
/// something that the desk keeps with its deed.
fn three_days() -> Embedded {
    let engine = Embedded::new();
    let mut end = Chain::default();
    for day in 0..3_i64 {
        let number = day.cast_unsigned() + 1;
        let batch = vec![
            observation("lg-1", day * DAY_MS, day),
            observation("lg-2", day * DAY_MS, day),
        ];
        let commit = Commit {
            arrivals: vec![observed(number, day * DAY_MS, batch)],
            cursors: vec![(format!("gw-{day}").parse().unwrap(), Ack::nothing(1))],
            refused: vec![refused("future", day)],
            desk: vec![(format!("account/{day}"), Some(b"zhang".to_vec()))],
            deeds: vec![deed(&mut end, "zhang", day)],
            ..Commit::default()
        };
        engine.store().commit(&commit).unwrap();
        engine
            .store()
            .save_world(&world(number, day * DAY_MS))
            .unwrap();
    }
    engine
}

/// Does something to the engine's files behind its back.
fn behind(engine: &mut Embedded, act: impl FnOnce(&Path)) {
    engine.close();
    act(engine.folder());
    engine.reopen();
}

/// Writes another value under the first key of a keyspace.
fn overwrite(engine: &mut Embedded, keyspace: &str, value: &[u8]) {
    behind(engine, |folder| {
        let db = Database::builder(folder.join("engine")).open().unwrap();
        let keyspace = existing(&db, keyspace);
        let first = keyspace.first_key_value().unwrap().key().unwrap();
        keyspace.insert(first, value).unwrap();
    });
}

fn existing(db: &Database, name: &str) -> Keyspace {
    assert!(
        db.list_keyspace_names()
            .iter()
            .any(|known| **known == *name)
    );
    db.keyspace(name, KeyspaceCreateOptions::default).unwrap()
}

/// Of a version from the future, empty, cut, and nonsense.
const BAD: [&[u8]; 4] = [
    &[2, 1, 2, 3],
    &[],
    &[1, 1],
    &[1, 255, 255, 255, 255, 255, 9],
];

#[test]
fn a_damaged_observation_is_passed_over_and_heals_when_it_comes_again() {
    for bad in BAD {
        let mut engine = three_days();
        overwrite(&mut engine, "series-v1-0", bad);
        let store = engine.store();
        for _ in 0..2 {
            assert_eq!(
                store.get(&gauge("lg-1"), Parameter::Depth, at(0)).unwrap(),
                None
            );
            let left = store.range(&gauge("lg-1"), Parameter::Depth, at(0), at(9 * DAY_MS), 9);
            assert_eq!(left.unwrap().len(), 2);
            assert_eq!(series(store).len(), 5);
        }
        assert_eq!(store.damaged(), 1, "told once");
        let again = vec![observation("lg-1", 0, 7)];
        store.commit(&commit(vec![observed(4, 9, again)])).unwrap();
        assert_eq!(series(store).len(), 6);
    }
}

#[test]
fn the_newest_observation_is_the_newest_that_can_be_read() {
    let mut engine = three_days();
    overwrite(&mut engine, "series-v1-2", b"");
    let newest = engine
        .store()
        .newest(&gauge("lg-1"), Parameter::Depth)
        .unwrap();
    assert_eq!(newest, Some(stored("lg-1", DAY_MS, 1, DAY_MS)));
}

#[test]
fn a_damaged_group_of_arrivals_leaves_a_gap_in_the_numbers() {
    for bad in BAD {
        let mut engine = three_days();
        let second = format!("arrivals-v1-{:020}-1", 2);
        overwrite(&mut engine, &second, bad);
        let store = engine.store();
        assert_eq!(numbers(store, 0), [1, 3]);
        assert_eq!(numbers(store, 1), [3]);
        assert_eq!((store.last_arrival().unwrap(), store.damaged()), (3, 1));
    }
}

#[test]
fn a_damaged_last_group_keeps_its_numbers() {
    let mut engine = three_days();
    let last = format!("arrivals-v1-{:020}-2", 3);
    overwrite(&mut engine, &last, b"");
    let store = engine.store();
    assert_eq!(store.last_arrival().unwrap(), 3);
    store.commit(&commit(vec![tick(4, 3 * DAY_MS)])).unwrap();
    assert_eq!(numbers(store, 0), [1, 2, 4]);
}

#[test]
fn damaged_cursors_and_refused_messages_are_passed_over() {
    for bad in BAD {
        let mut engine = three_days();
        overwrite(&mut engine, "cursors-v1", bad);
        overwrite(&mut engine, "refused-v1", bad);
        let store = engine.store();
        assert_eq!(store.cursors().unwrap().len(), 2);
        assert_eq!(store.refused(9).unwrap().len(), 2);
        assert_eq!(store.damaged(), 2);
    }
}

#[test]
fn what_is_damaged_at_the_desk_is_passed_over_and_the_log_names_its_gap() {
    for bad in BAD {
        let mut engine = three_days();
        overwrite(&mut engine, "desk-v1", bad);
        overwrite(&mut engine, "deeds-v1", bad);
        let store = engine.store();
        assert_eq!(store.desk("account/").unwrap().len(), 2);
        let mut verification = Verification::default();
        for entry in deeds(store, 0) {
            verification.take(&entry);
        }
        let broken = verification.broken().unwrap().to_string();
        assert_eq!(broken, "entry 1 is missing or cannot be read");
        assert_eq!(store.damaged(), 2);
    }
}

#[test]
fn no_number_comes_twice_behind_a_damaged_last_deed() {
    let mut engine = three_days();
    let end = engine.store().end_of_deeds().unwrap();
    behind(&mut engine, |folder| {
        let db = Database::builder(folder.join("engine")).open().unwrap();
        let deeds = existing(&db, "deeds-v1");
        deeds.insert(end.last.to_be_bytes(), b"").unwrap();
    });
    let store = engine.store();
    let mut left = store.end_of_deeds().unwrap();
    assert_eq!((left.last, left.hash), (3, deeds(store, 0)[1].hash));
    let commit = Commit {
        deeds: vec![deed(&mut left, "goes on", 9)],
        ..Commit::default()
    };
    store.commit(&commit).unwrap();
    let numbers: Vec<_> = deeds(store, 0).iter().map(|d| d.number).collect();
    assert_eq!(numbers, [1, 2, 4]);
}

#[test]
fn behind_a_damaged_world_stands_the_one_before() {
    let mut engine = three_days();
    behind(&mut engine, |folder| {
        let newest = folder.join(format!("worlds/{:020}_{}.world", 3, 2 * DAY_MS));
        let mut bytes = fs::read(&newest).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(newest, bytes).unwrap();
    });
    let found = worlds(engine.store(), None);
    assert_eq!(found, [world(2, DAY_MS), world(1, 0)]);
    assert_eq!(engine.store().damaged(), 1);
}

/// The tables of a keyspace, after all of it has been written to them.
fn tables(folder: &Path, keyspace: &str) -> Vec<PathBuf> {
    let db = Database::builder(folder.join("engine")).open().unwrap();
    let keyspace = existing(&db, keyspace);
    keyspace.rotate_memtable_and_wait().unwrap();
    let tables = fs::read_dir(keyspace.path().join("tables")).unwrap();
    tables.map(|table| table.unwrap().path()).collect()
}

/// Turns a bit in the middle of where `needle` stands in a file.
fn turn_a_bit(file: &Path, needle: &[u8]) {
    let mut bytes = fs::read(file).unwrap();
    let found = bytes.windows(needle.len()).position(|w| w == needle);
    bytes[found.unwrap() + needle.len() / 2] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_damaged_block_of_the_engine_costs_the_arrivals_in_it_and_at_most_those_just_before() {
    let mut engine = Embedded::new();
    for number in 1..=9 {
        // Large enough for a block of its own.
        let batch = (0..500).map(|g| observation(&format!("g-{number}-{g}"), 5, 1));
        let arrival = observed(number, 5, batch.collect());
        engine.store().commit(&commit(vec![arrival])).unwrap();
    }
    rot_while_open(&mut engine, &format!("arrivals-v1-{:020}-0", 1), b"g-4-77");
    let store = engine.store();
    let left = numbers(store, 0);
    assert!(left.is_sorted() && !left.contains(&4), "{left:?}");
    assert!(left.starts_with(&[1]) && left.ends_with(&[5, 6, 7, 8, 9]));
    assert_eq!(numbers(store, 3), [5, 6, 7, 8, 9]);
    assert_eq!(store.damaged(), 1);
    engine.reopen();
    let found = numbers(engine.store(), 0);
    assert_eq!(
        found,
        (1..=9).collect::<Vec<_>>(),
        "the engine's journal still has them"
    );
    assert_eq!(engine.store().damaged(), 1, "the table is set aside");
}

#[test]
fn a_damaged_block_of_one_day_leaves_the_other_days_to_be_read_and_is_made_good() {
    let mut engine = three_days();
    rot_while_open(&mut engine, "series-v1-1", b"lg-1");
    let store = engine.store();
    let left = store.range(&gauge("lg-1"), Parameter::Depth, at(0), at(9 * DAY_MS), 9);
    assert_eq!(left.unwrap().len(), 2);
    assert_eq!(
        store
            .get(&gauge("lg-1"), Parameter::Depth, at(DAY_MS))
            .unwrap(),
        None
    );
    assert_eq!(series(store).len(), 4);
    assert!(store.damaged() > 0);
    behind(&mut engine, |folder| {
        // All of it is in tables, and the arrivals of the day have it too.
        fs::write(folder.join("engine/0.jnl"), b"").unwrap();
    });
    assert_eq!(series(engine.store()).len(), 6);
    assert!(engine.store().damaged() > 0, "the table is set aside");
    engine.reopen();
    assert_eq!(
        (series(engine.store()).len(), engine.store().damaged()),
        (6, 0)
    );
}

/// Writes all of the engine to tables, and turns a bit of one of a keyspace when it is open again.
fn rot_while_open(engine: &mut Embedded, keyspace: &str, needle: &[u8]) {
    let mut of_it = Vec::new();
    behind(engine, |folder| {
        let db = Database::builder(folder.join("engine")).open().unwrap();
        for name in db.list_keyspace_names() {
            existing(&db, &name).rotate_memtable_and_wait().unwrap();
        }
        drop(db);
        of_it = tables(folder, keyspace);
    });
    for table in of_it {
        turn_a_bit(&table, needle);
    }
}

#[test]
fn what_is_none_of_the_engines_is_put_aside() {
    for stray in [
        "keyspaces/1/tables/stray",
        "keyspaces/stray/file",
        "stray.jnl",
    ] {
        let mut engine = three_days();
        let before = series(engine.store());
        behind(&mut engine, |folder| {
            let stray = folder.join("engine").join(stray);
            fs::create_dir_all(stray.parent().unwrap()).unwrap();
            fs::write(stray, b"what the engine does not know").unwrap();
        });
        assert_eq!(series(engine.store()), before);
        assert_eq!(engine.store().damaged(), 1);
        engine.reopen();
        assert_eq!(engine.store().damaged(), 0);
    }
}

/// As the engine's folder is left by a process that it has ended.
#[test]
fn an_engine_that_ends_the_process_whenever_it_is_opened_is_written_anew() {
    let mut engine = three_days();
    let before = series(engine.store());
    for (openings, is_anew) in [(1, false), (2, false), (3, true)] {
        behind(&mut engine, |folder| {
            fs::write(folder.join("suspect"), format!("{openings}")).unwrap();
        });
        let store = engine.store();
        assert_eq!(series(store), before);
        assert_eq!(numbers(store, 0), [1, 2, 3]);
        assert_eq!(store.cursors().unwrap().len(), 3);
        assert_eq!(
            store.damaged() > 0,
            is_anew,
            "what does not open is set aside"
        );
        assert!(!engine.folder().join("suspect").exists());
    }
    engine.reopen();
    assert_eq!(
        (series(engine.store()), engine.store().damaged()),
        (before, 0)
    );
}

#[test]
fn an_engine_of_which_nothing_can_be_used_leaves_the_worlds_and_the_numbers() {
    let mut engine = three_days();
    behind(&mut engine, |folder| {
        fs::remove_dir_all(folder.join("engine/keyspaces")).unwrap();
        fs::write(folder.join("engine/keyspaces"), b"no folder").unwrap();
    });
    let store = engine.store();
    assert!(series(store).is_empty() && store.cursors().unwrap().is_empty());
    assert_eq!(worlds(store, None).len(), 3);
    assert!(store.damaged() > 0);
    assert_eq!(store.last_arrival().unwrap(), 3);
    store.commit(&commit(vec![tick(4, 3 * DAY_MS)])).unwrap();
    engine.reopen();
    assert_eq!(numbers(engine.store(), 0), [4]);
}

#[test]
fn a_new_engine_is_put_in_its_place_if_it_was_whole_and_thrown_away_if_not() {
    let mut engine = three_days();
    let before = series(engine.store());
    behind(&mut engine, |folder| {
        fs::rename(folder.join("engine"), folder.join("engine.new")).unwrap();
    });
    assert_eq!(
        (series(engine.store()), engine.store().damaged()),
        (before.clone(), 0)
    );
    behind(&mut engine, |folder| {
        fs::create_dir_all(folder.join("engine.new/keyspaces/0")).unwrap();
    });
    assert_eq!(
        (series(engine.store()), engine.store().damaged()),
        (before, 0)
    );
    assert!(!engine.folder().join("engine.new").exists());
}

#[test]
fn a_store_of_before_the_desk_was_opens_and_has_no_deeds() {
    let mut engine = three_days();
    behind(&mut engine, |folder| {
        let db = Database::builder(folder.join("engine")).open().unwrap();
        for name in ["desk-v1", "deeds-v1"] {
            db.delete_keyspace(existing(&db, name)).unwrap();
        }
        fs::remove_file(folder.join("keyspaces")).unwrap();
    });
    let store = engine.store();
    assert!(store.desk("").unwrap().is_empty() && deeds(store, 0).is_empty());
    assert_eq!((numbers(store, 0).len(), store.damaged()), (3, 0));
    let first = Commit {
        deeds: vec![deed(&mut Chain::default(), "zhang", 1)],
        ..Commit::default()
    };
    store.commit(&first).unwrap();
    engine.reopen();
    assert_eq!(deeds(engine.store(), 0), first.deeds);
}

#[test]
fn a_store_without_mark_and_lists_is_one_of_before_they_were_and_no_damage() {
    let mut engine = three_days();
    let before = series(engine.store());
    behind(&mut engine, |folder| {
        for file in ["mark", "keyspaces", "worlds.list"] {
            fs::remove_file(folder.join(file)).unwrap();
        }
    });
    assert_eq!(
        (series(engine.store()), engine.store().damaged()),
        (before, 0)
    );
    assert_eq!(worlds(engine.store(), None).len(), 3);
}
