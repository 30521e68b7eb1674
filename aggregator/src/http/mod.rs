//! The one HTTP port: the page, the flood map, live events, the API, metrics and health.

mod api;
mod assets;
mod events;
mod health;
mod history;
mod layers;
mod openapi;
mod problem;

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    routing::{get, post},
    serve::ListenerExt as _,
};
use shared::clock::Clock;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};

use tracing::warn;

pub use events::Hub;
use problem::Problem;

use crate::{
    counters::Counters, map::RenderedMap, metrics::Stages, network::City, store_before::Store,
    world::Input,
};

/// What the world task publishes with every tick.
#[derive(Debug, Clone, Default)]
pub struct Published {
    /// The whole state as JSON.
    pub state: bytes::Bytes,
    pub map: RenderedMap,
    /// Forecasts by point, for hydrographs.
    pub forecasts: Arc<HashMap<String, serde_json::Value>>,
    /// Figures for `/metrics`.
    pub gauges_stale: usize,
    pub points_waterlogged: usize,
    pub points_unknown: usize,
    pub agents_online: usize,
    /// Storm time of the newest tick, and how long it took.
    pub tick_ms: f64,
}

/// What handlers work with.
#[derive(Clone)]
pub struct App {
    pub city: Arc<City>,
    pub clock: Clock,
    pub published: watch::Receiver<Published>,
    pub hub: Arc<Hub>,
    pub store: Arc<dyn Store>,
    pub world: mpsc::Sender<Vec<Input>>,
    pub counters: Arc<Counters>,
    pub stages: Arc<Stages>,
}

/// What is published at present, or why there is nothing to answer with.
fn current(published: &watch::Receiver<Published>) -> Result<Published, Problem> {
    let now = published.borrow().clone();
    if now.state.is_empty() {
        return Err(Problem::not_ready("the live state is being rebuilt"));
    }
    Ok(now)
}

/// Whether what is published is there and still kept up to date.
fn ready(published: &watch::Receiver<Published>) -> Result<(), Problem> {
    current(published)?;
    // An error means that the world, which publishes, has ended.
    if published.has_changed().is_err() {
        return Err(Problem::not_ready("the live state is no longer kept"));
    }
    Ok(())
}

/// Binds the port.
///
/// # Errors
/// The address cannot be had.
pub async fn bind(listen: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(listen).await
}

/// Serves until `shutdown` resolves.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    // An answer in parts must not wait for the acknowledgement of the part before.
    let listener = listener.tap_io(|line| {
        if let Err(e) = line.set_nodelay(true) {
            warn!(error = %e, "a connection will be slow");
        }
    });
    axum::serve(listener, router(app))
        .with_graceful_shutdown(shutdown)
        .await
}

fn router(app: App) -> Router {
    Router::new()
        .route("/map.geojson", get(layers::whole_map))
        .route("/layers/{file}", get(layers::layer))
        .route("/events", get(events::events))
        .route("/api/v1/state", get(api::state))
        .route("/api/v1/points", get(api::points))
        .route("/api/v1/points/{id}", get(api::point))
        .route("/api/v1/points/{id}/hydrograph", get(history::hydrograph))
        .route("/api/v1/gauges", get(api::gauges))
        .route("/api/v1/gauges/{id}", get(api::gauge))
        .route(
            "/api/v1/gauges/{id}/observations",
            get(history::observations),
        )
        .route("/api/v1/trucks", get(api::trucks))
        .route("/api/v1/plan", get(api::plan))
        .route("/api/v1/agents", get(api::agents))
        .route("/api/v1/counters", get(api::counters))
        .route("/api/v1/unknown-gauges", get(api::unknown_gauges))
        .route("/api/v1/refused", get(history::refused))
        .route("/api/v1/orders", get(api::orders).post(api::dispatch))
        .route("/api/v1/orders/{id}/recall", post(api::recall))
        .route("/api/v1/openapi.json", get(openapi::document))
        .route("/metrics", get(health::metrics))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(assets::asset)
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use axum::{http::StatusCode, response::IntoResponse};

    use super::*;

    fn status(answer: Result<(), Problem>) -> StatusCode {
        answer.map_or_else(|p| p.into_response().status(), |()| StatusCode::OK)
    }

    #[test]
    fn nothing_is_answered_before_the_first_publication_nor_ready_after_the_last() {
        let (publish, published) = watch::channel(Published::default());
        assert!(current(&published).is_err());
        assert_eq!(status(ready(&published)), StatusCode::SERVICE_UNAVAILABLE);

        publish.send_replace(Published {
            state: "{}".into(),
            ..Published::default()
        });
        assert_eq!(status(ready(&published)), StatusCode::OK);

        drop(publish);
        assert!(current(&published).is_ok(), "the last known state stays");
        assert_eq!(status(ready(&published)), StatusCode::SERVICE_UNAVAILABLE);
    }
}
