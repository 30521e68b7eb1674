//! `flood-sim`: simulated cities, recorded storms and load for the real programs.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = cli::Cli::parse();
    if let Err(error) = shared::logging::start(arguments.log_format, "warn") {
        simulators::console::say(format!("logging: {error}"));
        return ExitCode::FAILURE;
    }
    match cli::run(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            simulators::console::say(format!("flood-sim: {error:#}"));
            ExitCode::from(2)
        }
    }
}
