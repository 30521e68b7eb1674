//! What a process has used so far, as the system tells it. Nothing where it does not.

use std::collections::BTreeMap;

use procfs::{
    ProcResult, WithCurrentSystemInfo as _,
    process::{Process, Stat},
};

/// What a process has used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ProcessUsage {
    /// User and system time.
    pub cpu_seconds: f64,
    pub resident_bytes: u64,
    /// The most that was resident at a time.
    pub peak_bytes: u64,
}

impl ProcessUsage {
    /// Of a process that runs.
    #[must_use]
    pub fn of(id: u32) -> Option<Self> {
        let process = process(id)?;
        let stat = process.stat().ok()?;
        // In KiB.
        let peak = process.status().ok()?.vmhwm.unwrap_or(0);
        Some(Self {
            cpu_seconds: cpu_seconds(&stat),
            resident_bytes: stat.rss_bytes().get(),
            peak_bytes: peak * 1024,
        })
    }
}

/// CPU seconds of a process by the names of its threads, numbers cut off.
#[must_use]
pub(crate) fn threads(id: u32) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    let tasks = process(id).and_then(|p| p.tasks().ok());
    for task in tasks.into_iter().flatten().filter_map(ProcResult::ok) {
        if let Ok(stat) = task.stat() {
            let numbers = |c: char| c.is_ascii_digit() || c == '-' || c == '#';
            let name = stat.comm.trim_end_matches(numbers).to_owned();
            *sums.entry(name).or_default() += cpu_seconds(&stat);
        }
    }
    sums
}

fn process(id: u32) -> Option<Process> {
    Process::new(i32::try_from(id).ok()?).ok()
}

fn cpu_seconds(stat: &Stat) -> f64 {
    (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_some_processor_and_memory() {
        let own = std::process::id();
        let usage = ProcessUsage::of(own).expect("Linux");
        assert!(usage.cpu_seconds >= 0.0 && usage.resident_bytes > 1 << 16);
        assert!(usage.peak_bytes >= usage.resident_bytes / 2, "{usage:?}");
        assert!(!threads(own).is_empty());
    }
}
