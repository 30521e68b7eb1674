//! The one HTTP port: the page, the flood map, live events, the API, metrics and health.

mod api;
mod assets;
mod events;
mod health;
mod history;
mod layers;
mod openapi;
mod problem;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    routing::{get, post},
    serve::ListenerExt as _,
};
use shared::clock::Clock;
use tokio::{net::TcpListener, sync::watch};
use tracing::warn;

use problem::Problem;

use crate::{
    metrics::Stages,
    network::City,
    parts::Readiness,
    publish::{Hub, Published},
    requests::Requests,
    store::Store,
};

/// What handlers work with.
#[derive(Clone)]
pub struct App {
    pub city: Arc<City>,
    pub clock: Clock,
    /// Nothing before the live state is restored.
    pub published: watch::Receiver<Option<Arc<Published>>>,
    pub hub: Arc<Hub>,
    pub store: Arc<dyn Store>,
    pub requests: Arc<Requests>,
    pub stages: Arc<Stages>,
    pub readiness: Readiness,
}

impl App {
    /// What is published at present, or why there is nothing to answer with.
    fn current(&self) -> Result<Arc<Published>, Problem> {
        let published = self.published.borrow().clone();
        published.ok_or_else(|| Problem::not_ready("the live state is being restored"))
    }

    /// Whether every part does what it is for.
    fn ready(&self) -> Result<(), Problem> {
        let missing = self.readiness.missing();
        if missing.is_empty() {
            return self.current().map(|_| ());
        }
        Err(Problem::not_ready(format!(
            "not yet or no longer there: {}",
            missing.join(", ")
        )))
    }
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
