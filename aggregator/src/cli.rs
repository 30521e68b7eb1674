//! The command line of `flood-aggregator`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use shared::{logging::LogFormat, time::Timestamp};

use crate::{
    audit::{Format, PublicKey},
    authority::Role,
};

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
  flood-aggregator enrol gw-07 configs/aggregator/example.toml   give a gateway its key
  flood-aggregator at 2026-07-21T16:20:00+08:00 configs/aggregator/example.toml   the state then
  flood-aggregator export configs/aggregator/example.toml   all observations as CSV
  flood-aggregator audit verify configs/aggregator/example.toml   whether the log of deeds is whole";

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
        /// Instead of them those that were kept aside because their time cannot be yet, or is before
        /// what is kept
        /// (gauge,observed_at_ms,value_milli,quality,received_at_ms,reason,sender).
        #[arg(long)]
        aside: bool,
    },
    /// Enrol a gateway, a pump truck or a source of observations: make its key, remember it, write what it
    /// is given. Once enrolled, nothing is believed of that name that is not its own.
    Enrol {
        /// Its id, as in its own configuration: gw-07.
        name: String,
        /// The configuration file (TOML).
        config: PathBuf,
        /// What it is.
        #[arg(long = "as", value_enum, default_value_t = Role::Agent, value_name = "ROLE")]
        role: Role,
        /// Where to write the bundle [default: NAME.bundle here].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Give one that is enrolled, or was revoked, a new key.
        #[arg(long)]
        again: bool,
    },
    /// Revoke one that is enrolled: nothing of it is believed any more, and its connection ends.
    Revoke {
        /// Its id.
        name: String,
        /// The configuration file (TOML).
        config: PathBuf,
    },
    /// Write the rules and passwords of all who are enrolled for a mosquitto of one's own, and say how to
    /// use them. Again after every enrolment.
    BrokerAcl {
        /// The configuration file (TOML); the `url` of its broker table is that of the mosquitto.
        config: PathBuf,
        /// The folder in which to write `acl` and `passwords`.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Print who is enrolled, a line each.
    Enrolled {
        /// The configuration file (TOML).
        config: PathBuf,
    },
    /// Print a link, good once and for a day, by which somebody makes himself an administrator: for the
    /// first start, and for whoever has locked himself out. The aggregator may run.
    SetUpLink {
        /// The configuration file (TOML).
        config: PathBuf,
    },
    /// Read the log of what was done, by whom. The aggregator may run.
    #[command(subcommand)]
    Audit(Audit),
    /// Print the OpenAPI document of the HTTP API (GET /api/v1/openapi.json).
    Openapi,
    /// Print what this program and its page are built from, under which licences, and their texts
    /// (GET /licences).
    Licences,
}

/// What is done with the log of deeds.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Verify that each deed follows on the one before and that the signed heads agree. The exit status is
    /// 1 where not, and the first entry that is not what was written is named.
    Verify {
        /// The configuration file (TOML).
        config: PathBuf,
        /// Files with heads that were kept elsewhere, such as the system's log.
        #[arg(long, value_name = "FILE")]
        heads: Vec<PathBuf>,
        /// The public key that was kept elsewhere [default: those beside the log].
        #[arg(long, value_name = "DIGITS")]
        key: Option<PublicKey>,
    },
    /// Write deeds to standard output. In a line of JSON, `previous` is the SHA-256 of the line before, as
    /// `sha256sum` prints it.
    Export {
        /// The configuration file (TOML).
        config: PathBuf,
        /// Not those before: RFC 3339 with an offset.
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
        /// Not those after.
        #[arg(long, value_name = "TIME")]
        to: Option<Timestamp>,
        /// How they are written.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}
