//! Why a run cannot go on.

use std::{io, path::PathBuf};

/// An error of the lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error(
        "`{program}` was not found beside this program (looked in {}); build it with: cargo build {flags}-p agent -p aggregator",
        looked_in.display()
    )]
    ProgramMissing {
        program: &'static str,
        looked_in: PathBuf,
        flags: &'static str,
    },
    #[error(
        "`mosquitto` was not found; install it (apt-get install mosquitto) or use --broker embedded"
    )]
    MosquittoMissing,
    #[error("libfaketime was not found; install it (apt-get install faketime)")]
    FaketimeMissing,
    #[error("{what}")]
    Io { what: String, source: io::Error },
    #[error("{name} ended with {status}; the end of its log {}:\n{tail}", log.display())]
    Ended {
        name: String,
        status: String,
        log: PathBuf,
        tail: String,
    },
    #[error("{what} did not come within {seconds} s")]
    TimedOut { what: String, seconds: u64 },
    #[error("asking the aggregator for {path}")]
    Http {
        path: String,
        source: Box<ureq::Error>,
    },
    #[error("the answer to GET {path} is not what the contract says")]
    Answer {
        path: String,
        source: serde_json::Error,
    },
    #[error("flood-aggregator export: line {line}: {message}")]
    Export { line: usize, message: String },
    #[error("a configuration cannot be written as TOML")]
    Toml(#[from] toml::ser::Error),
    #[error("{0}")]
    Setup(String),
}

impl LabError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
