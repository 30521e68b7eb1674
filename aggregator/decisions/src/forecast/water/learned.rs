//! What is learned of a point from its depths: a set of hypotheses, each a whole model with its own water,
//! weighed by how well it foresaw what was observed, minute by minute (a particle filter; Liu and West
//! 2001 for parameters that drift).
//!
//! A drain that fails is one of the hypotheses. Nothing is ever believed so firmly that some hypotheses do
//! not look elsewhere.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use super::{
    model::{Model, Parameters, Water},
    sag::Sag,
};

/// Hypotheses of a point.
pub const HYPOTHESES: usize = 128;

/// How well a gauge and the model together tell a depth: in m, and as a share of it.
const DEPTH_M: f64 = 0.006;
const DEPTH_SHARE: f64 = 0.012;

/// What is off by more than so many deviations says nothing more.
const FURTHEST: f64 = 6.0;

/// Errors of minutes that follow each other are alike: each counts only so much.
const COUNTS: f64 = 0.6;

/// An observation sets the water of a hypothesis right by this share.
const SET_RIGHT: f64 = 0.6;

/// Delay in minutes at 60 mm/h, and depth in m at which a drain takes 63 %, of which no layer tells; with
/// the deviations of their logarithms. Catchments of 1 to 6 ha of paved ground give 5 to 12 min.
const DELAY: (f64, f64) = (6.0, 0.4);
const DRAIN_DEPTH: (f64, f64) = (0.03, 0.5);

/// Hypotheses that are chosen again drift by this much, of a logarithm.
const DRIFT: f64 = 0.04;

/// The working share of a drain that is not whole drifts by this much.
const WORKING_DRIFT: f64 = 0.05;

/// Of so many hypotheses, one takes the drain to have failed, one to be whole, and one knows only the layer;
/// what is left of a drain that failed is up to this share.
const ELSEWHERE: f64 = 16.0;
const FAILED: f64 = 0.6;

/// When even the best hypothesis is off by so many deviations, none of them is right.
const NONE_IS_RIGHT: f64 = 1.5;

/// Below this share a drain is failing.
const FAILING: f64 = 0.5;

/// One hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hypothesis {
    pub parameters: Parameters,
    pub water: Water,
    /// How much it counts; they sum to 1.
    pub weight: f64,
}

/// What came in one minute.
#[derive(Debug, Clone, Copy)]
pub struct Minute {
    pub mm_per_h: f64,
    /// What trucks pumped, in m³/h.
    pub pumped_m3h: f64,
    pub depth_m: Option<f64>,
}

/// What is learned of a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Until when.
    pub at: Timestamp,
    /// Of minutes with a depth and rain.
    pub minutes: u64,
    hypotheses: Vec<Hypothesis>,
    dice: u64,
}

impl Learned {
    /// Nothing yet: what layers tell, spread as far as they may be wrong. The same seed throws the same dice.
    #[must_use]
    pub fn nothing(at: Timestamp, sag: &Sag, seed: u64) -> Self {
        let mut learned = Self {
            at,
            minutes: 0,
            hypotheses: Vec::with_capacity(HYPOTHESES),
            dice: seed,
        };
        for _ in 0..HYPOTHESES {
            let mut parameters = learned.guess(sag);
            if learned.unit() * ELSEWHERE < 1.0 {
                parameters.working = FAILED * learned.unit();
            }
            learned.hypotheses.push(Hypothesis {
                parameters,
                water: Water {
                    wet_mm: 0.0,
                    volume_m3: 0.0,
                },
                weight: 1.0 / HYPOTHESES as f64,
            });
        }
        learned
    }

    /// Goes on from another time, from which on it is not known what was; what was learned stays.
    pub fn begin_again(&mut self, at: Timestamp) {
        self.at = at;
        for hypothesis in &mut self.hypotheses {
            hypothesis.water = Water {
                wet_mm: 0.0,
                volume_m3: 0.0,
            };
        }
    }

    /// Lets a minute pass.
    pub fn pass(&mut self, sag: &Sag, minute: Minute) {
        for hypothesis in &mut self.hypotheses {
            let model = Model::new(sag, &hypothesis.parameters);
            model.step(
                &mut hypothesis.water,
                1.0,
                minute.mm_per_h,
                minute.pumped_m3h,
            );
        }
        if let Some(depth_m) = minute.depth_m {
            self.minutes += u64::from(minute.mm_per_h > 0.0);
            self.weigh(sag, depth_m);
        }
        self.at = self.at.plus_millis(60_000);
    }

