//! What an evaluation found out, as a page that stands alone: figures, plots, hydrographs.

mod chart;
mod charts;

use std::fmt::Write as _;

use super::{report::StormReport, totals::Report};
use chart::escaped;

const STYLE: &str = include_str!("page.css");

/// A line of the page more. Writing to a text cannot fail.
macro_rules! add {
    ($page:expr, $($words:tt)*) => { let _ = write!($page, $($words)*); };
}

/// The page.
pub(super) fn html(report: &Report) -> String {
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Evaluation of {0}</title>\
         <style>{STYLE}</style><h1>Decisions beside the truth</h1><p class=of>{0}</p>",
        escaped(&report.truth)
    );
    figures(&mut page, report);
    conditions(&mut page, report);
    if !report.dispatch.volume_hours.is_empty() {
        add!(page, "<h2>Pump trucks</h2><div class=charts>");
        page.push_str(&charts::policies(&report.dispatch));
        add!(
            page,
            "</div><p class=key>Whiskers: 95 % interval over the storms (bootstrap).</p>"
        );
        water(&mut page, report);
    }
    add!(page, "<h2>Forecasts</h2><div class=charts>");
    page.push_str(&charts::reliability(&report.forecast));
    page.push_str(&charts::errors_by_lead(&report.forecast));
    page.push_str(&charts::coverage_by_lead(&report.forecast));
    add!(
        page,
        "</div><p class=key>Where water was or was forecast: <b class=ours></b> median of the forecast <b class=theirs></b> it stays as it is \
         (percent: how much less or more the forecast errs). Numbers beside dots: forecasts behind them.</p>"
    );
    faults(&mut page, report);
    add!(
        page,
        "<h2>The deepest floods</h2><p class=key><b class=came></b> depth that came <b class=told></b> median \
         told 30 minutes before <b class=band></b> 80 % interval told 30 minutes before</p>"
    );
    for storm in &report.storms {
        hydrographs(&mut page, storm);
    }
    page.push_str("</html>");
    page
}

fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| format!("{v:.2}"))
}

fn percent(value: Option<f64>) -> String {
    let text = value.map_or("–".to_owned(), |v| format!("{:+.1} %", 100.0 * v));
    text.replace('-', "−")
}

/// The figures that count, large.
fn figures(page: &mut String, report: &Report) {
    let (forecast, flags) = (&report.forecast, &report.flags);
    let range = report.dispatch.vs_reactive_nearest_95;
    let range = range.map_or(String::new(), |(low, high)| {
        format!("95 %: {} to {}", percent(Some(low)), percent(Some(high)))
    });
    let tiles = [
        (
            "plan against nearest truck",
            percent(report.dispatch.volume_hours_vs_reactive_nearest),
            range,
        ),
        (
            "CSI at 15 cm, 10–30 min ahead",
            number(forecast.csi_15cm_30min),
            format!(
                "POD {}, FAR {}; rate of rise {}",
                number(forecast.pod_15cm_30min),
                number(forecast.far_15cm_30min),
                number(forecast.csi_15cm_30min_rate_of_rise)
            ),
        ),
        (
            "CSI at closure",
            number(forecast.csi_25cm_30min),
            format!("{} floods of 15 cm", forecast.floods),
        ),
        (
            "80 % intervals hold",
            number(forecast.coverage_80),
            "of cases with water".to_owned(),
        ),
        (
            "time to dry, median error",
            percent(forecast.drain_time_error_median),
            format!("bias {}", percent(forecast.drain_time_bias_median)),
        ),
        (
            "flags: POD / FAR",
            format!("{} / {}", number(flags.pod), number(flags.far)),
            format!("points missed {}, false {}", flags.missed, flags.wrong),
        ),
    ];
    add!(page, "<div class=tiles>");
    for (name, figure, note) in tiles {
        add!(
            page,
            "<div><span>{name}</span><b>{figure}</b><i>{note}</i></div>"
        );
    }
    add!(page, "</div>");
}

