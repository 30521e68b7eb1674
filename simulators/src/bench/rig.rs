//! One real aggregator with its broker and an empty store, and what it has used so far.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use shared::clock::{Mode, ScaledClock, real_now};

use crate::{
    lab::{BrokerChoice, Lab, LabError, LabSetup, Process, ProcessUsage, threads},
    load::agent_name,
};

/// What the rig's observations pretend to be: nothing of a bench can pass for actual.
pub(super) const MODE: Mode = Mode::Exercise;

/// Starts an aggregator for the city, on a clock that is as fast as the real one.
///
/// # Errors
/// A program is missing or does not start.
pub(super) async fn start(city: &Path, broker: BrokerChoice, work: &Path) -> Result<Lab, LabError> {
    let now = real_now();
    let clock = ScaledClock {
        mode: MODE,
        origin: now,
        started: now,
        speed: 1.0,
    };
    // The load comes from senders of our own: the lab has no gauges.
    Lab::start(LabSetup {
        enrolled: broker == BrokerChoice::Tls,
        broker,
        work: Some(work.to_owned()),
        ..LabSetup::new(city.to_owned(), clock)
    })
    .await
}

/// Enrols so many simulated agents, if only those are believed. Returns the folder of their bundles.
///
/// # Errors
/// The aggregator's command fails.
pub(super) async fn enrol(lab: &Lab, agents: u32) -> Result<Option<PathBuf>, LabError> {
    if !lab.broker.url().tls {
        return Ok(None);
    }
    for number in 0..agents {
        lab.enrol(&agent_name(number)).await?;
    }
    Ok(Some(lab.work().to_owned()))
}

/// Everything that only grows while a rig runs.
#[derive(Debug, Clone, Default)]
pub(super) struct RigUsage {
    /// Samples of `/metrics` by name with labels.
    pub metrics: BTreeMap<String, f64>,
    /// CPU seconds of the aggregator by the name of its threads.
    pub threads: BTreeMap<String, f64>,
    pub aggregator_cpu: f64,
    pub broker_cpu: f64,
    /// CPU seconds of this process: the load generator.
    pub load_cpu: f64,
    pub resident_bytes: u64,
}

impl RigUsage {
    /// Reads all of it now.
    ///
    /// # Errors
    /// The aggregator does not answer.
    pub(super) async fn take(lab: &Lab) -> Result<Self, LabError> {
        let aggregator = lab.aggregator.usage().unwrap_or_default();
        let broker = lab.broker.process.as_ref().and_then(Process::usage);
        let own = ProcessUsage::of(std::process::id());
        Ok(Self {
            metrics: lab.client.metrics().await?,
            threads: lab.aggregator.id().map(threads).unwrap_or_default(),
            aggregator_cpu: aggregator.cpu_seconds,
            broker_cpu: broker.unwrap_or_default().cpu_seconds,
            load_cpu: own.unwrap_or_default().cpu_seconds,
            resident_bytes: aggregator.resident_bytes,
        })
    }

    /// What was used since `before`.
    #[must_use]
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            metrics: grown(&self.metrics, &before.metrics),
            threads: grown(&self.threads, &before.threads),
            aggregator_cpu: self.aggregator_cpu - before.aggregator_cpu,
            broker_cpu: self.broker_cpu - before.broker_cpu,
            load_cpu: self.load_cpu - before.load_cpu,
            resident_bytes: self.resident_bytes,
        }
    }

    /// A sample of `/metrics`; 0 where there is none.
    #[must_use]
    pub(super) fn metric(&self, name: &str) -> f64 {
        self.metrics.get(name).copied().unwrap_or(0.0)
    }
}

fn grown(after: &BTreeMap<String, f64>, before: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let since = |(name, value): (&String, &f64)| {
        (
            name.clone(),
            value - before.get(name).copied().unwrap_or(0.0),
        )
    };
    after.iter().map(since).collect()
}
