//! Drives the world: arrivals into steps, effects into acts. It decides nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use shared::{clock::Mode, wire::Topic};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    ingest::{Downlink, DownlinkMessage},
    metrics::{Stage, Stages, Stopwatch},
    orders::Order,
    publish::{Redraw, announcer::Letters},
    requests::Requests,
    store::SavedWorld,
    watchdog::Pulse,
    world::{Arrival, Effect, Input, World},
};

/// The world and whom it talks to.
pub struct Driver {
    pub world: World,
    pub mode: Mode,
    pub downlink: Downlink,
    pub letters: Letters,
    pub requests: Arc<Requests>,
    /// Where saved worlds are kept.
    pub keep: mpsc::Sender<SavedWorld>,
    pub stages: Arc<Stages>,
    /// What shows that time reaches the world.
    pub pulse: Arc<Pulse>,
}

impl Driver {
    /// Steps the world with what arrives until it is told to stop.
    pub async fn drive(
        mut self,
        mut arrivals: mpsc::Receiver<Vec<Arrival>>,
        stop: CancellationToken,
    ) {
        let stages = self.stages.clone();
        let mut redraw = Redraw::default();
        while let Some(group) = next(&mut arrivals, &stop).await {
            let mut watch = Stopwatch::start(&stages);
            for Arrival { number, at, input } in group {
                let is_tick = input == Input::Tick;
                if is_tick {
                    watch.lap(Stage::World);
                }
                let begun = Instant::now();
                let effects = self.world.step(at, input);
                let took = begun.elapsed();
                for effect in effects {
                    self.act(effect, number, took, &mut redraw);
                }
                if is_tick {
                    self.pulse.tick();
                    watch.lap(Stage::Tick);
                }
            }
            watch.lap(Stage::World);
        }
        self.letters.close();
        self.requests.close();
    }

    fn act(&self, effect: Effect, after: u64, took: Duration, redraw: &mut Redraw) {
        match effect {
            Effect::Changed(change) => redraw.add(change),
            Effect::Send(order) => self.send(&order),
            Effect::Answer(answer) => self.requests.answer(*answer, after),
            Effect::Publish => {
                let snapshot = self.world.snapshot();
                self.letters.leave(snapshot, std::mem::take(redraw), took);
            }
            Effect::Save => {
                let (at, bytes) = (self.world.ticked_at(), self.world.save());
                let saved = SavedWorld { after, at, bytes };
                if self.keep.try_send(saved).is_err() {
                    warn!("the world could not be saved in time; the next one will be");
                }
            }
        }
    }

    fn send(&self, order: &Order) {
        let message = DownlinkMessage {
            topic: Topic::Order(order.truck.clone()),
            payload: order.message(self.mode).encode(),
        };
        if !self.downlink.send(message) {
            warn!(order = %order.id, "order waits for the line");
        }
    }
}

/// What arrives next; `None` when it is time to stop. A committer that has ended is told by itself:
/// the world only waits for the stop that follows.
async fn next(
    arrivals: &mut mpsc::Receiver<Vec<Arrival>>,
    stop: &CancellationToken,
) -> Option<Vec<Arrival>> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        group = arrivals.recv() => match group {
            Some(group) => Some(group),
            None => {
                stop.cancelled().await;
                None
            }
        },
    }
}
