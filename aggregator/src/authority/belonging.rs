//! Judges who belongs, opens what comes and seals what goes. Pure.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use shared::{
    bundle::{Bundle, Papers},
    time::Timestamp,
    wire::{
        Topic,
        seal::{Key, SealError, unsealed},
    },
};

/// What somebody is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, strum::Display,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Role {
    /// A gateway: sends batches and health below its own name.
    Agent,
    /// A pump truck: reports below its own name and hears its orders.
    Truck,
    /// A third party: sends observations below its own name.
    Source,
    /// The aggregator itself, at a broker that is not its own.
    #[value(skip)]
    Aggregator,
}

/// Somebody who was enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    pub role: Role,
    pub key: Key,
    /// By which his certificate is known, if he was given one.
    pub public_key: Option<PublicKey>,
    pub enrolled_at: Timestamp,
    /// Since when nothing of his is believed any more.
    pub revoked_at: Option<Timestamp>,
}

/// A public key as certificates describe it (RFC 5280, SubjectPublicKeyInfo, DER).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    #[must_use]
    pub fn new(der: Vec<u8>) -> Self {
        Self(der)
    }

    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }

    /// In base64.
    #[must_use]
    pub fn to_text(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// From base64.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        BASE64.decode(text).ok().map(Self)
    }
}

/// Why a message or a client is not believed, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("`{0}` was revoked")]
    Revoked(String),
    #[error("nobody of the name `{0}` is enrolled, and strangers are not believed")]
    Stranger(String),
    #[error("`{0}` is enrolled as {1}")]
    Role(String, Role),
    #[error("`{name}` is enrolled, and this is not his: {source}")]
    Seal { name: String, source: SealError },
    #[error("`{0}` is enrolled, and did not show that it is he")]
    Password(String),
    #[error("the certificate that was shown is not that of `{0}`")]
    Certificate(String),
}

/// All who were enrolled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authority {
    enrolled: BTreeMap<String, Enrolled>,
    believes_strangers: bool,
}

impl Authority {
    #[must_use]
    pub fn new(enrolled: BTreeMap<String, Enrolled>, believes_strangers: bool) -> Self {
        Self {
            enrolled,
            believes_strangers,
        }
    }

    #[must_use]
    pub fn enrolled(&self) -> &BTreeMap<String, Enrolled> {
        &self.enrolled
    }

