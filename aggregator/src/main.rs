//! `flood-aggregator`: arguments, logging, then one of its commands.

use std::process::ExitCode;

use aggregator::{
    auditing,
    cli::{Audit, Cli, Command},
    commands, enrolment,
};
use clap::Parser;

/// Observations are made on one thread and dropped on another, thousands at a time. The system's
/// allocator gives their memory back to the kernel in between and fetches it again: decoding took
/// 70 % longer, and a city of half a million gauges a quarter longer to read (`flood-sim bench`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    shared::secret::write_for_nobody_else();
    let cli = Cli::parse();
    let started =
        shared::logging::start(cli.log_format, "info,rmqtt=warn,fjall=warn,lsm_tree=warn");
    let done = started
        .map_err(|e| anyhow::anyhow!("logging: {e}"))
        .and_then(|()| match &cli.command {
            Command::Run { config } => commands::run(config),
            Command::Check { configs, all } => commands::check(configs, *all),
            Command::At { time, config } => commands::at(*time, config),
            Command::Export { config, aside } => commands::export(config, *aside),
            Command::Enrol {
                name,
                config,
                role,
                out,
                again,
            } => enrolment::enrol(name, config, *role, out.clone(), *again),
            Command::Revoke { name, config } => enrolment::revoke(name, config),
            Command::BrokerAcl { config, out } => enrolment::broker_acl(config, out),
            Command::Enrolled { config } => enrolment::list(config),
            Command::SetUpLink { config } => enrolment::set_up_link(config),
            Command::Audit(Audit::Verify { config, heads, key }) => {
                auditing::verify(config, heads, *key)
            }
            Command::Audit(Audit::Export {
                config,
                from,
                to,
                format,
            }) => auditing::export(config, *from, *to, *format),
            Command::Openapi => commands::openapi(),
            Command::Licences => commands::licences(),
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            commands::complain(&e);
            ExitCode::FAILURE
        }
    }
}
