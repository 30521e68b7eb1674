//! What a client of the embedded broker may do: what is not named here is refused. Pure.
//!
//! A client's name is its client id. An agent speaks only for itself and hears what is for itself, or for
//! strangers where such are believed; whoever brings trucks' reports hears the orders. Only the program
//! itself acknowledges, commands and orders, and it does so from within: no client may.

use shared::{
    error::chain,
    ids::AgentId,
    wire::{Topic, all_orders},
};

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// That this topic gets a message when its connection is lost.
    Will(&'a str),
    /// The messages that match this filter.
    Subscription(&'a str),
}

/// Whether a client may have what it asks for. `hears` tells whether it may hear what is for an agent.
///
/// # Errors
/// Why not, for people.
pub fn judge(
    client: &str,
    asked: Asked<'_>,
    hears: impl Fn(&AgentId) -> bool,
) -> Result<(), String> {
    match asked {
        Asked::Will(topic) => match topic.parse().map_err(|e| chain(&e))? {
            Topic::State(agent) if agent.as_str() == client => Ok(()),
            _ => Err(format!(
                "a will on `{topic}`; an agent's is on its own state"
            )),
        },
        Asked::Subscription(filter) if filter == all_orders() => Ok(()),
        Asked::Subscription(filter) => match filter.parse() {
            Ok(Topic::Order(_)) => Ok(()),
            Ok(Topic::Ack(agent) | Topic::Command(agent)) if hears(&agent) => Ok(()),
            _ => Err(format!(
                "a subscription to `{filter}`; there are those to `{}` and to one's own acknowledgements and \
                 commands",
                all_orders()
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(client: &str, asked: Asked<'_>) -> bool {
        judge(client, asked, |agent| agent.as_str() == client).is_ok()
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
    fn one_hears_orders_and_what_is_for_oneself() {
        let own = [
            "flood/v1/ack/gw-01",
            "flood/v1/cmd/gw-01",
            "flood/v1/order/+",
            "flood/v1/order/t-1",
        ];
        for filter in own {
            assert!(may("gw-01", Asked::Subscription(filter)), "{filter}");
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
