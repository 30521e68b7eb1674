//! The arguments of `flood-sim bench`.

use std::path::PathBuf;

/// Measure the real aggregator: ingest through its own broker and through mosquitto, the map, and how
/// soon it is back after a kill.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Build everything for release first, and leave the machine alone meanwhile:
  cargo build --release -p agent -p aggregator -p simulators
  target/release/flood-sim bench --report bench.json

ingest: simulated agents publish batches as fast as they are acknowledged as durable. Every round
runs once through each broker; each run starts with an empty store. Beside it stand two limits of
the same machine: a log of the same bytes that is synced as often, and a broker that does nothing
but acknowledge.
map: the demo city with one writer at twenty times the real rate; /map.geojson is fetched again and
again, first alone, then while other agents publish too.
start-up: every round fills an empty store at full speed, kills the aggregator (SIGKILL) and measures
from its next start until /readyz answers 200: after many recent observations, then with a city of
many gauges, each of which has given some. Beside it stand a plain read of the same bytes and a
program that only prints its version.
reconnect: the aggregator is killed, and as it is back all gateways come at once over mutual TLS; measured
until the last one hears acknowledgements.
agent: one agent reads all gauges of a recorded storm, at sixty times its speed, for so many seconds: once
plainly and once enrolled, over mutual TLS and with seals; its memory is told, and the size of its program.

Exit status 1 if an observation was lost or counted twice, or if the map, a start-up or a reconnect
missed its goal.")]
pub struct BenchArgs {
    /// What to measure
    #[arg(value_enum, default_value_t = BenchPart::All)]
    pub what: BenchPart,
    /// Rounds, of which the median is told
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// Seconds of load in each run
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// Simulated agents
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub agents: u32,
    /// Observations in a batch
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub batch: u32,
    /// Batches that an agent may have without a commit acknowledgement: more only wait longer
    #[arg(long, default_value_t = 4)]
    pub window: usize,
    /// Requests for the map in each run
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub requests: u32,
    /// Recent observations before the first kind of start-up
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub recent: u64,
    /// Gateways that come back at once
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub gateways: u32,
    /// The recorded storm that the agent reads
    #[arg(
        long,
        default_value = "configs/scenarios/harbour.toml",
        value_name = "FILE"
    )]
    pub scenario: PathBuf,
    /// Gauges of the city in the second kind of start-up
    #[arg(long, default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    pub gauges: u32,
    /// Work in this folder, whose disk is then measured, and keep it [default: a temporary one]
    #[arg(long)]
    pub work: Option<PathBuf>,
    /// Write everything that was measured as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum BenchPart {
    All,
    Ingest,
    Map,
    StartUp,
    Reconnect,
    Agent,
}

impl BenchPart {
    /// Whether this is to be measured when `self` was asked for.
    pub(super) fn holds(self, part: Self) -> bool {
        self == Self::All || self == part
    }
}
