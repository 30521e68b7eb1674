//! The chain: what it finds.

use super::*;
use crate::principal::Principal;
use shared::time::Timestamp;

fn deed(k: u64) -> Deed {
    Deed {
        by: Principal::Anonymous,
        from: Some("10.0.0.9".parse().expect("an address")),
        what: What::DispatchAsked,
        subject: format!("truck pt-{k}"),
        before: None,
        after: Some("point wp-3".to_owned()),
    }
}

fn log(count: u64) -> Vec<Entry> {
    let mut chain = Chain::default();
    let entries = (1..=count).map(|k| {
        let at = Timestamp::from_millis(1_784_635_200_000 + k.cast_signed());
        chain.enter(&deed(k), at, Some(k * 100))
    });
    entries.collect()
}

fn first_broken(entries: &[Entry]) -> Option<u64> {
    let mut verification = Verification::default();
    for entry in entries {
        verification.take(entry);
    }
    verification.broken().map(|broken| broken.number)
}

#[test]
fn a_line_is_what_it_was_when_the_log_was_made() {
    let log = log(2);
    assert_eq!(
        log[0].line,
        "{\"previous\":\"0000000000000000000000000000000000000000000000000000000000000000\",\
         \"number\":1,\"at\":\"2026-07-21T12:00:00.001Z\",\"by\":\"anonymous\",\"from\":\"10.0.0.9\",\
         \"what\":\"dispatch-asked\",\"subject\":\"truck pt-1\",\"before\":null,\
         \"after\":\"point wp-3\",\"arrival\":100}"
    );
    assert_eq!(
        log[0].hash.to_string(),
        "5a8add53dcda1e08296ee030446d20db5b74490d8379d8ceb0c809e6b926266a"
    );
    let said = log[1].said().expect("a line");
    assert_eq!((said.previous, said.number), (log[0].hash, 2));
}

#[test]
fn a_log_that_was_not_touched_is_whole() {
    let log = log(9);
    assert_eq!(first_broken(&log), None);
    let mut verification = Verification::default();
    for entry in &log {
        verification.take(entry);
    }
    let end = verification.end();
    assert_eq!(
        (verification.count(), end.last, end.hash),
        (9, 9, log[8].hash)
    );
}

#[test]
fn every_bit_that_is_turned_is_found_in_its_entry() {
    let log = log(3);
    for k in 0..log.len() {
        let number = log[k].number;
        for bit in 0..log[k].line.len() * 8 {
            let mut bytes = log[k].line.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // What is no text any more cannot be read as an entry at all.
            if let Ok(line) = String::from_utf8(bytes) {
                let mut damaged = log.clone();
                damaged[k].line = line;
                assert_eq!(first_broken(&damaged), Some(number), "bit {bit}");
            }
        }
        for bit in 0..256 {
            let mut bytes = *log[k].hash.bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut damaged = log.clone();
            damaged[k].hash = Hash::new(bytes);
            assert_eq!(
                first_broken(&damaged),
                Some(number),
                "bit {bit} of the hash"
            );
        }
        for bit in 0..64 {
            let mut damaged = log.clone();
            damaged[k].number ^= 1 << bit;
            damaged.sort_by_key(|entry| entry.number);
            assert!(first_broken(&damaged).is_some(), "bit {bit} of the number");
        }
    }
}

/// Also where whoever changed an entry gives it the hash that it has now.
#[test]
fn an_entry_that_was_written_anew_is_found_by_the_next() {
    let whole = log(5);
    for k in 0..4 {
        let mut changed = whole.clone();
        changed[k].line = changed[k].line.replace("wp-3", "wp-4");
        changed[k].hash = Hash::of_line(&changed[k].line);
        assert_eq!(first_broken(&changed), Some(changed[k + 1].number));
    }
}

#[test]
fn what_was_removed_put_in_or_moved_is_found() {
    let whole = log(5);
    for k in 0..4 {
        let mut removed = whole.clone();
        removed.remove(k);
        assert_eq!(first_broken(&removed), Some(k as u64 + 1));
        for entry in &mut removed[k..] {
            entry.number -= 1;
        }
        assert!(first_broken(&removed).is_some(), "with other numbers");
        let mut moved = whole.clone();
        moved.swap(k, k + 1);
        assert!(first_broken(&moved).is_some());
        let mut end = Chain {
            last: whole[k].number,
            hash: whole[k].hash,
        };
        let mut more = whole.clone();
        more.insert(k + 1, end.enter(&deed(77), Timestamp::from_millis(0), None));
        assert!(first_broken(&more).is_some());
        more.remove(k + 2);
        assert!(
            k == 3 || first_broken(&more).is_some(),
            "in the place of one"
        );
    }
}

#[test]
fn an_end_that_was_cut_off_is_not_found_by_the_chain_alone() {
    assert_eq!(first_broken(&log(5)[..3]), None);
}

#[test]
fn a_line_stays_below_a_page_whatever_the_texts_hold() {
    for text in ["\"", "\\", "\u{0}", "泵", "a"] {
        let text = text.repeat(5_000);
        let deed = Deed {
            subject: text.clone(),
            before: Some(text.clone()),
            after: Some(text),
            ..deed(1)
        };
        let at = Timestamp::from_millis(i64::MAX);
        let entry = Entry::new(Hash::new([0xff; 32]), u64::MAX, at, &deed, Some(u64::MAX));
        assert!(entry.line.len() < 3_900, "{}", entry.line.len());
        assert!(!entry.line.contains('\n') && entry.said().is_ok());
    }
}
