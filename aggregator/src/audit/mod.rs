//! The log of what people and the program did: who, when, from where, what, before and after.
//!
//! A [`Deed`] becomes an [`Entry`] when the committer gives it its number and its time, in the same
//! atomic write as the change that it tells of. An entry is one line of text that begins with the hash
//! of the line before ([`Chain`]), so that whoever has the lines and a newer hash finds with `sha256sum`
//! alone whether one was changed, removed, put in or moved ([`Verification`]).
//!
//! What a chain alone cannot tell is whether its end was cut off, or all of it written anew by somebody
//! who may write the store. For that its end is signed now and then ([`Head`]), and the heads go away from
//! the machine. Then only what was entered after the newest head that is known elsewhere can be taken
//! away unseen, and who has the machine's key can put something in its place.

mod chain;
mod deed;
mod entry;
mod flood;
mod head;
mod hex;
#[cfg(test)]
mod tests;
mod verification;

pub use chain::Chain;
pub use deed::{Deed, MAX_SUBJECT, MAX_TEXT, What};
pub use entry::{Entry, Format, Hash, NotALine, Said};
pub use flood::Flood;
pub use head::{Against, Head, Heads, NotAHead, NotAKey, PublicKey, Signing};
pub use verification::{Broken, Verification, Why};
