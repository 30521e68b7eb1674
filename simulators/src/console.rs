//! The one place that talks with people: lines on standard output, reports on disk, and Ctrl-C.

use std::{io::Write, path::Path};

use anyhow::Context as _;
use serde::Serialize;

/// Prints one line. A closed standard output (`flood-sim … | head`) is no error.
pub fn say(line: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", line.as_ref());
    let _ = out.flush();
}

/// Writes what a run found out as JSON.
///
/// # Errors
/// The file cannot be written.
pub fn write_report(file: &Path, report: &impl Serialize) -> anyhow::Result<()> {
    std::fs::write(file, serde_json::to_vec_pretty(report)?)
        .with_context(|| file.display().to_string())
}

/// Resolves on Ctrl-C or SIGTERM.
pub async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}
