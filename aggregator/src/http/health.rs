//! `/metrics` for Prometheus, `/healthz` (the process lives), `/readyz` (it serves).

use std::fmt::Write as _;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::ids::AgentId;

use super::{App, problem::Problem, ready};
use crate::{counters::Counter, metrics::Stage};

/// `GET /healthz`
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: ready once the world has been rebuilt and published, for as long as it goes on.
pub async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    ready(&app.published).map(|()| "ready\n")
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
    write_agents(&mut out, &published.state);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], out).into_response()
}

/// The part of the published state that tells of agents.
#[derive(Deserialize)]
struct Told {
    agents: Vec<Agent>,
}

#[derive(Deserialize)]
struct Agent {
    id: AgentId,
    online: bool,
    spooled_batches: u64,
    dropped: u64,
    failed_readings: u64,
    silent_sources: Vec<String>,
}

/// What each agent counts itself, as it last told.
fn write_agents(out: &mut String, state: &[u8]) {
    // Empty until the live state is rebuilt.
    let Ok(Told { agents }) = serde_json::from_slice(state) else {
        return;
    };
    let mut figure = |name: &str, kind: &str, of: fn(&Agent) -> u64| {
        let _ = writeln!(out, "# TYPE flood_agent_{name} {kind}");
        for agent in &agents {
            let (id, value) = (&agent.id, of(agent));
            let _ = writeln!(out, "flood_agent_{name}{{agent=\"{id}\"}} {value}");
        }
    };
    figure("online", "gauge", |a| u64::from(a.online));
    figure("failed_readings_total", "counter", |a| a.failed_readings);
    figure("dropped_total", "counter", |a| a.dropped);
    figure("spooled_batches", "gauge", |a| a.spooled_batches);
    figure("silent_sources", "gauge", |a| a.silent_sources.len() as u64);
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
