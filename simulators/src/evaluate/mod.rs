//! `flood-sim evaluate`: how good the decisions are. The real assessing, forecasting and dispatching
//! run in virtual time, closed loop, against a truth that shares nothing with them: EPA SWMM, stepped
//! minute by minute while the trucks pump, or a recording.
//!
//! This is the one room of the simulators that imports the aggregator: what it evaluates are decisions,
//! and those are plain functions. What a program does on the wire is judged elsewhere, from outside.

mod args;
mod blame;
mod bridge;
mod city;
mod desk;
mod field;
mod flags;
mod input;
mod night;
mod page;
mod policy;
mod report;
mod score;
mod skill;
mod split;
mod storms;
mod table;
mod totals;
mod troubles;
mod waters;

#[cfg(test)]
mod tests;

pub use args::EvaluateArgs;
pub use storms::{StormsArgs, run as generate};

use std::path::Path;

use aggregator::forecast::ForecastState;
use anyhow::Context as _;

use crate::{
    console::{say, write_report},
    recording::{
        self, Recording,
        swmm::{self, Tables},
    },
};
use city::Known;
use night::Night;
use policy::{Policy, Reckoned};
use report::StormReport;
use totals::Report;
use waters::{Recorded, Swmm, Waters};

/// Evaluates; `false` never: an evaluation states figures, it passes no sentence.
///
/// # Errors
/// The truth cannot be read, or the simulation that is to be stepped cannot be run.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<bool> {
    let folder = args.folder();
    let known = swmm::scenarios(&folder).with_context(|| args.truth.display().to_string())?;
    let chosen = args.chosen(&known)?;
    let learnt_from = args.learnt_from(&known);
    let python = args.engine.python()?;
    say(format!(
        "truth {}: {} storms{}, layers wrong by up to {:.0} %, gauge noise {:.0} mm, seed {}; trucks pump in {}",
        args.truth.display(),
        chosen.len(),
        if learnt_from.is_empty() {
            String::new()
        } else {
            format!(" after learning from {}", learnt_from.join(", "))
        },
        args.layers_wrong * 100.0,
        args.noise * 1000.0,
        args.seed,
        if python.is_some() {
            "EPA SWMM"
        } else {
            "the recorded water less what they take (no pyswmm)"
        },
    ));
    let mut report = Report::new(args, python.is_some());
    let taught = taught(args, &folder, &learnt_from)?;
    for name in &chosen {
        let storm = Storm::open(args, &folder, name)?;
        let row = storm.judged(args, python.as_deref(), taught.as_ref())?;
        say(row.line());
        report.add(row);
    }
    report.finish();
    table::print(&report);
    if let Some(file) = &args.report {
        write_report(file, &report)?;
        say(format!("report: {}", file.display()));
    }
    if let Some(file) = &args.html {
        std::fs::write(file, page::html(&report)).with_context(|| file.display().to_string())?;
        say(format!("plots: {}", file.display()));
    }
    Ok(true)
}

/// What was learnt from these storms, one after the other.
fn taught(
    args: &EvaluateArgs,
    folder: &Path,
    names: &[String],
) -> anyhow::Result<Option<ForecastState>> {
    let mut taught = None;
    for name in names {
        let storm = Storm::open(args, folder, name)?;
        let mut night = Night::new(&storm.known, args, name, taught.take(), Reckoned::Forecasts);
        night.play(&mut *storm.recorded(), Policy::Nobody, false)?;
        taught = Some(night.learnt());
    }
    Ok(taught)
}

/// A storm that is judged by.
struct Storm<'a> {
    folder: &'a Path,
    name: &'a str,
    recording: Recording,
    known: Known,
    tables: Tables,
}

impl<'a> Storm<'a> {
    fn open(args: &EvaluateArgs, folder: &'a Path, name: &'a str) -> anyhow::Result<Self> {
        let recording = recording::read(&args.truth, Some(name))?;
        Ok(Self {
            folder,
            name,
            known: Known::of(&recording, args)?,
            tables: swmm::tables(folder, name)?,
            recording,
        })
    }

    fn recorded(&self) -> Box<dyn Waters> {
        Box::new(Recorded::open(&self.known, &self.tables, &self.recording))
    }

    /// The truth while trucks pump.
    fn pumped(&self, python: Option<&str>) -> anyhow::Result<Box<dyn Waters>> {
        let (known, tables, storm) = (&self.known, &self.tables, &self.recording);
        Ok(match python {
            Some(python) => Box::new(Swmm::start(
                python,
                self.folder,
                self.name,
                known,
                tables,
                storm,
            )?),
            None => Box::new(Recorded::closed(known, tables, storm)),
        })
    }

    /// Its row: the forecasts without a truck, and the water of each policy, all at once.
    fn judged(
        &self,
        args: &EvaluateArgs,
        python: Option<&str>,
        taught: Option<&ForecastState>,
    ) -> anyhow::Result<StormReport> {
        let forecasts = || {
            let reckoned = Reckoned::Forecasts;
            let mut night = Night::new(&self.known, args, self.name, taught.cloned(), reckoned);
            night.play(&mut *self.recorded(), Policy::Nobody, true)
        };
        let dispatched = |policy: Policy| {
            let reckoned = policy.looks_at();
            let mut night = Night::new(&self.known, args, self.name, taught.cloned(), reckoned);
            night.play(&mut *self.pumped(python)?, policy, false)
        };
        let mut row = StormReport::new(self.name);
        std::thread::scope(|nights| {
            let forecasts = nights.spawn(forecasts);
            let policies: Vec<_> = args
                .policies()
                .into_iter()
                .map(|policy| (policy, nights.spawn(move || dispatched(policy))))
                .collect();
            row.forecasts(&ended(forecasts.join())?);
            for (policy, night) in policies {
                row.dispatched(policy, &ended(night.join())?);
            }
            anyhow::Ok(())
        })?;
        Ok(row)
    }
}

/// What a thread came to; its panic goes on here.
fn ended<T>(joined: std::thread::Result<T>) -> T {
    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
