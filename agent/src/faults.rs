//! What is wrong at present, said once when it begins, once for every new cause, and once when it
//! ends: in the log, in the health message and by `flood-agent status`.
//!
//! [`Episodes`] decides, with time as an argument; [`Faults`] is the shared one that also logs.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use shared::{clock::Clock, time::Timestamp, wire::AgentFault};

/// How long it must be good before the end is said: at once the first time, so that whoever mends it
/// sees that he has; longer each time that it came back soon, so that what flaps is one fault.
const QUIET: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(60),
    Duration::from_secs(600),
];
/// A fault that comes back within this time is the one of before.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// Causes that are told of one fault; what changes more often flaps.
const MOST_CAUSES: usize = 8;
/// Faults that are reported at most: a health message stays small.
const MOST_REPORTED: usize = 50;

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A part of the spool was damaged; what could be read is served.
    SpoolDamaged,
    /// The medium of the spool takes nothing; readings flow from memory.
    SpoolInMemory,
    /// The draft cannot be written.
    Draft,
    /// The budget of the spool is used up.
    SpoolFull,
    /// The clock is certainly wrong, or not known to be right.
    Clock,
    /// The broker of the uplink cannot be reached or refuses.
    Uplink,
    /// The broker ends every connection soon.
    Thrown,
    /// The broker takes batches and no aggregator commits them.
    Uncommitted,
    /// Acknowledgements or commands come that are not the aggregator's.
    Forged,
    /// A certificate that the aggregator sent cannot be used.
    Certificate,
    /// A Modbus line cannot be opened.
    Line,
    /// A unit on a line gives no usable answer to anything.
    Unit,
    /// Certain registers of a unit that answers give no reading.
    Registers,
    /// A local broker cannot be reached or refuses.
    LocalBroker,
    /// What a gauge publishes is no reading.
    Payload,
    /// The times that a gauge gives cannot be.
    GaugeClock,
    /// The aggregator has something to say against what was sent: it is not shown, in doubt, or odd.
    Remark,
}

impl FaultKind {
    /// The name on the wire and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SpoolDamaged => "spool-damaged",
            Self::SpoolInMemory => "spool-in-memory",
            Self::Draft => "draft",
            Self::SpoolFull => "spool-full",
            Self::Clock => "clock",
            Self::Uplink => "uplink",
            Self::Thrown => "thrown-out",
            Self::Uncommitted => "uncommitted",
            Self::Forged => "forged",
            Self::Certificate => "certificate",
            Self::Line => "line",
            Self::Unit => "unit",
            Self::Registers => "registers",
            Self::LocalBroker => "local-broker",
            Self::Payload => "payload",
            Self::GaugeClock => "gauge-clock",
            Self::Remark => "remark",
        }
    }

    /// What the log says when it begins or has a new cause.
    const fn begins(self) -> &'static str {
        match self {
            Self::SpoolDamaged => "the spool is damaged; what can be read is served",
            Self::SpoolInMemory => "the spool cannot be written; readings flow from memory",
            Self::Draft => "the draft cannot be written; a kill loses readings",
            Self::SpoolFull => "the spool is full",
            Self::Clock => "the clock is in doubt",
            Self::Uplink => "uplink lost",
            Self::Thrown => "the broker ends every connection soon",
            Self::Uncommitted => "the broker takes batches and no aggregator commits them",
            Self::Forged => {
                "acknowledgements or commands that are not the aggregator's are ignored"
            }
            Self::Certificate => "the new certificate cannot be used; the old one stays",
            Self::Line => "line gives no reading",
            Self::Unit => "unit gives no reading",
            Self::Registers => "registers give no reading",
            Self::LocalBroker => "local broker lost",
            Self::Payload => "payload is no reading",
            Self::GaugeClock => "the times that a gauge gives are in doubt",
            Self::Remark => "the aggregator has something to say against these readings",
        }
    }

    /// What it says when it has ended.
    const fn ends(self) -> &'static str {
        match self {
            Self::SpoolDamaged => "the spool is whole",
            Self::SpoolInMemory => "the spool is written again",
            Self::Draft => "the draft is written again",
            Self::SpoolFull => "the spool has room again",
            Self::Clock => "the clock is believed",
            Self::Uplink => "uplink is back",
            Self::Thrown => "the broker keeps the connection",
            Self::Uncommitted => "batches are committed again",
            Self::Forged => "acknowledgements and commands are the aggregator's again",
            Self::Certificate => "the new certificate is used",
            Self::Line => "line is open again",
            Self::Unit => "unit answers again",
            Self::Registers => "registers are read again",
            Self::LocalBroker => "local broker is back",
            Self::Payload => "payload is read again",
            Self::GaugeClock => "the times that a gauge gives are believed",
            Self::Remark => "the aggregator has no more to say against these readings",
        }
    }

    /// Whether a human must act, or it may pass by itself.
    const fn is_error(self) -> bool {
        matches!(
            self,
            Self::SpoolDamaged
                | Self::SpoolInMemory
                | Self::Thrown
                | Self::Forged
                | Self::Certificate
                | Self::Clock
        )
    }
}

