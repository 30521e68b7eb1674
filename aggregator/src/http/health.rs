//! `/metrics` for Prometheus, `/healthz` (the process lives), `/readyz` (it serves).

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::{answers::NotReady, app::App, problem::Problem};
use crate::{
    ingest::LineState,
    people::{Lists, Viewer},
    publish::metrics::Scrape,
};

/// Whether the process lives.
#[utoipa::path(
    get, path = "/healthz", tag = "program",
    responses((status = 200, description = "It does", body = String)),
)]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether it serves.
///
/// Ready once the live state is restored and published, for as long as every part goes on. A broker
/// that is gone is said, and no reason to take the page from those who need it then.
#[utoipa::path(
    get, path = "/readyz", tag = "program",
    responses((status = 200, description = "It does", body = String), NotReady),
)]
pub async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    app.ready()?;
    Ok(match app.line.state() {
        LineState::Quiet | LineState::Up => "ready\n",
        LineState::Lost => "ready; but the broker is gone, and nothing comes from it\n",
        LineState::Refused => {
            "ready; but the broker refuses subscriptions, and nothing comes on them\n"
        }
        LineState::ThrownOut => {
            "ready; but the broker ends every connection soon: probably another program has this \
             client_id, and each gets a part of the observations\n"
        }
    })
}

/// Counters and gauges for Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "program",
    responses((
        status = 200, description = "The Prometheus text format", body = String,
        content_type = "text/plain; version=0.0.4",
    )),
)]
pub async fn metrics(State(app): State<App>, viewer: Viewer) -> Response {
    let scrape = Scrape {
        published: app.published.borrow().clone(),
        stages: app.stages.clone(),
        viewers: app.hub.viewers() + app.areas.viewers(),
        tells_agents: Lists::of(&viewer).upkeep,
        line: app.line.state(),
        damaged: app.store.damaged(),
    };
    let head = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (head, scrape.text()).into_response()
}
