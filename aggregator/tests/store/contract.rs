//! The contract by example.

use std::ops::ControlFlow;

use aggregator::store::{Commit, MAX_REFUSED, StoreError};
use shared::{gauge::Parameter, observation::Observation, wire::Ack};

use crate::{engines::each, given::*};

#[test]
fn what_was_committed_is_there_after_reopening() {
    each(|engine| {
        let mut ack = Ack::nothing(9);
        ack.add(1);
        let agent = "gw-1".parse().unwrap();
        let batch = vec![
            observation("lg-1", 5, 1),
            observation("lg-1", DAY_MS + 5, 2),
        ];
        let written = Commit {
            arrivals: vec![observed(1, DAY_MS + 7, batch), tick(2, DAY_MS + 8)],
            cursors: vec![(agent, ack)],
            refused: vec![refused("bad-payload", 3)],
            ..Commit::default()
        };
        engine.store().commit(&written).unwrap();
        engine.reopen();
        let store = engine.store();
        assert_eq!(arrivals(store, 0), written.arrivals);
        assert_eq!(store.last_arrival().unwrap(), 2);
        assert_eq!(store.cursors().unwrap(), written.cursors);
        assert_eq!(store.refused(10).unwrap(), written.refused);
        let both = [
            stored("lg-1", 5, 1, DAY_MS + 7),
            stored("lg-1", DAY_MS + 5, 2, DAY_MS + 7),
        ];
        assert_eq!(series(store), both);
        assert_eq!(
            store
                .newest(&gauge("lg-1"), Parameter::Depth)
                .unwrap()
                .as_ref(),
            both.last()
        );
        let first = store.get(&gauge("lg-1"), Parameter::Depth, at(5)).unwrap();
        assert_eq!(first.as_ref(), both.first());
        assert_eq!(store.damaged(), 0);
    });
}

#[test]
fn an_empty_store_has_nothing_and_begins_with_arrival_1() {
    each(|engine| {
        let store = engine.store();
        assert_eq!(store.last_arrival().unwrap(), 0);
        assert!(arrivals(store, 0).is_empty() && series(store).is_empty());
        assert!(worlds(store, None).is_empty());
        assert_eq!(
            store.newest(&gauge("lg-1"), Parameter::Depth).unwrap(),
            None
        );
        store.commit(&commit(vec![tick(1, 0)])).unwrap();
        assert_eq!(numbers(store, 0), [1]);
    });
}

#[test]
fn arrivals_that_do_not_follow_are_refused_whole() {
    each(|engine| {
        let store = engine.store();
        store.commit(&commit(vec![tick(1, 0), tick(2, 0)])).unwrap();
        let batch = vec![observation("lg-1", 5, 1)];
        for wrong in [
            vec![tick(2, 0)],
            vec![tick(4, 0)],
            vec![observed(3, 0, batch), tick(5, 0)],
        ] {
            let refused = store.commit(&commit(wrong));
            assert!(matches!(refused, Err(StoreError::OutOfOrder { .. })));
        }
        assert_eq!(numbers(store, 0), [1, 2]);
        assert!(series(store).is_empty());
        store.commit(&commit(vec![tick(3, 0)])).unwrap();
    });
}

#[test]
fn an_observation_replaces_one_of_the_same_identity_also_within_a_commit() {
    each(|engine| {
        let store = engine.store();
        let first = vec![observation("lg-1", 5, 1), observation("lg-1", 5, 2)];
        store.commit(&commit(vec![observed(1, 10, first)])).unwrap();
        assert_eq!(series(store), [stored("lg-1", 5, 2, 10)]);
        let second = vec![observation("lg-1", 5, 3)];
        let third = vec![observation("lg-1", 5, 4)];
        let both = vec![observed(2, 20, second), observed(3, 30, third)];
        store.commit(&commit(both)).unwrap();
        engine.reopen();
        assert_eq!(series(engine.store()), [stored("lg-1", 5, 4, 30)]);
    });
}

