//! The judgement of a run: what was seen of it, beside what was true.

mod flags;
mod seen;

pub(crate) use flags::{
    FlagVerdict, PointVerdict, are_all_in_time, flags, recommendations_are_right, tally,
};
pub(crate) use seen::Seen;
