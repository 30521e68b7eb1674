//! `flood-sim evaluate`: how good the decisions are. The real assessing, forecasting and dispatching
//! run in virtual time, closed loop, against a truth that shares nothing with them: EPA SWMM, stepped
//! minute by minute while the trucks pump, or a recording.
//!
//! This is the one room of the simulators that imports the aggregator: what it evaluates are decisions,
//! and those are plain functions. What a program does on the wire is judged elsewhere, from outside.

mod args;
mod bridge;
mod city;
mod input;
mod night;
mod page;
mod policy;
mod report;
mod score;
mod table;
mod waters;

pub use args::EvaluateArgs;

use anyhow::Context as _;

use crate::{
    console::{say, write_report},
    recording::{self, swmm},
};
use city::Known;
use night::Night;
use policy::Policy;
use report::{Report, StormReport};
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
    let python = bridge::python(args)?;
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
    let mut taught = None;
    for name in &learnt_from {
        let storm = recording::read(&args.truth, Some(name))?;
        let known = Known::of(&storm, args)?;
        let tables = swmm::tables(&folder, name)?;
        let mut waters: Box<dyn Waters> = Box::new(Recorded::open(&known, &tables, &storm));
        let mut night = Night::new(&known, args, taught.take());
        night.play(&mut waters, Policy::Nobody, false)?;
        taught = Some(night.learnt());
    }
    for name in &chosen {
        let storm = recording::read(&args.truth, Some(name))?;
        let known = Known::of(&storm, args)?;
        let tables = swmm::tables(&folder, name)?;
        let mut row = StormReport::new(name);
        {
            let mut waters: Box<dyn Waters> = Box::new(Recorded::open(&known, &tables, &storm));
            let mut night = Night::new(&known, args, taught.clone());
            let watched = night.play(&mut waters, Policy::Nobody, true)?;
            row.forecasts(&watched);
        }
        for policy in args.policies() {
            let mut waters: Box<dyn Waters> = match &python {
                Some(python) => {
                    Box::new(Swmm::start(python, &folder, name, &known, &tables, &storm)?)
                }
                None => Box::new(Recorded::closed(&known, &tables, &storm)),
            };
            let mut night = Night::new(&known, args, taught.clone());
            let watched = night.play(&mut waters, policy, false)?;
            row.dispatched(policy, &watched);
        }
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
