//! The same rules for mosquitto: who may publish and hear what, and by which password. Pure.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::Hmac;
use sha2::Sha512;
use shared::{
    ids::{AgentId, SourceId, TruckId},
    wire::{Topic, subscriptions},
};

use super::{Authority, Enrolled, Role};

/// Rounds of PBKDF2, as `mosquitto_passwd` has them: these passwords are 256 random bits, which no guess
/// finds.
const ROUNDS: u32 = 101;

/// Bytes of salt.
pub const SALT: usize = 12;

/// An access control list (mosquitto.conf(5), `acl_file`): everything that is not in it is refused.
#[must_use]
pub fn acl(authority: &Authority) -> String {
    let mut text = "# By `flood-aggregator broker-acl`, which writes it anew.\n".to_owned();
    for (name, enrolled) in active(authority) {
        let (writes, reads) = match enrolled.role {
            Role::Agent => of_agent(name),
            Role::Truck => of_truck(name),
            Role::Source => of_source(name),
            Role::Aggregator => of_aggregator(),
        };
        let _ = write!(text, "\nuser {name}\n");
        for topic in writes {
            let _ = writeln!(text, "topic write {topic}");
        }
        for topic in reads {
            let _ = writeln!(text, "topic read {topic}");
        }
    }
    text
}

/// A password file (mosquitto_passwd(1)); `salt` gives other bytes each time.
///
/// # Errors
/// Those of `salt`.
pub fn passwords<E>(
    authority: &Authority,
    mut salt: impl FnMut() -> Result<[u8; SALT], E>,
) -> Result<String, E> {
    let mut text = String::new();
    for (name, enrolled) in active(authority) {
        let hashed = hashed(&enrolled.key.password(), salt()?);
        let _ = writeln!(text, "{name}:{hashed}");
    }
    Ok(text)
}

/// A password as mosquitto keeps it: PBKDF2-HMAC-SHA-512 of 64 bytes.
fn hashed(password: &str, salt: [u8; SALT]) -> String {
    let mut hash = [0; 64];
    let done = pbkdf2::pbkdf2::<Hmac<Sha512>>(password.as_bytes(), &salt, ROUNDS, &mut hash);
    let Ok(()) = done else {
        unreachable!("a password of any length will do");
    };
    let (salt, hash) = (BASE64.encode(salt), BASE64.encode(hash));
    format!("$7${ROUNDS}${salt}${hash}")
}

fn active(authority: &Authority) -> impl Iterator<Item = (&str, &Enrolled)> {
    let all = authority.enrolled().iter();
    all.filter(|(_, enrolled)| enrolled.revoked_at.is_none())
        .map(|(name, enrolled)| (name.as_str(), enrolled))
}

type Rules = (Vec<String>, Vec<String>);

fn of_agent(name: &str) -> Rules {
    let Ok(agent) = name.parse::<AgentId>() else {
        return Rules::default();
    };
    let observations = |json| Topic::Observations {
        agent: agent.clone(),
        json,
    };
    let writes = [
        observations(false),
        observations(true),
        Topic::State(agent.clone()),
        Topic::Response(agent.clone()),
    ];
    let reads = [Topic::Ack(agent.clone()), Topic::Command(agent.clone())];
    (written(&writes), written(&reads))
}

fn of_truck(name: &str) -> Rules {
    let Ok(truck) = name.parse::<TruckId>() else {
        return Rules::default();
    };
    let (report, order) = (Topic::Truck(truck.clone()), Topic::Order(truck));
    (written(&[report]), written(&[order]))
}

fn of_source(name: &str) -> Rules {
    let source = name.parse::<SourceId>().map(Topic::Intake);
    (source.iter().map(Topic::to_string).collect(), Vec::new())
}

fn of_aggregator() -> Rules {
    let writes = ["ack", "cmd", "order"].map(|down| format!("flood/v1/{down}/+"));
    (writes.into(), subscriptions().map(str::to_owned).into())
}

fn written(topics: &[Topic]) -> Vec<String> {
    topics.iter().map(Topic::to_string).collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use shared::{time::Timestamp, wire::seal::Key};

    use super::*;

    fn authority() -> Authority {
        let one = |name: &str, role, revoked_at| {
            let enrolled = Enrolled {
                role,
                key: Key::new([7; 32]),
                public_key: None,
                enrolled_at: Timestamp::from_millis(0),
                revoked_at,
            };
            (name.to_owned(), enrolled)
        };
        let gone = Some(Timestamp::from_millis(1));
        let all = [
            one("flood-aggregator", Role::Aggregator, None),
            one("gw-01", Role::Agent, None),
            one("gw-02", Role::Agent, gone),
            one("met", Role::Source, None),
            one("pt-1", Role::Truck, None),
        ];
        Authority::new(all.into(), false)
    }

    #[test]
    fn everybody_who_is_enrolled_has_his_own_topics_and_nobody_else_has_any() {
        insta::assert_snapshot!(acl(&authority()));
    }

    /// By `mosquitto_passwd` and Python's `hashlib.pbkdf2_hmac("sha512", b"secret", bytes(12), 101)`.
    #[test]
    fn a_password_is_hashed_as_mosquitto_does_it() {
        assert_eq!(
            hashed("secret", [0; SALT]),
            "$7$101$AAAAAAAAAAAAAAAA$GKi4qDyk9y4EWmYPwoG2Z68xDS4geZItBOL+r9OzoRFUOftyza0bBNYPi42rbBMws2OTLsfxYvabe/4weVE1LQ=="
        );
        let text = passwords(&authority(), || Ok::<_, Infallible>([1; SALT]));
        let text = text.expect("infallible");
        let names: Vec<_> = text.lines().filter_map(|l| l.split(':').next()).collect();
        assert_eq!(names, ["flood-aggregator", "gw-01", "met", "pt-1"]);
    }
}
