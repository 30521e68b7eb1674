//! What an evaluation found out, as plots.

use std::fmt::Write as _;

use super::{report::Hydrograph, totals::Report};

const STYLE: &str = "body{font:15px system-ui,sans-serif;margin:2rem auto;max-width:70rem;color:#1b2733}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}svg{background:#f6f8fa;border-radius:6px;margin:4px}\
table{border-collapse:collapse}td,th{padding:3px 12px;text-align:right;border-bottom:1px solid #d5dde5}";

/// The page.
pub(super) fn html(report: &Report) -> String {
    let mut page = format!(
        "<!doctype html><meta charset=utf-8><title>Evaluation</title><style>{STYLE}</style>\
        <h1>Decisions beside the truth: {}</h1>",
        report.truth
    );
    // Writing to a text cannot fail.
    let mut add = |text: String| {
        let _ = write!(page, "{text}");
    };
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.2}"));
    add(format!(
        "<p>{} floods. CSI {} at 15 cm, {} at closure; 80 % intervals hold {}; time to dry off by {} (median). \
        Plan against nearest truck: {}.</p>",
        report.forecast.floods,
        number(report.forecast.csi_15cm_30min),
        number(report.forecast.csi_25cm_30min),
        number(report.forecast.coverage_80),
        number(report.forecast.drain_time_error_median),
        number(report.dispatch.volume_hours_vs_reactive_nearest),
    ));
    add("<h2>Weighted m³·h by policy</h2><table><tr><th>storm".to_owned());
    let policies: Vec<_> = report.dispatch.volume_hours.keys().collect();
    for policy in &policies {
        add(format!("<th>{}", policy.name()));
    }
    for storm in &report.storms {
        add(format!("<tr><th>{}", storm.storm));
        for policy in &policies {
            let water = storm.water.get(policy).copied().unwrap_or(0.0);
            add(format!("<td>{water:.0}"));
        }
    }
    add("</table>".to_owned());
    for storm in &report.storms {
        add(format!(
            "<h2>{}: the deepest floods, and what was said of them half an hour before</h2>",
            storm.storm
        ));
        storm.plots.iter().for_each(|plot| add(hydrograph(plot)));
    }
    page
}

/// Depth (line), and the interval told thirty minutes before (band).
fn hydrograph(plot: &Hydrograph) -> String {
    const WIDTH: f64 = 340.0;
    const HEIGHT: f64 = 200.0;
    let deepest = plot.depths.iter().copied().fold(0.3, f64::max) * 1.3;
    let minutes = plot.depths.len().clamp(1, 260) as f64;
    let x = |minute: usize| 36.0 + minute as f64 / minutes * (WIDTH - 46.0);
    let y = |depth: f64| HEIGHT - 24.0 - depth.min(deepest) / deepest * (HEIGHT - 44.0);
    let line = |points: &mut dyn Iterator<Item = (usize, f64)>| {
        let points = points.filter(|(minute, _)| *minute as f64 <= minutes);
        points
            .map(|(m, d)| format!("{:.1},{:.1}", x(m), y(d)))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let told = &plot.foreseen;
    let band = format!(
        "{} {}",
        line(&mut told.iter().map(|(m, low, _, _)| (*m, *low))),
        line(&mut told.iter().rev().map(|(m, _, _, high)| (*m, *high))),
    );
    format!(
        "<svg width={WIDTH} height={HEIGHT} role=img><title>{}</title>\
        <text x=36 y=15 font-size=13>{}</text><text x=4 y={:.0} font-size=11>15 cm</text>\
        <line x1=36 x2={:.0} y1={:.0} y2={:.0} stroke=#b8c4d0 stroke-dasharray=4 />\
        <polygon points='{band}' fill=#7db3e8 fill-opacity=.35 />\
        <polyline points='{}' fill=none stroke=#2a6fb0 stroke-dasharray=3 />\
        <polyline points='{}' fill=none stroke=#c0392b stroke-width=2 />\
        <text x=36 y={:.0} font-size=11>0</text><text x={:.0} y={:.0} font-size=11>{minutes:.0} min</text></svg>",
        plot.point,
        plot.point,
        y(0.15) + 4.0,
        WIDTH - 10.0,
        y(0.15),
        y(0.15),
        line(&mut told.iter().map(|(m, _, middle, _)| (*m, *middle))),
        line(&mut plot.depths.iter().copied().enumerate()),
        HEIGHT - 8.0,
        WIDTH - 50.0,
        HEIGHT - 8.0,
    )
}
