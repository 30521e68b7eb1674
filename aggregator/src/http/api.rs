//! `/api/v1`: the state and its parts, and the dispatcher's wishes.

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use shared::ids::{OrderId, PointId, TruckId};
use tokio::sync::oneshot;

use super::{App, current, problem::Problem};
use crate::{
    orders::Order,
    world::{Input, Refusal, Request},
};

const JSON: [(header::HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "application/json"),
    (header::CACHE_CONTROL, "no-store"),
];

/// `GET /api/v1/state`
pub async fn state(State(app): State<App>) -> Result<Response, Problem> {
    let now = current(&app.published)?;
    Ok((JSON, now.state).into_response())
}

/// One member of the published state, as it stands there.
fn member(app: &App, name: &str) -> Result<Response, Problem> {
    let state = current(&app.published)?.state;
    let members: std::collections::HashMap<&str, &RawValue> =
        serde_json::from_slice(&state).map_err(|e| Problem::internal(&e))?;
    let text = members.get(name).map_or("null", |raw| raw.get());
    Ok((JSON, text.to_owned()).into_response())
}

/// One element of a list in the published state.
fn element(app: &App, list: &str, id: &str) -> Result<Json<Value>, Problem> {
    let state = current(&app.published)?.state;
    let mut state: Value = serde_json::from_slice(&state).map_err(|e| Problem::internal(&e))?;
    let found = state
        .get_mut(list)
        .and_then(Value::as_array_mut)
        .and_then(|elements| {
            elements
                .iter_mut()
                .find(|e| e.get("id").and_then(Value::as_str) == Some(id))
        });
    match found {
        Some(element) => Ok(Json(element.take())),
        None => Err(Problem::not_found(format!(
            "there is no `{id}` among the {list}"
        ))),
    }
}

/// `GET /api/v1/points`
pub async fn points(State(app): State<App>) -> Result<Response, Problem> {
    member(&app, "points")
}

/// `GET /api/v1/points/{id}`
pub async fn point(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    element(&app, "points", &id)
}

/// `GET /api/v1/gauges`
pub async fn gauges(State(app): State<App>) -> Result<Response, Problem> {
    member(&app, "gauges")
}

/// `GET /api/v1/gauges/{id}`
pub async fn gauge(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    element(&app, "gauges", &id)
}

/// `GET /api/v1/trucks`
pub async fn trucks(State(app): State<App>) -> Result<Response, Problem> {
    member(&app, "trucks")
}

/// `GET /api/v1/plan`
pub async fn plan(State(app): State<App>) -> Result<Response, Problem> {
    member(&app, "plan")
}

/// `GET /api/v1/orders`
pub async fn orders(State(app): State<App>) -> Result<Response, Problem> {
    member(&app, "orders")
}

/// `GET /api/v1/agents`
pub async fn agents(State(app): State<App>) -> Result<Response, Problem> {
    member(&app, "agents")
}

/// `GET /api/v1/unknown-gauges`
pub async fn unknown_gauges(State(app): State<App>) -> Result<Response, Problem> {
    member(&app, "unknown_gauges")
}

/// `GET /api/v1/counters`
pub async fn counters(State(app): State<App>) -> Response {
    (JSON, Json(app.counters.snapshot())).into_response()
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
) -> Result<(StatusCode, Json<Order>), Problem> {
    let Json(body) = body.map_err(|e| Problem::bad_request(e.body_text()))?;
    let DispatchBody { truck, point, plan } = body;
    let order = ask(&app, |reply| Request::Dispatch {
        truck,
        point,
        plan,
        reply,
    })
    .await?;
    Ok((StatusCode::CREATED, Json(order)))
}

/// `POST /api/v1/orders/{id}/recall`
pub async fn recall(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Order>, Problem> {
    let order: OrderId = id
        .parse()
        .map_err(|e| Problem::bad_request(format!("{e}")))?;
    ask(&app, |reply| Request::Recall { order, reply })
        .await
        .map(Json)
}

type Reply = oneshot::Sender<Result<Order, Refusal>>;

async fn ask(app: &App, request: impl FnOnce(Reply) -> Request) -> Result<Order, Problem> {
    let (reply, answer) = oneshot::channel();
    let input = vec![Input::Request(request(reply))];
    app.world
        .send(input)
        .await
        .map_err(|_| Problem::shutting_down())?;
    let answer = answer.await.map_err(|_| Problem::shutting_down())?;
    Ok(answer?)
}
