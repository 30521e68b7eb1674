//! `flood-sim plans`: how good and how fast the planner is, on frozen cases.
//!
//! `write` tells cases with their plans in numbers, which `exact_plan.py` beside this file holds against an
//! exact solver. `bench` times plans, and tells how many trucks get another recommendation when all inputs
//! tremble.

mod bench;
mod cases;
mod write;

use std::path::PathBuf;

use crate::console::{say, write_report};

/// How good and how fast the planner is, on frozen cases
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  flood-sim plans bench --report plans.json
  flood-sim plans write cases --count 200
  pip install highspy numpy && python3 simulators/src/plans/exact_plan.py cases --report gaps.json

A case is 100 trucks, 64 waterlogging points and 8 members of a forecast, in turn under a load of 0.3, 1, 2
and 4; the same seed gives the same cases anywhere. The exact solver enumerates, for every point, all sets of
trucks that there is room for, and proves the best choice of sets.")]
pub struct PlansArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Write cases and their plans, one file of numbers each
    Write {
        folder: PathBuf,
        #[command(flatten)]
        cases: CasesArgs,
    },
    /// Time plans, and tell how steady they are when all inputs tremble by 2 %
    Bench {
        #[command(flatten)]
        cases: CasesArgs,
        /// Cases of 500 trucks and 1,000 points
        #[arg(long, default_value_t = 20)]
        large: u64,
        /// Write the figures as JSON
        #[arg(long)]
        report: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, clap::Args)]
struct CasesArgs {
    /// How many
    #[arg(long, default_value_t = 200)]
    count: u64,
    /// The same seed gives the same cases
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs `flood-sim plans`; tells whether plans are as fast and as steady as they must be.
///
/// # Errors
/// A file cannot be written.
pub fn run(args: &PlansArgs) -> anyhow::Result<bool> {
    match &args.what {
        What::Write { folder, cases } => {
            write::write(folder, cases.seed, cases.count, cases::USUAL)?;
            say(format!("{} cases in {}", cases.count, folder.display()));
            Ok(true)
        }
        What::Bench {
            cases,
            large,
            report,
        } => {
            let figures = [
                bench::measure(cases.seed, cases.count, cases::USUAL),
                bench::measure(cases.seed, *large, cases::LARGE),
            ];
            for figures in &figures {
                say(figures.line());
            }
            if let Some(file) = report {
                write_report(file, &figures)?;
            }
            Ok(figures.iter().all(bench::Figures::meet_goals))
        }
    }
}
