//! What to publish when: a state machine without clock, socket or disk. Pure.
//!
//! *Fresh first.* The batches that hold the newest observation of some gauge go before everything
//! else, newest first. As soon as every gauge in a batch has a newer observation elsewhere, the
//! batch belongs to the backlog, which drains oldest first: at most one backlog batch for each
//! fresh one while both wait, at most half of the window, and no faster than its token bucket.
//!
//! *Delivered means committed.* Only [`Ack`] releases, and only what was sent in this life of the
//! spool: an acknowledgement that names anything else is not about these batches. A PUBACK frees a
//! place in the window. A batch that the broker took and nobody committed in time is published
//! again; while commits fail to come the backlog is only probed with one batch at a time. A batch
//! that is not committed while others are is the aggregator's to refuse, as where its quarantine is
//! full: the backlog behind it goes first. A batch that even the broker does not acknowledge in time
//! means that the connection is dead.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use shared::{ids::GaugeId, wire::Ack};

use crate::spool::seqs::{self, SeqSet};

/// The machine's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Batches published and not yet acknowledged by the broker.
    pub window: usize,
    pub ack_deadline: Duration,
    pub backfill_per_second: f64,
}

/// Batches published and not yet committed, in windows: bounds what a broker queues for an
/// aggregator that is away.
const UNCOMMITTED_WINDOWS: usize = 4;

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The broker accepts publishes and delivers acknowledgements.
    Connected,
    Disconnected,
    /// A batch became durable. `oldest` is the lowest number the spool still holds.
    Stored {
        seq: u64,
        oldest: u64,
        gauges: Vec<GaugeId>,
    },
    /// The broker acknowledged a publish.
    BrokerHas {
        seq: u64,
    },
    /// The aggregator's acknowledgement.
    Committed(Ack),
    /// The spool does not hold this batch any more.
    Gone {
        seq: u64,
    },
    /// The spool holds nothing below this number, and the aggregator is about to learn it.
    HeldFrom {
        oldest: u64,
    },
    /// The spool has begun a new incarnation.
    Renewed {
        incarnation: u64,
    },
    /// Time went by.
    Tick,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Publish {
        seq: u64,
        backfill: bool,
    },
    /// Remove these from the spool: they were sent, and the aggregator has them.
    Release(SeqSet),
    /// The aggregator has numbers of this incarnation that were never sent: somebody else uses it,
    /// as where a running machine was copied. Begin a new one, or new batches would pass for his.
    Renew,
    /// The connection is dead although it does not say so.
    Reconnect,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    at: Duration,
    backfill: bool,
    broker_has: bool,
}

/// Where every batch stands that the spool holds: fresh, backlog or sent.
#[derive(Debug)]
pub struct Machine {
    pace: Pace,
    /// None while a new one is awaited.
    incarnation: Option<u64>,
    newest: u64,
    connected: bool,
    /// The batch with each gauge's newest observation, and for how many gauges a batch is that.
    latest: HashMap<GaugeId, u64>,
    holds_latest: BTreeMap<u64, usize>,
    fresh: BTreeSet<u64>,
    backlog: SeqSet,
    /// What is below it was passed over: it goes when nothing waits from here on.
    backlog_from: u64,
    sent: BTreeMap<u64, Sent>,
    /// Every number that was sent in this incarnation and is not released.
    ever_sent: SeqSet,
    tokens: f64,
    refilled: Duration,
    /// Whether a deadline has passed since the last commit.
    commits_fail: bool,
    /// When that was sent of all that was committed which was sent last.
    committed_to: Option<Duration>,
    /// Since when the broker has a batch that nobody has committed.
    uncommitted_since: Option<Duration>,
    /// Whether a fresh batch was the last to go while a backlog waited.
    backlog_turn: bool,
}

impl Machine {
    /// Starts with what the spool holds: all of it backlog, because newer readings are coming.
    #[must_use]
    pub fn new(pace: Pace, incarnation: u64, newest: u64, held: SeqSet) -> Self {
        Self {
            pace,
            incarnation: Some(incarnation),
            newest,
            connected: false,
            latest: HashMap::new(),
            holds_latest: BTreeMap::new(),
            fresh: BTreeSet::new(),
            backlog: held,
            backlog_from: 0,
            sent: BTreeMap::new(),
            ever_sent: SeqSet::new(),
            tokens: 1.0,
            refilled: Duration::ZERO,
            commits_fail: false,
            committed_to: None,
            uncommitted_since: None,
            backlog_turn: false,
        }
    }