/// What is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Say {
    /// It begins, or has a cause that was not told yet.
    Begins,
    Ends,
}

/// One fault from its beginning to its end.
#[derive(Debug)]
struct Episode {
    since: Timestamp,
    cause: String,
    told: Vec<String>,
    /// When it was last good again; none while it lasts.
    good_at: Option<Duration>,
    /// Its end has been said.
    is_over: bool,
    /// How often it came back soon after its end was said.
    relapses: usize,
}

/// The faults there are.
#[derive(Debug, Default)]
pub struct Episodes {
    all: BTreeMap<(FaultKind, String), Episode>,
}

impl Episodes {
    /// Something is wrong now. `subject` says with what, `cause` why; `sort` is what makes a cause
    /// another one: the same without whatever is different every time.
    pub fn begin(
        &mut self,
        now: (Duration, Timestamp),
        kind: FaultKind,
        subject: &str,
        (sort, cause): (&str, &str),
    ) -> Option<Say> {
        let episode = self
            .all
            .entry((kind, subject.to_owned()))
            .or_insert_with(|| Episode {
                since: now.1,
                cause: String::new(),
                told: Vec::new(),
                good_at: None,
                is_over: false,
                relapses: 0,
            });
        if std::mem::take(&mut episode.is_over) {
            episode.relapses += 1;
            episode.since = now.1;
            episode.told.clear();
        }
        episode.good_at = None;
        if episode.cause != cause {
            cause.clone_into(&mut episode.cause);
        }
        let is_known = episode.told.iter().any(|told| told == sort);
        if is_known || episode.told.len() >= MOST_CAUSES {
            return None;
        }
        episode.told.push(sort.to_owned());
        Some(Say::Begins)
    }

    /// It is good now; it has ended once it stays so for a while.
    pub fn end(&mut self, now: Duration, kind: FaultKind, subject: &str) {
        if let Some(episode) = self.all.get_mut(&(kind, subject.to_owned())) {
            episode.good_at.get_or_insert(now);
        }
    }

    /// What has ended by now.
    pub fn settled(&mut self, now: Duration) -> Vec<(FaultKind, String)> {
        let good_for = |episode: &Episode| {
            let since = episode.good_at.map(|at| now.saturating_sub(at));
            since.unwrap_or_default()
        };
        let mut over = Vec::new();
        for (key, episode) in &mut self.all {
            let quiet = QUIET.get(episode.relapses).or(QUIET.last());
            let quiet = quiet.copied().unwrap_or_default();
            let is_good = episode.good_at.is_some() && good_for(episode) >= quiet;
            if is_good && !std::mem::replace(&mut episode.is_over, true) {
                over.push(key.clone());
            }
        }
        self.all
            .retain(|_, episode| !episode.is_over || good_for(episode) < FORGOTTEN);
        over
    }

    /// What is wrong at present.
    #[must_use]
    pub fn present(&self) -> Vec<AgentFault> {
        let present = self.all.iter().filter(|(_, e)| e.good_at.is_none());
        let fault = |((kind, subject), episode): (&(FaultKind, String), &Episode)| AgentFault {
            kind: kind.name().to_owned(),
            subject: subject.clone(),
            since: episode.since,
            cause: episode.cause.clone(),
        };
        present.map(fault).take(MOST_REPORTED).collect()
    }
}

/// The faults of an agent, shared by its parts.
#[derive(Debug)]
pub struct Faults {
    clock: Clock,
    began: Instant,
    episodes: Mutex<Episodes>,
}

impl Default for Faults {
    fn default() -> Self {
        Self::new(Clock::Real)
    }
}

