//! Where work is brought to the committer.

use tokio::sync::{mpsc, oneshot};

use super::{Answering, DeskWrite, Inbound, Receipt};
use crate::{audit::Deed, world::Input};

/// Messages that may wait for the committer; at the bound their bringers wait.
const WAITING: usize = 4_096;

/// Something to be made durable.
pub enum Work {
    Message(Inbound),
    Input(Input, Option<Deed>, Option<Answering>),
    /// With the number of the arrival that it came of.
    Desk(DeskWrite, Option<u64>, Answering),
    /// Write what waits before this, then end.
    End,
}

/// Where to bring what is to be made durable. When all clones are dropped, or when it is told to
/// end, the committer writes what waits and ends.
#[derive(Clone)]
pub struct CommitterHandle {
    work: mpsc::Sender<Work>,
}

impl CommitterHandle {
    /// Brings a message, waiting while the committer is behind. `false` when it has ended.
    pub async fn message(&self, inbound: Inbound) -> bool {
        self.work.send(Work::Message(inbound)).await.is_ok()
    }

    /// Makes an input durable. What comes of it is for the world to say.
    pub async fn input(&self, input: Input) -> Receipt {
        self.receipt(|answer| Work::Input(input, None, Some(answer)))
            .await
    }

    /// Makes an input durable that is somebody's deed: both are kept, or none.
    pub async fn input_by(&self, input: Input, deed: Deed) -> Receipt {
        self.receipt(|answer| Work::Input(input, Some(deed), Some(answer)))
            .await
    }

    /// Makes what the desk is to keep durable, and whose deed it is: both are kept, or none.
    /// [`Receipt::Unkept`] when it is too large.
    pub async fn desk(&self, write: DeskWrite) -> Receipt {
        self.receipt(|answer| Work::Desk(write, None, answer)).await
    }

    /// Makes durable what came of an arrival: whose deed that was, and what.
    pub async fn outcome(&self, deed: Deed, arrival: u64) -> Receipt {
        let write = DeskWrite::only(deed);
        self.receipt(|answer| Work::Desk(write, Some(arrival), answer))
            .await
    }

    async fn receipt(&self, work: impl FnOnce(Answering) -> Work) -> Receipt {
        let (tell, told) = oneshot::channel();
        let receipt: Answering = Box::new(move |receipt| {
            // Whoever asked may have gone; what was kept stands all the same.
            let _ = tell.send(receipt);
        });
        let work = work(receipt);
        if self.work.send(work).await.is_err() {
            return Receipt::Failed;
        }
        told.await.unwrap_or(Receipt::Failed)
    }

    /// Lets time pass. `false` when the committer has ended.
    pub async fn tick(&self) -> bool {
        let tick = Work::Input(Input::Tick, None, None);
        self.work.send(tick).await.is_ok()
    }

    /// Lets the committer end, whoever else still holds a handle: a broker's connections may.
    pub async fn end(&self) {
        // An error means that it has ended.
        let _ = self.work.send(Work::End).await;
    }
}

/// What waits for the committer.
pub struct Inbox(pub mpsc::Receiver<Work>);

/// Where to bring work, and where the committer takes it from.
pub fn door() -> (CommitterHandle, Inbox) {
    let (work, inbox) = mpsc::channel(WAITING);
    (CommitterHandle { work }, Inbox(inbox))
}
