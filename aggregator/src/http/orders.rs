//! `/api/v1/orders`: what dispatchers wish, and what came of it.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use shared::ids::{OrderId, PointId, TruckId};
use utoipa::ToSchema;

use super::{
    answers::{BadRequest, Conflict, Foreign, NotFound, NotReady, TooLarge, UnsupportedType},
    api::{json, list},
    app::App,
    extract::{Body, Path},
    problem::Problem,
};
use crate::{
    people::Viewer,
    publish::view::{self, OrderView, RoutedOrderView},
    schema,
    world::Wish,
};

/// All orders that are kept: those that are open, and the newest ten thousand that have ended.
#[utoipa::path(
    get, path = "/api/v1/orders", tag = "orders",
    responses(
        (status = 200, description = "By id, without their routes", body = Vec<OrderView>),
        NotReady,
    ),
)]
pub async fn orders(State(app): State<App>) -> Result<Response, Problem> {
    Ok(list(view::orders(&app.current()?.snapshot)))
}

/// A dispatcher's wish.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Dispatch)]
pub struct DispatchBody {
    #[schema(value_type = schema::Id)]
    truck: TruckId,
    #[schema(value_type = schema::Id)]
    point: PointId,
    /// The plan's version; refused with 409 if the present plan no longer says so.
    plan: Option<u64>,
}

/// Send a truck to a point.
#[utoipa::path(
    post, path = "/api/v1/orders", tag = "orders", request_body = DispatchBody,
    responses(
        (status = 201, description = "Durable and sent", body = RoutedOrderView),
        BadRequest, Foreign, NotFound, Conflict, TooLarge, UnsupportedType, NotReady,
    ),
)]
pub async fn dispatch(
    State(app): State<App>,
    viewer: Viewer,
    Body(wish): Body<DispatchBody>,
) -> Result<(StatusCode, Response), Problem> {
    let DispatchBody { truck, point, plan } = wish;
    let wish = Wish::Dispatch { truck, point, plan };
    let order = app.requests.ask(viewer.principal, wish).await?;
    Ok((StatusCode::CREATED, json(&RoutedOrderView::from(&order))))
}

/// Call the truck of an order back.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/recall", tag = "orders", params(("id" = schema::Id, Path)),
    responses(
        (status = 200, description = "Recalled", body = RoutedOrderView),
        BadRequest, Foreign, NotFound, Conflict, UnsupportedType, NotReady,
    ),
)]
pub async fn recall(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let order: OrderId = id
        .parse()
        .map_err(|e| Problem::bad_request(format!("{e}")))?;
    let wish = Wish::Recall { order };
    let order = app.requests.ask(viewer.principal, wish).await?;
    Ok(json(&RoutedOrderView::from(&order)))
}
