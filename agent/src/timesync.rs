//! Asks the system whether its clock is synchronised. Shell.
//!
//! The kernel knows it, and no maintained crate asks it without unsafe code; systemd's answer is the
//! kernel's. Where there is no systemd nothing is known.

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use tokio::{
    process::Command,
    time::{sleep, timeout},
};

use crate::timekeeper::Timekeeper;

/// systemd-timesyncd makes this file with its first synchronisation after the start.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";
/// How often it is asked: a clock that has just been set is believed soon, and one that lost its
/// servers stays right for hours.
const EVERY: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells the timekeeper what the system says, for ever.
pub(crate) async fn watch(timekeeper: Arc<Timekeeper>) {
    loop {
        timekeeper.set_synchronised(ask().await);
        sleep(EVERY).await;
    }
}

async fn ask() -> Option<bool> {
    if Path::new(SYNCHRONISED).exists() {
        return Some(true);
    }
    let mut question = Command::new("timedatectl");
    question
        .args(["show", "--property=NTPSynchronized", "--value"])
        // It would tell systemd something in the agent's name, and be refused.
        .env_remove("NOTIFY_SOCKET")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let answer = timeout(PATIENCE, question.output()).await.ok()?.ok()?;
    match answer.stdout.trim_ascii() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}
