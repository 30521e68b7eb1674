//! A running system: started, killed and restarted in parts, ended and compared.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
};

use shared::{
    clock::{Clock, ScaledClock},
    ids::GaugeId,
    net::free_address,
    time::Timestamp,
};

use super::{
    ApiClient, BehindLink, DeliveryCount, FakeClock, Field, LabBroker, LabError, LabSetup, Process,
    Programs, StoreExport, config,
    delivery::{self, Lateness},
    export::{self, export},
    process::START_DEADLINE,
    work_folder::WorkFolder,
};
use crate::{console::say, gauge::ServedLog};

/// A running system.
pub struct Lab {
    pub field: Field,
    pub broker: LabBroker,
    pub client: ApiClient,
    pub clock: Clock,
    pub aggregator: Process,
    pub agents: Vec<Process>,
    programs: Programs,
    aggregator_config: PathBuf,
    work: WorkFolder,
}

impl Lab {
    /// Starts everything and waits until it serves.
    ///
    /// # Errors
    /// A program is missing, does not start or does not get ready in time.
    pub async fn start(setup: LabSetup) -> Result<Self, LabError> {
        let programs = Programs::find()?;
        let work = WorkFolder::new(setup.work)?;
        let clock = clock_of(setup.clock)?;
        let served = work.path.join("served.csv");
        let log = ServedLog::with_file(&served).map_err(LabError::io("served.csv"))?;
        let field = Field::start(&setup.gateways, clock, setup.readings, Arc::new(log)).await?;
        let can_fail = setup.behind_link != BehindLink::Nobody;
        let mut broker =
            LabBroker::start(&setup.broker, can_fail, setup.shuffled, &work.path).await?;
        let http = match setup.http {
            Some(address) => address,
            None => free_address().map_err(LabError::io("a port for HTTP"))?,
        };
        let city = setup
            .city
            .canonicalize()
            .map_err(LabError::io(setup.city.display().to_string()))?;
        let data = work.path.join("aggregator");
        let (broker_of, page) = (&broker.aggregator, (http, &setup.http_keys));
        let text = config::aggregator(&data, &city, page, broker_of, !setup.enrolled, setup.clock)?;
        let aggregator_config = work.write("aggregator.toml", &(text + "\n" + setup.tables))?;
        let aggregator = Process::new(
            "aggregator",
            &programs.aggregator,
            run(&aggregator_config),
            &work.path,
        )
        .with_clock(setup.aggregators_clock.as_ref())
        .logging(setup.logs);
        let mut agents = Vec::new();
        for gateway in &field.gateways {
            let name = gateway.agent.as_str();
            let bundle = work.path.join(format!("{name}.bundle"));
            if setup.enrolled {
                enrol(&programs, name, &aggregator_config, &bundle).await?;
            }
            let uplink = config::Uplink {
                broker: &broker.uplink(setup.behind_link.holds(&gateway.agent)),
                bundle: setup.enrolled.then_some(&*bundle),
                batch_seconds: setup.batch_seconds,
                reconnect_seconds: setup.reconnect_seconds,
            };
            let text = config::agent(gateway, uplink, setup.clock, &work.path.join(name))?;
            let path = work.write(&format!("{name}.toml"), &text)?;
            let agent = Process::new(name, &programs.agent, run(&path), &work.path);
            let agent = agent.with_clock(setup.agents_clock.as_ref());
            agents.push(agent.logging(setup.logs));
        }
        if setup.broker.is_guarded() {
            let rules = rules(&programs, &aggregator_config, &work.path).await?;
            broker.configure(&rules, &work.path)?;
            broker.restart().await?;
        }
        let client = ApiClient::new(http);
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

    /// Enrols an agent, while everything runs. Its bundle is NAME.bundle in the work folder.
    ///
    /// # Errors
    /// The aggregator's command fails.
    pub async fn enrol(&self, agent: &str) -> Result<(), LabError> {
        let bundle = self.work.path.join(format!("{agent}.bundle"));
        enrol(&self.programs, agent, &self.aggregator_config, &bundle).await
    }

    /// Gives an agent new papers, made at the time of a clock, while everything runs. It takes them when
    /// it is started anew.
    ///
    /// # Errors
    /// The aggregator's command fails.
    pub async fn enrol_again(&self, agent: &str, clock: &FakeClock) -> Result<(), LabError> {
        let bundle = self.work.path.join(format!("{agent}.bundle"));
        let [enrol, agent, out, again] = ["enrol", agent, "--out", "--again"].map(OsStr::new);
        let (config, bundle) = (self.aggregator_config.as_os_str(), bundle.as_os_str());
        let arguments = [enrol, agent, config, out, bundle, again];
        command(&self.programs, &arguments, Some(clock)).await?;
        Ok(())
    }

    /// Revokes an agent that is enrolled, while everything runs.
    ///
    /// # Errors
    /// It is not enrolled.
    pub async fn revoke(&self, agent: &str) -> Result<(), LabError> {
        let [revoke, agent] = ["revoke", agent].map(OsStr::new);
        let config = self.aggregator_config.as_os_str();
        command(&self.programs, &[revoke, agent, config], None).await?;
        Ok(())
    }

    /// Writes the rules for a mosquitto anew, and lets it read them.
    ///
    /// # Errors
    /// The aggregator's command fails, or no mosquitto runs.
    pub async fn write_rules(&self) -> Result<(), LabError> {
        rules(&self.programs, &self.aggregator_config, &self.work.path).await?;
        self.broker.reload()
    }

    /// What whoever has the machine is told who wants a link to make himself an administrator.
    ///
    /// # Errors
    /// There is none.
    pub async fn set_up_link(&self) -> Result<String, LabError> {
        let config = self.aggregator_config.as_os_str();
        command(&self.programs, &[OsStr::new("set-up-link"), config], None).await
    }

    async fn begin(&mut self) -> Result<(), LabError> {
        self.start_aggregator().await?;
        // Onlookers of an exercise are not told of agents.
        if self.client.has_exercise_login().await? {
            self.client = self.client.log_in_to_exercise().await?;
        }
        for agent in &mut self.agents {
            agent.start()?;
        }
        self.until_online().await?;
        self.field.start_publishing(START_DEADLINE).await
    }

    /// Starts the aggregator, again after a kill, and waits until it is ready.
    ///
    /// # Errors
    /// It ends, or is not ready in time.
    pub async fn start_aggregator(&mut self) -> Result<(), LabError> {
        self.aggregator.start()?;
        self.until_ready().await
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
    pub async fn finish(&mut self) -> Result<StoreExport, LabError> {
        let ended = self.end().await;
        self.kept_on_error(ended)
    }

    async fn end(&mut self) -> Result<StoreExport, LabError> {
        self.drain().await?;
        let stops = self.agents.iter_mut().map(Process::stop);
        futures_util::future::try_join_all(stops).await?;
        self.aggregator.stop().await?;
        self.broker.kill();
        self.field.log.flush().map_err(LabError::io("served.csv"))?;
        export(&self.programs.aggregator, &self.aggregator_config).await
    }

    /// What the stopped aggregator has kept aside: observations whose time cannot be yet, or is before
    /// what is kept.
    ///
    /// # Errors
    /// The aggregator runs.
    pub async fn kept_aside(&self) -> Result<StoreExport, LabError> {
        export::aside(&self.programs.aggregator, &self.aggregator_config).await
    }

    /// The state document of a past moment, printed from the store of the stopped aggregator.
    ///
    /// # Errors
    /// The aggregator runs, or its store does not reach back so far.
    pub async fn state_at(&self, moment: &str) -> Result<Vec<u8>, LabError> {
        export::state_at(&self.programs.aggregator, &self.aggregator_config, moment).await
    }

    /// What the gauges served against what the store holds.
    #[must_use]
    pub fn delivery(&self, store: &StoreExport) -> DeliveryCount {
        delivery::compare(&self.field.log.all(), store, &self.lateness())
    }

    /// As [`Lab::delivery`], by value alone: for programs whose clock was wrong.
    #[must_use]
    pub fn delivery_by_value(&self, store: &StoreExport) -> DeliveryCount {
        delivery::compare_values(&self.field.log.all(), store)
    }

    /// The lost readings of a gauge that it served outside all of these spans of real time.
    #[must_use]
    pub fn lost_outside(
        &self,
        store: &StoreExport,
        gauge: &GaugeId,
        spans: &[(Timestamp, Timestamp)],
    ) -> usize {
        let served = self.field.log.all();
        delivery::lost_outside(&served, store, &self.lateness(), gauge, spans)
    }

    /// CPU seconds of every program that runs, by name.
    #[must_use]
    pub fn cpu_seconds(&self) -> BTreeMap<String, f64> {
        let all = self.agents.iter().chain([&self.aggregator]);
        let used = |p: &Process| Some((p.name().to_owned(), p.usage()?.cpu_seconds));
        all.filter_map(used).collect()
    }

    fn lateness(&self) -> Lateness {
        Lateness::of(&self.field, self.clock.speed())
    }

    /// Keeps the work folder, whatever it is, and returns it.
    pub fn keep(&mut self) -> &Path {
        self.work.keep();
        &self.work.path
    }

    /// Keeps the work folder and says where it is.
    pub fn keep_and_say(&mut self) {
        let _ = self.field.log.flush();
        let kept = self.keep().display();
        say(format!("logs and data are kept in {kept}"));
    }

    /// The folder with configurations, logs and data.
    #[must_use]
    pub fn work(&self) -> &Path {
        &self.work.path
    }

    fn kept_on_error<T>(&mut self, result: Result<T, LabError>) -> Result<T, LabError> {
        if result.is_err() {
            self.keep_and_say();
        }
        result
    }
}

fn clock_of(scaled: Option<ScaledClock>) -> Result<Clock, LabError> {
    let Some(scaled) = scaled else {
        return Ok(Clock::Real);
    };
    scaled
        .validate()
        .map_err(|e| LabError::Setup(e.to_string()))
}

/// The arguments that run a program.
fn run(config: &Path) -> Vec<String> {
    vec!["run".to_owned(), config.display().to_string()]
}

/// Enrols an agent as an administrator does.
async fn enrol(
    programs: &Programs,
    agent: &str,
    config: &Path,
    bundle: &Path,
) -> Result<(), LabError> {
    let [enrol, agent, out] = ["enrol", agent, "--out"].map(OsStr::new);
    let (config, bundle) = (config.as_os_str(), bundle.as_os_str());
    command(programs, &[enrol, agent, config, out, bundle], None).await?;
    Ok(())
}

/// Writes the rules for a mosquitto as an administrator does. Returns what is to stand in its configuration,
/// as he is told.
async fn rules(programs: &Programs, config: &Path, folder: &Path) -> Result<String, LabError> {
    let [acl, out] = ["broker-acl", "--out"].map(OsStr::new);
    let (config, folder) = (config.as_os_str(), folder.as_os_str());
    let told = command(programs, &[acl, config, out, folder], None).await?;
    let is_prose = |line: &str| line.starts_with(char::is_uppercase);
    let lines = told.lines().filter(|line| !is_prose(line));
    Ok(lines.collect::<Vec<_>>().join("\n") + "\n")
}

/// Runs a command of the aggregator to its end. Returns what it printed.
async fn command(
    programs: &Programs,
    arguments: &[&OsStr],
    clock: Option<&FakeClock>,
) -> Result<String, LabError> {
    let environment = clock.map(FakeClock::environment).unwrap_or_default();
    let mut command = tokio::process::Command::new(&programs.aggregator);
    let output = command.args(arguments).envs(environment).output().await;
    let output = output.map_err(LabError::io("flood-aggregator"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(LabError::Setup(said))
    }
}