    fn weigh(&mut self, sag: &Sag, depth_m: f64) {
        let observed_m3 = sag.volume_m3(depth_m);
        let mut least_off = f64::INFINITY;
        let mut log = |hypothesis: &Hypothesis| {
            let expected_m = sag.depth_m(hypothesis.water.volume_m3);
            let deviation = DEPTH_M + DEPTH_SHARE * expected_m.max(depth_m);
            let off = ((expected_m - depth_m) / deviation).clamp(-FURTHEST, FURTHEST);
            least_off = least_off.min(off.abs());
            hypothesis.weight.max(f64::MIN_POSITIVE).ln() - 0.5 * COUNTS * off * off
        };
        let logs: Vec<f64> = self.hypotheses.iter().map(&mut log).collect();
        let greatest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|log| (log - greatest).exp()).sum();
        let mut squares = 0.0;
        for (hypothesis, log) in self.hypotheses.iter_mut().zip(logs) {
            hypothesis.weight = (log - greatest).exp() / sum;
            squares += hypothesis.weight.powi(2);
            let volume_m3 = &mut hypothesis.water.volume_m3;
            *volume_m3 += SET_RIGHT * (observed_m3 - *volume_m3);
        }
        // Few of them carry the weight, or none is right: those that do best are taken again.
        if 1.0 / squares < HYPOTHESES as f64 / 2.0 || least_off > NONE_IS_RIGHT {
            self.choose_again(sag);
        }
    }

    fn choose_again(&mut self, sag: &Sag) {
        let first = self.unit();
        self.hypotheses = self.by_weight(HYPOTHESES, first);
        for place in 0..self.hypotheses.len() {
            let mut drift = || DRIFT * self.bell();
            let (runoff, drain, delay, depth) = (drift(), drift(), drift(), drift());
            let (works, bell, guess) = (self.unit(), self.bell(), self.guess(sag));
            let turn = self.unit() * ELSEWHERE;
            let Some(hypothesis) = self.hypotheses.get_mut(place) else {
                continue;
            };
            hypothesis.weight = 1.0 / HYPOTHESES as f64;
            let before = hypothesis.parameters;
            let parameters = &mut hypothesis.parameters;
            parameters.ln_runoff += runoff;
            parameters.ln_drain += drain;
            parameters.ln_delay += delay;
            parameters.ln_drain_depth += depth;
            if parameters.working < 1.0 {
                let drifted = parameters.working + WORKING_DRIFT * bell;
                parameters.working = drifted.clamp(0.0, 1.0);
            }
            // Some look elsewhere: drains fail and are mended, and layers are wrong.
            if turn < 1.0 {
                parameters.working = 1.0;
            } else if turn < 2.0 {
                parameters.working = FAILED * works;
            } else if turn < 3.0 {
                *parameters = guess;
            }
            let water = &mut hypothesis.water;
            water.wet_mm = parameters.wet_mm(&before, water.wet_mm);
        }
    }

    /// So many of the hypotheses, each as often as it counts, in an order that lasts.
    #[must_use]
    pub fn drawn(&self, count: usize) -> Vec<Hypothesis> {
        self.by_weight(count, 0.5)
    }

    /// Systematic choice: at `first` of the first share, and one share after the other.
    fn by_weight(&self, count: usize, first: f64) -> Vec<Hypothesis> {
        let mut chosen = Vec::with_capacity(count);
        let mut hypotheses = self.hypotheses.iter();
        let Some(mut present) = hypotheses.next() else {
            return chosen;
        };
        let mut sum = present.weight;
        for k in 0..count {
            let wanted = (k as f64 + first) / count as f64;
            while sum < wanted
                && let Some(next) = hypotheses.next()
            {
                present = next;
                sum += next.weight;
            }
            chosen.push(*present);
        }
        chosen
    }

    /// What the drain takes when it is under water, in m³/h, on the mean.
    #[must_use]
    pub fn drain_m3h(&self, sag: &Sag) -> f64 {
        let takes = |h: &Hypothesis| h.weight * h.parameters.ln_drain.exp() * h.parameters.working;
        sag.drain_m3h * self.hypotheses.iter().map(takes).sum::<f64>()
    }

    /// How probable it is that less than half of the drain works.
    #[must_use]
    pub fn failing(&self) -> f64 {
        let failing = self.hypotheses.iter();
        let failing = failing.filter(|h| h.parameters.working < FAILING);
        failing.map(|h| h.weight).sum()
    }

    /// A hypothesis that knows only what layers tell.
    fn guess(&mut self, sag: &Sag) -> Parameters {
        Parameters {
            ln_runoff: sag.runoff_spread * self.bell(),
            ln_drain: sag.drain_spread * self.bell(),
            ln_delay: DELAY.0.ln() + DELAY.1 * self.bell(),
            ln_drain_depth: DRAIN_DEPTH.0.ln() + DRAIN_DEPTH.1 * self.bell(),
            working: 1.0,
        }
    }

    /// From 0 up to 1 (splitmix64).
    fn unit(&mut self) -> f64 {
        self.dice = self.dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Roughly bell-shaped around 0 with deviation 1, never beyond ±6.
    fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Storage;

    fn sag() -> Sag {
        let storage = Storage::new(&[
            (0.0, 0.0),
            (0.15, 16.0),
            (0.5, 170.0),
            (1.0, 720.0),
            (4.0, 7500.0),
        ]);
        Sag::new(&storage.expect("rises"), Some(3.0), 0.8, Some(1800.0))
    }

    fn parameters(working: f64) -> Parameters {
        Parameters {
            ln_runoff: 1.25_f64.ln(),
            ln_drain: 0.75_f64.ln(),
            ln_delay: 8.0_f64.ln(),
            ln_drain_depth: 0.04_f64.ln(),
            working,
        }
    }

    /// Shows a point of which the layer is wrong to what learns, rain by rain, for so many minutes.
    fn show(learned: &mut Learned, truth: &mut Water, working: f64, minutes: std::ops::Range<u32>) {
        let sag = sag();
        let known = parameters(working);
        let model = Model::new(&sag, &known);
        for minute in minutes {
            let mm_per_h = 40.0 + 35.0 * (f64::from(minute) / 15.0).sin();
            model.step(truth, 1.0, mm_per_h, 0.0);
            learned.pass(
                &sag,
                Minute {
                    mm_per_h,
                    pumped_m3h: 0.0,
                    depth_m: Some(sag.depth_m(truth.volume_m3)),
                },
            );
        }
    }

    fn nothing() -> (Learned, Water) {
        let dry = Water {
            wet_mm: 0.0,
            volume_m3: 0.0,
        };
        (Learned::nothing(Timestamp::from_millis(0), &sag(), 1), dry)
    }

    #[test]
    fn the_ratio_of_inflow_to_drain_is_learned_from_wrong_layers() {
        let (mut learned, mut truth) = nothing();
        let ratio = |learned: &Learned| {
            let logs = learned.hypotheses.iter();
            logs.map(|h| h.weight * (h.parameters.ln_runoff - h.parameters.ln_drain))
                .sum::<f64>()
        };
        let truly = (1.25_f64 / 0.75).ln();
        assert!((ratio(&learned) - truly).abs() > 0.3);
        show(&mut learned, &mut truth, 1.0, 0..120);
        assert!(
            (ratio(&learned) - truly).abs() < 0.15,
            "{}",
            ratio(&learned)
        );
        assert!(learned.failing() < 0.2, "{}", learned.failing());
    }

    #[test]
    fn a_drain_that_fails_and_one_that_is_mended_are_recognised_within_ten_minutes() {
        let (mut learned, mut truth) = nothing();
        show(&mut learned, &mut truth, 1.0, 0..70);
        show(&mut learned, &mut truth, 0.0, 70..80);
        assert!(learned.failing() > 0.7, "{}", learned.failing());
        show(&mut learned, &mut truth, 1.0, 80..95);
        assert!(learned.failing() < 0.3, "{}", learned.failing());
    }

    #[test]
    fn the_same_minutes_teach_the_same() {
        let (mut first, mut truth) = nothing();
        show(&mut first, &mut truth, 1.0, 0..60);
        let (mut second, mut truth) = nothing();
        show(&mut second, &mut truth, 1.0, 0..60);
        assert_eq!(first, second);
    }
}