#[test]
fn what_a_station_gives_of_two_parameters_at_one_time_is_kept_apart() {
    each(|engine| {
        let (depth, rain) = (Parameter::Depth, Parameter::RainfallIntensity);
        let wet = observation("st-7", 5, 2_100);
        let raining = Observation {
            parameter: rain,
            ..observation("st-7", 5, 44_000)
        };
        let batch = vec![raining.clone(), wet.clone()];
        let written = commit(vec![observed(1, 10, batch)]);
        engine.store().commit(&written).unwrap();
        engine.reopen();
        let store = engine.store();
        for (parameter, wanted) in [(depth, &wet), (rain, &raining)] {
            let newest = store.newest(&gauge("st-7"), parameter).unwrap();
            assert_eq!(newest.map(|s| s.observation).as_ref(), Some(wanted));
            let got = store.get(&gauge("st-7"), parameter, at(5)).unwrap();
            assert_eq!(got.map(|s| s.observation).as_ref(), Some(wanted));
            let all = store.range(&gauge("st-7"), parameter, at(0), at(9), 9);
            assert_eq!(all.unwrap().len(), 1);
        }
        let all: Vec<_> = series(store).into_iter().map(|s| s.observation).collect();
        assert_eq!(all, [wet, raining]);
    });
}

#[test]
fn what_is_in_quarantine_stays_until_it_is_readmitted_or_its_day_is_forgotten() {
    let one = |day: i64| quarantined(day * DAY_MS);
    each(|engine| {
        let aside = |quarantined, readmitted| Commit {
            quarantined,
            readmitted,
            ..Commit::default()
        };
        let three = vec![one(1), one(2), one(3)];
        engine
            .store()
            .commit(&aside(three.clone(), vec![]))
            .unwrap();
        engine.reopen();
        let found = quarantine(engine.store());
        let (numbers, kept): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        assert_eq!(kept, three);
        let later = aside(vec![one(9)], vec![numbers[1]]);
        engine.store().commit(&later).unwrap();
        let forgotten = engine.store().forget_before(at(2 * DAY_MS)).unwrap();
        assert_eq!(forgotten.quarantined, 1);
        engine.reopen();
        let left: Vec<_> = quarantine(engine.store())
            .into_iter()
            .map(|(_, q)| q)
            .collect();
        assert_eq!(left, [one(3), one(9)]);
        assert!(series(engine.store()).is_empty());
    });
}

#[test]
fn a_range_keeps_to_its_gauge_and_its_limit_keeps_the_newest() {
    each(|engine| {
        let store = engine.store();
        let mut batch: Vec<_> = (0..10).map(|t| observation("lg-1", t, t)).collect();
        batch.push(observation("lg-10", 3, 99));
        batch.push(observation("lg-1", DAY_MS * 2, 100));
        store.commit(&commit(vec![observed(1, 10, batch)])).unwrap();
        let times = |from: i64, to: i64, limit: usize| {
            let found = store.range(&gauge("lg-1"), Parameter::Depth, at(from), at(to), limit);
            let found = found.unwrap();
            let times = found.iter().map(|s| s.observation.observed_at.as_millis());
            times.collect::<Vec<_>>()
        };
        assert_eq!(times(2, 8, 3), [6, 7, 8]);
        assert_eq!(times(8, 2 * DAY_MS, 10), [8, 9, 2 * DAY_MS]);
        assert_eq!(times(0, i64::MAX, 1), [2 * DAY_MS]);
        assert_eq!(times(8, 2, 3), [0_i64; 0]);
        assert_eq!(times(0, 9, 0), [0_i64; 0]);
    });
}

