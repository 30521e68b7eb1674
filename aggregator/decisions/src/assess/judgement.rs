//! One reading after the other, by their own time, to what is believed of a depth.

use std::collections::VecDeque;

use shared::{
    quality::Quality,
    time::Timestamp,
    waterlogging::{DepthClass, Thresholds},
};

use super::evidence::Reading;

/// What is believed after the readings so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// The class that hysteresis holds.
    pub class: Option<DepthClass>,
    /// Since when it is that, without a silence in between.
    pub since: Timestamp,
    /// The last depth that is followed, in metres.
    pub trusted: Option<(Timestamp, f64)>,
    /// The last suspect depth, unless a good reading or one that failed has followed.
    pub suspect: Option<(Timestamp, f64)>,
    pub newest: Option<Reading>,
    /// To which class each depth of the hold could fall, with the one before it.
    lately: VecDeque<(Timestamp, DepthClass)>,
}

impl Judgement {
    /// Takes the next reading.
    pub fn take(&mut self, reading: Reading, thresholds: &Thresholds, stale_after_ms: i64) {
        self.newest = Some(reading);
        let at = reading.at;
        let Some(depth_m) = reading.value.map(shared::value::Value::units) else {
            return;
        };
        match reading.quality {
            Quality::Pass | Quality::NotEvaluated => {
                self.suspect = None;
                self.trust(at, depth_m, thresholds, stale_after_ms);
            }
            Quality::Suspect => {
                let before = self.suspect.replace((at, depth_m));
                let before = before.filter(|(t, _)| at.millis_since(*t) <= stale_after_ms);
                let before = before.map(|(_, other)| other);
                if let Some(depth_m) = self.believed(depth_m, before, thresholds) {
                    self.trust(at, depth_m, thresholds, stale_after_ms);
                }
            }
            Quality::Fail | Quality::Missing => self.suspect = None,
        }
    }

    /// The depth that a suspect reading is followed at, if it is; `before` is a suspect one shortly
    /// before it.
    ///
    /// Two in a row that agree raise a flag to the lower of both: a real flood can be faster than
    /// the rate test believes, and deeper than the place was known for. One that says that the water
    /// is still there keeps a flag up, at no more than what was known. None lowers one.
    fn believed(&self, depth_m: f64, before: Option<f64>, thresholds: &Thresholds) -> Option<f64> {
        let known = self.class.unwrap_or(DepthClass::Dry);
        if let Some(lower) = before.map(|other| depth_m.min(other))
            && thresholds.class_of(lower) > known
        {
            return Some(lower);
        }
        let holds = known > DepthClass::Dry && falls_to(depth_m, thresholds) >= known;
        let (_, trusted) = self.trusted.filter(|_| holds)?;
        Some(depth_m.min(before.map_or(trusted, |other| trusted.max(other))))
    }

    fn trust(&mut self, at: Timestamp, depth_m: f64, thresholds: &Thresholds, stale_after_ms: i64) {
        let was_silent = |(t, _)| at.millis_since(t) > stale_after_ms;
        let came_back = self.trusted.is_none_or(was_silent);
        self.trusted = Some((at, depth_m));
        self.lately.push_back((at, falls_to(depth_m, thresholds)));
        let held = self.held(at, thresholds.hold_s);
        let class = thresholds.class_of(depth_m);
        let next = match self.class {
            Some(known) if class < known => held.min(known),
            _ => class,
        };
        if came_back || self.class != Some(next) {
            self.since = at;
        }
        self.class = Some(next);
    }

    /// The highest class that the depths of the hold could fall to; what there was before is one
    /// of them, until the hold has passed.
    fn held(&mut self, at: Timestamp, hold_s: f64) -> DepthClass {
        let is_over = |t: Timestamp| at.seconds_since(t) >= hold_s;
        while self.lately.get(1).is_some_and(|(t, _)| is_over(*t)) {
            self.lately.pop_front();
        }
        let covered = self.lately.front().is_some_and(|(t, _)| is_over(*t));
        let highest = self.lately.iter().map(|(_, class)| *class).max();
        highest.filter(|_| covered).unwrap_or(DepthClass::Severe)
    }

    /// Whether the class is only held.
    pub fn is_clearing(&self) -> bool {
        let falls_to = self.lately.back().map(|(_, class)| *class);
        falls_to < self.class
    }
}

/// The class that a depth could fall to, by the hysteresis.
fn falls_to(depth_m: f64, thresholds: &Thresholds) -> DepthClass {
    thresholds.class_of(depth_m + thresholds.hysteresis_m)
}
