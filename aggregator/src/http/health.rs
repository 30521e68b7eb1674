//! `/metrics` for Prometheus, `/healthz` (the process lives), `/readyz` (it serves).

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::{App, problem::Problem};
use crate::publish::metrics::Scrape;

/// `GET /healthz`
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: ready once the live state is restored and published, for as long as every part
/// goes on.
pub async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    app.ready().map(|()| "ready\n")
}

/// `GET /metrics`: the Prometheus text format, version 0.0.4.
pub async fn metrics(State(app): State<App>) -> Response {
    let scrape = Scrape {
        published: app.published.borrow().clone(),
        stages: app.stages.clone(),
        viewers: app.hub.viewers(),
    };
    let head = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (head, scrape.text()).into_response()
}
