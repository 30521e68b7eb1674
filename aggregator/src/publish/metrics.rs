//! The metrics of one instant in the Prometheus text format, version 0.0.4.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, prometheus_text},
    metrics::{MetricType, exemplar::Exemplar},
    registry::Registry,
};

use super::Published;
use crate::{
    ingest::LineState,
    metrics::{Stage, Stages},
    world::AgentFacts,
};

/// What is told of one instant.
#[derive(Debug)]
pub struct Scrape {
    /// Nothing before the live state is rebuilt.
    pub published: Option<Arc<Published>>,
    pub stages: Arc<Stages>,
    pub viewers: usize,
    /// Whether agents are told one by one: they are not for everybody who may ask.
    pub tells_agents: bool,
    pub line: LineState,
    /// Parts of the store.
    pub damaged: u64,
}

impl Scrape {
    /// The text for Prometheus.
    #[must_use]
    pub fn text(self) -> String {
        let mut registry = Registry::with_prefix("flood");
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry).expect("a text takes everything");
        text
    }
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut to = Writer(encoder);
        if let Some(published) = &self.published {
            let snapshot = &published.snapshot;
            for (counter, count) in snapshot.counts.iter() {
                let name = counter.name().replace('-', "_");
                to.counter(&name, counter.meaning(), count)?;
            }
            let figures = snapshot.figures();
            let gauges = [
                (
                    "gauges_stale",
                    "Gauges that give nothing",
                    figures.gauges_silent,
                ),
                (
                    "points_waterlogged",
                    "Points that are waterlogged or worse",
                    figures.points_waterlogged,
                ),
                (
                    "points_unknown",
                    "Points of which nothing trustworthy is known",
                    figures.points_unknown,
                ),
                (
                    "agents_online",
                    "Agents that are there",
                    figures.agents_online,
                ),
            ];
            for (name, help, value) in gauges {
                to.gauge(name, help, value)?;
            }
            let help = "What the newest tick and its rendering took";
            to.gauge("tick_milliseconds", help, published.tick_ms)?;
            if self.tells_agents {
                to.agents(snapshot.agents.iter().map(|(id, a)| (id.as_str(), &**a)))?;
            }
        }
        to.gauge("viewers", "Pages that follow", self.viewers)?;
        let help = "Whether observations can come from the broker: 0 where it is gone, refuses or throws out";
        let is_up = matches!(self.line, LineState::Quiet | LineState::Up);
        to.gauge("broker_up", help, i64::from(is_up))?;
        let help = "Parts of the store that were found damaged since it was opened";
        to.gauge("store_damaged", help, self.damaged)?;
        to.stages(&self.stages)
    }
}

struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn counter(&mut self, name: &str, help: &str, value: impl EncodeCounterValue) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter(&value, None::<&Exemplar<[(&str, &str); 0], f64>>)
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        metric.encode_gauge(&value)
    }

    /// What each agent counts itself, as it last told.
    fn agents<'a>(
        &mut self,
        agents: impl Iterator<Item = (&'a str, &'a AgentFacts)> + Clone,
    ) -> fmt::Result {
        use MetricType::{Counter, Gauge};
        let health = |of: fn(&shared::wire::AgentHealth) -> u64| {
            move |a: &AgentFacts| a.health.as_ref().map_or(0, of)
        };
        self.of_each(
            "agent_online",
            "Whether it is there",
            Gauge,
            agents.clone(),
            |a| u64::from(a.online),
        )?;
        let help = "Readings that failed since it was started";
        let failed = health(|h| h.failed_readings);
        self.of_each(
            "agent_failed_readings",
            help,
            Counter,
            agents.clone(),
            failed,
        )?;
        let help = "Observations that its full spool dropped since it was started";
        let dropped = health(|h| h.dropped);
        self.of_each("agent_dropped", help, Counter, agents.clone(), dropped)?;
        let help = "Batches that wait for their acknowledgement";
        let spooled = health(|h| h.spooled_batches);
        self.of_each(
            "agent_spooled_batches",
            help,
            Gauge,
            agents.clone(),
            spooled,
        )?;
        let help = "Sources that give nothing";
        let silent = health(|h| h.silent_sources.len() as u64);
        self.of_each("agent_silent_sources", help, Gauge, agents.clone(), silent)?;
        let help = "What is wrong at present, by its own account";
        let faults = health(|h| h.faults.len() as u64);
        self.of_each("agent_faults", help, Gauge, agents, faults)
    }

    fn of_each<'a>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        agents: impl Iterator<Item = (&'a str, &'a AgentFacts)>,
        value: impl Fn(&AgentFacts) -> u64,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (agent, facts) in agents {
            let labels = [("agent", agent)];
            let mut metric = family.encode_family(&labels)?;
            let value = value(facts);
            match kind {
                MetricType::Counter => {
                    metric.encode_counter(&value, None::<&Exemplar<[(&str, &str); 0], f64>>)?;
                }
                _ => metric.encode_gauge(&value)?,
            }
        }
        Ok(())
    }

    fn stages(&mut self, stages: &Stages) -> fmt::Result {
        type Seconds = fn((f64, f64)) -> f64;
        let sums: [(&str, &str, Seconds); 2] = [
            ("stage_seconds", "Time by the clock", |s| s.0),
            ("stage_cpu_seconds", "Time on a processor", |s| s.1),
        ];
        for (name, help, of) in sums {
            let mut family = self
                .0
                .encode_descriptor(name, help, None, MetricType::Counter)?;
            for (stage, seconds) in stages.iter() {
                let labels = [("stage", Stage::name(stage))];
                family
                    .encode_family(&labels)?
                    .encode_counter(&of(seconds), None::<&Exemplar<[(&str, &str); 0], f64>>)?;
            }
        }
        Ok(())
    }
}
