//! A lab: the real aggregator and real agents on one storm clock, fed by simulated gauges.
//!
//! [`Lab::start`] writes the configuration files, starts every program on free ports and waits
//! until all serve. A run can then kill and restart any of them, cut the link between them, and at
//! the end compare what the gauges served with what the store holds ([`Lab::finish`]).
//!
//! Everything lives in one work folder: `configs`, data, logs, `served.csv`. A temporary one is
//! removed after a run that went well and kept (its path is told) after one that did not.

mod broker;
mod config;
mod console;
mod delivery;
mod error;
mod field;
mod http;
mod map;
mod process;
mod programs;
mod store;
mod wait;
mod waits;
mod work;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use shared::{
    clock::{Clock, ScaledClock},
    ids::{AgentId, GaugeId},
    time::Timestamp,
};

pub use broker::{Broker, BrokerChoice, resolve};
pub use config::AggregatorBroker;
pub use console::{interrupted, say};
pub use delivery::{Delivery, GaugeDelivery};
pub use error::LabError;
pub use field::{Field, Gateway, GatewayPlan, ModbusLine, MqttLine, spread, spread_groups};
pub use http::{AgentState, Client, GaugeState, Plan, PointState, Recommendation, State};
pub use process::Process;
pub use programs::{Programs, find_in_path};
pub use store::{Store, Stored, export};
pub use wait::until;

use self::{delivery::Lateness, work::Work};
use crate::{
    gauge::{Readings, ServedLog},
    link::free_address,
};

/// What a run consists of.
pub struct Setup {
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

/// Which agents are behind the link that can fail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BehindLink {
    #[default]
    Nobody,
    Everybody,
    These(BTreeSet<AgentId>),
}

impl BehindLink {
    fn holds(&self, agent: &AgentId) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::These(agents) => agents.contains(agent),
        }
    }
}

/// A running system.
pub struct Lab {
    pub field: Field,
    pub broker: Broker,
    pub client: Client,
    pub clock: Clock,
    pub aggregator: Process,
    pub agents: Vec<Process>,
    programs: Programs,
    aggregator_config: PathBuf,
    work: Work,
}

/// Programs of a debug build on a busy machine take their time to start.
const START: Duration = Duration::from_secs(30);

impl Lab {
    /// Starts everything and waits until it serves.
    ///
    /// # Errors
    /// A program is missing, does not start or does not get ready in time.
    pub async fn start(setup: Setup) -> Result<Self, LabError> {
        let programs = Programs::find()?;
        let work = Work::new(setup.work)?;
        let clock = setup
            .clock
            .validate()
            .map_err(|e| LabError::Setup(e.to_string()))?;
        let served = work.path.join("served.csv");
        let log = ServedLog::with_file(&served).map_err(LabError::io("served.csv"))?;
        let field = Field::start(&setup.gateways, clock, setup.readings, Arc::new(log)).await?;
        let broker = Broker::start(
            &setup.broker,
            setup.behind_link != BehindLink::Nobody,
            &work.path,
        )
        .await?;
        let http = match setup.http {
            Some(address) => address,
            None => free_address().map_err(LabError::io("a port for HTTP"))?,
        };
        let city = setup
            .city
            .canonicalize()
            .map_err(LabError::io(setup.city.display().to_string()))?;
        let data = work.path.join("aggregator");
        let text = config::aggregator(&data, &city, http, &broker.aggregator, setup.clock)?;
        let aggregator_config = work.write("aggregator.toml", &text)?;
        let run = |config: &Path| vec!["run".to_owned(), config.display().to_string()];
        let aggregator = Process::new(
            "aggregator",
            &programs.aggregator,
            run(&aggregator_config),
            &work.path,
        );
        let mut agents = Vec::new();
        for gateway in &field.gateways {
            let name = gateway.agent.as_str();
            let data = work.path.join(name);
            let uplink = broker.uplink(setup.behind_link.holds(&gateway.agent));
            let text = config::agent(gateway, &uplink, setup.clock, setup.batch_seconds, &data)?;
            let path = work.write(&format!("{name}.toml"), &text)?;
            agents.push(Process::new(name, &programs.agent, run(&path), &work.path));
        }
        let client = Client::new(http);
        let mut lab = Self {
            field,
            broker,
            client,
            clock,
            aggregator,
            agents,
            programs,
            aggregator_config,
            work,
        };
        let begun = lab.begin().await;
        lab.kept_on_error(begun)?;
        Ok(lab)
    }

    async fn begin(&mut self) -> Result<(), LabError> {
        self.start_aggregator().await?;
        for agent in &mut self.agents {
            agent.start()?;
        }
        self.wait_online().await?;
        self.field.start_publishing(START).await
    }

    /// Starts the aggregator, again after a kill, and waits until it is ready.
    ///
    /// # Errors
    /// It ends, or is not ready in time.
    pub async fn start_aggregator(&mut self) -> Result<(), LabError> {
        self.aggregator.start()?;
        let client = self.client.clone();
        let begun = Instant::now();
        while !client.is_ready().await {
            self.aggregator.check()?;
            if begun.elapsed() > START {
                let what = "the aggregator's /readyz".to_owned();
                return Err(LabError::TimedOut {
                    what,
                    seconds: START.as_secs(),
                });
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Ok(())
    }

    /// Whether every program that should run does.
    ///
    /// # Errors
    /// The first one that ended by itself, with the end of its log.
    pub fn check(&mut self) -> Result<(), LabError> {
        self.aggregator.check()?;
        self.broker
            .process
            .as_mut()
            .map_or(Ok(()), Process::check)?;
        self.agents.iter_mut().try_for_each(Process::check)
    }

    /// Ends the run: drains, stops every program in order and reads the store.
    ///
    /// # Errors
    /// Something does not drain, stop or export; the work folder is then kept.
    pub async fn finish(&mut self) -> Result<Store, LabError> {
        let ended = self.end().await;
        self.kept_on_error(ended)
    }

    async fn end(&mut self) -> Result<Store, LabError> {
        self.drain().await?;
        let stops = self.agents.iter_mut().map(Process::stop);
        futures_util::future::try_join_all(stops).await?;
        self.aggregator.stop().await?;
        self.broker.kill();
        self.field.log.flush().map_err(LabError::io("served.csv"))?;
        export(&self.programs.aggregator, &self.aggregator_config).await
    }

    /// What the gauges served against what the store holds.
    #[must_use]
    pub fn delivery(&self, store: &Store) -> Delivery {
        delivery::compare(&self.field.log.all(), store, &self.lateness())
    }

    /// Whether all that is wrong with a gauge is the loss of readings that it served within a span
    /// of real time.
    #[must_use]
    pub fn lost_only_between(
        &self,
        store: &Store,
        gauge: &GaugeId,
        span: (Timestamp, Timestamp),
    ) -> bool {
        let served = self.field.log.all();
        delivery::lost_only_between(&served, store, &self.lateness(), gauge, span)
    }

    fn lateness(&self) -> Lateness {
        Lateness::of(&self.field, self.clock.speed())
    }

    /// Keeps the work folder, whatever it is, and returns it.
    pub fn keep(&mut self) -> &Path {
        self.work.keep();
        &self.work.path
    }

    /// The folder with configurations, logs and data.
    #[must_use]
    pub fn work(&self) -> &Path {
        &self.work.path
    }

    fn kept_on_error<T>(&mut self, result: Result<T, LabError>) -> Result<T, LabError> {
        if result.is_err() {
            let _ = self.field.log.flush();
            self.work.keep();
            say(format!(
                "logs and data are kept in {}",
                self.work.path.display()
            ));
        }
        result
    }
}
