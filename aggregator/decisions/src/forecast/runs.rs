//! The runs of a forecast: every way in which the rain may go on through every hypothesis of the point.

use super::{
    Inflow,
    grid::{PLANNED_STEPS, STEP_HOURS, STEP_MINUTES},
    rain::{Coming, MEMBERS},
    water::{Hypothesis, Model, Sag, Water},
};

/// Hypotheses that each member of the rain is run through.
pub const DRAWN: usize = 8;

/// Steps of this many minutes are short: there, depths are followed minute by minute.
const FINE_MINUTES: f64 = 60.0;

/// One run: depths in metres at every five minutes from now to the planned horizon.
#[derive(Debug, Clone)]
pub struct Run {
    pub weight: f64,
    pub depths_m: [f64; PLANNED_STEPS + 1],
    /// The greatest depth until then.
    pub peaks_m: [f64; PLANNED_STEPS + 1],
}

/// The runs, and of one of each member of the rain the inflow less what the drain would take from water that
/// stands `deep_m` deep: what trucks have to deal with.
pub fn runs(
    sag: &Sag,
    drawn: &[Hypothesis],
    coming: &Coming,
    pumped_m3h: f64,
    deep_m: f64,
) -> (Vec<Run>, Vec<Inflow>) {
    let models: Vec<(Model, Water)> = drawn
        .iter()
        .map(|hypothesis| (Model::new(sag, &hypothesis.parameters), hypothesis.water))
        .collect();
    let mut runs = Vec::with_capacity(MEMBERS * drawn.len());
    let mut inflows = Vec::with_capacity(MEMBERS);
    for (member, weight) in coming.weights.iter().enumerate() {
        if *weight <= 0.0 {
            continue;
        }
        // Each member keeps a hypothesis of its own for the planner.
        let own = (3 * member) % drawn.len().max(1);
        for (place, (model, water)) in models.iter().enumerate() {
            let rain = |minutes| coming.at(member, minutes);
            let (run, net_m3h) = run(model, *water, rain, pumped_m3h, deep_m);
            if place == own {
                inflows.push(Inflow {
                    weight: *weight,
                    m3h: net_m3h,
                });
            }
            runs.push(Run {
                weight: weight / drawn.len() as f64,
                ..run
            });
        }
    }
    (runs, inflows)
}

fn run(
    model: &Model,
    mut water: Water,
    rain: impl Fn(f64) -> f64,
    pumped_m3h: f64,
    deep_m: f64,
) -> (Run, Vec<f64>) {
    let sag = model.sag();
    let now_m = sag.depth_m(water.volume_m3);
    let (mut depths_m, mut peaks_m) = ([now_m; PLANNED_STEPS + 1], [now_m; PLANNED_STEPS + 1]);
    let mut net_m3h = Vec::with_capacity(PLANNED_STEPS);
    let (mut depth_m, mut peak_m) = (now_m, now_m);
    let places = depths_m.iter_mut().zip(&mut peaks_m).skip(1);
    for (step, (depth, peak)) in places.enumerate() {
        let begin = step as f64 * STEP_MINUTES;
        let minutes = if begin < FINE_MINUTES {
            1.0
        } else {
            STEP_MINUTES
        };
        let (mut at, mut inflow_m3) = (0.0, 0.0);
        while at < STEP_MINUTES {
            let mm_per_h = rain(begin + at + minutes / 2.0);
            inflow_m3 += model.step(&mut water, minutes, mm_per_h, pumped_m3h) * minutes / 60.0;
            depth_m = sag.depth_m(water.volume_m3);
            peak_m = f64::max(peak_m, depth_m);
            at += minutes;
        }
        net_m3h.push(inflow_m3 / STEP_HOURS - model.drained_m3h(depth_m.max(deep_m)));
        (*depth, *peak) = (depth_m, peak_m);
    }
    let run = Run {
        weight: 1.0,
        depths_m,
        peaks_m,
    };
    (run, net_m3h)
}

/// Runs without rain or a model: a net inflow for each, in m³/h by step.
pub fn runs_of(sag: &Sag, depth_m: f64, pumped_m3h: f64, inflows: &[Inflow]) -> Vec<Run> {
    let run = |inflow: &Inflow| {
        let mut volume = sag.volume_m3(depth_m);
        let mut depths_m = [depth_m; PLANNED_STEPS + 1];
        let mut peaks_m = depths_m;
        let mut peak = depth_m;
        let places = depths_m.iter_mut().zip(&mut peaks_m).skip(1);
        for ((depth, highest), net) in places.zip(&inflow.m3h) {
            volume = (volume + (net - pumped_m3h) * STEP_HOURS).max(0.0);
            *depth = sag.depth_m(volume);
            peak = f64::max(peak, *depth);
            *highest = peak;
        }
        Run {
            weight: inflow.weight,
            depths_m,
            peaks_m,
        }
    };
    inflows.iter().map(run).collect()
}
