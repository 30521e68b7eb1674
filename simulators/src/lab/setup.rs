//! What a run consists of.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use shared::{clock::ScaledClock, ids::AgentId};

use super::{BrokerChoice, FakeClock, GatewayPlan};
use crate::gauge::{Readings, Silence};

/// What a run consists of.
pub struct LabSetup {
    /// The folder of city layers.
    pub city: PathBuf,
    pub gateways: Vec<GatewayPlan>,
    pub readings: Arc<dyn Readings>,
    /// `None`: the system's own clock.
    pub clock: Option<ScaledClock>,
    /// A clock of their own that can be wrong; `None` gives them the machine's.
    pub agents_clock: Option<FakeClock>,
    pub aggregators_clock: Option<FakeClock>,
    pub broker: BrokerChoice,
    /// Which agents reach the broker over the link that can be made to fail.
    pub behind_link: BehindLink,
    /// Whether every agent is enrolled, and nobody else believed.
    pub enrolled: bool,
    /// More tables of the aggregator's configuration.
    pub tables: &'static str,
    /// On that link acknowledgements come up to this much later, each by itself; `None`: in order.
    pub shuffled: Option<Duration>,
    /// Where the aggregator serves HTTP; `None` takes a free port.
    pub http: Option<SocketAddr>,
    /// What else stands in the aggregator's `[http]`.
    pub http_keys: toml::Table,
    /// How long an agent gathers a batch, in real seconds.
    pub batch_seconds: f64,
    /// The shortest and the longest wait of an agent before it connects again, in real seconds.
    pub reconnect_seconds: (f64, f64),
    /// What the programs log, as FLOOD_LOG; `None` leaves it to them.
    pub logs: Option<&'static str>,
    /// The work folder; `None` makes a temporary one.
    pub work: Option<PathBuf>,
}

impl LabSetup {
    /// An aggregator with its own broker over a city whose gauges are silent; the rest is added.
    #[must_use]
    pub fn new(city: PathBuf, clock: impl Into<Option<ScaledClock>>) -> Self {
        Self {
            city,
            gateways: Vec::new(),
            readings: Arc::new(Silence),
            clock: clock.into(),
            agents_clock: None,
            aggregators_clock: None,
            broker: BrokerChoice::Embedded,
            behind_link: BehindLink::Nobody,
            enrolled: false,
            tables: "",
            shuffled: None,
            http: None,
            http_keys: toml::Table::new(),
            batch_seconds: 1.0,
            // Not the two minutes that a real network is given.
            reconnect_seconds: (0.2, 2.0),
            logs: None,
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
