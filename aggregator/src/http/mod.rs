//! The one HTTP port: the page, the flood map, live events, the API, metrics and health.

mod answers;
mod api;
mod app;
mod assets;
mod events;
mod extract;
mod geojson;
mod health;
mod history;
mod layers;
mod openapi;
mod orders;
mod problem;
mod router;

use std::net::SocketAddr;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tracing::warn;

pub use app::App;

/// The OpenAPI document as text.
#[must_use]
pub fn openapi_document() -> &'static str {
    &router::DOCUMENT
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
    axum::serve(listener, router::router(app))
        .with_graceful_shutdown(shutdown)
        .await
}
