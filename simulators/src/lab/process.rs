//! A real program as a child: started, killed, restarted; never left behind.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{FakeClock, LabError, ProcessUsage};

/// One program of the run. It is killed when dropped.
///
/// Children stay in the process group of this program, so that Ctrl-C at a terminal reaches all.
#[derive(Debug)]
pub struct Process {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    log: PathBuf,
    child: Option<Child>,
}

/// Programs of a debug build on a busy machine take their time to start.
pub(super) const START_DEADLINE: Duration = Duration::from_secs(30);
/// Both programs promise to end within ten seconds of SIGTERM; a debug build on a busy machine
/// gets some more.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

impl Process {
    /// Describes a program; [`Process::start`] starts it.
    #[must_use]
    pub fn new(name: &str, program: &Path, arguments: Vec<String>, logs: &Path) -> Self {
        Self {
            name: name.to_owned(),
            program: program.to_owned(),
            arguments,
            environment: Vec::new(),
            log: logs.join(format!("{name}.log")),
            child: None,
        }
    }

    /// With a clock of its own, if there is one.
    #[must_use]
    pub(super) fn with_clock(mut self, clock: Option<&FakeClock>) -> Self {
        self.environment = clock.map(FakeClock::environment).unwrap_or_default();
        self
    }

    /// With a filter of what it logs, if there is one.
    #[must_use]
    pub(super) fn logging(mut self, filter: Option<&str>) -> Self {
        let filter = filter.map(|filter| ("FLOOD_LOG", filter.to_owned()));
        self.environment.extend(filter);
        self
    }

    /// Starts it, or starts it again; its log is appended to.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&mut self) -> Result<(), LabError> {
        let failed = || format!("starting {} ({})", self.name, self.program.display());
        let log: File = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(LabError::io(failed()))?;
        let twin = log.try_clone().map_err(LabError::io(failed()))?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(twin)
            .spawn()
            .map_err(LabError::io(failed()))?;
        self.child = Some(child);
        Ok(())
    }

    /// The name in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Kills it at once, as a power cut would (SIGKILL), and reaps it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Errors
    /// It does not end in time (it is then killed) or ends badly.
    pub async fn stop(&mut self) -> Result<(), LabError> {
        let Some(child) = &self.child else {
            return Ok(());
        };
        if let Ok(id) = i32::try_from(child.id()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let begun = Instant::now();
        while begun.elapsed() < STOP_DEADLINE {
            match self.exited()? {
                None => tokio::time::sleep(Duration::from_millis(20)).await,
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.ended(&status.to_string())),
            }
        }
        self.kill();
        let what = format!("the end of {}", self.name);
        Err(LabError::TimedOut {
            what,
            seconds: STOP_DEADLINE.as_secs(),
        })
    }

    /// An error if it should run but has ended.
    ///
    /// # Errors
    /// It ended by itself.
    pub fn check(&mut self) -> Result<(), LabError> {
        if self.child.is_none() {
            return Ok(());
        }
        match self.exited()? {
            None => Ok(()),
            Some(status) => Err(self.ended(&status.to_string())),
        }
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// What it has used since it was started, where the system tells.
    #[must_use]
    pub fn usage(&self) -> Option<ProcessUsage> {
        ProcessUsage::of(self.id()?)
    }

    fn exited(&mut self) -> Result<Option<ExitStatus>, LabError> {
        let Some(child) = &mut self.child else {
            return Ok(None);
        };
        let status = child
            .try_wait()
            .map_err(LabError::io(format!("waiting for {}", self.name)))?;
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
    }

    fn ended(&self, status: &str) -> LabError {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines
            .iter()
            .skip(lines.len().saturating_sub(15))
            .copied()
            .collect::<Vec<_>>();
        LabError::Ended {
            name: self.name.clone(),
            status: status.to_owned(),
            log: self.log.clone(),
            tail: tail.join("\n"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, logs: &Path) -> Process {
        let mut process = Process::new(
            "shell",
            Path::new("/bin/sh"),
            vec!["-c".to_owned(), script.to_owned()],
            logs,
        );
        process.start().expect("started");
        process
    }

    #[tokio::test]
    async fn a_program_that_ends_by_itself_is_reported_with_the_end_of_its_log() {
        let logs = tempfile::tempdir().expect("folder");
        let mut process = shell("echo port is taken; exit 3", logs.path());
        let error = loop {
            match process.check() {
                Ok(()) => tokio::task::yield_now().await,
                Err(error) => break error.to_string(),
            }
        };
        assert!(
            error.contains("exit status: 3") && error.contains("port is taken"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_program_can_be_stopped_or_killed_and_started_again() {
        let logs = tempfile::tempdir().expect("folder");
        let mut process = shell(
            "trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done",
            logs.path(),
        );
        let log = logs.path().join("shell.log");
        let ups = || {
            std::fs::read_to_string(&log)
                .unwrap_or_default()
                .matches("up")
                .count()
        };
        while ups() < 1 {
            tokio::task::yield_now().await;
        }
        process.stop().await.expect("ends on SIGTERM");
        process.start().expect("again");
        process.kill();
        process.check().expect("killed on purpose is no error");
    }
}
