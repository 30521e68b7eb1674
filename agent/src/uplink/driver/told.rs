//! What the aggregator tells: acknowledgements with remarks, and commands. Only what is its own is believed.

use std::collections::BTreeSet;

use shared::{
    error::chain,
    wire::{Acknowledgement, Command, Remark, Topic, seal::unsealed},
};

use super::{Driver, Event};
use crate::{faults::FaultKind, spool::keeper::KeeperError};

impl Driver {
    pub(super) async fn acknowledged(&mut self, message: &[u8]) -> Result<(), KeeperError> {
        let Some(payload) = self.opened(&self.acks, message) else {
            return Ok(());
        };
        match Acknowledgement::decode(payload) {
            Ok(Acknowledgement { ack, at, remarks }) => {
                if let Some(at) = at.filter(|_| self.machine.is_of_this_life(&ack)) {
                    let is_answer = self.machine.is_answered_by(&ack);
                    self.setup.timekeeper.told(at, is_answer);
                }
                if let Some(remarks) = remarks {
                    self.remarked(&remarks);
                }
                self.step(Event::Committed(ack)).await
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "malformed acknowledgement ignored");
                Ok(())
            }
        }
    }

    /// The payload of a message that is the aggregator's.
    fn opened<'a>(&self, topic: &Topic, message: &'a [u8]) -> Option<&'a [u8]> {
        let opened = match &self.setup.key {
            Some(key) => key.open(topic, message),
            None => Ok(unsealed(message)),
        };
        let (faults, topic) = (&self.setup.health.faults, topic.to_string());
        match opened {
            Ok(payload) => {
                faults.end(FaultKind::Forged, &topic);
                Some(payload)
            }
            Err(error) => {
                faults.begin(FaultKind::Forged, &topic, &chain(&error));
                None
            }
        }
    }

    pub(super) async fn commanded(&mut self, message: &[u8]) {
        let Some(payload) = self.opened(&self.commands, message) else {
            return;
        };
        let Command::Certificate { certificate, until } = match Command::decode(payload) {
            Ok(command) => command,
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    "a command that is not known is ignored"
                );
                return;
            }
        };
        let Some(passport) = &mut self.setup.passport else {
            return;
        };
        let (faults, agent) = (&self.setup.health.faults, self.setup.agent.as_str());
        match passport.renew(certificate, until).await {
            Ok(None) => {}
            Ok(Some(tls)) => {
                faults.end(FaultKind::Certificate, agent);
                self.setup.dial.tls = Some(tls);
                self.setup.health.set_certificate(until);
                tracing::info!(%until, "the certificate was renewed");
            }
            Err(error) => faults.begin(FaultKind::Certificate, agent, &chain(&error)),
        }
    }

    /// Tells what the aggregator says of the readings: a fault for each, until it says it no more.
    fn remarked(&mut self, remarks: &[Remark]) {
        let faults = &self.setup.health.faults;
        let mut present = BTreeSet::new();
        for Remark {
            gauge,
            reason,
            cause,
        } in remarks
        {
            let subject = match gauge {
                Some(gauge) => format!("gauge {gauge}"),
                None => "all readings".to_owned(),
            };
            faults.begin_sort(FaultKind::Remark, &subject, reason, cause);
            present.insert(subject);
        }
        for ended in self.remarked.difference(&present) {
            faults.end(FaultKind::Remark, ended);
        }
        self.remarked = present;
    }
}