    /// Takes one event and returns what to do about it. `now` is line time since the start.
    pub fn step(&mut self, now: Duration, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Connected => self.connected = true,
            Event::Disconnected => self.disconnected(),
            Event::Stored {
                seq,
                oldest,
                gauges,
            } => self.stored(seq, oldest, gauges),
            Event::BrokerHas { seq } => {
                if let Some(sent) = self.sent.get_mut(&seq) {
                    sent.broker_has = true;
                    self.uncommitted_since.get_or_insert(now);
                }
            }
            Event::Committed(ack) => self.committed(ack, &mut actions),
            Event::Gone { seq } => self.forget(seq),
            Event::HeldFrom { oldest } => self.drop_below(oldest),
            Event::Renewed { incarnation } => self.incarnation = Some(incarnation),
            Event::Tick => self.expire(now, &mut actions),
        }
        self.fill(now, &mut actions);
        actions
    }

    /// Whether an acknowledgement is of this incarnation.
    #[must_use]
    pub fn is_of_this_life(&self, ack: &Ack) -> bool {
        self.incarnation == Some(ack.incarnation)
    }

    /// Whether an acknowledgement is the answer to a batch that is on its way: one that was given before,
    /// and is given again, is none.
    #[must_use]
    pub fn is_answered_by(&self, ack: &Ack) -> bool {
        let named = seqs::released_by(ack);
        self.is_of_this_life(ack) && self.sent.keys().any(|seq| named.contains(*seq))
    }

    /// Whether everything that was stored is committed.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.fresh.is_empty() && self.backlog.is_empty() && self.sent.is_empty()
    }

    /// For how long the broker has had batches without any commit.
    #[must_use]
    pub fn uncommitted_for(&self, now: Duration) -> Duration {
        let since = self.uncommitted_since;
        since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }

    /// When [`Event::Tick`] is due at the latest.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        let Pace {
            ack_deadline,
            backfill_per_second,
            ..
        } = self.pace;
        let expiry = self.sent.values().map(|sent| sent.at + ack_deadline).min();
        let starved = self.connected && !self.backlog.is_empty() && self.tokens < 1.0;
        let refill = starved.then(|| {
            let missing = (1.0 - self.tokens) / backfill_per_second;
            self.refilled + Duration::from_secs_f64(missing)
        });
        expiry.into_iter().chain(refill).min()
    }

    fn stored(&mut self, seq: u64, oldest: u64, gauges: Vec<GaugeId>) {
        if seq <= self.newest {
            return;
        }
        // What it was not told of; mostly nothing.
        self.backlog.ranges_insert(self.newest + 1..seq);
        self.newest = seq;
        self.holds_latest.insert(seq, gauges.len());
        self.fresh.insert(seq);
        for gauge in gauges {
            if let Some(before) = self.latest.insert(gauge, seq) {
                self.superseded(before);
            }
        }
        self.drop_below(oldest);
    }

    /// One gauge has a newer observation than the one in batch `seq`.
    fn superseded(&mut self, seq: u64) {
        let Some(gauges) = self.holds_latest.get_mut(&seq) else {
            return;
        };
        *gauges = gauges.saturating_sub(1);
        if *gauges == 0 {
            self.holds_latest.remove(&seq);
            if self.fresh.remove(&seq) {
                self.backlog.insert(seq);
            }
        }
    }

    fn disconnected(&mut self) {
        (self.connected, self.backlog_turn) = (false, false);
        self.backlog_from = 0;
        for seq in std::mem::take(&mut self.sent).into_keys() {
            self.wait_again(seq);
        }
    }

    fn wait_again(&mut self, seq: u64) {
        if self.holds_latest.contains_key(&seq) {
            self.fresh.insert(seq);
        } else {
            self.backlog.insert(seq);
        }
    }

    fn committed(&mut self, ack: Ack, actions: &mut Vec<Action>) {
        if self.incarnation != Some(ack.incarnation) {
            return;
        }
        let named = seqs::released_by(&ack);
        if self.names_unsent(&named) {
            self.incarnation = None;
            for seq in std::mem::take(&mut self.sent).into_keys() {
                self.wait_again(seq);
            }
            self.ever_sent = SeqSet::new();
            actions.push(Action::Renew);
            return;
        }
        let released = &self.ever_sent & &named;
        if released.is_empty() {
            return;
        }
        for seq in &released {
            let sent_at = self.sent.get(&seq).map(|sent| sent.at);
            self.committed_to = self.committed_to.max(sent_at);
            self.forget(seq);
        }
        self.commits_fail = false;
        self.uncommitted_since = None;
        actions.push(Action::Release(released));
    }

    /// Whether an acknowledgement that names these is about batches that were never sent.
    fn names_unsent(&self, named: &SeqSet) -> bool {
        let is_unsent = |seq: &u64| named.contains(*seq) && !self.ever_sent.contains(*seq);
        named.last() > Some(self.newest)
            || self.fresh.iter().any(is_unsent)
            || !(&(&self.backlog - &self.ever_sent) & named).is_empty()
    }

    fn forget(&mut self, seq: u64) {
        self.sent.remove(&seq);
        self.fresh.remove(&seq);
        self.backlog.remove(seq);
        self.ever_sent.remove(seq);
    }

    fn drop_below(&mut self, oldest: u64) {
        self.backlog = self.backlog.split_off(oldest);
        self.fresh = self.fresh.split_off(&oldest);
        self.sent = self.sent.split_off(&oldest);
        self.ever_sent = self.ever_sent.split_off(oldest);
    }

    fn expire(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let deadline = self.pace.ack_deadline;
        let late = self.sent.iter();
        let late = late.filter(|(_, sent)| now >= sent.at + deadline);
        let late: Vec<(u64, Sent)> = late.map(|(seq, sent)| (*seq, *sent)).collect();
        if late.iter().any(|(_, sent)| !sent.broker_has) {
            self.disconnected();
            actions.push(Action::Reconnect);
            return;
        }
        for (seq, sent) in late {
            self.sent.remove(&seq);
            self.backlog.insert(seq);
            if self.committed_to >= Some(sent.at) {
                self.backlog_from = self.backlog_from.max(seq.saturating_add(1));
            } else {
                self.commits_fail = true;
            }
        }
    }

    fn fill(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.refill(now);
        if !self.connected || self.incarnation.is_none() {
            return;
        }
        let in_window = self.sent.values().filter(|s| !s.broker_has).count();
        for _ in in_window..self.pace.window {
            let Some((seq, backfill)) = self.choose() else {
                break;
            };
            self.sent.insert(
                seq,
                Sent {
                    at: now,
                    backfill,
                    broker_has: false,
                },
            );
            self.ever_sent.insert(seq);
            actions.push(Action::Publish { seq, backfill });
        }
    }

    fn choose(&mut self) -> Option<(u64, bool)> {
        if self.may_backfill() && (self.fresh.is_empty() || self.backlog_turn) {
            self.backlog_turn = false;
            self.tokens -= 1.0;
            return self.next_of_backlog().map(|seq| (seq, true));
        }
        let seq = self.fresh.pop_last()?;
        self.backlog_turn = !self.backlog.is_empty();
        self.make_place();
        Some((seq, false))
    }

    /// The oldest that was not passed over; when there is none, the oldest.
    fn next_of_backlog(&mut self) -> Option<u64> {
        let (range, is_held) = self.backlog.range_or_gap_at(self.backlog_from);
        let from = if is_held {
            Some(self.backlog_from)
        } else {
            range.end().checked_add(1)
        };
        if let Some(seq) = from.filter(|seq| self.backlog.remove(*seq)) {
            return Some(seq);
        }
        self.backlog_from = 0;
        self.backlog.pop_first()
    }

    /// Fresh batches find a place even where commits fail to come: the oldest batch that the
    /// broker already has waits in the backlog instead.
    fn make_place(&mut self) {
        if self.sent.len() < self.most_uncommitted() {
            return;
        }
        let mut taken = self.sent.iter().filter(|(_, sent)| sent.broker_has);
        if let Some((seq, _)) = taken.next() {
            let seq = *seq;
            self.sent.remove(&seq);
            self.backlog.insert(seq);
        }
    }

    fn may_backfill(&self) -> bool {
        if self.backlog.is_empty() || self.tokens < 1.0 {
            return false;
        }
        let uncommitted = self.sent.values().filter(|s| s.backfill).count();
        if self.commits_fail {
            return uncommitted == 0;
        }
        let in_window = self
            .sent
            .values()
            .filter(|s| s.backfill && !s.broker_has)
            .count();
        in_window < (self.pace.window / 2).max(1)
            && uncommitted < (self.most_uncommitted() / 2).max(1)
            && self.sent.len() < self.most_uncommitted()
    }

    fn most_uncommitted(&self) -> usize {
        self.pace.window * UNCOMMITTED_WINDOWS
    }

    fn refill(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.refilled).as_secs_f64();
        self.refilled = now;
        let most = self.pace.backfill_per_second.max(1.0);
        self.tokens = (self.tokens + elapsed * self.pace.backfill_per_second).min(most);
    }
}

#[cfg(test)]
mod tests;
