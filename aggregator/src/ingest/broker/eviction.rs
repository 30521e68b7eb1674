//! Ends the connections of those who were revoked, or who cannot have shown the key that they have now.

use rmqtt::{
    context::ServerContext,
    types::{ClientId, Id},
};
use tracing::{info, warn};

use crate::authority::Authorities;

/// Evicts whoever must go, until nobody tells of changes any more.
pub async fn evict(context: ServerContext, mut authorities: Authorities) {
    let mut before = authorities.now();
    while authorities.changed().await {
        let now = authorities.now();
        for name in now.changed_since(&before) {
            end(&context, name).await;
        }
        before = now;
    }
    std::future::pending().await
}

async fn end(context: &ServerContext, name: &str) {
    let client = ClientId::from(name.to_owned());
    let id = Id::new(context.node.id(), 0, None, None, client, None);
    let entry = context.extends.shared().await.entry(id);
    if !entry.exist() {
        return;
    }
    let ended = match entry.try_lock().await {
        Ok(mut entry) => entry.kick(true, true, true).await,
        Err(busy) => Err(busy),
    };
    match ended {
        Ok(_) => info!(client = name, "connection ended: enrolled anew or revoked"),
        Err(error) => warn!(client = name, %error, "connection cannot be ended"),
    }
}
