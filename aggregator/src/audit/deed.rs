//! What somebody did, before it has a place in the log.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::principal::Principal;

/// Bytes of a deed's subject that are kept.
pub const MAX_SUBJECT: usize = 200;

/// Bytes of what was before, and of what is after, that are kept. A line stays below a page of the
/// medium, whatever the texts hold.
pub const MAX_TEXT: usize = 700;

/// What stands where a text was cut.
const CUT: char = '…';

/// The kinds of deeds. The name of one is in the log for ever: a kind is added, never changed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::VariantArray,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[schema(as = DeedKind)]
pub enum What {
    /// The program began to run.
    Started,
    /// The program was asked to end.
    Stopped,
    /// The program began anew with changed files.
    Reloaded,
    /// A file of the configuration is another one than when the program ran last.
    ConfigurationChanged,
    /// The program runs as an exercise.
    ExerciseBegun,
    /// Somebody was given a key of his own.
    Enrolled,
    /// Somebody's key ended.
    Revoked,
    /// A truck was asked to be sent.
    DispatchAsked,
    /// A truck was asked to be called back.
    RecallAsked,
    /// An order came of it.
    OrderGiven,
    /// A truck was called back.
    OrderRecalled,
    /// No order came of it.
    RequestRefused,
    /// The link of the first start was used.
    SetUp,
    LoggedIn,
    LoggedOut,
    LogInRefused,
    /// What somebody asked for is not his to do or to see.
    AccessRefused,
    /// Somebody was given a link to make an account with, or to choose a new password by.
    Invited,
    /// A link was taken back.
    InvitationWithdrawn,
    AccountMade,
    AccountChanged,
    AccountRemoved,
    PasswordChanged,
    /// A session was ended by somebody, not by its own log-out.
    SessionEnded,
    TokenMade,
    TokenRevoked,
    /// Deeds of one kind from one address that were too many to be entered one by one.
    Repeated,
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    pub by: Principal,
    /// The address that it came from; none for what did not come over the network.
    pub from: Option<IpAddr>,
    pub what: What,
    /// Whom or what it was done to: a truck, an account, a file. At most [`MAX_SUBJECT`] bytes are kept.
    pub subject: String,
    /// What was before, where there was something; of this and of `after` at most [`MAX_TEXT`] bytes are
    /// kept. Never a secret, nor the hash of one.
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Deed {
    /// Something that the program did, or that was done to it by whoever has the machine.
    #[must_use]
    pub fn of_machine(what: What, subject: impl Into<String>, after: Option<String>) -> Self {
        Self {
            by: Principal::Machine,
            from: None,
            what,
            subject: subject.into(),
            before: None,
            after,
        }
    }
}

/// A principal as the log names him.
pub fn named(principal: &Principal) -> String {
    match principal {
        Principal::Anonymous => "anonymous".to_owned(),
        Principal::Truck(truck) => format!("truck {truck}"),
        Principal::Person(person) => format!("person {person}"),
        Principal::Token(token) => format!("token {token}"),
        Principal::Exercise => "exercise".to_owned(),
        Principal::Machine => "machine".to_owned(),
    }
}

/// The text with nothing in it that a terminal obeys, cut where it has more than `most` bytes.
pub fn bounded(text: &str, most: usize) -> String {
    let mut kept = String::with_capacity(text.len().min(most));
    for c in text.chars() {
        let c = if c.is_control() { '\u{fffd}' } else { c };
        if kept.len() + c.len_utf8() > most {
            while kept.len() + CUT.len_utf8() > most {
                kept.pop();
            }
            kept.push(CUT);
            break;
        }
        kept.push(c);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_bound_between_characters_and_has_no_control_characters() {
        assert_eq!(bounded("积水", 6), "积水");
        assert_eq!(bounded("积水点", 8), "积…");
        assert_eq!(bounded("abcdef", 5), "ab…");
        assert_eq!(bounded("\u{1b}[2J\n", 20), "\u{fffd}[2J\u{fffd}");
        for most in CUT.len_utf8()..20 {
            let kept = bounded(&"泵a".repeat(20), most);
            assert!(kept.len() <= most && kept.ends_with(CUT), "{kept}");
        }
    }
}