#[test]
fn the_series_is_visited_by_day_gauge_and_time() {
    each(|engine| {
        let store = engine.store();
        let batch = vec![
            observation("lg-2", 1, 0),
            observation("lg-1", DAY_MS, 0),
            observation("lg-1", 2, 0),
            observation("lg-1", -1, 0),
        ];
        store.commit(&commit(vec![observed(1, 10, batch)])).unwrap();
        let order: Vec<_> = series(store)
            .into_iter()
            .map(|s| (s.observation.gauge, s.observation.observed_at.as_millis()))
            .collect();
        let (one, two) = (gauge("lg-1"), gauge("lg-2"));
        assert_eq!(
            order,
            [(one.clone(), -1), (one.clone(), 2), (two, 1), (one, DAY_MS)]
        );
    });
}

#[test]
fn arrivals_are_found_from_any_number_and_until_the_visitor_breaks() {
    each(|engine| {
        let store = engine.store();
        for group in [vec![1, 2, 3], vec![4], vec![5, 6]] {
            let ticks = group.into_iter().map(|n: u64| tick(n, n.cast_signed()));
            store.commit(&commit(ticks.collect())).unwrap();
        }
        let all = [1, 2, 3, 4, 5, 6];
        for after in 0..=6 {
            assert_eq!(numbers(store, after as u64), all[after..]);
        }
        assert!(numbers(store, u64::MAX).is_empty());
        let mut seen = 0;
        let visited = store.arrivals(1, &mut |arrival| {
            seen = arrival.number;
            if seen == 5 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        visited.unwrap();
        assert_eq!(seen, 5);
    });
}

#[test]
fn a_visitor_may_call_the_store() {
    each(|engine| {
        let store = engine.store();
        let batch = vec![observation("lg-1", 1, 7)];
        store.commit(&commit(vec![observed(1, 1, batch)])).unwrap();
        let mut found = Vec::new();
        let visited = store.arrivals(0, &mut |arrival| {
            store.save_world(&world(arrival.number, 1)).unwrap();
            store.commit(&commit(vec![tick(2, 2)])).unwrap();
            ControlFlow::Break(())
        });
        visited.unwrap();
        let visited = store.saved_worlds(None, &mut |_| {
            found.extend(store.newest(&gauge("lg-1"), Parameter::Depth).unwrap());
            ControlFlow::Continue(())
        });
        visited.unwrap();
        store
            .visit(&mut |_| {
                found.extend(store.get(&gauge("lg-1"), Parameter::Depth, at(1)).unwrap())
            })
            .unwrap();
        assert_eq!(found.len(), 2);
    });
}

#[test]
fn a_clock_that_jumps_disorders_no_arrivals() {
    each(|engine| {
        let days = [5, 6, 5, 2, 9, 5, 5, 0];
        for (number, day) in (1..).zip(days) {
            let ticks = vec![tick(number, day * DAY_MS)];
            engine.store().commit(&commit(ticks)).unwrap();
            engine.reopen();
        }
        let store = engine.store();
        assert_eq!(numbers(store, 0), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(numbers(store, 4), [5, 6, 7, 8]);
        assert_eq!(store.last_arrival().unwrap(), 8);
    });
}

#[test]
fn the_newest_refused_messages_are_kept_and_the_oldest_go() {
    each(|engine| {
        let store = engine.store();
        let count = i64::try_from(MAX_REFUSED).unwrap() + 5;
        for from in (0..count).step_by(1_001) {
            let messages = (from..count.min(from + 1_001)).map(|k| refused("future", k));
            let written = Commit {
                refused: messages.collect(),
                ..Commit::default()
            };
            store.commit(&written).unwrap();
        }
        engine.reopen();
        let store = engine.store();
        let times = |limit| -> Vec<i64> {
            let newest = store.refused(limit).unwrap();
            newest.iter().map(|r| r.received_at.as_millis()).collect()
        };
        assert_eq!(times(2), [count - 1, count - 2]);
        let all = times(usize::MAX);
        assert_eq!((all.len(), all.last()), (MAX_REFUSED, Some(&5)));
    });
}

#[test]
fn saved_worlds_come_newest_first_and_not_after_a_time() {
    each(|engine| {
        let store = engine.store();
        let hour = 3_600_000;
        for number in 1..=5_u64 {
            let when = number.cast_signed() * hour;
            store.commit(&commit(vec![tick(number, when)])).unwrap();
            store.save_world(&world(number, when)).unwrap();
        }
        engine.reopen();
        let store = engine.store();
        let afters =
            |not_after| -> Vec<u64> { worlds(store, not_after).iter().map(|w| w.after).collect() };
        assert_eq!(afters(None), [5, 4, 3, 2, 1]);
        assert_eq!(afters(Some(3 * hour)), [3, 2, 1]);
        assert_eq!(afters(Some(3 * hour - 1)), [2, 1]);
        assert_eq!(worlds(store, Some(hour)), [world(1, hour)]);
    });
}

#[test]
fn a_world_saved_again_after_the_same_arrival_replaces_the_first() {
    each(|engine| {
        engine.store().commit(&commit(vec![tick(1, 5)])).unwrap();
        engine.store().save_world(&world(1, 5)).unwrap();
        engine.store().save_world(&world(1, 6)).unwrap();
        engine.reopen();
        assert_eq!(worlds(engine.store(), None), [world(1, 6)]);
    });
}

#[test]
fn a_world_ahead_of_the_arrivals_is_refused() {
    each(|engine| {
        let store = engine.store();
        store.commit(&commit(vec![tick(1, 5)])).unwrap();
        assert!(matches!(
            store.save_world(&world(2, 5)),
            Err(StoreError::AheadOfArrivals { after: 2, last: 1 })
        ));
        assert!(worlds(store, None).is_empty());
    });
}

#[test]
fn retention_drops_whole_days_of_everything_and_keeps_the_count_of_arrivals() {
    each(|engine| {
        let store = engine.store();
        for day in 0..4_i64 {
            let number = day.cast_unsigned() + 1;
            let batch = vec![observation("lg-1", day * DAY_MS, day)];
            let arrivals = vec![observed(number, day * DAY_MS, batch)];
            store.commit(&commit(arrivals)).unwrap();
            store.save_world(&world(number, day * DAY_MS)).unwrap();
        }
        let forgotten = store.forget_before(at(2 * DAY_MS + 5)).unwrap();
        assert_eq!(
            (forgotten.days, forgotten.segments, forgotten.worlds),
            (2, 2, 2)
        );
        engine.reopen();
        let store = engine.store();
        assert_eq!(numbers(store, 0), [3, 4]);
        assert_eq!(series(store).len(), 2);
        let afters: Vec<_> = worlds(store, None).iter().map(|w| w.after).collect();
        assert_eq!(afters, [4, 3]);
        store.forget_before(at(50 * DAY_MS)).unwrap();
        engine.reopen();
        let store = engine.store();
        assert_eq!(store.last_arrival().unwrap(), 4);
        assert_eq!(numbers(store, 0), [4], "the last segment stays");
        assert_eq!(worlds(store, None).len(), 1, "the newest world stays");
        assert!(series(store).is_empty());
        store.commit(&commit(vec![tick(5, 50 * DAY_MS)])).unwrap();
        assert_eq!(numbers(store, 4), [5]);
    });
}

#[test]
fn retention_keeps_every_arrival_after_the_newest_saved_world() {
    each(|engine| {
        let store = engine.store();
        for number in 1..=3_u64 {
            let when = number.cast_signed() * DAY_MS;
            store.commit(&commit(vec![tick(number, when)])).unwrap();
        }
        assert_eq!(store.forget_before(at(50 * DAY_MS)).unwrap().segments, 0);
        store.save_world(&world(1, DAY_MS)).unwrap();
        assert_eq!(store.forget_before(at(50 * DAY_MS)).unwrap().segments, 1);
        assert_eq!(numbers(store, 0), [2, 3]);
    });
}
