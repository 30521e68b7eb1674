//! EPA SWMM in a Python of its own (pyswmm), which tells and hears one line a minute.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde_json::json;

const SCRIPT: &str = include_str!("step_swmm.py");

/// Where EPA SWMM is found.
#[derive(Debug, Clone, clap::Args)]
pub struct Engine {
    /// The Python that has pyswmm
    #[arg(long, default_value = "python3")]
    pub python: String,
    /// Do without pyswmm also where it is there
    #[arg(long)]
    pub without_swmm: bool,
}

impl Engine {
    /// The Python that has pyswmm, if it has.
    ///
    /// # Errors
    /// The one that was asked for cannot be run.
    pub(super) fn python(&self) -> anyhow::Result<Option<String>> {
        if self.without_swmm {
            return Ok(None);
        }
        let python = &self.python;
        let has = Command::new(python)
            .args(["-c", "import pyswmm"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .with_context(|| {
                format!("{python} (name another with --python, or say --without-swmm)")
            })?;
        Ok(has.success().then(|| python.clone()))
    }
}

/// A running simulation.
pub(super) struct Bridge {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

impl Bridge {
    /// Starts a simulation of this input.
    ///
    /// # Errors
    /// Python cannot be started.
    pub fn start(python: &str, input: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (script, file) = (
            folder.path().join("step_swmm.py"),
            folder.path().join("storm.inp"),
        );
        std::fs::write(&script, SCRIPT)?;
        std::fs::write(&file, input)?;
        let mut child = Command::new(python)
            .args([&script, &file])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(std::fs::File::create(
                folder.path().join("log"),
            )?))
            .spawn()
            .with_context(|| python.to_owned())?;
        let to = child.stdin.take().context("a pipe to the simulation")?;
        let from = child.stdout.take().context("a pipe from the simulation")?;
        Ok(Self {
            child,
            to,
            from: BufReader::new(from),
            folder,
        })
    }

    /// Lets a minute pass; depths by node, none after the end.
    ///
    /// # Errors
    /// The simulation failed; with what it complained of.
    pub fn minute(
        &mut self,
        take: &BTreeMap<String, f64>,
        off: &[&str],
    ) -> anyhow::Result<Option<BTreeMap<String, f64>>> {
        let wish = json!({ "take": take, "off": off });
        // At the end nobody reads any more; what there is to be said of it follows from how it ended.
        let told = writeln!(self.to, "{wish}").and_then(|()| self.to.flush());
        let mut line = String::new();
        if told.is_ok() && self.from.read_line(&mut line)? > 0 {
            return Ok(Some(serde_json::from_str(&line)?));
        }
        let ended = self.child.wait()?;
        if !ended.success() {
            let log = std::fs::read_to_string(self.folder.path().join("log"))?;
            bail!("the simulation ended with {ended}: {log}");
        }
        Ok(None)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        // It is only read from; nothing is lost with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
