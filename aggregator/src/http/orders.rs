//! `/api/v1/orders`: what dispatchers wish, and what came of it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use shared::ids::{OrderId, PointId, TruckId};
use utoipa::ToSchema;

use super::{
    answers::{BadRequest, Conflict, Foreign, NotFound, NotReady, TooLarge, UnsupportedType},
    api::{json, list},
    app::App,
    extract::{Body, Path, Whole},
    look::{Look, Scope},
    problem::Problem,
    viewer::Asking,
};
use crate::{
    people::{
        Viewer,
        policy::{self, Denied},
    },
    publish::{
        Published,
        view::{OrderView, RoutedOrderView},
    },
    requests::Unmet,
    schema,
    world::{Refusal, Wish},
};

/// All orders that are kept: those that are open, and the newest ten thousand that have ended.
#[utoipa::path(
    get, path = "/api/v1/orders", tag = "orders",
    responses(
        (status = 200, description = "By id, without their routes", body = Vec<OrderView>),
        NotReady,
    ),
)]
pub async fn orders(look: Look) -> Response {
    list(look.seen().orders())
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
    #[schema(value_type = Option<u64>, maximum = 9_007_199_254_740_991i64)]
    plan: Option<Whole>,
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
    scope: Scope,
    asking: Asking,
    Body(wish): Body<DispatchBody>,
) -> Result<(StatusCode, Response), Problem> {
    let DispatchBody { truck, point, plan } = wish;
    let plan = plan.map(|Whole(version)| version);
    let is_inside = match &scope {
        Scope::Whole => true,
        Scope::Part(area) => {
            let part = area.current();
            part.seen().has_point(&point) && part.seen().has_truck(&truck)
        }
    };
    let (from, asked) = (asking.caller.from, ("/api/v1/orders", point.as_str()));
    may(&app, &viewer, from, asked, is_inside).await?;
    let wish = Wish::Dispatch { truck, point, plan };
    let asked = app.requests.ask(viewer.principal, Some(from), wish).await;
    let order = asked.map_err(|unmet| told(unmet, &scope))?;
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
    scope: Scope,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let order: OrderId = id
        .parse()
        .map_err(|e| Problem::bad_request(format!("{e}")))?;
    let is_inside = is_inside(&app, &scope, &order).await;
    let from = asking.caller.from;
    let asked = ("/api/v1/orders/{id}/recall", order.as_str());
    may(&app, &viewer, from, asked, is_inside).await?;
    let wish = Wish::Recall { order };
    let order = app.requests.ask(viewer.principal, Some(from), wish).await?;
    Ok(json(&RoutedOrderView::from(&order)))
}

/// What is beyond somebody's area is refused in the same words whether it exists or not, and entered
/// as asked for.
async fn may(
    app: &App,
    viewer: &Viewer,
    from: IpAddr,
    (route, of): (&str, &str),
    is_inside: bool,
) -> Result<(), Denied> {
    let endpoint = policy::endpoint("POST", route);
    let allowed = policy::may(Some(viewer), endpoint, Some(is_inside));
    if allowed.is_err() {
        let (by, asked) = (viewer.principal.clone(), format!("POST {route} {of}"));
        app.desk.note_refusal(by, Some(from), asked).await;
    }
    allowed
}

/// How long an order that nobody knows is waited for: one that was given a moment ago is published
/// with the next tick.
const SOON: Duration = Duration::from_secs(1);

/// Whether an order goes to a point that may be seen.
async fn is_inside(app: &App, scope: &Scope, order: &OrderId) -> bool {
    let Scope::Part(_) = scope else { return true };
    let mut published = app.published.clone();
    let is_inside = |now: Option<Arc<Published>>| {
        let order = now.as_ref().and_then(|now| now.snapshot.orders.get(order));
        order.is_some_and(|order| scope.has_point(&order.point))
    };
    let now = published.borrow_and_update().clone();
    if is_inside(now) {
        return true;
    }
    // Also for one that is known and elsewhere: how long it takes tells nothing.
    let came = tokio::time::timeout(SOON, published.changed()).await;
    let now = published.borrow().clone();
    came.is_ok() && is_inside(now)
}

/// Why a wish was not met, without what lies beyond the asker's area.
fn told(unmet: Unmet, scope: &Scope) -> Problem {
    match unmet {
        Unmet::Refused(Refusal::Busy { truck, point, .. }) if !scope.has_point(&point) => {
            Problem::busy(format!("truck {truck} already carries out an order"))
        }
        unmet => unmet.into(),
    }
}
