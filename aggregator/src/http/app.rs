//! What handlers work with.

use std::sync::Arc;

use shared::clock::Clock;
use tokio::sync::watch;

use super::{front::Front, problem::Problem};
use crate::{
    ingest::Line,
    metrics::Stages,
    network::City,
    parts::Readiness,
    people::Desk,
    provider::Provider,
    publish::{Areas, Hub, Published},
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
    /// For those who see a part of the city.
    pub areas: Arc<Areas>,
    pub store: Arc<dyn Store>,
    pub requests: Arc<Requests>,
    pub desk: Arc<Desk>,
    pub front: Arc<Front>,
    /// By which people log in besides their passwords.
    pub provider: Option<Arc<Provider>>,
    pub stages: Arc<Stages>,
    pub readiness: Readiness,
    /// To a broker of somebody else.
    pub line: Arc<Line>,
}

impl App {
    /// What is published at present, or why there is nothing to answer with.
    pub(super) fn current(&self) -> Result<Arc<Published>, Problem> {
        let published = self.published.borrow().clone();
        published.ok_or_else(|| Problem::not_ready("the live state is being restored"))
    }

    /// Whether every part does what it is for.
    pub(super) fn ready(&self) -> Result<(), Problem> {
        let missing = self.readiness.missing();
        if missing.is_empty() {
            return self.current().map(|_| ());
        }
        Err(Problem::not_ready(format!(
            "not yet or no longer there: {}",
            missing.join(", ")
        )))
    }

    /// Resolves when nothing is published any more: open streams end then, so that the server can.
    pub(super) fn closing(&self) -> impl Future<Output = ()> + use<> {
        let mut published = self.published.clone();
        async move { while published.changed().await.is_ok() {} }
    }
}
