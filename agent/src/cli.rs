//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use shared::logging::LogFormat;

/// Reads flood gauges and delivers their observations to the aggregator, whatever the line does.
///
/// Readings come from Modbus TCP, Modbus RTU and local MQTT brokers. They are flagged for quality,
/// kept on disk until the aggregator confirms that it has stored them, and sent over MQTT: the
/// newest first, the backlog of an outage behind them.
#[derive(Debug, Parser)]
#[command(name = "flood-agent", version, after_help = EXAMPLES)]
pub struct Cli {
    /// How log lines look (they go to standard error)
    #[arg(long, global = true, value_enum, default_value_t)]
    pub log_format: LogFormat,

    /// What is logged, as a filter such as `info` or `info,agent=debug`; FLOOD_LOG overrides it
    #[arg(long, global = true, default_value = "info", value_name = "FILTER")]
    pub log_level: String,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the agent until SIGTERM or Ctrl-C
    ///
    /// On a stop signal the gauges are left alone, what was read is made durable, the uplink has
    /// five seconds to drain, and the exit code is 0.
    Run {
        /// The agent's configuration
        config: PathBuf,
    },
    /// Ask a running agent how it is: what waits, what is silent, what is wrong and since when
    Status {
        /// The agent's configuration, for its data directory
        config: PathBuf,
    },
    /// Check configurations without touching a gauge, the spool or the network
    ///
    /// Prints a summary of each file with the expected load of every Modbus line, or everything
    /// that is wrong with it, by line. The exit code is 1 if any file is wrong.
    Check {
        /// Configurations of agents
        #[arg(required = true, value_name = "CONFIG")]
        configs: Vec<PathBuf>,
    },
    /// Print what this program is built from, under which licences, and their texts
    Licences,
}

const EXAMPLES: &str = "\
Examples:
  flood-agent check /etc/flood/agent.toml
  flood-agent run /etc/flood/agent.toml
  flood-agent status /etc/flood/agent.toml
  flood-agent --log-format json run gw-01.toml 2>> agent.log

A first configuration is configs/agent/first-gateway.toml; configs/agent/example.toml explains every key.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
        let cli =
            Cli::try_parse_from(["flood-agent", "check", "a.toml", "b.toml"]).expect("parses");
        assert!(matches!(cli.command, Command::Check { configs } if configs.len() == 2));
        assert!(Cli::try_parse_from(["flood-agent", "check"]).is_err());
    }
}
