//! `/api/v1`: the state and its parts, and the dispatcher's wishes.

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::ids::{OrderId, PointId, TruckId};

use super::{App, problem::Problem};
use crate::{
    principal::Principal,
    publish::view::{self, OrderView},
    world::Wish,
};

const JSON: [(header::HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "application/json"),
    (header::CACHE_CONTROL, "no-store"),
];

fn json(value: &impl Serialize) -> Response {
    let text = serde_json::to_vec(value).expect("views have no maps of odd keys");
    (JSON, text).into_response()
}

fn list<T: Serialize>(elements: impl Iterator<Item = T>) -> Response {
    json(&elements.collect::<Vec<T>>())
}

fn one<T: Serialize>(found: Option<T>, kind: &str, id: &str) -> Result<Response, Problem> {
    let missing = || Problem::not_found(format!("there is no `{id}` among the {kind}"));
    found.map(|element| json(&element)).ok_or_else(missing)
}

/// `GET /api/v1/state`
pub async fn state(State(app): State<App>) -> Result<Response, Problem> {
    Ok((JSON, app.current()?.state.clone()).into_response())
}

/// `GET /api/v1/points`
pub async fn points(State(app): State<App>) -> Result<Response, Problem> {
    Ok(list(view::points(&app.current()?.snapshot)))
}

/// `GET /api/v1/points/{id}`
pub async fn point(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let now = app.current()?;
    let mut points = view::points(&now.snapshot);
    one(points.find(|p| p.id.as_str() == id), "points", &id)
}

/// `GET /api/v1/gauges`
pub async fn gauges(State(app): State<App>) -> Result<Response, Problem> {
    Ok(list(view::gauges(&app.current()?.snapshot)))
}

/// `GET /api/v1/gauges/{id}`
pub async fn gauge(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let now = app.current()?;
    let mut gauges = view::gauges(&now.snapshot);
    one(gauges.find(|g| g.id.as_str() == id), "gauges", &id)
}

/// `GET /api/v1/trucks`
pub async fn trucks(State(app): State<App>) -> Result<Response, Problem> {
    Ok(list(view::trucks(&app.current()?.snapshot)))
}

/// `GET /api/v1/plan`
pub async fn plan(State(app): State<App>) -> Result<Response, Problem> {
    Ok(json(&app.current()?.snapshot.plan.as_deref()))
}

/// `GET /api/v1/orders`
pub async fn orders(State(app): State<App>) -> Result<Response, Problem> {
    Ok(list(view::orders(&app.current()?.snapshot)))
}

/// `GET /api/v1/agents`
pub async fn agents(State(app): State<App>) -> Result<Response, Problem> {
    Ok(list(view::agents(&app.current()?.snapshot)))
}

/// `GET /api/v1/unknown-gauges`
pub async fn unknown_gauges(State(app): State<App>) -> Result<Response, Problem> {
    Ok(json(&*app.current()?.snapshot.unknown_gauges))
}

/// `GET /api/v1/counters`
pub async fn counters(State(app): State<App>) -> Result<Response, Problem> {
    Ok(json(&app.current()?.snapshot.counts))
}

/// The body of `POST /api/v1/orders`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DispatchBody {
    truck: TruckId,
    point: PointId,
    plan: Option<u64>,
}

/// `POST /api/v1/orders`
pub async fn dispatch(
    State(app): State<App>,
    body: Result<Json<DispatchBody>, axum::extract::rejection::JsonRejection>,
) -> Result<(StatusCode, Response), Problem> {
    let Json(body) = body.map_err(|e| Problem::bad_request(e.body_text()))?;
    let DispatchBody { truck, point, plan } = body;
    let wish = Wish::Dispatch { truck, point, plan };
    let order = app.requests.ask(Principal::Anonymous, wish).await?;
    Ok((StatusCode::CREATED, json(&OrderView::with_route(&order))))
}

/// `POST /api/v1/orders/{id}/recall`
pub async fn recall(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let order: OrderId = id
        .parse()
        .map_err(|e| Problem::bad_request(format!("{e}")))?;
    let wish = Wish::Recall { order };
    let order = app.requests.ask(Principal::Anonymous, wish).await?;
    Ok(json(&OrderView::with_route(&order)))
}
