//! `/api/v1`: the state and its parts.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    answers::{BadRequest, NotFound, NotReady},
    extract::Path,
    look::Look,
    problem::Problem,
};
use crate::{
    counters::Counts,
    publish::{
        state::StateView,
        view::{AgentView, GaugeView, PlanView, PointView, TruckView},
    },
    schema::Id,
};

const JSON: [(header::HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "application/json"),
    (header::CACHE_CONTROL, "no-store"),
];

/// A view as an answer that nobody may keep.
pub(super) fn json(value: &impl Serialize) -> Response {
    let text = serde_json::to_vec(value).expect("views have no maps of odd keys");
    (JSON, text).into_response()
}

pub(super) fn list<T: Serialize>(elements: impl Iterator<Item = T>) -> Response {
    json(&elements.collect::<Vec<T>>())
}

fn one<T: Serialize>(found: Option<T>, kind: &str, id: &str) -> Result<Response, Problem> {
    let missing = || Problem::not_found(format!("there is no `{id}` among the {kind}"));
    found.map(|element| json(&element)).ok_or_else(missing)
}

/// The whole live state.
#[utoipa::path(
    get, path = "/api/v1/state", tag = "now",
    responses((status = 200, description = "With every list", body = StateView), NotReady),
)]
pub async fn state(look: Look) -> Result<Response, Problem> {
    Ok((JSON, look.state().await?).into_response())
}

/// All waterlogging points.
#[utoipa::path(
    get, path = "/api/v1/points", tag = "now",
    responses((status = 200, description = "In the city's order", body = Vec<PointView>), NotReady),
)]
pub async fn points(look: Look) -> Response {
    list(look.seen().points())
}

/// One waterlogging point.
#[utoipa::path(
    get, path = "/api/v1/points/{id}", tag = "now", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "As in the list", body = PointView),
        BadRequest, NotFound, NotReady,
    ),
)]
pub async fn point(look: Look, Path(id): Path<String>) -> Result<Response, Problem> {
    let mut points = look.seen().points();
    one(points.find(|p| p.id.as_str() == id), "points", &id)
}

/// All gauges with their newest observation.
#[utoipa::path(
    get, path = "/api/v1/gauges", tag = "now",
    responses((status = 200, description = "In the city's order", body = Vec<GaugeView>), NotReady),
)]
pub async fn gauges(look: Look) -> Response {
    list(look.seen().gauges())
}

/// One gauge.
#[utoipa::path(
    get, path = "/api/v1/gauges/{id}", tag = "now", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "As in the list", body = GaugeView),
        BadRequest, NotFound, NotReady,
    ),
)]
pub async fn gauge(look: Look, Path(id): Path<String>) -> Result<Response, Problem> {
    let mut gauges = look.seen().gauges();
    one(gauges.find(|g| g.id.as_str() == id), "gauges", &id)
}

/// All pump trucks.
#[utoipa::path(
    get, path = "/api/v1/trucks", tag = "now",
    responses((status = 200, description = "In the city's order", body = Vec<TruckView>), NotReady),
)]
pub async fn trucks(look: Look) -> Response {
    list(look.seen().trucks())
}

/// The present plan.
#[utoipa::path(
    get, path = "/api/v1/plan", tag = "now",
    responses(
        (status = 200, description = "Null before the first", body = Option<PlanView>),
        NotReady,
    ),
)]
pub async fn plan(look: Look) -> Response {
    json(&look.seen().plan())
}

/// All agents.
#[utoipa::path(
    get, path = "/api/v1/agents", tag = "now",
    responses((status = 200, description = "By id", body = Vec<AgentView>), NotReady),
)]
pub async fn agents(look: Look) -> Response {
    list(look.seen().agents())
}

/// Gauges that no layer knows, and how many observations each gave.
#[utoipa::path(
    get, path = "/api/v1/unknown-gauges", tag = "now",
    responses((status = 200, description = "By id", body = BTreeMap<Id, u64>), NotReady),
)]
pub async fn unknown_gauges(look: Look) -> Response {
    json(&*look.seen().snapshot.unknown_gauges)
}

/// What was taken and refused since the store began.
#[utoipa::path(
    get, path = "/api/v1/counters", tag = "now",
    responses((status = 200, description = "By counter", body = Counts), NotReady),
)]
pub async fn counters(look: Look) -> Response {
    json(&look.seen().snapshot.counts)
}
