//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use shared::logging::LogFormat;
use simulators::{bench, city, console::say, demo, evaluate, load, plans, replay};

/// Simulated cities, recorded storms and load for the real flood-agent and flood-aggregator.
///
/// Gauges are simulated; everything behind them is real: Modbus TCP, Modbus RTU on a serial line
/// and MQTT, the agents with their spool, the broker, the aggregator with its store and map. What
/// the gauges served is written down and compared with what the aggregator stored.
#[derive(Debug, Parser)]
#[command(
    name = "flood-sim",
    version,
    after_help = "\
Build the programs under test first; flood-sim looks for them in its own folder:
  cargo build -p agent -p aggregator -p simulators

Then, for example:
  flood-sim demo        a storm over a city as large as Shanghai: open http://127.0.0.1:8080
  flood-sim replay configs/scenarios/harbour.toml --check
                        a small harbour district floods; 2 agents, all three protocols; judged
  flood-sim replay configs/scenarios/harbour.toml --speed 30 --http 127.0.0.1:8080
                        the same to look at: open http://127.0.0.1:8080
  flood-sim load --help how many observations per second the aggregator takes
  flood-sim bench       how fast all of it is, by stage, beside what the disk and the broker allow
  flood-sim evaluate --help how good flags, forecasts and plans are against simulated truth
  flood-sim storms city-7 --seed 7
                        a city and storms of that seed, to evaluate by
  flood-sim plans bench how fast and how steady plans are
  flood-sim city shanghai --seed 7
                        a demo city's layers, for flood-aggregator's `city`

Exit status: 0 passed, 1 a check failed, 2 the run could not be completed.
Log lines go to standard error; FLOOD_LOG=debug shows more (also of the programs, in their logs)."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How log lines look
    #[arg(long, global = true, value_enum, default_value_t)]
    pub log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Replay(replay::ReplayArgs),
    Load(load::LoadArgs),
    Bench(bench::BenchArgs),
    Evaluate(evaluate::EvaluateArgs),
    Storms(evaluate::StormsArgs),
    Plans(plans::PlansArgs),
    City(CityArgs),
}

/// Write the layers of the seeded demo city, as large as a real one, to a folder
#[derive(Debug, Clone, Args)]
struct CityArgs {
    /// The folder; files of an earlier run are replaced
    out: PathBuf,
    /// The same seed writes the same bytes anywhere
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the command; `false` is a run that was completed and judged as failed.
pub fn run(cli: Cli) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Replay(args) => replay::run(args).await,
            Command::Load(args) => load::run(args).await,
            Command::Bench(args) => bench::run(args).await,
            Command::Evaluate(args) => evaluate::run(&args),
            Command::Storms(args) => evaluate::generate(&args),
            Command::Plans(args) => plans::run(&args),
            Command::City(args) => {
                say(city::run(&args.out, args.seed)?);
                Ok(true)
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
