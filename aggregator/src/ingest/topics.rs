//! What a message over MQTT claims to be, by its topic and its publisher.

use shared::{
    error::chain,
    wire::{DOWNLINKS, Topic},
};

use super::{Claim, Form, Undecoded};
use crate::counters::Counter;

/// The claim of a message on `topic`. `client` is who published it, where the broker tells: an
/// agent speaks only for itself.
///
/// # Errors
/// A topic that is none of ours, of another client, or one that only the aggregator publishes on.
pub fn claim(topic: &str, client: Option<&str>) -> Result<Claim, Undecoded> {
    let refused = |detail: String| Undecoded {
        counter: Counter::BadTopic,
        detail,
    };
    let other = |client: &str| refused(format!("published by client `{client}`"));
    let topic: Topic = topic.parse().map_err(|e| refused(chain(&e)))?;
    match topic {
        Topic::Observations { agent, json } => match client {
            Some(client) if client != agent.as_str() => Err(other(client)),
            _ => {
                let form = if json { Form::Json } else { Form::Binary };
                Ok(Claim::Batch { agent, form })
            }
        },
        Topic::Intake(source) => Ok(Claim::Intake(source)),
        Topic::State(agent) => match client {
            Some(client) if client != agent.as_str() => Err(other(client)),
            _ => Ok(Claim::Health(agent)),
        },
        Topic::Truck(truck) => Ok(Claim::Truck(truck)),
        Topic::Ack(_) | Topic::Command(_) | Topic::Response(_) | Topic::Order(_) => {
            Err(refused("only the aggregator publishes there".to_owned()))
        }
    }
}

/// Whether only this program publishes on a topic. It goes by how the topic begins, not by what it means: who
/// hears all orders would hear one to `+` too, or to what can be no truck's id.
pub fn is_downlink(topic: &str) -> bool {
    DOWNLINKS.iter().any(|begins| topic.starts_with(begins))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(topic: &str, client: Option<&str>) -> String {
        match claim(topic, client) {
            Ok(claim) => format!("{claim:?}"),
            Err(undecoded) => format!("{}: {}", undecoded.counter.name(), undecoded.detail),
        }
    }

    #[test]
    fn an_agent_speaks_only_for_itself_where_the_broker_tells_who_speaks() {
        let topic = "flood/v1/obs/02/gw-01";
        let own = "Batch { agent: AgentId(\"gw-01\"), form: Binary }";
        assert_eq!(claimed(topic, Some("gw-01")), own);
        assert_eq!(claimed(topic, None), own);
        assert_eq!(
            claimed(topic, Some("gw-02")),
            "bad-topic: published by client `gw-02`"
        );
        let state = "flood/v1/state/gw-01";
        assert_eq!(claimed(state, Some("gw-01")), "Health(AgentId(\"gw-01\"))");
        assert_eq!(
            claimed(state, Some("gw-02")),
            "bad-topic: published by client `gw-02`"
        );
    }

    #[test]
    fn every_uplink_topic_has_its_claim_and_no_downlink_topic_has_one() {
        let json = "Batch { agent: AgentId(\"gw-01\"), form: Json }";
        assert_eq!(claimed("flood/v1/obs/02/gw-01/json", None), json);
        assert_eq!(claimed("flood/v1/in/a", None), "Intake(SourceId(\"a\"))");
        assert_eq!(claimed("flood/v1/state/a", None), "Health(AgentId(\"a\"))");
        assert_eq!(claimed("flood/v1/truck/a", None), "Truck(TruckId(\"a\"))");
        for topic in ["ack/a", "cmd/a", "rsp/a", "order/a"] {
            let topic = format!("flood/v1/{topic}");
            assert_eq!(
                claimed(&topic, None),
                "bad-topic: only the aggregator publishes there"
            );
        }
        assert!(claimed("flood/v2/in/a", None).starts_with("bad-topic: topic `flood/v2/in/a`"));
        for down in [
            "ack/a",
            "cmd/a",
            "order/a",
            "order/+",
            "order/PT 1",
            "order/",
        ] {
            assert!(is_downlink(&format!("flood/v1/{down}")), "{down}");
        }
        for up in ["truck/a", "obs/02/gw-01", "in/a", "state/a", "orders/a"] {
            assert!(!is_downlink(&format!("flood/v1/{up}")), "{up}");
        }
    }
}
