//! What is wrong with somebody's readings at present: said once when it begins and once when it ends,
//! and with every acknowledgement to the agent whose technician should know.

use std::collections::{BTreeMap, HashMap};

use shared::{
    gauge::Parameter, ids::GaugeId, limits::MAX_REMARKS, observation::Observation, time::Timestamp,
    wire::Remark,
};

use super::giver::Giver;
use crate::counters::Counter;

/// Senders that are remembered, beside all who are enrolled; of more it is only counted.
const MAX_SENDERS: usize = 1_000;

/// Subjects of one sender that are remembered.
const MAX_SUBJECTS: usize = 100;

/// What was not said again for so long, in milliseconds of storm time, has ended: its gauge may be
/// gone from the gateway's configuration.
const FORGOTTEN_MS: i64 = 3_600_000;

/// All that stands is said to its sender again after so long, in milliseconds of storm time: an
/// acknowledgement may be lost, and an agent may have been restarted.
const SAID_AGAIN_MS: i64 = 10_000;

/// What is well for so long, in milliseconds of storm time, has ended: until then it may be a mixture
/// of good and bad readings, such as a backlog beside what is fresh.
const QUIET_MS: i64 = 60_000;

/// What a remark is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// All that a sender sends.
    All,
    Series(GaugeId, Parameter),
}

impl Subject {
    /// The series of an observation.
    pub fn of(observation: &Observation) -> Self {
        Self::Series(observation.gauge.clone(), observation.parameter)
    }

    pub fn gauge(&self) -> Option<GaugeId> {
        match self {
            Self::All => None,
            Self::Series(gauge, _) => Some(gauge.clone()),
        }
    }
}

#[derive(Debug)]
struct Standing {
    reason: Counter,
    cause: String,
    last: Timestamp,
}

/// What begins or ends, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub sender: String,
    pub gauge: Option<GaugeId>,
    pub reason: Counter,
    /// Why; `None` where it has ended.
    pub cause: Option<String>,
}

/// The remarks that stand, by sender.
#[derive(Debug, Default)]
pub struct Remarks {
    standing: HashMap<String, BTreeMap<Subject, Standing>>,
    /// When a sender was last told all that stands, unless that has changed since.
    told: HashMap<String, Timestamp>,
    news: Vec<News>,
    swept: Option<Timestamp>,
}

impl Remarks {
    /// Something is wrong with what a sender sends. Returns whether that is new.
    pub fn begin(
        &mut self,
        giver: &Giver,
        subject: Subject,
        reason: Counter,
        at: Timestamp,
        cause: impl FnOnce() -> String,
    ) -> bool {
        let sender = giver.name.as_str();
        let is_full = self.standing.len() >= MAX_SENDERS && !giver.is_enrolled;
        if is_full && !self.standing.contains_key(sender) {
            return false;
        }
        let of_sender = self.standing.entry(sender.to_owned()).or_default();
        // What is said of all that he sends always has room.
        let is_full = of_sender.len() >= MAX_SUBJECTS && subject != Subject::All;
        match of_sender.get_mut(&subject) {
            Some(standing) if standing.reason == reason => {
                standing.last = standing.last.max(at);
                return false;
            }
            None if is_full => return false,
            _ => {}
        }
        let cause = cause();
        self.news.push(News {
            sender: sender.to_owned(),
            gauge: subject.gauge(),
            reason,
            cause: Some(cause.clone()),
        });
        let standing = Standing {
            reason,
            cause,
            last: at,
        };
        of_sender.insert(subject, standing);
        self.told.remove(sender);
        true
    }

    /// Whether anything stands against a sender: nothing else needs to ask on.
    pub fn is_remarked(&self, sender: &str) -> bool {
        self.standing.contains_key(sender)
    }

    /// All is well with what a sender sends of a subject, at `at`.
    pub fn end(&mut self, sender: &str, subject: &Subject, at: Timestamp) {
        let is_quiet = |s: &Standing| at.millis_since(s.last).abs() >= QUIET_MS;
        if let Some(of_sender) = self.standing.get_mut(sender)
            && of_sender.get(subject).is_some_and(is_quiet)
            && let Some(standing) = of_sender.remove(subject)
        {
            self.news.push(ended(sender, subject, &standing));
            self.told.remove(sender);
            if of_sender.is_empty() {
                self.standing.remove(sender);
            }
        }
    }

    /// What goes with an acknowledgement to a sender at `now`: all that stands, or nothing while the
    /// sender knows it.
    pub fn due(&mut self, sender: &str, now: Timestamp) -> Option<Vec<Remark>> {
        let is_soon = |at: &Timestamp| (0..SAID_AGAIN_MS).contains(&now.millis_since(*at));
        match self.told.get_mut(sender) {
            Some(at) if is_soon(at) => return None,
            Some(at) => *at = now,
            None => {
                self.told.insert(sender.to_owned(), now);
            }
        }
        Some(self.of(sender))
    }

    fn of(&self, sender: &str) -> Vec<Remark> {
        let standing = self.standing.get(sender).into_iter().flatten();
        let remark = |(subject, standing): (&Subject, &Standing)| Remark {
            gauge: subject.gauge(),
            reason: standing.reason.name().to_owned(),
            cause: standing.cause.clone(),
        };
        standing.map(remark).take(MAX_REMARKS).collect()
    }

