//! Renews the certificates of gateways over the wire, long before they end, so that nobody has to go there.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::Result;
use shared::{clock::real_now, error::chain, ids::AgentId, time::Timestamp, wire::Command};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{Authorities, Ca, LIFETIME};
use crate::parts::Ready;

/// What may wait to be looked at; what has no room comes again with the next health.
const WAITING: usize = 1_024;

/// A new certificate may be lost on the way; until the agent tells that it has it, it is sent again so
/// often.
const AGAIN: Duration = Duration::from_secs(15);

/// Where it is told until when an agent's certificate holds.
#[derive(Debug, Clone)]
pub struct Renewals(mpsc::Sender<(AgentId, Timestamp)>);

/// What was told.
pub struct Told(mpsc::Receiver<(AgentId, Timestamp)>);

impl Renewals {
    #[must_use]
    pub fn new() -> (Self, Told) {
        let (tell, told) = mpsc::channel(WAITING);
        (Self(tell), Told(told))
    }

    /// An agent says until when its certificate holds.
    pub fn told(&self, agent: &AgentId, until: Timestamp) {
        // Without room it is told again in ten seconds.
        let _ = self.0.try_send((agent.clone(), until));
    }
}

/// Sends new certificates by `send`, until told to stop.
///
/// # Errors
/// None; it has the form of a part.
pub async fn renew(
    Told(mut told): Told,
    ca: Arc<Ca>,
    authorities: Authorities,
    send: impl Fn(AgentId, Command),
    stop: CancellationToken,
    ready: Ready,
) -> Result<()> {
    let mut sent: HashMap<AgentId, Instant> = HashMap::new();
    ready.now();
    loop {
        let next = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            next = told.recv() => next,
        };
        let Some((agent, until)) = next else {
            stop.cancelled().await;
            return Ok(());
        };
        sent.retain(|_, at| at.elapsed() < AGAIN);
        let now = real_now();
        if !is_due(now, until) || sent.contains_key(&agent) {
            continue;
        }
        let authority = authorities.now();
        let enrolled = authority.enrolled().get(agent.as_str());
        let enrolled = enrolled.filter(|enrolled| enrolled.revoked_at.is_none());
        let Some(key) = enrolled.and_then(|enrolled| enrolled.public_key.as_ref()) else {
            continue;
        };
        match ca.certify(agent.as_str(), key, now) {
            Ok((certificate, until)) => {
                info!(%agent, %until, "a new certificate is sent");
                send(agent.clone(), Command::Certificate { certificate, until });
                sent.insert(agent, Instant::now());
            }
            Err(e) => error!(%agent, error = chain(&e), "no new certificate can be made"),
        }
    }
}

/// Whether a certificate has lived half of its life.
fn is_due(now: Timestamp, until: Timestamp) -> bool {
    until < now + LIFETIME / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_in_the_second_half_of_its_life_and_after_its_end() {
        let now = Timestamp::from_millis(1_784_622_000_000);
        let days = |days: i64| Timestamp::from_millis(now.as_millis() + days * 86_400_000);
        let due = [-400, 0, 44, 46, 90].map(|left| is_due(now, days(left)));
        assert_eq!(due, [true, true, true, false, false]);
    }
}
