//! What becomes of a journal.

use crate::store::embedded::mend::{
    batches::{Batch, Piece, Said},
    verdict::{Found, Lost, Verdict, judge},
};

/// A whole batch of a commit; ten bytes for each number.
fn commit(number: u64) -> Piece {
    Piece::Batch(batch(number))
}

fn batch(number: u64) -> Batch {
    let at = usize::try_from(number).expect("small") * 10;
    Batch {
        at: at..at + 10,
        items: at + 2..at + 8,
        count: 1,
        seqno: number,
        said: Some(Said {
            number,
            seqno: number,
        }),
        is_whole: true,
    }
}

fn bad(number: usize) -> Piece {
    Piece::Bad(number * 10..number * 10 + 10)
}

fn lost(number: usize, before: u64, after: u64) -> Found {
    Found {
        bytes: number * 10..number * 10 + 10,
        lost: Lost::Commits(Some((before, after))),
    }
}

#[test]
fn a_journal_that_is_whole_stays_whatever_the_mark_says() {
    for durable in [None, Some(0), Some(2), Some(9)] {
        let verdicts = judge(&[vec![commit(1), commit(2)], Vec::new()], durable);
        assert_eq!(verdicts, [Verdict::Stay, Verdict::Stay]);
    }
}

#[test]
fn what_follows_all_that_was_durable_is_cut_off_without_a_word() {
    let torn = [commit(1), bad(2)];
    assert_eq!(judge(&[torn.to_vec()], Some(1)), [Verdict::Cut(20)]);
    let holed = [commit(1), bad(2), commit(3)];
    assert_eq!(judge(&[holed.to_vec()], Some(1)), [Verdict::Cut(20)]);
    assert_eq!(judge(&[vec![bad(0)]], Some(0)), [Verdict::Cut(0)]);
}

#[test]
fn what_was_durable_and_is_damaged_is_told_and_what_is_behind_it_is_kept() {
    let pieces = vec![commit(1), bad(2), commit(3)];
    let anew = Verdict::Anew {
        kept: vec![batch(1), batch(3)],
        told: vec![lost(2, 1, 3)],
    };
    for durable in [None, Some(2), Some(3)] {
        let verdicts = judge(std::slice::from_ref(&pieces), durable);
        assert_eq!(verdicts.first(), Some(&anew));
    }
}

#[test]
fn an_end_that_was_durable_is_missed() {
    let anew = Verdict::Anew {
        kept: vec![batch(1)],
        told: vec![lost(2, 1, 6)],
    };
    assert_eq!(judge(&[vec![commit(1), bad(2)]], Some(5)), [anew]);
}

#[test]
fn a_journal_that_another_follows_was_durable_to_its_end() {
    let verdicts = judge(&[vec![commit(1), bad(2)], vec![commit(3)]], Some(1));
    let anew = Verdict::Anew {
        kept: vec![batch(1)],
        told: vec![lost(2, 1, 2)],
    };
    assert_eq!(verdicts, [anew, Verdict::Stay]);
}

#[test]
fn a_batch_that_was_made_good_is_told_only_where_it_was_durable() {
    let mut torn = batch(2);
    torn.is_whole = false;
    let pieces = vec![commit(1), Piece::Batch(torn.clone())];
    let nothing = Found {
        bytes: 20..30,
        lost: Lost::Nothing,
    };
    for (durable, told) in [(1, vec![]), (2, vec![nothing])] {
        let kept = vec![batch(1), torn.clone()];
        let verdicts = judge(std::slice::from_ref(&pieces), Some(durable));
        assert_eq!(verdicts, [Verdict::Anew { kept, told }]);
    }
}
