//! The part that renders and hands out, on a thread of its own: the world never waits for it.
//!
//! Where the world is faster, news is gathered: one publication then tells what several ticks
//! brought.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::{Hub, Published, Publisher, Redraw};
use crate::{
    metrics::{Stages, Stopwatch},
    parts::Ready,
    world::Snapshot,
};

/// What waits to be rendered.
#[derive(Debug)]
struct News {
    snapshot: Snapshot,
    redraw: Redraw,
    /// What the newest tick took.
    tick: Duration,
}

#[derive(Debug, Default)]
struct Letterbox {
    waiting: Option<News>,
    is_closed: bool,
}

/// Where the world's driver leaves news.
#[derive(Debug, Default, Clone)]
pub struct Letters(Arc<(Mutex<Letterbox>, Condvar)>);

impl Letters {
    /// Leaves a snapshot and what changed since the one before.
    pub fn leave(&self, snapshot: Snapshot, redraw: Redraw, tick: Duration) {
        let (letterbox, arrived) = &*self.0;
        let mut letterbox = letterbox.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = letterbox
            .waiting
            .take()
            .map_or_else(Redraw::default, |n| n.redraw);
        all.merge(redraw);
        letterbox.waiting = Some(News {
            snapshot,
            redraw: all,
            tick,
        });
        arrived.notify_one();
    }

    /// No more news will come.
    pub fn close(&self) {
        let (letterbox, arrived) = &*self.0;
        letterbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_closed = true;
        arrived.notify_one();
    }

    fn take(&self) -> Option<News> {
        let (letterbox, arrived) = &*self.0;
        let letterbox = letterbox.lock().unwrap_or_else(PoisonError::into_inner);
        let mut letterbox = arrived
            .wait_while(letterbox, |l| l.waiting.is_none() && !l.is_closed)
            .unwrap_or_else(PoisonError::into_inner);
        letterbox.waiting.take()
    }
}

/// Renders what is left in `letters` until they are closed. Readers learn the end from `publish`,
/// which is dropped then.
pub fn announce(
    mut publisher: Publisher,
    letters: &Letters,
    hub: &Hub,
    publish: &watch::Sender<Option<Arc<Published>>>,
    stages: &Stages,
    ready: &Ready,
) {
    while let Some(News {
        snapshot,
        redraw,
        tick,
    }) = letters.take()
    {
        let begun = Instant::now();
        let mut watch = Stopwatch::start(stages);
        let (delta, state, map) = publisher.render(&snapshot, &redraw, &mut watch);
        hub.publish(snapshot.seq, &delta);
        publish.send_replace(Some(Arc::new(Published {
            snapshot: Arc::new(snapshot),
            state,
            map,
            tick_ms: (tick + begun.elapsed()).as_secs_f64() * 1000.0,
        })));
        ready.now();
    }
}
