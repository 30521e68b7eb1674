//! `/metrics` for Prometheus, `/healthz` (the process lives), `/readyz` (it serves).

use std::fmt::Write as _;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::App;
use crate::{counters::Counter, metrics::Stage};

/// `GET /healthz`
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: ready once the world has been rebuilt and published.
pub async fn readyz(State(app): State<App>) -> Response {
    if app.published.borrow().state.is_empty() {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "rebuilding the live state\n",
        )
            .into_response()
    } else {
        "ready\n".into_response()
    }
}

/// `GET /metrics`: the Prometheus text format, version 0.0.4.
pub async fn metrics(State(app): State<App>) -> Response {
    let mut out = String::new();
    for counter in Counter::ALL {
        let name = format!("flood_{}_total", counter.name().replace('-', "_"));
        write_metric(&mut out, &name, "counter", app.counters.get(counter));
    }
    let stages = &app.stages;
    let spent = Stage::ALL.map(|stage| (stage.name(), stages.seconds(stage)));
    write_stages(
        &mut out,
        "flood_stage_seconds_total",
        spent.map(|(n, s)| (n, s.0)),
    );
    write_stages(
        &mut out,
        "flood_stage_cpu_seconds_total",
        spent.map(|(n, s)| (n, s.1)),
    );
    let published = app.published.borrow().clone();
    let gauges = [
        ("flood_gauges_stale", published.gauges_stale),
        ("flood_points_waterlogged", published.points_waterlogged),
        ("flood_points_unknown", published.points_unknown),
        ("flood_agents_online", published.agents_online),
        ("flood_viewers", app.hub.viewers()),
    ];
    for (name, value) in gauges {
        write_metric(&mut out, name, "gauge", value);
    }
    write_metric(
        &mut out,
        "flood_tick_milliseconds",
        "gauge",
        published.tick_ms,
    );
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], out).into_response()
}

fn write_stages<const N: usize>(out: &mut String, name: &str, stages: [(&str, f64); N]) {
    let _ = writeln!(out, "# TYPE {name} counter");
    for (stage, seconds) in stages {
        let _ = writeln!(out, "{name}{{stage=\"{stage}\"}} {seconds:.6}");
    }
}

fn write_metric(out: &mut String, name: &str, kind: &str, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "# TYPE {name} {kind}\n{name} {value}");
}