    /// The payload of a message that came on a topic.
    ///
    /// # Errors
    /// Its sender was revoked, is somebody else, or has not sealed it.
    pub fn open<'a>(&self, topic: &Topic, message: &'a [u8]) -> Result<&'a [u8], Refusal> {
        let (name, role) = speaker(topic);
        let Some(enrolled) = self.known(name, role)? else {
            return Ok(unsealed(message));
        };
        if role == Role::Source {
            // Software of others seals nothing; that it is he, his broker says.
            return Ok(unsealed(message));
        }
        enrolled
            .key
            .open(topic, message)
            .map_err(|source| Refusal::Seal {
                name: name.to_owned(),
                source,
            })
    }

    /// Whether whose topic it is, is enrolled.
    #[must_use]
    pub fn is_enrolled(&self, topic: &Topic) -> bool {
        self.enrolled.contains_key(speaker(topic).0)
    }

    /// Seals what goes down to somebody, if he has a key.
    #[must_use]
    pub fn seal(&self, topic: &Topic, payload: Vec<u8>) -> Vec<u8> {
        let (name, _) = speaker(topic);
        match self.enrolled.get(name) {
            Some(enrolled) if enrolled.revoked_at.is_none() => enrolled.key.seal(topic, payload),
            _ => payload,
        }
    }

    /// Whether a client of a broker may come in under a name.
    ///
    /// # Errors
    /// He was revoked, is a stranger where none is believed, showed another's certificate, or showed none
    /// and did not say his password.
    pub fn admit(
        &self,
        name: &str,
        password: Option<&[u8]>,
        shown: Option<&[u8]>,
    ) -> Result<(), Refusal> {
        let enrolled = self.enrolled.get(name);
        if let Some(shown) = shown {
            let known = enrolled.and_then(|enrolled| enrolled.public_key.as_ref());
            let is_his = known.is_some_and(|known| known.as_der() == shown);
            if !is_his {
                return Err(Refusal::Certificate(name.to_owned()));
            }
        }
        match enrolled {
            Some(enrolled) if enrolled.revoked_at.is_some() => {
                Err(Refusal::Revoked(name.to_owned()))
            }
            Some(_) if shown.is_some() => Ok(()),
            Some(enrolled) if !password.is_some_and(|p| enrolled.key.is_password(p)) => {
                Err(Refusal::Password(name.to_owned()))
            }
            None if !self.believes_strangers => Err(Refusal::Stranger(name.to_owned())),
            _ => Ok(()),
        }
    }

    /// Whether a client that came in under a name may speak where only the owner of that topic may.
    ///
    /// # Errors
    /// The topic belongs to somebody else who is enrolled.
    pub fn may_speak(&self, client: &str, topic: &Topic) -> Result<(), Refusal> {
        let (name, role) = speaker(topic);
        match self.known(name, role)? {
            Some(_) if client != name => Err(Refusal::Password(name.to_owned())),
            _ => Ok(()),
        }
    }

    /// Whether a client that came in hears what goes down to somebody: it is he, or a stranger, who has no
    /// secrets.
    #[must_use]
    pub fn hears(&self, client: &str, topic: &Topic) -> bool {
        let (name, role) = speaker(topic);
        match self.enrolled.get(name) {
            Some(enrolled) => client == name && enrolled.role == role,
            None => self.believes_strangers && !self.enrolled.contains_key(client),
        }
    }

    /// Whether a client that came in hears the orders to all trucks: nobody who is enrolled does, for he
    /// has his own. A fleet of strangers has one client for all of them.
    #[must_use]
    pub fn hears_all_orders(&self, client: &str) -> bool {
        self.believes_strangers && !self.enrolled.contains_key(client)
    }

    /// The aggregator's own password at a broker that is not its own, if it has one.
    #[must_use]
    pub fn own_password(&self, name: &str) -> Option<String> {
        let own = self.enrolled.get(name)?;
        (own.role == Role::Aggregator).then(|| own.key.password())
    }

    /// Those whose connections must end because this came after `before`: who was revoked, and who got
    /// a key that a connection cannot have shown.
    pub fn changed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a str> {
        let is_changed = |(name, now): &(&String, &Enrolled)| {
            let was = before.enrolled.get(*name);
            was.is_none_or(|was| was.key != now.key || was.revoked_at != now.revoked_at)
        };
        let gone = before.enrolled.keys();
        let gone = gone.filter(|name| !self.enrolled.contains_key(*name));
        let changed = self.enrolled.iter().filter(is_changed);
        changed
            .map(|(name, _)| name)
            .chain(gone)
            .map(String::as_str)
    }

    /// Who has this name, if he may speak at all; `None` for a stranger who is believed.
    fn known(&self, name: &str, role: Role) -> Result<Option<&Enrolled>, Refusal> {
        match self.enrolled.get(name) {
            None if self.believes_strangers => Ok(None),
            None => Err(Refusal::Stranger(name.to_owned())),
            Some(enrolled) if enrolled.revoked_at.is_some() => {
                Err(Refusal::Revoked(name.to_owned()))
            }
            Some(enrolled) if enrolled.role != role => {
                Err(Refusal::Role(name.to_owned(), enrolled.role))
            }
            Some(enrolled) => Ok(Some(enrolled)),
        }
    }
}

impl Enrolled {
    /// What he is given.
    #[must_use]
    pub fn bundle(&self, name: &str, papers: Option<Papers>) -> Bundle {
        Bundle {
            name: name.to_owned(),
            key: self.key.clone(),
            papers,
        }
    }
}