/// Under which conditions they are so.
fn conditions(page: &mut String, report: &Report) {
    let troubles = &report.troubles;
    let mut wrong = Vec::new();
    let mut tell = |is_so: bool, text: String| wrong.extend(is_so.then_some(text));
    let share = |share: f64, of: &str| format!("{:.0} % of {of}", 100.0 * share);
    tell(
        troubles.faulty > 0.0,
        share(troubles.faulty, "gauges faulty"),
    );
    tell(
        troubles.late > 0,
        format!("30 % of gateways {} min late", troubles.late),
    );
    tell(
        troubles.outage > 0.0,
        share(troubles.outage, "gateways cut off for half an hour"),
    );
    tell(
        troubles.breakdowns > 0.0,
        share(troubles.breakdowns, "trucks break down"),
    );
    tell(
        troubles.disobey > 0.0,
        share(troubles.disobey, "orders ignored"),
    );
    tell(
        (troubles.forecast_error - 1.0).abs() > 1e-9,
        format!("rain shown × {}", troubles.forecast_error),
    );
    let wrong = if wrong.is_empty() {
        "nothing".to_owned()
    } else {
        wrong.join(", ")
    };
    add!(
        page,
        "<p class=of>{} storms, {} pump trucks, layers wrong by up to {:.0} %, gauge noise {:.0} mm, seed {}; \
         water by {}. What went wrong in the field: {wrong}.</p>",
        report.storms.len(),
        report.trucks,
        100.0 * report.layers_wrong,
        1000.0 * report.noise_m,
        report.seed,
        if report.pumped_in_swmm {
            "EPA SWMM while trucks pump"
        } else {
            "the recorded storms less what trucks take"
        }
    );
}

/// Water by storm and policy.
fn water(page: &mut String, report: &Report) {
    let policies: Vec<_> = report.dispatch.volume_hours.keys().collect();
    add!(
        page,
        "<table><caption>Weighted m³·h by storm (least in bold)</caption><tr><th class=name>storm"
    );
    for policy in &policies {
        add!(page, "<th>{}", policy.name());
    }
    add!(page, "<th>plan against nearest");
    for storm in &report.storms {
        add!(page, "<tr><th class=name>{}", escaped(&storm.storm));
        let least = storm.water.values().copied().fold(f64::MAX, f64::min);
        for policy in &policies {
            let water = storm.water.get(policy).copied().unwrap_or(0.0);
            let class = if water <= least { " class=least" } else { "" };
            add!(page, "<td{class}>{water:.0}");
        }
        let ratio = storm.ratio(super::policy::Policy::Plan, super::policy::Policy::Nearest);
        add!(page, "<td>{}", percent(ratio));
    }
    add!(page, "</table>");
}

/// Seeded faults by kind, where there were any.
fn faults(page: &mut String, report: &Report) {
    let faults = &report.faults;
    if faults.seeded == 0 {
        return;
    }
    add!(
        page,
        "<h2>Faulty gauges</h2><p>Found {} of {}; of {} sound gauges {} were doubted at some time.</p>\
         <table><tr><th class=name>fault<th>seeded<th>found",
        faults.found,
        faults.seeded,
        faults.sound,
        faults.blamed
    );
    for (kind, found) in &faults.by_kind {
        let name = kind.name();
        add!(
            page,
            "<tr><th class=name>{name}<td>{}<td>{}",
            found.seeded,
            found.found
        );
    }
    add!(page, "</table>");
}

fn hydrographs(page: &mut String, storm: &StormReport) {
    add!(
        page,
        "<h3>{} <small>{} floods</small></h3><div class=charts>",
        escaped(&storm.storm),
        storm.flooded
    );
    for plot in &storm.plots {
        page.push_str(&charts::hydrograph(plot));
    }
    add!(page, "</div>");
}
