//! How the steps run other programs and say what they do.

use std::{
    net::{SocketAddr, TcpListener},
    process::Command,
};

/// How much of a step was looked at, and held.
#[derive(Debug)]
pub enum Held {
    Whole,
    /// All but this.
    Except(String),
}

/// `cargo` as it started this program.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// `flood-sim` as the step `programs` built it.
pub fn flood_sim() -> Command {
    Command::new("target/debug/flood-sim")
}

/// An address of the loopback interface that nobody listens on.
pub fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|e| format!("no free port: {e}"))
}

/// Runs a command in the foreground; its output is the progress.
pub fn succeed(command: &mut Command) -> Result<Held, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(Held::Whole),
        Ok(status) => Err(format!("{name} ended with {status}")),
        Err(e) => Err(format!("{name} cannot be started: {e}")),
    }
}

/// Tells the person who started this program.
#[expect(clippy::print_stdout, reason = "what this program is for")]
pub fn say(text: &str) {
    println!("{text}");
}