/// Whose topic it is, and what he is.
fn speaker(topic: &Topic) -> (&str, Role) {
    match topic {
        Topic::Observations { agent, .. }
        | Topic::Ack(agent)
        | Topic::State(agent)
        | Topic::Command(agent)
        | Topic::Response(agent) => (agent.as_str(), Role::Agent),
        Topic::Intake(source) => (source.as_str(), Role::Source),
        Topic::Truck(truck) | Topic::Order(truck) => (truck.as_str(), Role::Truck),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key::new([7; 32]);

    fn one(role: Role, revoked: bool) -> Enrolled {
        Enrolled {
            role,
            key: KEY,
            public_key: Some(PublicKey::new(vec![1])),
            enrolled_at: Timestamp::from_millis(0),
            revoked_at: revoked.then_some(Timestamp::from_millis(1)),
        }
    }

    fn authority(believes_strangers: bool) -> Authority {
        let enrolled = [
            ("gw-1", one(Role::Agent, false)),
            ("gw-2", one(Role::Agent, true)),
            ("met", one(Role::Source, false)),
            ("pt-1", one(Role::Truck, false)),
        ];
        let enrolled = enrolled.map(|(name, one)| (name.to_owned(), one));
        Authority::new(enrolled.into(), believes_strangers)
    }

    fn topic(text: &str) -> Topic {
        text.parse().expect("a topic")
    }

    #[test]
    fn an_agent_that_was_enrolled_is_believed_only_with_its_seal() {
        let authority = authority(true);
        let state = topic("flood/v1/state/gw-1");
        let sealed = KEY.seal(&state, b"{}".to_vec());
        assert_eq!(authority.open(&state, &sealed), Ok(&b"{}"[..]));
        let error = authority.open(&state, b"{}").expect_err("no seal");
        assert_eq!(
            error.to_string(),
            "`gw-1` is enrolled, and this is not his: it has no seal, and its sender has a key"
        );
        let elsewhere = authority.open(&topic("flood/v1/truck/gw-1"), &sealed);
        assert_eq!(
            elsewhere,
            Err(Refusal::Role("gw-1".to_owned(), Role::Agent))
        );
        let down = topic("flood/v1/ack/gw-1");
        let told = authority.seal(&down, b"{}".to_vec());
        assert_eq!(KEY.open(&down, &told), Ok(&b"{}"[..]));
    }

    #[test]
    fn who_was_revoked_is_neither_heard_nor_told_nor_let_in() {
        let authority = authority(true);
        let state = topic("flood/v1/state/gw-2");
        let sealed = KEY.seal(&state, b"{}".to_vec());
        let revoked = Refusal::Revoked("gw-2".to_owned());
        assert_eq!(authority.open(&state, &sealed), Err(revoked.clone()));
        let down = topic("flood/v1/ack/gw-2");
        assert_eq!(authority.seal(&down, b"{}".to_vec()), b"{}");
        let password = KEY.password();
        assert_eq!(
            authority.admit("gw-2", Some(password.as_bytes()), None),
            Err(revoked)
        );
    }

    #[test]
    fn strangers_are_believed_or_not_as_the_configuration_says() {
        let state = topic("flood/v1/state/gw-3");
        for believed in [true, false] {
            let authority = authority(believed);
            assert_eq!(authority.open(&state, b"{}").is_ok(), believed);
            assert_eq!(authority.admit("gw-3", None, None).is_ok(), believed);
        }
    }

    #[test]
    fn a_name_that_was_enrolled_can_be_taken_by_nobody_else() {
        let authority = authority(true);
        let password = KEY.password();
        assert_eq!(
            authority.admit("gw-1", Some(password.as_bytes()), None),
            Ok(())
        );
        for wrong in [None, Some(&b""[..]), Some(b"wrong")] {
            let refused = authority.admit("gw-1", wrong, None);
            assert_eq!(refused, Err(Refusal::Password("gw-1".to_owned())));
        }
        let hears = |client, down: &str| authority.hears(client, &topic(down));
        assert!(hears("gw-1", "flood/v1/ack/gw-1") && hears("somebody", "flood/v1/ack/gw-3"));
        assert!(!hears("somebody", "flood/v1/ack/gw-1"));
        assert!(!hears("somebody", "flood/v1/cmd/gw-2"));
        assert!(hears("pt-1", "flood/v1/order/pt-1"));
        for other in ["gw-1", "met", "somebody"] {
            assert!(!hears(other, "flood/v1/order/pt-1"), "{other}");
        }
        assert!(!hears("gw-1", "flood/v1/order/gw-1"), "it is no truck");
        assert!(!hears("gw-1", "flood/v1/order/pt-9") && hears("somebody", "flood/v1/order/pt-9"));
        assert!(authority.hears_all_orders("somebody"));
        for enrolled in ["gw-1", "pt-1", "met"] {
            assert!(!authority.hears_all_orders(enrolled), "{enrolled}");
        }
        let intake = topic("flood/v1/in/met");
        assert_eq!(authority.may_speak("met", &intake), Ok(()));
        assert!(authority.may_speak("somebody", &intake).is_err());
        assert_eq!(authority.may_speak("a", &topic("flood/v1/in/b")), Ok(()));
    }

    #[test]
    fn those_who_were_revoked_or_got_another_key_are_the_changed_ones() {
        let before = authority(true);
        let mut enrolled = before.enrolled().clone();
        enrolled.insert("gw-1".to_owned(), one(Role::Agent, true));
        enrolled.insert("gw-9".to_owned(), one(Role::Agent, false));
        enrolled.remove("met");
        let after = Authority::new(enrolled, true);
        let changed: Vec<_> = after.changed_since(&before).collect();
        assert_eq!(changed, ["gw-1", "gw-9", "met"]);
        assert_eq!(before.changed_since(&before).count(), 0);
    }
}
