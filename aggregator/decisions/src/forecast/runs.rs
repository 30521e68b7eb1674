//! The runs of a forecast: every way in which the rain may go on through every hypothesis of the point.

use super::{
    Inflow,
    grid::{PLANNED_STEPS, STEP_HOURS, STEP_MINUTES},
    rain::{Coming, MEMBERS},
    water::{Hypothesis, Model, RUNGS, Sag, Water},
};

/// Hypotheses that each member of the rain is run through.
pub const DRAWN: usize = 12;

/// Steps of this many minutes are short: there, depths are followed minute by minute.
const FINE_MINUTES: f64 = 60.0;

/// One run: depths in metres at every five minutes from now to the planned horizon.
#[derive(Debug, Clone)]
pub struct Run {
    pub weight: f64,
    pub depths_m: [f64; PLANNED_STEPS + 1],
    /// The greatest depth until then.
    pub peaks_m: [f64; PLANNED_STEPS + 1],
    /// In how many minutes the water is first below notice.
    pub dry_minutes: Option<f64>,
}

/// Depths that a run is asked about, in m.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Below it, it is dry.
    pub notice_m: f64,
    /// What the drain takes from water that stands as deep is told.
    pub deep_m: f64,
}

/// Follows a depth until it is below notice.
struct Drying {
    notice_m: f64,
    before: (f64, f64),
    minutes: Option<f64>,
}

impl Drying {
    fn from(notice_m: f64, now_m: f64) -> Self {
        Self {
            notice_m,
            before: (0.0, now_m),
            minutes: (now_m < notice_m).then_some(0.0),
        }
    }

    /// The depth in so many minutes; between two it changes evenly.
    fn at(&mut self, minutes: f64, depth_m: f64) {
        let (earlier, before_m) = self.before;
        if self.minutes.is_none() && depth_m < self.notice_m {
            let share = (before_m - self.notice_m) / (before_m - depth_m);
            self.minutes = Some(earlier + share * (minutes - earlier));
        }
        self.before = (minutes, depth_m);
    }
}

/// The runs, and of one of each member of the rain the inflow less what the drain would take from water that
/// stands `asked.deep_m` deep: what trucks have to deal with.
pub fn runs(
    sag: &Sag,
    drawn: &[Hypothesis],
    coming: &Coming,
    pumped_m3h: f64,
    asked: Asked,
) -> (Vec<Run>, Vec<Inflow>) {
    let started = drawn.iter().map(|hypothesis| {
        let model = Model::new(sag, &hypothesis.parameters);
        let drained_m3h = model.drained_at_rungs();
        Start {
            model,
            drained_m3h,
            water: hypothesis.water,
        }
    });
    let starts: Vec<Start> = started.collect();
    let steps: Vec<Step> = steps().collect();
    let mut runs = Vec::with_capacity(MEMBERS * drawn.len());
    let mut inflows = Vec::with_capacity(MEMBERS);
    for (member, weight) in coming.weights.iter().enumerate() {
        if *weight <= 0.0 {
            continue;
        }
        // Each member keeps a hypothesis of its own for the planner.
        let own = (3 * member) % drawn.len().max(1);
        let rain: Vec<f64> = steps
            .iter()
            .map(|step| coming.at(member, step.begin + step.minutes / 2.0))
            .collect();
        for (place, start) in starts.iter().enumerate() {
            let (run, net_m3h) = run(start, &steps, &rain, pumped_m3h, asked);
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

/// Where a run begins.
struct Start<'a> {
    model: Model<'a>,
    /// What its drain takes at each rung.
    drained_m3h: [f64; RUNGS],
    water: Water,
}

/// A step of a run: when it begins and how long it lasts, in minutes.
#[derive(Debug, Clone, Copy)]
struct Step {
    begin: f64,
    minutes: f64,
}

/// The steps of a run.
fn steps() -> impl Iterator<Item = Step> {
    (0..PLANNED_STEPS).flat_map(|step| {
        let begin = step as f64 * STEP_MINUTES;
        let minutes = if begin < FINE_MINUTES {
            1.0
        } else {
            STEP_MINUTES
        };
        let within = (0..).map(move |k| f64::from(k) * minutes);
        within
            .take_while(|at| *at < STEP_MINUTES)
            .map(move |at| Step {
                begin: begin + at,
                minutes,
            })
    })
}

/// A run under rain in mm/h of each of its steps.
fn run(
    start: &Start<'_>,
    steps: &[Step],
    rain: &[f64],
    pumped_m3h: f64,
    asked: Asked,
) -> (Run, Vec<f64>) {
    let (model, mut water) = (&start.model, start.water);
    let drained = |rung: usize| start.drained_m3h.get(rung).copied().unwrap_or_default();
    let sag = model.sag();
    let now_m = sag.depth_m(water.volume_m3);
    let (mut depths_m, mut peaks_m) = ([now_m; PLANNED_STEPS + 1], [now_m; PLANNED_STEPS + 1]);
    let mut net_m3h = Vec::with_capacity(PLANNED_STEPS);
    let (mut peak_m, mut drying) = (now_m, Drying::from(asked.notice_m, now_m));
    let mut rain = rain.iter().zip(steps).peekable();
    let places = depths_m.iter_mut().zip(&mut peaks_m).skip(1);
    for (step, (depth, peak)) in places.enumerate() {
        let end = (step + 1) as f64 * STEP_MINUTES;
        let (mut depth_m, mut inflow_m3) = (now_m, 0.0);
        while let Some((mm_per_h, Step { begin, minutes })) = rain.next_if(|(_, s)| s.begin < end) {
            let inflow_m3h;
            (inflow_m3h, depth_m) =
                model.step_by(drained, &mut water, *minutes, *mm_per_h, pumped_m3h);
            inflow_m3 += inflow_m3h * minutes / 60.0;
            peak_m = f64::max(peak_m, depth_m);
            drying.at(begin + minutes, depth_m);
        }
        net_m3h.push(inflow_m3 / STEP_HOURS - model.drained_m3h(depth_m.max(asked.deep_m)));
        (*depth, *peak) = (depth_m, peak_m);
    }
    let run = Run {
        weight: 1.0,
        depths_m,
        peaks_m,
        dry_minutes: drying.minutes,
    };
    (run, net_m3h)
}

/// Runs without rain or a model: a net inflow for each, in m³/h by step.
pub fn runs_of(
    sag: &Sag,
    depth_m: f64,
    pumped_m3h: f64,
    inflows: &[Inflow],
    notice_m: f64,
) -> Vec<Run> {
    let run = |inflow: &Inflow| {
        let mut volume = sag.volume_m3(depth_m);
        let mut depths_m = [depth_m; PLANNED_STEPS + 1];
        let mut peaks_m = depths_m;
        let (mut peak, mut drying) = (depth_m, Drying::from(notice_m, depth_m));
        let places = depths_m.iter_mut().zip(&mut peaks_m).skip(1);
        for (((depth, highest), net), step) in places.zip(&inflow.m3h).zip(1..) {
            volume = (volume + (net - pumped_m3h) * STEP_HOURS).max(0.0);
            *depth = sag.depth_m(volume);
            peak = f64::max(peak, *depth);
            *highest = peak;
            drying.at(f64::from(step) * STEP_MINUTES, *depth);
        }
        Run {
            weight: inflow.weight,
            depths_m,
            peaks_m,
            dry_minutes: drying.minutes,
        }
    };
    inflows.iter().map(run).collect()
}
