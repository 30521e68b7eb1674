//! Requests on their way to the world and the answers on their way back. Nothing is answered that is
//! not kept: a request becomes durable first, then the world says what comes of it. Both are deeds of
//! whoever asked.

mod told;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::oneshot;
pub use told::outcome;
use tracing::error;

use crate::{
    ingest::{CommitterHandle, Receipt},
    orders::Order,
    principal::Principal,
    world::{Answer, Input, Refusal, Request, RequestId, Wish},
};

/// Why a request has no order for an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the request could not be kept; nothing was sent")]
    NotKept,
    #[error("the program is stopping; whether the order stands shows after its start")]
    Stopping,
}

/// What comes of it, and the number of the arrival that it became.
type Waiting = oneshot::Sender<(u64, Result<Order, Refusal>)>;

/// The requests that wait for their answer.
pub struct Requests {
    committer: CommitterHandle,
    next: AtomicU64,
    waiting: Mutex<HashMap<RequestId, Waiting>>,
}

impl Requests {
    #[must_use]
    pub fn new(committer: CommitterHandle) -> Self {
        Self {
            committer,
            next: AtomicU64::new(1),
            waiting: Mutex::default(),
        }
    }

    /// Asks the world for somebody, who asks from an address, and waits for its answer.
    ///
    /// # Errors
    /// The world refuses, the request cannot be kept, or the program is stopping.
    pub async fn ask(
        self: &Arc<Self>,
        by: Principal,
        from: Option<IpAddr>,
        wish: Wish,
    ) -> Result<Order, Unmet> {
        // On its own: what comes of it is entered also where whoever asked has gone.
        let carried = tokio::spawn(self.clone().carry(by, from, wish));
        carried.await.unwrap_or(Err(Unmet::Stopping))
    }

    async fn carry(
        self: Arc<Self>,
        by: Principal,
        from: Option<IpAddr>,
        wish: Wish,
    ) -> Result<Order, Unmet> {
        let id = RequestId(self.next.fetch_add(1, Ordering::Relaxed));
        let (tell, answer) = oneshot::channel();
        self.waiting().insert(id, tell);
        let deed = told::asked(by.clone(), from, &wish);
        let request = Input::Request(Request {
            id,
            by: by.clone(),
            wish: wish.clone(),
        });
        if self.committer.input_by(request, deed).await != Receipt::Done {
            self.waiting().remove(&id);
            return Err(Unmet::NotKept);
        }
        let (arrival, outcome) = answer.await.map_err(|_| Unmet::Stopping)?;
        let deed = told::outcome(by, from, &wish, &outcome);
        if self.committer.outcome(deed, arrival).await != Receipt::Done {
            error!(
                arrival,
                "what came of a request is not in the log of deeds yet"
            );
        }
        Ok(outcome?)
    }

    /// Gives an answer, which the world gave to an arrival, to whoever asked. Nobody does where the
    /// request came before a restart.
    pub fn answer(&self, answer: Answer, arrival: u64) {
        if let Some(waiting) = self.waiting().remove(&answer.to) {
            // Whoever asked may have gone.
            let _ = waiting.send((arrival, answer.outcome));
        }
    }

    /// Nobody will be answered any more.
    pub fn close(&self) {
        self.waiting().clear();
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<RequestId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
