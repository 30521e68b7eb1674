//! What goes wrong with a gauge, from when to when in storm time. Pure.

use shared::time::Timestamp;

/// One fault of one gauge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    pub kind: FaultKind,
    /// First instant of the fault.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Timestamp,
}

/// The kinds of fault that field reports name most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaultKind {
    /// It does not answer, or does not report.
    Silent,
    /// It repeats the value it had when the fault began.
    Stuck,
    /// It reads too high by this much: keep the span to one interval.
    Spike { by: f64 },
    /// It gives its error value.
    Sentinel,
    /// It creeps away by this much per hour of storm time.
    Drift { per_hour: f64 },
    /// It reads wrong by a constant, as after a careless re-installation.
    Offset { by: f64 },
}

impl Fault {
    /// Whether it is there at an instant.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}
