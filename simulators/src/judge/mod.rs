//! The judgement of a run: what was seen of it, beside what was true.

mod flags;
mod seen;

pub use flags::{
    FlagVerdict, PointVerdict, are_all_in_time, flags, recommendations_are_right, tally,
};
pub use seen::Seen;
