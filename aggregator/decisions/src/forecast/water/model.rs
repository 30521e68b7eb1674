//! Rain runs off a catchment with a delay, fills a sag, and a drain takes what its depth lets it.

use serde::{Deserialize, Serialize};

use super::sag::{RUNGS, Sag, between};

/// Rain that wets the ground before any runs off, in mm (paved ground holds 1 to 2).
const LOSS_MM: f64 = 1.0;

/// The intensity at which the delay is told, in mm/h.
const DELAY_AT_MM_PER_H: f64 = 60.0;

/// A drain takes somewhat more under more water: this share a metre.
const HEAD_SHARE: f64 = 0.1;

/// What a layer does not tell, or tells wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Logarithm of how many times as much runs off as the layer says.
    pub ln_runoff: f64,
    /// Logarithm of how many times as much the drain takes.
    pub ln_drain: f64,
    /// Logarithm of the minutes in which a rain of 60 mm/h comes to run off as fast as it falls.
    pub ln_delay: f64,
    /// Logarithm of the depth, in m, at which the drain takes 63 % of what it can.
    pub ln_drain_depth: f64,
    /// Share of the drain that works, 0–1.
    pub working: f64,
}

impl Parameters {
    /// The water on a catchment that runs off as fast under these parameters as it did under others.
    #[must_use]
    pub fn wet_mm(&self, before: &Self, wet_mm: f64) -> f64 {
        let free = (wet_mm - LOSS_MM).max(0.0);
        wet_mm - free + free * (self.ln_delay - before.ln_delay).exp()
    }
}

/// Where the water is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Water {
    /// On the catchment, in mm.
    pub wet_mm: f64,
    /// In the sag, in m³.
    pub volume_m3: f64,
}

/// A sag with its parameters, ready to be run.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    sag: &'a Sag,
    per_mm: f64,
    drain_m3h: f64,
    delay_minutes: f64,
    per_drain_depth: f64,
}

impl<'a> Model<'a> {
    #[must_use]
    pub fn new(sag: &'a Sag, parameters: &Parameters) -> Self {
        Self {
            sag,
            per_mm: sag.per_mm * parameters.ln_runoff.exp(),
            drain_m3h: sag.drain_m3h * parameters.ln_drain.exp() * parameters.working,
            delay_minutes: parameters.ln_delay.exp(),
            per_drain_depth: (-parameters.ln_drain_depth).exp(),
        }
    }

