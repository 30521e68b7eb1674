//! What becomes of each of the engine's journals: pure, from what was found in them and from the
//! mark, which says how much of them was durable.

use std::ops::Range;

use super::batches::{Batch, Piece};

/// What becomes of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It stays as it is.
    Stay,
    /// What follows so many bytes was never promised: a power cut left half of it.
    Cut(usize),
    /// It is written anew, with these batches.
    Anew {
        kept: Vec<Batch>,
        /// What of it is lost, or was made good.
        told: Vec<Found>,
    },
}

/// A damaged part of a journal that was durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub bytes: Range<usize>,
    pub lost: Lost,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// Everything could be made good.
    Nothing,
    /// The commits after one and before another; none where nothing says which they were.
    Commits(Option<(u64, u64)>),
}

/// Judges the journals, oldest first. `durable` is the number of the last commit that was synced, as
/// far as is known.
pub fn judge(journals: &[Vec<Piece>], durable: Option<u64>) -> Vec<Verdict> {
    let mut reached = None;
    let last = journals.len().saturating_sub(1);
    let all = journals.iter().enumerate();
    all.map(|(k, pieces)| judge_one(pieces, k == last, &mut reached, durable))
        .collect()
}

/// Only the newest journal may end in what was never promised: the engine syncs one before it
/// begins the next.
fn judge_one(
    pieces: &[Piece],
    is_newest: bool,
    reached: &mut Option<u64>,
    durable: Option<u64>,
) -> Verdict {
    let (mut kept, mut told, mut as_it_is) = (Vec::new(), Vec::new(), true);
    for (k, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Batch(batch) => {
                if !batch.is_whole {
                    as_it_is = false;
                    let number = batch.said.map(|said| said.number);
                    if !is_newest || number.is_some_and(|n| durable.is_some_and(|d| n <= d)) {
                        let (bytes, lost) = (batch.at.clone(), Lost::Nothing);
                        told.push(Found { bytes, lost });
                    }
                }
                *reached = batch.said.map(|said| said.number).or(*reached);
                kept.push(batch.clone());
            }
            Piece::Bad(bytes) => {
                let rest = pieces.get(k + 1..).unwrap_or_default();
                if is_newest && was_never_promised(*reached, durable, rest.is_empty()) {
                    if as_it_is {
                        return Verdict::Cut(bytes.start);
                    }
                    break;
                }
                as_it_is = false;
                let next = next_number(rest).or(durable.map(|d| d.saturating_add(1)));
                let lost = Lost::Commits(next.map(|next| (reached.unwrap_or_default(), next)));
                let bytes = bytes.clone();
                told.push(Found { bytes, lost });
            }
        }
    }
    if as_it_is {
        Verdict::Stay
    } else {
        Verdict::Anew { kept, told }
    }
}

/// Whether everything that was durable came before; where no mark says, the end of a journal is
/// taken for what a power cut left.
fn was_never_promised(reached: Option<u64>, durable: Option<u64>, is_end: bool) -> bool {
    durable.map_or(is_end, |durable| reached.unwrap_or_default() >= durable)
}

fn next_number(pieces: &[Piece]) -> Option<u64> {
    pieces.iter().find_map(|piece| match piece {
        Piece::Batch(batch) => batch.said.map(|said| said.number),
        Piece::Bad(_) => None,
    })
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => write!(f, "nothing"),
            Self::Commits(Some((before, after))) => {
                let count = after.saturating_sub(*before).saturating_sub(1);
                write!(f, "{count} commit(s) after commit {before}")
            }
            Self::Commits(None) => write!(f, "commits, nobody knows how many"),
        }
    }
}
