//! The arguments of `flood-sim replay`.

use std::{net::SocketAddr, path::PathBuf};

use shared::{error::chain, time::Timestamp};

use crate::{lab::BrokerChoice, recording::Recording, scenario::speed_argument};

/// Play a recorded storm through real gauges' lines, agents and the aggregator.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  flood-sim replay configs/scenarios/harbour.toml --check
  flood-sim replay data/swmm-shanghai-sim --scenario s2_p5 --speed 120 --check --report s2.json
  flood-sim replay data/jakarta-2020 --to 2880 --speed 600
  flood-sim replay configs/scenarios/harbour --http 127.0.0.1:8080 --stay

With --check the run fails (exit status 1) unless
  1. something was served, and every reading that a gauge served is in the store exactly once,
  2. every point that the truth says is waterlogged was flagged within two polling periods, and no other,
  3. pump trucks were recommended exactly if something flooded.
2 and 3 need a truth: recordings of SWMM have one, and the Calder valley's is that nothing floods.")]
pub struct ReplayArgs {
    /// A scenario file (.toml), or a folder: SWMM output, Jakarta 2020, or EA 15-minute CSV
    pub recording: PathBuf,
    /// Which scenario of a SWMM folder, for example s2_p5
    #[arg(long)]
    pub scenario: Option<String>,
    /// Storm seconds per real second [default: the scenario file's, or 60]
    #[arg(long, value_parser = speed_argument)]
    pub speed: Option<f64>,
    /// Begin here: an RFC 3339 time, or minutes after the recording's beginning
    #[arg(long)]
    pub from: Option<String>,
    /// End here: an RFC 3339 time, or minutes after the recording's beginning
    #[arg(long)]
    pub to: Option<String>,
    /// How many gateways share the gauges
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub agents: u16,
    /// embedded, mosquitto, or the mqtt://host:port of a running broker
    #[arg(long, default_value = "embedded")]
    pub broker: BrokerChoice,
    /// Where the aggregator serves the map [default: a free port]
    #[arg(long)]
    pub http: Option<SocketAddr>,
    /// Keep serving the map after the storm, until Ctrl-C
    #[arg(long, conflicts_with_all = ["check", "report"])]
    pub stay: bool,
    /// Judge the run; exit status 1 if it does not pass
    #[arg(long)]
    pub check: bool,
    /// Write the verdict as JSON
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Work in this folder and keep it [default: a temporary one, kept only after a failure]
    #[arg(long)]
    pub work: Option<PathBuf>,
}

impl ReplayArgs {
    /// Cuts the recording to `--from` and `--to`.
    ///
    /// # Errors
    /// A time that cannot be read, or an empty span.
    pub fn cut(&self, recording: &mut Recording) -> Result<(), String> {
        let begin = recording.from;
        let at = |text: &str| match text.parse::<i64>() {
            Ok(minutes) => Ok(begin.plus_millis(minutes.saturating_mul(60_000))),
            Err(_) => text.parse::<Timestamp>().map_err(|e| chain(&e)),
        };
        let from = self
            .from
            .as_deref()
            .map(at)
            .transpose()?
            .unwrap_or(recording.from);
        let to = self
            .to
            .as_deref()
            .map(at)
            .transpose()?
            .unwrap_or(recording.to);
        if from < recording.from || to > recording.to || from >= to {
            let (a, b) = (recording.from, recording.to);
            return Err(format!(
                "{from} to {to} is no part of the recording ({a} to {b})"
            ));
        }
        (recording.from, recording.to) = (from, to);
        Ok(())
    }
}
