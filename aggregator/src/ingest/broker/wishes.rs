//! What a client of the embedded broker may do: what is not named here is refused. Pure.
//!
//! A client's name is its client id. An agent or a truck speaks only for itself and hears what is for
//! itself, or for strangers where such are believed. Only the program itself acknowledges, commands and
//! orders, and it does so from within: no client may.

use shared::{
    error::chain,
    wire::{Topic, all_orders},
};

use crate::authority::Authority;

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// That this topic gets a message when its connection is lost.
    Will(&'a str),
    /// The messages that match this filter.
    Subscription(&'a str),
}

/// Whether a client may have what it asks for.
///
/// # Errors
/// Why not, for people.
pub fn judge(client: &str, asked: Asked<'_>, authority: &Authority) -> Result<(), String> {
    match asked {
        Asked::Will(topic) => match topic.parse().map_err(|e| chain(&e))? {
            Topic::State(agent) if agent.as_str() == client => Ok(()),
            _ => Err(format!(
                "a will on `{topic}`; an agent's is on its own state"
            )),
        },
        Asked::Subscription(filter) => {
            let is_his = if filter == all_orders() {
                authority.hears_all_orders(client)
            } else {
                filter.parse().is_ok_and(|topic| match topic {
                    Topic::Ack(_) | Topic::Command(_) | Topic::Order(_) => {
                        authority.hears(client, &topic)
                    }
                    _ => false,
                })
            };
            is_his.then_some(()).ok_or_else(|| {
                format!(
                    "a subscription to `{filter}`; there are those to one's own acknowledgements, commands \
                     and orders, and to `{}` for a fleet that is not enrolled",
                    all_orders()
                )
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{time::Timestamp, wire::seal::Key};

    use super::*;
    use crate::authority::{Enrolled, Role};

    /// Of two gateways and two trucks that are enrolled, where strangers are believed.
    fn may(client: &str, asked: Asked<'_>) -> bool {
        let all = [
            ("gw-01", Role::Agent),
            ("gw-02", Role::Agent),
            ("t-1", Role::Truck),
            ("t-2", Role::Truck),
        ];
        let enrolled = all.map(|(name, role)| {
            let one = Enrolled {
                role,
                key: Key::new([7; 32]),
                public_key: None,
                enrolled_at: Timestamp::from_millis(0),
                revoked_at: None,
            };
            (name.to_owned(), one)
        });
        judge(client, asked, &Authority::new(enrolled.into(), true)).is_ok()
    }

    #[test]
    fn a_will_tells_only_that_the_agent_itself_is_gone() {
        assert!(may("gw-01", Asked::Will("flood/v1/state/gw-01")));
        let others = [
            "flood/v1/state/gw-02",
            "flood/v1/ack/gw-01",
            "flood/v1/order/t-1",
            "flood/v1/cmd/gw-01",
            "flood/v1/truck/t-1",
            "flood/v1/in/gw-01",
            "flood/v1/obs/02/gw-01",
            "flood/v1/state/+",
            "will",
        ];
        for topic in others {
            assert!(!may("gw-01", Asked::Will(topic)), "{topic}");
        }
    }

    #[test]
    fn one_hears_what_is_for_oneself() {
        let own = [
            ("gw-01", "flood/v1/ack/gw-01"),
            ("gw-01", "flood/v1/cmd/gw-01"),
            ("t-1", "flood/v1/order/t-1"),
            ("somebody", "flood/v1/ack/somebody"),
            ("somebody", "flood/v1/order/t-9"),
            ("somebody", "flood/v1/order/+"),
        ];
        for (client, filter) in own {
            assert!(
                may(client, Asked::Subscription(filter)),
                "{client}: {filter}"
            );
        }
        for client in ["gw-01", "t-2"] {
            for filter in ["flood/v1/order/+", "flood/v1/order/t-1"] {
                assert!(
                    !may(client, Asked::Subscription(filter)),
                    "{client}: {filter}"
                );
            }
        }
        let others = [
            "#",
            "+/+/+/+",
            "flood/#",
            "flood/v1/+/gw-01",
            "flood/v1/ack/gw-02",
            "flood/v1/ack/+",
            "flood/v1/order/#",
            "flood/v1/obs/02/gw-01",
            "$share/a/flood/v1/order/+",
            "$SYS/#",
            "other",
        ];
        for filter in others {
            assert!(!may("gw-01", Asked::Subscription(filter)), "{filter}");
        }
    }
}
