//! The one HTTP port: the page, the flood map, live events, the API, metrics and health.

mod answers;
mod api;
mod app;
mod assets;
mod audit;
mod body;
mod connections;
mod events;
mod extract;
mod geojson;
mod health;
mod history;
mod layers;
mod look;
mod negotiate;
mod openapi;
mod orders;
mod origin;
mod privacy;
mod problem;
mod question;
mod router;
mod serve;
pub mod trial;
mod viewer;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use tokio::net::TcpListener;

pub use app::App;
pub use assets::LICENCES;

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
pub async fn serve(listener: TcpListener, app: App, shutdown: impl Future<Output = ()>) {
    serve::serve(listener, router::router(app), shutdown).await;
}
