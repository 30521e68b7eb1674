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
mod provider;
mod question;
mod router;
mod serve;
mod session;
mod tls;
pub mod trial;
mod viewer;

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use tokio::net::TcpListener;

pub use app::App;
pub use assets::LICENCES;
pub use front::Front;
use tls::Tls;

use crate::{config::Http, network::City, parts::Parts, people::areas, provider::Provider};

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

/// The provider of log-ins, if there is one.
///
/// # Errors
/// Its secret or its authorities cannot be read, or it gives an area that the city does not have.
pub fn provider(config: &Http, city: &City) -> Result<Option<Arc<Provider>>> {
    let Some(oidc) = &config.oidc else {
        return Ok(None);
    };
    let all = areas(city);
    if let Some(row) = oidc.named.iter().find(|row| !all.contains_key(&row.area)) {
        anyhow::bail!(
            "[[http.oidc.role]] area: there is no `{}` in the city",
            row.area
        );
    }
    Ok(Some(Arc::new(Provider::new(oidc.clone())?)))
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
