//! The charts of an evaluation.

use super::chart::{Axis, Chart};
use crate::evaluate::{
    policy::Policy,
    report::Hydrograph,
    totals::{Dispatched, Errors, Forecasts},
};

/// A storm is drawn until so long after its last flood, in minutes.
const AFTERWARDS: usize = 45;

/// Depth, the interval told thirty minutes before, and what it is judged by.
pub(super) fn hydrograph(plot: &Hydrograph) -> String {
    let (waterlogged_m, closure_m) = plot.thresholds_m;
    let last = plot.depths.iter().rposition(|d| *d >= waterlogged_m / 3.0);
    let minutes = last.map_or(plot.depths.len(), |last| last + AFTERWARDS);
    let minutes = minutes.min(plot.depths.len()).max(1);
    let shown = || plot.foreseen.iter().filter(|told| told.0 < minutes);
    let peak_m = plot.depths.iter().copied().fold(0.0, f64::max);
    let told = shown().map(|(_, _, _, high)| *high).fold(0.0, f64::max);
    let deepest = peak_m.max(closure_m);
    let top = (1.1 * deepest).max(told.min(1.8 * deepest));
    let mut chart = Chart::new(
        &format!("{} – peak {peak_m:.2} m", plot.point.to_uppercase()),
        (360.0, 240.0),
        Axis::round("minute of the storm", 0.0, minutes as f64),
        Axis::round("depth above the road (m)", 0.0, top),
    );
    let band: Vec<_> = shown()
        .map(|(minute, low, _, high)| (*minute as f64, *low, *high))
        .collect();
    chart.band("band", &band);
    // Beside each other: of a deep flood the lines are too near for words one above the other.
    for (limit, dx, text) in [
        (waterlogged_m, 58.0, "waterlogged"),
        (closure_m, 4.0, "closed"),
    ] {
        chart.line("limit", [(0.0, limit), (minutes as f64, limit)].into_iter());
        chart.words((0.0, limit), (dx, -3.0), "start", text);
    }
    chart.line(
        "told",
        shown().map(|(minute, _, middle, _)| (*minute as f64, *middle)),
    );
    let came = plot.depths.iter().take(minutes).enumerate();
    chart.line("came", came.map(|(minute, depth)| (minute as f64, *depth)));
    chart.svg()
}

/// How often it came so beside how often it was said to.
pub(super) fn reliability(forecast: &Forecasts) -> String {
    let mut chart = Chart::new(
        "Reliability: flood within 30 min",
        (360.0, 320.0),
        Axis::percent("probability that was told", 0.0, 1.0),
        Axis::percent("share in which it came so", 0.0, 1.0),
    );
    chart.line("limit", [(0.0, 0.0), (1.0, 1.0)].into_iter());
    let dots = || forecast.reliability.iter().filter(|told| told.cases > 0);
    chart.line("told", dots().map(|told| (told.told, told.came)));
    let most = dots().map(|told| told.cases).max().unwrap_or(1) as f64;
    for told in dots() {
        let radius = 3.0 + 7.0 * (told.cases as f64 / most).sqrt();
        let says = format!(
            "told {:.0} %, came {:.0} %: {} forecasts",
            100.0 * told.told,
            100.0 * told.came,
            told.cases
        );
        chart.dot("dot", (told.told, told.came), radius, &says);
        let above = -radius - 3.0;
        chart.words(
            (told.told, told.came),
            (0.0, above),
            "middle",
            &thousands(told.cases),
        );
    }
    chart.svg()
}

/// Mean absolute error of the median and of persistence by lead.
pub(super) fn errors_by_lead(forecast: &Forecasts) -> String {
    let errors = &forecast.errors_by_lead;
    let both = |e: &Errors| {
        e.mae_m
            .into_iter()
            .chain(e.mae_persistence_m)
            .reduce(f64::max)
    };
    let most = errors.values().filter_map(both).fold(0.05, f64::max);
    let mut chart = Chart::new(
        "Error of the median by lead",
        (360.0, 320.0),
        leads(errors.keys().copied()),
        Axis::round("mean absolute error (m)", 0.0, 1.2 * most),
    );
    for (place, error) in (0..).map(f64::from).zip(errors.values()) {
        let columns = [
            ("ours", -0.2, error.mae_m),
            ("theirs", 0.2, error.mae_persistence_m),
        ];
        for (class, off, value) in columns {
            chart.column(class, place + off, 0.36, value.unwrap_or(0.0));
        }
        if let Some((skill, mae_m)) = error.skill.zip(both(error)) {
            let text = format!("{:+.0} %", -100.0 * skill).replace('-', "−");
            chart.words((place, mae_m), (0.0, -5.0), "middle", &text);
        }
    }
    chart.svg()
}