    /// The sag that it is a model of.
    #[must_use]
    pub fn sag(&self) -> &'a Sag {
        self.sag
    }

    /// What the drain takes when the depth is this, in m³/h: less while it is not yet under water.
    #[must_use]
    pub fn drained_m3h(&self, depth_m: f64) -> f64 {
        let under_water = 1.0 - (-depth_m * self.per_drain_depth).exp();
        self.drain_m3h * under_water * (1.0 + HEAD_SHARE * depth_m)
    }

    /// What the drain takes at each rung of the sag's table, in m³/h: for whoever goes many steps.
    #[must_use]
    pub fn drained_at_rungs(&self) -> [f64; RUNGS] {
        self.sag.depths_m.map(|depth_m| self.drained_m3h(depth_m))
    }

    /// Lets so many minutes pass under rain (mm/h) and pumping (m³/h); what flowed in on the mean, in m³/h.
    pub fn step(&self, water: &mut Water, minutes: f64, mm_per_h: f64, pumped_m3h: f64) -> f64 {
        let drained = |rung: usize| self.drained_m3h(self.sag.depth_of(rung));
        let (inflow_m3h, _) = self.step_by(drained, water, minutes, mm_per_h, pumped_m3h);
        inflow_m3h
    }

    /// The same with what the drain takes at each rung; also how deep the water stands then, in m.
    pub fn step_by(
        &self,
        drained_m3h: impl Fn(usize) -> f64,
        water: &mut Water,
        minutes: f64,
        mm_per_h: f64,
        pumped_m3h: f64,
    ) -> (f64, f64) {
        let ran_off_mm = self.run_off(water, minutes, mm_per_h);
        let hours = minutes / 60.0;
        let inflow_m3h = self.per_mm * ran_off_mm / hours;
        let there_m3 = water.volume_m3 + hours * (inflow_m3h - pumped_m3h);
        let (volume_m3, depth_m) = self.left(there_m3, |rung| hours * drained_m3h(rung));
        water.volume_m3 = volume_m3;
        (inflow_m3h, depth_m)
    }

    /// What runs off, in mm. Overland flow by Manning goes with the depth to the 5/3 (the nonlinear
    /// reservoir of EPA SWMM); two implicit half steps, so that never more runs off than is there.
    fn run_off(&self, water: &mut Water, minutes: f64, mm_per_h: f64) -> f64 {
        let hours = minutes / 120.0;
        let mut ran_off = 0.0;
        for _ in 0..2 {
            water.wet_mm += mm_per_h * hours;
            let free = water.wet_mm - LOSS_MM;
            if free <= 0.0 {
                continue;
            }
            let share = free / self.delay_minutes;
            let root = share.cbrt();
            let fastness = DELAY_AT_MM_PER_H * root * root;
            let rate = fastness * share;
            let slope = 5.0 / 3.0 / self.delay_minutes * fastness;
            let out = (rate * hours / (1.0 + slope * hours)).min(free);
            water.wet_mm -= out;
            ran_off += out;
        }
        ran_off
    }

    /// What is left of a volume after a step of draining, in m³, and how deep it stands, in m: the volume at a
    /// rung and what the drain takes there (`drained_m3`) is what was there, and both rise with the depth.
    fn left(&self, there_m3: f64, drained_m3: impl Fn(usize) -> f64) -> (f64, f64) {
        if there_m3 <= 0.0 {
            return (0.0, 0.0);
        }
        let with_drained = |rung: usize| {
            let volume = self.sag.volumes_m3.get(rung).copied().unwrap_or_default();
            volume + drained_m3(rung)
        };
        // As high as what is there would stand if nothing drained; a step's drain is few rungs below that.
        let mut low = self.sag.below(there_m3);
        let (mut below, mut above) = (with_drained(low), with_drained(low + 1));
        while below >= there_m3 && low > 0 {
            low -= 1;
            (below, above) = (with_drained(low), below);
        }
        let high = low + 1;
        let share = (there_m3 - below) / (above - below);
        let [low_m, high_m] = [low, high].map(|rung| self.sag.depth_of(rung));
        let depth_m = low_m + share * (high_m - low_m);
        let volume_m3 = between(&self.sag.depths_m, &self.sag.volumes_m3, low, depth_m);
        (volume_m3, depth_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Storage;

    fn sag() -> Sag {
        let storage = Storage::new(&[(0.0, 0.0), (0.5, 500.0), (2.0, 4000.0)]).expect("rises");
        Sag::new(&storage, Some(3.0), 0.8, Some(600.0))
    }

    fn parameters() -> Parameters {
        Parameters {
            ln_runoff: 0.0,
            ln_drain: 0.0,
            ln_delay: 6.0_f64.ln(),
            ln_drain_depth: 0.03_f64.ln(),
            working: 1.0,
        }
    }

    fn run(model: &Model, minutes: usize, mm_per_h: f64) -> (Water, f64) {
        let mut water = Water {
            wet_mm: 0.0,
            volume_m3: 0.0,
        };
        let mut inflow = 0.0;
        for _ in 0..minutes {
            inflow = model.step(&mut water, 1.0, mm_per_h, 0.0);
        }
        (water, inflow)
    }

    /// 24 m³/h from 1 mm/h: 20 mm/h bring 480, which a drain of 600 takes at the depth at which it takes
    /// 80 %, 0.03 m · ln 5; 60 mm/h bring 1,440, and what the drain leaves stays.
    #[test]
    fn light_rain_stands_as_deep_as_the_drain_needs_and_heavy_rain_stays() {
        let sag = sag();
        let model = Model::new(&sag, &parameters());
        let (water, inflow) = run(&model, 180, 20.0);
        assert!((inflow - 480.0).abs() < 1.0, "{inflow}");
        let depth = sag.depth_m(water.volume_m3);
        assert!((depth - 0.03 * 5.0_f64.ln()).abs() < 0.003, "{depth}");
        let (at_60, _) = run(&model, 60, 60.0);
        let (at_120, _) = run(&model, 120, 60.0);
        let rose = at_120.volume_m3 - at_60.volume_m3;
        assert!((rose - 800.0).abs() < 60.0, "{rose}");
    }

    #[test]
    fn rain_comes_with_a_delay_and_nothing_is_made_or_lost() {
        let sag = sag();
        let none = Parameters {
            working: 0.0,
            ..parameters()
        };
        let model = Model::new(&sag, &none);
        let (_, after_three) = run(&model, 3, 60.0);
        let (_, after_twenty) = run(&model, 20, 60.0);
        assert!(after_three < 0.3 * 1440.0 && after_twenty > 0.9 * 1440.0);
        let (water, _) = run(&model, 30, 60.0);
        let fallen_m3 = 30.0 * sag.per_mm;
        let found = water.volume_m3 + water.wet_mm * sag.per_mm;
        assert!(
            (found - fallen_m3).abs() < 1e-6 * fallen_m3,
            "{found} of {fallen_m3}"
        );
    }

    #[test]
    fn what_is_wet_runs_off_as_fast_when_a_delay_is_thought_to_be_another() {
        let sag = sag();
        let (slow, fast) = (
            parameters(),
            Parameters {
                ln_delay: 2.0_f64.ln(),
                ..parameters()
            },
        );
        let inflow = |parameters: &Parameters, wet_mm| {
            let mut water = Water {
                wet_mm,
                volume_m3: 0.0,
            };
            Model::new(&sag, parameters).step(&mut water, 0.01, 0.0, 0.0)
        };
        let before = inflow(&slow, 12.0);
        let after = inflow(&fast, fast.wet_mm(&slow, 12.0));
        assert!((after / before - 1.0).abs() < 0.02, "{before} {after}");
        assert!(inflow(&fast, 12.0) > 3.0 * before, "as it was");
    }

    #[test]
    fn long_steps_end_where_short_ones_do() {
        let sag = sag();
        let model = Model::new(&sag, &parameters());
        let end = |steps: u32, minutes: f64| {
            let mut water = Water {
                wet_mm: 20.0,
                volume_m3: 400.0,
            };
            for _ in 0..steps {
                model.step(&mut water, minutes, 30.0, 200.0);
            }
            sag.depth_m(water.volume_m3)
        };
        assert!((end(60, 1.0) - end(12, 5.0)).abs() < 0.03);
    }
}
