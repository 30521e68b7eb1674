//! What a run consists of.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, sync::Arc};

use shared::{clock::ScaledClock, ids::AgentId};

use super::{BrokerChoice, GatewayPlan};
use crate::gauge::{Readings, Silence};

/// What a run consists of.
pub struct LabSetup {
    /// The folder of city layers.
    pub city: PathBuf,
    pub gateways: Vec<GatewayPlan>,
    pub readings: Arc<dyn Readings>,
    pub clock: ScaledClock,
    pub broker: BrokerChoice,
    /// Which agents reach the broker over the link that can be made to fail.
    pub behind_link: BehindLink,
    /// Where the aggregator serves HTTP; `None` takes a free port.
    pub http: Option<SocketAddr>,
    /// How long an agent gathers a batch, in real seconds.
    pub batch_seconds: f64,
    /// The work folder; `None` makes a temporary one.
    pub work: Option<PathBuf>,
}

impl LabSetup {
    /// An aggregator with its own broker over a city whose gauges are silent; the rest is added.
    #[must_use]
    pub fn new(city: PathBuf, clock: ScaledClock) -> Self {
        Self {
            city,
            gateways: Vec::new(),
            readings: Arc::new(Silence),
            clock,
            broker: BrokerChoice::Embedded,
            behind_link: BehindLink::Nobody,
            http: None,
            batch_seconds: 1.0,
            work: None,
        }
    }
}

/// Which agents are behind the link that can fail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BehindLink {
    #[default]
    Nobody,
    Everybody,
    These(BTreeSet<AgentId>),
}

impl BehindLink {
    pub(super) fn holds(&self, agent: &AgentId) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::These(agents) => agents.contains(agent),
        }
    }
}
