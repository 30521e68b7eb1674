//! The arguments of `flood-sim demo`.

use std::{net::SocketAddr, path::PathBuf};

use crate::{lab::BrokerChoice, scenario::speed_argument};

/// Play a designed storm over a whole city, with gateways, pump trucks and a live map.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  flood-sim demo                                  the demo city, 60 times as fast, until Ctrl-C
  flood-sim demo --auto-dispatch                  … with a dispatcher who confirms what is recommended
  flood-sim demo --scenario drizzle               rain that floods nothing
  flood-sim demo --for 180 --summary demo.json    three minutes, then a report and an exit status

With --for the run ends after so many seconds of the storm and is judged. Exit status 1 unless
every reading that a gauge served is in the store exactly once and every point that flooded was
flagged within two polling periods, and no other (points with a faulty gauge, a cut line or water
that was gone between two readings excused).")]
pub struct DemoArgs {
    /// A scenario of configs/scenarios by name, or a scenario file (.toml)
    #[arg(long, default_value = "cloudburst")]
    pub scenario: String,
    /// Storm seconds per real second [default: the scenario's]
    #[arg(long, value_parser = speed_argument)]
    pub speed: Option<f64>,
    /// Where the map is served
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub http: SocketAddr,
    /// embedded, mosquitto, or the mqtt://host:port of a running broker
    #[arg(long, default_value = "embedded")]
    pub broker: BrokerChoice,
    /// Confirm recommended trucks, as a dispatcher would who looks at each for four minutes
    #[arg(long)]
    pub auto_dispatch: bool,
    /// End after so many real seconds of storm, and judge
    #[arg(long = "for", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: Option<u64>,
    /// Take the state at so many random moments, kill the aggregator twice, and print each again at
    /// the end: a byte that differs is a failure
    #[arg(long, value_name = "MOMENTS", requires = "seconds")]
    pub look_back: Option<usize>,
    /// Write what happened as JSON
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Work in this folder and keep it [default: a temporary one, kept only after a failure]
    #[arg(long)]
    pub work: Option<PathBuf>,
}
