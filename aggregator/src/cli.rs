//! The command line of `flood-aggregator`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use shared::{logging::LogFormat, time::Timestamp};

/// Merges the feeds of flood gauges into a live map, flags and forecasts waterlogging points and
/// recommends where each pump truck should go.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXAMPLES)]
pub struct Cli {
    /// How log lines look (they go to standard error). FLOOD_LOG sets what is logged.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub log_format: LogFormat,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  flood-aggregator check configs/aggregator/example.toml    say what is wrong, change nothing
  flood-aggregator run   configs/aggregator/example.toml    serve the map on its http.listen
  flood-aggregator at 2026-07-21T16:20:00+08:00 configs/aggregator/example.toml   the state then
  flood-aggregator export configs/aggregator/example.toml   all observations as CSV";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run until interrupted (SIGTERM or Ctrl-C shut down cleanly).
    Run {
        /// The configuration file (TOML).
        config: PathBuf,
    },
    /// Check configuration files and the city layers they name, then exit.
    Check {
        /// The configuration files.
        #[arg(required = true)]
        configs: Vec<PathBuf>,
        /// Tell every mistake and warning, however many there are.
        #[arg(long)]
        all: bool,
    },
    /// Print the state document (GET /api/v1/state) as it was at a moment that the store still covers.
    /// The aggregator must not be running.
    At {
        /// The moment, in storm time: RFC 3339 with an offset, like 2026-07-21T16:20:00+08:00.
        time: Timestamp,
        /// The configuration file (TOML).
        config: PathBuf,
    },
    /// Write every stored observation to standard output as CSV
    /// (gauge,observed_at_ms,value_milli,quality). The aggregator must not be running.
    Export {
        /// The configuration file (TOML).
        config: PathBuf,
    },
    /// Print the OpenAPI document of the HTTP API (GET /api/v1/openapi.json).
    Openapi,
}
