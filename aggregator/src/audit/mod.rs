//! The log of what people and the program did: who, when, from where, what, before and after.
//!
//! A [`Deed`] becomes an [`Entry`] when the committer gives it its number and its time, in the same
//! atomic write as the change that it tells of. An entry is one line of text that begins with the hash
//! of the line before ([`Chain`]), so that whoever has the lines and a newer hash finds with `sha256sum`
//! alone whether one was changed, removed, put in or moved ([`Verification`]).
//!
//! What a chain alone cannot tell is whether its end was cut off, or all of it written anew by somebody
//! who may write the store.

mod chain;
mod deed;
mod entry;
#[cfg(test)]
mod tests;
mod verification;

pub use chain::Chain;
pub use deed::{Deed, MAX_SUBJECT, MAX_TEXT, What};
pub use entry::{Entry, Hash, NotALine, Said};
pub use verification::{Broken, Verification, Why};