    /// Forgets what was not said again for long; looks at most every minute of storm time.
    pub fn sweep(&mut self, now: Timestamp) {
        const EVERY_MS: i64 = 60_000;
        let is_soon = |at: Timestamp| (0..EVERY_MS).contains(&now.millis_since(at));
        if self.swept.is_some_and(is_soon) {
            return;
        }
        self.swept = Some(now);
        let (news, told) = (&mut self.news, &mut self.told);
        told.retain(|_, at| now.millis_since(*at).abs() < FORGOTTEN_MS);
        self.standing.retain(|sender, of_sender| {
            of_sender.retain(|subject, standing| {
                let stays = now.millis_since(standing.last) < FORGOTTEN_MS;
                if !stays {
                    news.push(ended(sender, subject, standing));
                    told.remove(sender);
                }
                stays
            });
            !of_sender.is_empty()
        });
    }

    /// What began and ended since this was asked last.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }
}

fn ended(sender: &str, subject: &Subject, standing: &Standing) -> News {
    News {
        sender: sender.to_owned(),
        gauge: subject.gauge(),
        reason: standing.reason,
        cause: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    fn series(gauge: &str) -> Subject {
        Subject::Series(gauge.parse().expect("id"), Parameter::Depth)
    }

    fn begin(remarks: &mut Remarks, gauge: &str, second: i64) -> bool {
        let cause = || format!("since {second}");
        let reason = Counter::UnknownGauge;
        let giver = Giver::named("gw-1");
        remarks.begin(&giver, series(gauge), reason, at(second), cause)
    }

    #[test]
    fn what_stands_is_news_once_when_it_begins_and_once_when_it_ends() {
        let mut remarks = Remarks::default();
        assert!(begin(&mut remarks, "lg-1", 0) && !begin(&mut remarks, "lg-1", 1));
        let said: Vec<_> = remarks.take_news().into_iter().map(|n| n.cause).collect();
        assert_eq!(said, [Some("since 0".to_owned())]);
        let [remark] = &*remarks.of("gw-1") else {
            panic!("one")
        };
        assert_eq!(
            (&*remark.reason, &*remark.cause),
            ("unknown-gauge", "since 0")
        );
        assert!(remarks.of("gw-2").is_empty());
        remarks.end("gw-1", &series("lg-2"), at(90));
        assert!(remarks.is_remarked("gw-1"), "of another gauge");
        remarks.end("gw-1", &series("lg-1"), at(60));
        assert!(remarks.is_remarked("gw-1"), "a mixture of good and bad");
        remarks.end("gw-1", &series("lg-1"), at(61));
        assert!(!remarks.is_remarked("gw-1"));
        let said: Vec<_> = remarks.take_news().into_iter().map(|n| n.cause).collect();
        assert_eq!(said, [None]);
        let reason = Counter::WrongParameter;
        assert!(begin(&mut remarks, "lg-1", 2));
        let giver = Giver::named("gw-1");
        let other = remarks.begin(&giver, series("lg-1"), reason, at(3), String::new);
        assert!(other, "another reason is news");
    }

    #[test]
    fn a_sender_is_told_what_stands_when_it_changes_and_now_and_then() {
        let mut remarks = Remarks::default();
        let due = |remarks: &mut Remarks, second| {
            let due = remarks.due("gw-1", at(second));
            due.map(|remarks| remarks.len())
        };
        assert_eq!(due(&mut remarks, 0), Some(0), "it may remember another's");
        assert_eq!(due(&mut remarks, 9), None);
        begin(&mut remarks, "lg-1", 9);
        assert_eq!(due(&mut remarks, 9), Some(1));
        begin(&mut remarks, "lg-1", 10);
        assert_eq!(due(&mut remarks, 18), None, "nothing new");
        assert_eq!(due(&mut remarks, 19), Some(1), "it may not have come");
        assert_eq!(due(&mut remarks, 18), Some(1), "the clock went back");
        remarks.end("gw-1", &series("lg-1"), at(90));
        assert_eq!(due(&mut remarks, 19), Some(0));
        begin(&mut remarks, "lg-2", 19);
        assert_eq!(due(&mut remarks, 20), Some(1));
        remarks.sweep(at(3_619));
        assert_eq!(due(&mut remarks, 21), Some(0), "it was forgotten");
    }

    #[test]
    fn what_was_not_said_again_for_an_hour_has_ended() {
        let mut remarks = Remarks::default();
        begin(&mut remarks, "lg-1", 0);
        begin(&mut remarks, "lg-2", 0);
        begin(&mut remarks, "lg-2", 30);
        let mut left = |second| {
            remarks.sweep(at(second));
            remarks.of("gw-1").len()
        };
        assert_eq!(left(3_599), 2);
        assert_eq!(left(3_658), 2, "looked at a moment ago");
        assert_eq!(left(10), 2, "the clock went back");
        assert_eq!(left(3_600), 1);
        assert_eq!(left(3_660), 0);
        assert_eq!(remarks.take_news().len(), 4);
    }

    #[test]
    fn there_is_an_end_to_what_is_remembered() {
        let mut remarks = Remarks::default();
        let new = (0..300).filter(|k| begin(&mut remarks, &format!("lg-{k}"), 0));
        assert_eq!(new.count(), MAX_SUBJECTS);
        assert_eq!(remarks.of("gw-1").len(), MAX_REMARKS);
        let reason = Counter::TooOld;
        let mut all = |k: i32, is_enrolled| {
            let sender = Giver {
                is_enrolled,
                ..Giver::named(&format!("flood/v1/in/{k}"))
            };
            remarks.begin(&sender, Subject::All, reason, at(0), String::new)
        };
        let new = (0..3_000).filter(|k| all(*k, false)).count();
        assert_eq!(new, MAX_SENDERS - 1);
        assert!(!all(0, false), "it stands");
        assert!(all(4_000, true), "who is enrolled always has room");
    }
}
