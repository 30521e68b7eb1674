//! Every MQTT topic of the system, built and parsed by one type.

use std::{fmt, str::FromStr};

use crate::{
    ids::{AgentId, IdError, SourceId, TruckId},
    limits::PARTITIONS,
};

/// A topic below `flood/v1/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Batches up: `obs/<partition>/<agent>`, or `…/json` for the JSON twin.
    Observations { agent: AgentId, json: bool },
    /// Commit acknowledgements down: `ack/<agent>`.
    Ack(AgentId),
    /// Retained health and last will: `state/<agent>`.
    State(AgentId),
    /// Configuration and requests down: `cmd/<agent>`.
    Command(AgentId),
    /// Answers to commands: `rsp/<agent>`.
    Response(AgentId),
    /// Third parties' observations, JSON or SenML: `in/<source>`.
    Intake(SourceId),
    /// A pump truck's reports: `truck/<truck>`.
    Truck(TruckId),
    /// Orders to a pump truck: `order/<truck>`.
    Order(TruckId),
}

/// Why a text is not a topic of this system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    #[error("topic `{0}` is not one of flood/v1")]
    Unknown(String),
    #[error("topic `{topic}` has a bad id")]
    Id { topic: String, source: IdError },
    #[error("topic `{topic}` names partition {found}, but the agent belongs to {expected:02}")]
    Partition {
        topic: String,
        found: String,
        expected: u8,
    },
}

const ROOT: &str = "flood/v1/";

/// The partition of an agent, 0–63: FNV-1a of its id, folded. Never changes.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a remainder below 64 fits in a byte"
)]
pub fn partition_of(agent: &AgentId) -> u8 {
    let hash = agent
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    ((hash ^ (hash >> 32)) % u64::from(PARTITIONS)) as u8
}

/// Topic filters an aggregator subscribes to at QoS 1.
#[must_use]
pub fn subscriptions() -> [&'static str; 5] {
    [
        "flood/v1/obs/+/+",
        "flood/v1/obs/+/+/json",
        "flood/v1/state/+",
        "flood/v1/in/+",
        "flood/v1/truck/+",
    ]
}

/// How topics begin on which only an aggregator publishes, and others hear.
pub const DOWNLINKS: [&str; 3] = ["flood/v1/ack/", "flood/v1/cmd/", "flood/v1/order/"];

/// Topic filter of the orders to all trucks, for a platform that serves a fleet.
#[must_use]
pub const fn all_orders() -> &'static str {
    "flood/v1/order/+"
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Observations { agent, json } => {
                let twin = if *json { "/json" } else { "" };
                write!(f, "{ROOT}obs/{:02}/{agent}{twin}", partition_of(agent))
            }
            Self::Ack(agent) => write!(f, "{ROOT}ack/{agent}"),
            Self::State(agent) => write!(f, "{ROOT}state/{agent}"),
            Self::Command(agent) => write!(f, "{ROOT}cmd/{agent}"),
            Self::Response(agent) => write!(f, "{ROOT}rsp/{agent}"),
            Self::Intake(source) => write!(f, "{ROOT}in/{source}"),
            Self::Truck(truck) => write!(f, "{ROOT}truck/{truck}"),
            Self::Order(truck) => write!(f, "{ROOT}order/{truck}"),
        }
    }
}

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(topic: &str) -> Result<Self, TopicError> {
        let unknown = || TopicError::Unknown(topic.to_owned());
        let bad = |source| TopicError::Id {
            topic: topic.to_owned(),
            source,
        };
        let rest = topic.strip_prefix(ROOT).ok_or_else(unknown)?;
        let parts: Vec<&str> = rest.split('/').collect();
        match parts.as_slice() {
            ["obs", partition, agent] => observations(topic, partition, agent, false),
            ["obs", partition, agent, "json"] => observations(topic, partition, agent, true),
            ["ack", agent] => agent.parse().map(Self::Ack).map_err(bad),
            ["state", agent] => agent.parse().map(Self::State).map_err(bad),
            ["cmd", agent] => agent.parse().map(Self::Command).map_err(bad),
            ["rsp", agent] => agent.parse().map(Self::Response).map_err(bad),
            ["in", source] => source.parse().map(Self::Intake).map_err(bad),
            ["truck", truck] => truck.parse().map(Self::Truck).map_err(bad),
            ["order", truck] => truck.parse().map(Self::Order).map_err(bad),
            _ => Err(unknown()),
        }
    }
}

fn observations(
    topic: &str,
    partition: &str,
    agent: &str,
    json: bool,
) -> Result<Topic, TopicError> {
    let agent: AgentId = agent.parse().map_err(|source| TopicError::Id {
        topic: topic.to_owned(),
        source,
    })?;
    let expected = partition_of(&agent);
    if partition == format!("{expected:02}") {
        Ok(Topic::Observations { agent, json })
    } else {
        let (topic, found) = (topic.to_owned(), partition.to_owned());
        Err(TopicError::Partition {
            topic,
            found,
            expected,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_parses_back_to_itself() {
        let agent: AgentId = "gw-07".parse().expect("id");
        let truck: TruckId = "pt-001".parse().expect("id");
        let topics = [
            Topic::Observations {
                agent: agent.clone(),
                json: false,
            },
            Topic::Observations {
                agent: agent.clone(),
                json: true,
            },
            Topic::Ack(agent.clone()),
            Topic::State(agent.clone()),
            Topic::Command(agent.clone()),
            Topic::Response(agent),
            Topic::Intake("weather-bureau".parse().expect("id")),
            Topic::Truck(truck.clone()),
            Topic::Order(truck),
        ];
        for topic in topics {
            assert_eq!(topic.to_string().parse::<Topic>(), Ok(topic));
        }
    }

    #[test]
    fn the_partition_of_an_agent_is_fixed_for_ever() {
        let of = |id: &str| partition_of(&id.parse().expect("id"));
        assert_eq!(
            [of("gw-01"), of("gw-02"), of("gateway-pudong-17")],
            [2, 59, 11]
        );
    }

    #[test]
    fn a_wrong_partition_or_a_bad_id_is_refused() {
        assert!(matches!(
            "flood/v1/obs/99/gw-01".parse::<Topic>(),
            Err(TopicError::Partition { .. })
        ));
        assert!(matches!(
            "flood/v1/in/A B".parse::<Topic>(),
            Err(TopicError::Id { .. })
        ));
        assert!(matches!(
            "flood/v2/in/a".parse::<Topic>(),
            Err(TopicError::Unknown(_))
        ));
    }
}
