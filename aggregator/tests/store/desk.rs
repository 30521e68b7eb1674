//! What the desk keeps, and the log of what was done: the contract by example.

use std::ops::ControlFlow;

use aggregator::{
    audit::Chain,
    store::{Commit, Store, StoreError},
};

use crate::{engines::each, given::*};

/// What the desk keeps under keys that begin so.
fn desk(store: &dyn Store, prefix: &str) -> Vec<(String, String)> {
    let kept = store.desk(prefix).unwrap().into_iter();
    kept.map(|(key, kept)| (key, String::from_utf8(kept).unwrap()))
        .collect()
}

#[test]
fn what_the_desk_keeps_is_found_by_the_beginning_of_its_key_until_it_is_removed() {
    each(|engine| {
        let keep = |changes: &[(&str, Option<&str>)]| Commit {
            desk: changes
                .iter()
                .map(|(key, kept)| ((*key).to_owned(), kept.map(|k| k.as_bytes().to_vec())))
                .collect(),
            ..Commit::default()
        };
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let owned = pairs.iter();
            owned.map(|(k, v)| ((*k).into(), (*v).into())).collect()
        };
        let first = [
            ("account/zhang", Some("viewer")),
            ("account/li", Some("crew")),
            ("session/7", Some("")),
            ("account/zhang", Some("dispatcher")),
        ];
        engine.store().commit(&keep(&first)).unwrap();
        engine.reopen();
        let store = engine.store();
        let accounts = [("account/li", "crew"), ("account/zhang", "dispatcher")];
        assert_eq!(desk(store, "account/"), pairs(&accounts));
        assert_eq!(desk(store, "").len(), 3);
        assert!(desk(store, "accounts").is_empty());
        let later = [
            ("account/li", None),
            ("nobody", None),
            ("session/7", Some("x")),
        ];
        store.commit(&keep(&later)).unwrap();
        store.forget_before(at(i64::MAX)).unwrap();
        engine.reopen();
        let left = [("account/zhang", "dispatcher"), ("session/7", "x")];
        assert_eq!(desk(engine.store(), ""), pairs(&left));
        assert_eq!(engine.store().damaged(), 0);
    });
}

#[test]
fn deeds_are_kept_in_their_order_and_never_forgotten() {
    each(|engine| {
        assert_eq!(engine.store().end_of_deeds().unwrap(), Chain::default());
        let mut end = Chain::default();
        let mut written = Vec::new();
        for day in 0..3_i64 {
            let two = ["first", "second"].map(|s| deed(&mut end, s, day * DAY_MS));
            written.extend(two.clone());
            let commit = Commit {
                deeds: two.to_vec(),
                ..Commit::default()
            };
            engine.store().commit(&commit).unwrap();
            assert_eq!(engine.store().end_of_deeds().unwrap(), end);
            engine.reopen();
            assert_eq!(engine.store().end_of_deeds().unwrap(), end);
        }
        let store = engine.store();
        store.forget_before(at(i64::MAX)).unwrap();
        for after in 0..=6 {
            assert_eq!(deeds(store, after as u64), written[after..]);
        }
        assert!(deeds(store, u64::MAX).is_empty());
        let mut seen = 0;
        let visited = store.deeds(1, &mut |entry| {
            seen = entry.number;
            if seen == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        visited.unwrap();
        assert_eq!(seen, 3);
    });
}

#[test]
fn deeds_that_do_not_follow_are_refused_with_all_that_came_with_them() {
    each(|engine| {
        let store = engine.store();
        let mut end = Chain::default();
        let (one, two, three) = (
            deed(&mut end, "1", 1),
            deed(&mut end, "2", 2),
            deed(&mut end, "3", 3),
        );
        let with = |deeds| Commit {
            arrivals: vec![tick(1, 5)],
            desk: vec![("account/zhang".to_owned(), Some(Vec::new()))],
            deeds,
            ..Commit::default()
        };
        for wrong in [vec![two.clone()], vec![one.clone(), three]] {
            let refused = store.commit(&with(wrong));
            assert!(matches!(refused, Err(StoreError::DeedOutOfOrder { .. })));
        }
        assert!(deeds(store, 0).is_empty() && store.desk("").unwrap().is_empty());
        assert_eq!(store.last_arrival().unwrap(), 0);
        store.commit(&with(vec![one, two])).unwrap();
        assert_eq!(deeds(store, 0).len(), 2);
    });
}
