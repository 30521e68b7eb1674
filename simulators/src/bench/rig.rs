//! One real aggregator with its broker and an empty store, and what it has used so far.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use shared::{
    clock::{Mode, ScaledClock, real_now},
    ids::GaugeId,
    time::Timestamp,
};

use crate::{
    gauge::Readings,
    lab::{BehindLink, BrokerChoice, Lab, LabError, Process, Setup},
};

/// What the rig's observations pretend to be: nothing of a bench can pass for actual.
pub const MODE: Mode = Mode::Exercise;

/// The load comes from senders of our own: the lab has no gauges.
struct NoGauges;

impl Readings for NoGauges {
    fn reading(&self, _: &GaugeId, _: Timestamp) -> Option<f64> {
        None
    }
}

/// Starts an aggregator for the city, on a clock that is as fast as the real one.
///
/// # Errors
/// A program is missing or does not start.
pub async fn start(city: &Path, broker: BrokerChoice, work: &Path) -> Result<Lab, LabError> {
    let now = real_now();
    let clock = ScaledClock {
        mode: MODE,
        origin: now,
        started: now,
        speed: 1.0,
    };
    Lab::start(Setup {
        city: city.to_owned(),
        gateways: Vec::new(),
        readings: Arc::new(NoGauges),
        clock,
        broker,
        behind_link: BehindLink::Nobody,
        http: None,
        batch_seconds: 1.0,
        work: Some(work.to_owned()),
    })
    .await
}

/// Everything that only grows while a rig runs.
#[derive(Debug, Clone, Default)]
pub struct Reading {
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

impl Reading {
    /// Reads all of it now.
    ///
    /// # Errors
    /// The aggregator does not answer.
    pub async fn take(lab: &Lab) -> anyhow::Result<Self> {
        let url = lab.client.url("/metrics");
        let text = tokio::task::spawn_blocking(move || -> anyhow::Result<String> {
            Ok(ureq::get(&url).call()?.body_mut().read_to_string()?)
        })
        .await??;
        let (aggregator_cpu, resident_bytes) = lab.aggregator.usage().unwrap_or_default();
        let broker = lab.broker.process.as_ref().and_then(Process::usage);
        Ok(Self {
            metrics: metrics(&text),
            threads: lab.aggregator.id().map(threads).unwrap_or_default(),
            aggregator_cpu,
            broker_cpu: broker.unwrap_or_default().0,
            load_cpu: cpu_seconds(Path::new("/proc/self/stat")).map_or(0.0, |(_, cpu)| cpu),
            resident_bytes,
        })
    }

    /// What was used since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
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
    pub fn metric(&self, name: &str) -> f64 {
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

fn metrics(text: &str) -> BTreeMap<String, f64> {
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    let samples = text.lines().filter(|l| !l.starts_with('#'));
    samples.filter_map(sample).collect()
}

/// CPU seconds of a process by the names of its threads, numbers cut off.
fn threads(process: u32) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return sums;
    };
    for task in tasks.flatten() {
        if let Some((name, cpu)) = cpu_seconds(&task.path().join("stat")) {
            let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '#');
            *sums.entry(name.to_owned()).or_default() += cpu;
        }
    }
    sums
}

/// Name and CPU seconds (user and system) of a `stat` file below `/proc`.
fn cpu_seconds(stat: &Path) -> Option<(String, f64)> {
    let text = std::fs::read_to_string(stat).ok()?;
    let (head, rest) = text.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((name, (ticks(11)? + ticks(12)?) / 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_with_their_labels_and_comments_are_not() {
        let text = "# TYPE a counter\na 3\nb{stage=\"map\"} 0.5\n";
        let read = metrics(text);
        assert_eq!(read.len(), 2);
        assert_eq!(read.get("b{stage=\"map\"}"), Some(&0.5));
    }

    #[test]
    fn this_process_uses_some_processor() {
        let (name, cpu) = cpu_seconds(Path::new("/proc/self/stat")).expect("Linux");
        assert!(!name.is_empty() && cpu >= 0.0);
        assert!(!threads(std::process::id()).is_empty());
    }
}