/// Shares of cases within the intervals by lead.
pub(super) fn coverage_by_lead(forecast: &Forecasts) -> String {
    let coverage = &forecast.coverage_80_by_lead;
    let mut chart = Chart::new(
        "80 % intervals: how many hold",
        (360.0, 320.0),
        leads(coverage.keys().copied()),
        Axis::percent("share of cases within", 0.0, 1.0),
    );
    for (place, share) in (0..).map(f64::from).zip(coverage.values()) {
        if let Some(share) = share {
            chart.column("ours", place, 0.5, *share);
            let text = format!("{:.0} %", 100.0 * share);
            chart.words((place, *share), (0.0, -5.0), "middle", &text);
        }
    }
    let ends = [(-0.5, 0.8), (coverage.len() as f64 - 0.5, 0.8)];
    chart.line("limit", ends.into_iter());
    chart.svg()
}

/// Leads as places beside each other.
fn leads(leads: impl Iterator<Item = i64>) -> Axis {
    let ticks = (0..).map(f64::from).zip(leads);
    let ticks: Vec<_> = ticks
        .map(|(place, lead)| (place, lead.to_string()))
        .collect();
    Axis {
        title: "lead (minutes)",
        from: -0.5,
        to: ticks.len().max(1) as f64 - 0.5,
        ticks,
    }
}

/// Water of each policy against the nearest truck, with 95 % intervals.
pub(super) fn policies(dispatch: &Dispatched) -> String {
    let others = || {
        dispatch
            .against_nearest
            .iter()
            .filter(|(p, _)| **p != Policy::Nearest)
    };
    let ends = || others().flat_map(|(_, a)| [Some((a.ratio, a.ratio)), a.interval_95]);
    let low = ends().flatten().map(|(low, _)| low).fold(-0.1, f64::min);
    let high = ends().flatten().map(|(_, high)| high).fold(0.1, f64::max);
    let room = 0.12 * (high - low);
    let ticks = (0..).map(f64::from).zip(others());
    let ticks: Vec<_> = ticks
        .map(|(place, (policy, _))| (place, policy.name().to_owned()))
        .collect();
    let places = Axis {
        title: "who sends the trucks",
        from: -0.5,
        to: ticks.len().max(1) as f64 - 0.5,
        ticks,
    };
    let mut chart = Chart::new(
        "Water against “nearest truck”",
        (460.0, 320.0),
        places,
        Axis::percent("weighted m³·h, more or less", low - room, high + room),
    );
    for (place, (_, against)) in (0..).map(f64::from).zip(others()) {
        chart.column("ours", place, 0.5, against.ratio);
        if let Some((low, high)) = against.interval_95 {
            chart.line("interval", [(place, low), (place, high)].into_iter());
            for end in [low, high] {
                chart.line(
                    "interval",
                    [(place - 0.06, end), (place + 0.06, end)].into_iter(),
                );
            }
        }
        let text = format!("{:+.0} %", 100.0 * against.ratio).replace('-', "−");
        let (low, high) = against
            .interval_95
            .unwrap_or((against.ratio, against.ratio));
        let (end, dy) = if against.ratio < 0.0 {
            (low, 14.0)
        } else {
            (high, -6.0)
        };
        chart.words((place, end), (0.0, dy), "middle", &text);
    }
    let ends = [(-0.5, 0.0), (dispatch.against_nearest.len() as f64, 0.0)];
    chart.line("zero", ends.into_iter());
    chart.svg()
}

/// A count in few letters.
fn thousands(count: u64) -> String {
    if count < 1_000 {
        count.to_string()
    } else {
        format!("{:.0}k", count as f64 / 1_000.0)
    }
}
