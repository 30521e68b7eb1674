//! What a message says, by what it claims to be.

use shared::{
    error::chain,
    fleet::TruckReport,
    ids::{AgentId, SourceId, TruckId},
    observation::Observation,
    time::Timestamp,
    wire::{AgentHealth, Envelope, decode_intake},
};

use crate::counters::Counter;

/// What a message is and who brought it, as the channel that it came over says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// A batch of an agent.
    Batch { agent: AgentId, form: Form },
    /// Observations of a third party.
    Intake(SourceId),
    /// An agent's word on itself.
    Health(AgentId),
    /// A truck's word on itself.
    Truck(TruckId),
}

/// How a batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Binary,
    Json,
}

/// A message that was understood.
#[derive(Debug, PartialEq)]
pub enum Message {
    Batch(Envelope),
    Intake(Vec<Observation>),
    Health(AgentHealth),
    Truck(TruckReport),
}

/// A message that was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecoded {
    /// What it is counted under.
    pub counter: Counter,
    pub detail: String,
}

/// Reads one message.
///
/// # Errors
/// A bad payload, or one that speaks for somebody other than who brought it.
pub fn decode(claim: &Claim, payload: &[u8], received_at: Timestamp) -> Result<Message, Undecoded> {
    let refused = |detail: String| Undecoded {
        counter: Counter::BadPayload,
        detail,
    };
    let bad = |e: &dyn std::error::Error| refused(chain(e));
    match claim {
        Claim::Batch { agent, form } => {
            let decode = match form {
                Form::Binary => Envelope::decode,
                Form::Json => Envelope::decode_json,
            };
            let envelope = decode(payload).map_err(|e| bad(&e))?;
            if envelope.agent == *agent {
                Ok(Message::Batch(envelope))
            } else {
                Err(refused(format!(
                    "the batch is of agent `{}`",
                    envelope.agent
                )))
            }
        }
        Claim::Intake(_) => decode_intake(payload, received_at)
            .map(Message::Intake)
            .map_err(|e| bad(&e)),
        Claim::Health(agent) => {
            let health = AgentHealth::decode(payload).map_err(|e| bad(&e))?;
            if health.agent == *agent {
                Ok(Message::Health(health))
            } else {
                Err(refused(format!("speaks for `{}`", health.agent)))
            }
        }
        Claim::Truck(truck) => {
            let report = TruckReport::decode(payload).map_err(|e| bad(&e))?;
            if report.truck == *truck {
                Ok(Message::Truck(report))
            } else {
                Err(refused(format!("speaks for `{}`", report.truck)))
            }
        }
    }
}
