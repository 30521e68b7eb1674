//! The one HTTP port: the page, the flood map, live events, the API, metrics and health.

mod answers;
mod api;
mod app;
mod assets;
mod audit;
mod body;
mod caller;
mod connections;
mod cookie;
mod events;
mod extract;
mod front;
mod geojson;
mod headers;
mod health;
mod history;
mod layers;
mod look;
mod negotiate;
mod openapi;
mod orders;
mod origin;
mod people;
mod privacy;
mod problem;
mod question;
mod router;
mod serve;
mod session;
mod tls;
pub mod trial;
mod viewer;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use anyhow::Result;
use tokio::net::TcpListener;

pub use app::App;
pub use assets::LICENCES;
pub use front::Front;
use tls::Tls;

use crate::{config::Http, parts::Parts};

/// The OpenAPI document as text.
#[must_use]
pub fn openapi_document() -> &'static str {
    &router::DOCUMENT
}

/// Whether the page can be served so, as far as that shows before it is.
///
/// # Errors
/// The certificate is not what it should be.
pub fn check(config: &Http) -> Result<()> {
    config.tls.clone().map(Tls::read).transpose()?;
    Ok(())
}

/// Binds the port.
///
/// # Errors
/// The address cannot be had.
pub async fn bind(listen: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(listen).await
}

/// Serves the page while the program runs.
///
/// # Errors
/// The certificate is not what it should be.
pub fn start(parts: &mut Parts, config: &Http, app: App, listener: TcpListener) -> Result<()> {
    let tls = config.tls.clone().map(Tls::read).transpose()?;
    if let Some(tls) = tls.clone() {
        let stop = parts.stop_token();
        parts.task("certificate", |ready| async move {
            tls.follow(stop, ready).await;
            Ok(())
        });
    }
    let until = parts.stop_token().cancelled_owned();
    parts.task("http", |ready| async move {
        ready.now();
        let door = serve::Door {
            front: app.front.clone(),
            tls,
        };
        serve::serve(listener, router::router(app), door, until).await;
        Ok(())
    });
    Ok(())
}
