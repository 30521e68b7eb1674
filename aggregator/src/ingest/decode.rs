//! What a message is, by its topic.

use shared::{
    error::chain,
    fleet::TruckReport,
    observation::Observation,
    time::Timestamp,
    wire::{AgentHealth, Envelope, Topic, decode_intake},
};

use crate::counters::Counter;

/// A message that was understood.
#[derive(Debug)]
pub enum Message {
    Batch(Envelope),
    Intake(Vec<Observation>),
    Health(AgentHealth),
    Truck(TruckReport),
}

/// A message that was not.
#[derive(Debug)]
pub struct Undecoded {
    pub counter: Counter,
    pub detail: String,
}

fn undecoded(counter: Counter, detail: impl Into<String>) -> Undecoded {
    Undecoded {
        counter,
        detail: detail.into(),
    }
}

/// Reads one message. `client` is who published it: an agent speaks only for itself.
///
/// # Errors
/// A foreign topic, a bad payload, or a topic that names somebody other than the payload.
pub fn decode(
    topic: &str,
    payload: &[u8],
    client: Option<&str>,
    received_at: Timestamp,
) -> Result<Message, Undecoded> {
    let bad = |e: &dyn std::error::Error| undecoded(Counter::BadPayload, chain(e));
    let topic: Topic = topic
        .parse()
        .map_err(|e| undecoded(Counter::BadTopic, chain(&e)))?;
    match topic {
        Topic::Observations { agent, json } => {
            if client.is_some_and(|c| c != agent.as_str()) {
                let detail = format!("published by client `{}`", client.unwrap_or_default());
                return Err(undecoded(Counter::BadTopic, detail));
            }
            let decode = if json {
                Envelope::decode_json
            } else {
                Envelope::decode
            };
            let envelope = decode(payload).map_err(|e| bad(&e))?;
            if envelope.agent != agent {
                let detail = format!("the batch is of agent `{}`", envelope.agent);
                return Err(undecoded(Counter::BadPayload, detail));
            }
            Ok(Message::Batch(envelope))
        }
        Topic::Intake(_) => decode_intake(payload, received_at)
            .map(Message::Intake)
            .map_err(|e| bad(&e)),
        Topic::State(agent) => {
            let health = AgentHealth::decode(payload).map_err(|e| bad(&e))?;
            if health.agent == agent {
                Ok(Message::Health(health))
            } else {
                Err(undecoded(
                    Counter::BadPayload,
                    format!("speaks for `{}`", health.agent),
                ))
            }
        }
        Topic::Truck(truck) => {
            let report = TruckReport::decode(payload).map_err(|e| bad(&e))?;
            if report.truck == truck {
                Ok(Message::Truck(report))
            } else {
                Err(undecoded(
                    Counter::BadPayload,
                    format!("speaks for `{}`", report.truck),
                ))
            }
        }
        Topic::Ack(_) | Topic::Command(_) | Topic::Response(_) | Topic::Order(_) => Err(undecoded(
            Counter::BadTopic,
            "only the aggregator publishes there",
        )),
    }
}
