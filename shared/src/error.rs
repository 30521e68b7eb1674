//! How errors are told to people: the context and every cause, once, in one text.
//!
//! Our errors say in `Display` what was attempted and give the cause as `source`, so whoever
//! handles one logs the whole chain: `error = %chain(&error)`. The top message alone says that
//! something failed, never why.

use std::error::Error;

/// An error and its causes, outermost first, joined by `: `.
///
/// A cause whose text its context already ends with is not said again: errors of other libraries
/// often repeat theirs, and transparent ones are nothing else.
///
/// ```
/// # use std::io;
/// #[derive(Debug, thiserror::Error)]
/// #[error("cannot read gw-01.toml")]
/// struct Unreadable(#[from] io::Error);
///
/// let error = Unreadable(io::Error::other("disk on fire"));
/// assert_eq!(shared::error::chain(&error), "cannot read gw-01.toml: disk on fire");
/// ```
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    fn layers(texts: &[&'static str]) -> Layer {
        let (text, rest) = texts.split_first().expect("a text");
        Layer {
            text,
            source: (!rest.is_empty()).then(|| Box::new(layers(rest))),
        }
    }

    #[test]
    fn every_cause_is_told_once_outermost_first() {
        let told = |texts: &[&'static str]| chain(&layers(texts));
        assert_eq!(told(&["no batch"]), "no batch");
        assert_eq!(
            told(&["cannot store", "disk", "is full"]),
            "cannot store: disk: is full"
        );
    }

    #[test]
    fn a_cause_that_its_context_repeats_is_not_told_again() {
        let told = |texts: &[&'static str]| chain(&layers(texts));
        assert_eq!(
            told(&["cannot connect: refused", "refused"]),
            "cannot connect: refused"
        );
        assert_eq!(told(&["refused", "refused", "by peer"]), "refused: by peer");
        assert_eq!(
            told(&["refused by peer", "refused"]),
            "refused by peer: refused",
            "only what the context ends with is a repetition"
        );
    }
}
