//! What a message says, by what it claims to be.

use shared::{
    error::chain,
    fleet::TruckReport,
    ids::{AgentId, SourceId, TruckId},
    limits::MAX_SEQ,
    observation::Observation,
    time::Timestamp,
    wire::{AgentHealth, Envelope, Topic, decode_intake},
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
    /// That an agent is gone: its will, by the word of the broker within, which knew it when it came.
    Gone(AgentId),
}

impl Claim {
    /// Where such a message belongs: its sender's seal is for that.
    #[must_use]
    pub fn topic(&self) -> Topic {
        match self {
            Self::Batch { agent, form } => Topic::Observations {
                agent: agent.clone(),
                json: *form == Form::Json,
            },
            Self::Intake(source) => Topic::Intake(source.clone()),
            Self::Health(agent) | Self::Gone(agent) => Topic::State(agent.clone()),
            Self::Truck(truck) => Topic::Truck(truck.clone()),
        }
    }
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
    Intake(SourceId, Vec<Observation>),
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
            let (of, seq) = (&envelope.agent, envelope.seq);
            if of != agent {
                Err(refused(format!("the batch is of agent `{of}`")))
            } else if seq > MAX_SEQ {
                // What follows on it would have no number.
                Err(refused(format!("no agent has come to the number {seq}")))
            } else {
                Ok(Message::Batch(envelope))
            }
        }
        Claim::Intake(source) => decode_intake(payload, received_at)
            .map(|observations| Message::Intake(source.clone(), observations))
            .map_err(|e| bad(&e)),
        Claim::Health(agent) | Claim::Gone(agent) => {
            let mut health = AgentHealth::decode(payload).map_err(|e| bad(&e))?;
            let is_will = matches!(claim, Claim::Gone(_));
            if is_will {
                // It bears no seal: that its agent is gone is all that it says.
                health.faults.clear();
            }
            if health.agent != *agent {
                Err(refused(format!("speaks for `{}`", health.agent)))
            } else if is_will && health.online {
                Err(refused(
                    "a will that says that its agent is there".to_owned(),
                ))
            } else {
                Ok(Message::Health(countable(health)))
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

/// What many agents say of themselves is added up by whoever looks at it: no number of one may be so large
/// that the sum is none.
fn countable(health: AgentHealth) -> AgentHealth {
    let bounded = |count: u64| count.min(MAX_SEQ);
    AgentHealth {
        spooled_batches: bounded(health.spooled_batches),
        spooled_bytes: bounded(health.spooled_bytes),
        dropped: bounded(health.dropped),
        failed_readings: bounded(health.failed_readings),
        ..health
    }
}

#[cfg(test)]
mod tests {
    use shared::{clock::Mode, fleet::TruckState, lonlat::LonLat, units::CubicMetres};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);

    fn agent(id: &str) -> AgentId {
        id.parse().expect("id")
    }

    fn envelope() -> Envelope {
        Envelope {
            agent: agent("gw-01"),
            incarnation: 1,
            seq: 1,
            oldest: 1,
            sent_at: NOW,
            mode: Mode::Actual,
            backfill: false,
            observations: Vec::new(),
        }
    }

    fn refused(claim: &Claim, payload: &[u8]) -> String {
        let undecoded = decode(claim, payload, NOW).expect_err("refused");
        assert_eq!(undecoded.counter, Counter::BadPayload);
        undecoded.detail
    }

    #[test]
    fn a_batch_is_read_in_both_forms_and_speaks_only_for_its_agent() {
        let claim = |id: &str, form| Claim::Batch {
            agent: agent(id),
            form,
        };
        let forms = [
            (Form::Binary, envelope().encode()),
            (Form::Json, envelope().encode_json()),
        ];
        for (form, payload) in forms {
            let own = decode(&claim("gw-01", form), &payload, NOW);
            assert_eq!(own, Ok(Message::Batch(envelope())));
            assert_eq!(
                refused(&claim("gw-02", form), &payload),
                "the batch is of agent `gw-01`"
            );
            assert!(!refused(&claim("gw-01", form), b"\xff").is_empty());
        }
    }

    #[test]
    fn a_number_after_which_none_is_left_is_refused() {
        let claim = Claim::Batch {
            agent: agent("gw-01"),
            form: Form::Binary,
        };
        let of = |seq| Envelope { seq, ..envelope() }.encode();
        assert!(decode(&claim, &of(MAX_SEQ), NOW).is_ok());
        let told = format!("no agent has come to the number {}", u64::MAX);
        assert_eq!(refused(&claim, &of(u64::MAX)), told);
    }

    #[test]
    fn an_agent_and_a_truck_speak_only_for_themselves() {
        let health = AgentHealth {
            agent: agent("gw-01"),
            online: true,
            at: NOW,
            mode: Mode::Actual,
            version: "1".to_owned(),
            spooled_batches: 0,
            spooled_bytes: 0,
            dropped: 0,
            failed_readings: 0,
            silent_sources: Vec::new(),
            faults: Vec::new(),
            certificate_until: None,
        };
        let payload = health.encode();
        let own = decode(&Claim::Health(agent("gw-01")), &payload, NOW);
        assert_eq!(own, Ok(Message::Health(health.clone())));
        let other = Claim::Health(agent("gw-02"));
        assert_eq!(refused(&other, &payload), "speaks for `gw-01`");
        let gone = Claim::Gone(agent("gw-01"));
        assert_eq!(
            refused(&gone, &payload),
            "a will that says that its agent is there"
        );
        let health = AgentHealth {
            online: false,
            dropped: u64::MAX,
            ..health
        };
        let planted = AgentHealth {
            faults: vec![shared::wire::AgentFault {
                kind: "uplink".to_owned(),
                subject: "anything".to_owned(),
                cause: "anything".to_owned(),
                since: NOW,
            }],
            ..health.clone()
        };
        let said = decode(&gone, &planted.encode(), NOW);
        let health = AgentHealth {
            dropped: MAX_SEQ,
            ..health
        };
        assert_eq!(said, Ok(Message::Health(health)));

        let report = TruckReport {
            truck: "pt-1".parse().expect("id"),
            reported_at: NOW,
            position: LonLat::new(121.0, 31.0).expect("a place"),
            state: TruckState::Idle,
            order: None,
            pumped_m3: CubicMetres::ZERO,
        };
        let payload = report.encode();
        let own = decode(&Claim::Truck(report.truck.clone()), &payload, NOW);
        assert_eq!(own, Ok(Message::Truck(report)));
        let other = Claim::Truck("pt-2".parse().expect("id"));
        assert_eq!(refused(&other, &payload), "speaks for `pt-1`");
    }

    #[test]
    fn a_third_party_is_read_by_what_it_sent() {
        let claim = Claim::Intake("bureau".parse().expect("id"));
        let text = br#"[{"n":"lg-1/depth","v":0.3}]"#;
        let read = decode(&claim, text, NOW).expect("SenML");
        let Message::Intake(_, observations) = read else {
            panic!("observations, not {read:?}")
        };
        assert_eq!(observations.len(), 1);
        assert!(refused(&claim, b"rain!").contains("JSON"));
    }
}
