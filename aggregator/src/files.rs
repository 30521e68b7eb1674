//! How many files the program may have open: connections are files too.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracing::warn;

/// What Linux gives at least.
const LEAST: u64 = 1_024;

/// More would only be a larger table.
const MOST: u64 = 1 << 20;

/// Asks for as many open files as the program may have.
pub fn raise_limit() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard.min(MOST), hard));
    if let Err(error) = raised {
        warn!(%error, "the limit of open files cannot be raised");
    }
}

/// How many files may be open.
#[must_use]
pub fn most_open() -> usize {
    let soft = getrlimit(Resource::RLIMIT_NOFILE).map_or(LEAST, |(soft, _)| soft.min(MOST));
    usize::try_from(soft).unwrap_or(usize::MAX)
}
