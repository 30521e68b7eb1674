//! The arguments of `flood-sim load`.

use std::path::PathBuf;

use shared::{broker::BrokerUrl, clock::Mode};

/// Publish many agents' batches and measure how fast they are acknowledged as durable.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Every simulated agent reports its own gauges: agent k has `batch` of them, numbered from lg-000001.
An aggregator stores only gauges that its city knows, so let it write such a city first:

  flood-sim load --agents 10 --batch 100 --write-city load-city
  flood-aggregator run load.toml            (city = \"load-city\", broker embedded on 1883)
  flood-sim load --broker mqtt://127.0.0.1:1883 --agents 10 --batch 100 --seconds 30

Without --rate every agent publishes as fast as its window of unacknowledged batches allows.
Exit status 1 if a batch was not acknowledged.")]
pub struct LoadArgs {
    /// The broker that the aggregator listens to
    #[arg(long, default_value = "mqtt://127.0.0.1:1883", value_parser = BrokerUrl::parse)]
    pub broker: BrokerUrl,
    /// Simulated agents, one connection each
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub agents: u32,
    /// Observations in a batch (and gauges of an agent)
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub batch: u32,
    /// Observations per second of all agents together [default: as many as are acknowledged]
    #[arg(long)]
    pub rate: Option<f64>,
    /// How long to publish
    #[arg(long, default_value_t = 30)]
    pub seconds: u64,
    /// End earlier, once so many observations (rounded up to whole batches of all agents) are published
    #[arg(long)]
    pub observations: Option<u64>,
    /// Batches that an agent may have without a commit acknowledgement
    #[arg(long, default_value_t = 32)]
    pub window: usize,
    /// What the batches pretend to be: actual, exercise or replay; must be the aggregator's mode
    #[arg(long, default_value = "actual", value_parser = mode)]
    pub mode: Mode,
    /// The folder of the agents' bundles, NAME.bundle each, where only those are believed who are enrolled:
    /// batches are sealed, and mqtts:// shows the papers
    #[arg(long)]
    pub bundles: Option<PathBuf>,
    /// Write a city with these gauges to this folder, and end
    #[arg(long)]
    pub write_city: Option<PathBuf>,
    /// Write the measurement as JSON
    #[arg(long)]
    pub report: Option<PathBuf>,
}

fn mode(text: &str) -> Result<Mode, String> {
    match text {
        "actual" => Ok(Mode::Actual),
        "exercise" => Ok(Mode::Exercise),
        "replay" => Ok(Mode::Replay),
        _ => Err("one of: actual, exercise, replay".to_owned()),
    }
}