impl Faults {
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            began: Instant::now(),
            episodes: Mutex::default(),
        }
    }

    /// Something is wrong: says so if it is new.
    pub(crate) fn begin(&self, kind: FaultKind, subject: &str, cause: &str) {
        self.begin_sort(kind, subject, cause, cause);
    }

    /// As [`Faults::begin`], for causes that are worded anew each time.
    pub(crate) fn begin_sort(&self, kind: FaultKind, subject: &str, sort: &str, cause: &str) {
        let now = (self.began.elapsed(), self.clock.now());
        let said = self.with(|all| all.begin(now, kind, subject, (sort, cause)));
        if said.is_some() {
            let (fault, says) = (kind.name(), kind.begins());
            if kind.is_error() {
                tracing::error!(fault, subject, cause, "{says}");
            } else {
                tracing::warn!(fault, subject, cause, "{says}");
            }
        }
    }

    /// It is good again; the end is told by [`Faults::tell_ends`] once it lasts.
    pub(crate) fn end(&self, kind: FaultKind, subject: &str) {
        let now = self.began.elapsed();
        self.with(|all| all.end(now, kind, subject));
    }

    /// It is a part of another fault: it goes without a word.
    pub(crate) fn withdraw(&self, kind: FaultKind, subject: &str) {
        self.with(|all| all.all.remove(&(kind, subject.to_owned())));
    }

    /// Begins or ends, by what is given.
    pub(crate) fn set(&self, kind: FaultKind, subject: &str, cause: Option<&str>) {
        match cause {
            Some(cause) => self.begin(kind, subject, cause),
            None => self.end(kind, subject),
        }
    }

    /// Says what has ended.
    pub(crate) fn tell_ends(&self) {
        let now = self.began.elapsed();
        for (kind, subject) in self.with(|all| all.settled(now)) {
            let (fault, says) = (kind.name(), kind.ends());
            tracing::info!(fault, subject, "{says}");
        }
    }

    /// What is wrong at present.
    #[must_use]
    pub fn present(&self) -> Vec<AgentFault> {
        self.with(|all| all.present())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Episodes) -> T) -> T {
        let mut episodes = self.episodes.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut episodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const UNIT: (FaultKind, &str) = (FaultKind::Unit, "unit 1 on bus-a");

    fn begin(episodes: &mut Episodes, second: u32, cause: &str) -> Option<Say> {
        let now = (SECOND * second, Timestamp::from_millis(second.into()));
        episodes.begin(now, UNIT.0, UNIT.1, (cause, cause))
    }

    fn end(episodes: &mut Episodes, second: u32) -> usize {
        episodes.end(SECOND * second, UNIT.0, UNIT.1);
        episodes.settled(SECOND * second).len()
    }

    #[test]
    fn a_fault_is_said_once_and_every_new_cause_of_it_once() {
        let mut episodes = Episodes::default();
        assert_eq!(begin(&mut episodes, 1, "no answer"), Some(Say::Begins));
        assert_eq!(begin(&mut episodes, 2, "no answer"), None);
        assert_eq!(begin(&mut episodes, 3, "garbage"), Some(Say::Begins));
        assert_eq!(begin(&mut episodes, 4, "no answer"), None, "told before");
        let present = episodes.present();
        let fault = present.first().expect("one");
        assert_eq!((&*fault.kind, &*fault.cause), ("unit", "no answer"));
        assert_eq!(fault.since, Timestamp::from_millis(1));
    }

    #[test]
    fn whoever_mends_it_is_told_at_once_and_what_flaps_is_not_told_forty_times() {
        let mut episodes = Episodes::default();
        assert_eq!(begin(&mut episodes, 0, "no answer"), Some(Say::Begins));
        assert_eq!(end(&mut episodes, 5), 1, "said at once");
        assert_eq!(end(&mut episodes, 6), 0, "and once");
        let (mut begins, mut ends) = (0, 0);
        for second in 5..45 {
            begins += usize::from(begin(&mut episodes, 2 * second, "no answer").is_some());
            ends += end(&mut episodes, 2 * second + 1);
        }
        assert_eq!((begins, ends), (1, 0));
        assert!(episodes.present().is_empty(), "it is good just now");
        assert_eq!(end(&mut episodes, 200), 1, "it has stayed good");
        assert_eq!(end(&mut episodes, 2_000), 0);
        assert_eq!(begin(&mut episodes, 2_001, "no answer"), Some(Say::Begins));
        assert_eq!(end(&mut episodes, 2_002), 1, "long forgotten");
    }

    #[test]
    fn a_cause_that_is_always_another_stops_being_told() {
        let mut episodes = Episodes::default();
        let said = (0..40).filter(|k| begin(&mut episodes, *k, &format!("garbage {k}")).is_some());
        assert_eq!(said.count(), MOST_CAUSES);
    }
}
