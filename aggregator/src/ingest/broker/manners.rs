//! What MQTT itself forbids in a name or a message and the library lets pass (MQTT 3.1.1 and 5, 1.5, 3.3
//! and 4.7).
//! Pure.
//!
//! Neither aliases of topics nor messages that are kept for those who come later are had here, and
//! CONNACK says so to clients of MQTT 5. Those of 3.1.1 cannot be told: what they ask to be kept goes to
//! those who are there.

use super::gate::farewell::Farewell;

/// What a client says, as far as MQTT has rules for it.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    pub topic: &'a str,
    pub is_of_5: bool,
    pub has_alias: bool,
    pub is_to_be_kept: bool,
}

/// A rule that was broken; who broke it is sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    #[error("a message to a filter, which is no topic")]
    Filter,
    #[error("a topic with U+0000 in it")]
    Null,
    #[error("a message without a topic")]
    NoTopic,
    #[error("an alias of a topic, where none may be")]
    Alias,
    #[error("a message that is to be kept, where none is")]
    Kept,
}

impl Breach {
    /// How he is told.
    #[must_use]
    pub const fn farewell(self) -> Farewell {
        match self {
            Self::Filter => Farewell::TOPIC_NAME,
            Self::Null => Farewell::MALFORMED,
            Self::NoTopic => Farewell::PROTOCOL,
            Self::Alias => Farewell::TOPIC_ALIAS,
            Self::Kept => Farewell::RETAIN,
        }
    }
}

/// Whether a client may have this name: one with a control character could also write into a log what
/// never was.
#[must_use]
pub fn is_name(client: &str) -> bool {
    !client.contains(char::is_control)
}

/// Whether something may be said in this way.
///
/// # Errors
/// The rule that it breaks.
pub fn judge(said: Said<'_>) -> Result<(), Breach> {
    if said.has_alias {
        return Err(Breach::Alias);
    }
    if said.topic.is_empty() {
        return Err(Breach::NoTopic);
    }
    if said.topic.contains('\0') {
        return Err(Breach::Null);
    }
    if said.topic.contains(['+', '#']) {
        return Err(Breach::Filter);
    }
    if said.is_of_5 && said.is_to_be_kept {
        return Err(Breach::Kept);
    }
    Ok(())
}

/// Whether a filter asks for a share of what several hear, which is not had here.
#[must_use]
pub fn is_shared(filter: &str) -> bool {
    filter.starts_with("$share/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(topic: &str) -> Said<'_> {
        Said {
            topic,
            is_of_5: true,
            has_alias: false,
            is_to_be_kept: false,
        }
    }

    #[test]
    fn a_name_has_no_control_characters() {
        assert!(is_name("gw-01") && is_name("网关") && is_name(""));
        assert!(!is_name("gw\0-01") && !is_name("gw-01\n"));
    }

    #[test]
    fn a_message_is_for_one_topic_that_it_names() {
        assert_eq!(judge(said("flood/v1/in/a")), Ok(()));
        assert_eq!(judge(said("a/+")), Err(Breach::Filter));
        assert_eq!(judge(said("a/#")), Err(Breach::Filter));
        assert_eq!(judge(said("a\0b")), Err(Breach::Null));
        assert_eq!(judge(said("")), Err(Breach::NoTopic));
    }

    #[test]
    fn what_connack_says_is_not_had_ends_the_connection() {
        let alias = Said {
            has_alias: true,
            ..said("")
        };
        assert_eq!(judge(alias), Err(Breach::Alias));
        let kept = Said {
            is_to_be_kept: true,
            ..said("a")
        };
        assert_eq!(judge(kept), Err(Breach::Kept));
        let of_3 = Said {
            is_of_5: false,
            ..kept
        };
        assert_eq!(judge(of_3), Ok(()));
        assert!(is_shared("$share/a/b") && !is_shared("$SYS/a"));
    }
}
