//! Requests on their way to the world and the answers on their way back. Nothing is answered that is
//! not kept: a request becomes durable first, then the world says what comes of it.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::oneshot;

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

type Waiting = oneshot::Sender<Result<Order, Refusal>>;

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

    /// Asks the world and waits for its answer.
    ///
    /// # Errors
    /// The world refuses, the request cannot be kept, or the program is stopping.
    pub async fn ask(&self, by: Principal, wish: Wish) -> Result<Order, Unmet> {
        let id = RequestId(self.next.fetch_add(1, Ordering::Relaxed));
        let (tell, told) = oneshot::channel();
        self.waiting().insert(id, tell);
        let request = Request { id, by, wish };
        if self.committer.input(Input::Request(request)).await != Receipt::Done {
            self.waiting().remove(&id);
            return Err(Unmet::NotKept);
        }
        Ok(told.await.map_err(|_| Unmet::Stopping)??)
    }

    /// Gives an answer to whoever asked. Nobody does where the request came before a restart.
    pub fn answer(&self, answer: Answer) {
        if let Some(waiting) = self.waiting().remove(&answer.to) {
            // Whoever asked may have gone.
            let _ = waiting.send(answer.outcome);
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
