//! The part that renders and hands out, on a thread of its own: the world never waits for it.
//!
//! Where the world is faster, news is gathered: one publication then tells what several ticks
//! brought. The areas that somebody looks at get the same news after it, on a second thread.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::{Areas, Hub, Published, Publisher, Redraw, map::Part};
use crate::{
    metrics::{Stages, Stopwatch},
    network::City,
    parts::{Parts, Ready},
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

/// What can be read of all that is announced.
#[derive(Debug)]
pub struct Readable {
    pub hub: Arc<Hub>,
    /// Nothing before the first publication.
    pub published: watch::Receiver<Option<Arc<Published>>>,
    pub areas: Arc<Areas>,
}

/// To whom is announced.
#[derive(Debug)]
struct Readers {
    hub: Arc<Hub>,
    /// Readers learn the end from this, which is dropped then.
    publish: watch::Sender<Option<Arc<Published>>>,
    areas: Arc<Areas>,
    /// What is left for the areas.
    parts: Letters,
}

/// Starts to announce what is left in `letters`. `epoch` tells one run of the program from another.
pub fn start(
    parts: &mut Parts,
    city: &Arc<City>,
    stages: &Arc<Stages>,
    letters: &Letters,
    epoch: i64,
) -> Readable {
    let (publish, published) = watch::channel(None);
    let hub = Arc::new(Hub::new(epoch));
    let areas = Arc::new(Areas::new(city.clone(), published.clone(), epoch));
    let readers = Readers {
        hub: hub.clone(),
        publish,
        areas: areas.clone(),
        parts: Letters::default(),
    };
    let (left, told) = (readers.parts.clone(), areas.clone());
    parts.thread("areas", move |ready| {
        ready.now();
        announce_parts(&left, &told);
        Ok(())
    });
    let publisher = Publisher::new(city, epoch);
    let fixed = publisher.fixed_parts();
    // Before anybody asks for it.
    tokio::task::spawn_blocking(move || fixed.iter().for_each(Part::pack));
    let (letters, stages) = (letters.clone(), stages.clone());
    parts.thread("announcer", move |ready| {
        announce(publisher, &letters, &readers, &stages, &ready);
        Ok(())
    });
    Readable {
        hub,
        published,
        areas,
    }
}

/// Renders what is left in `letters` until they are closed.
fn announce(
    mut publisher: Publisher,
    letters: &Letters,
    readers: &Readers,
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
        let snapshot = Arc::new(snapshot);
        readers.hub.publish(snapshot.seq, &delta);
        readers.publish.send_replace(Some(Arc::new(Published {
            snapshot: snapshot.clone(),
            state,
            map,
            tick_ms: (tick + begun.elapsed()).as_secs_f64() * 1000.0,
        })));
        ready.now();
        // After it is published: an area that is opened meanwhile has it.
        if readers.areas.any_open() {
            readers.parts.leave((*snapshot).clone(), redraw, tick);
        }
    }
    readers.parts.close();
}

/// Tells the areas what is left in `letters` until they are closed.
fn announce_parts(letters: &Letters, areas: &Areas) {
    while let Some(News {
        snapshot, redraw, ..
    }) = letters.take()
    {
        areas.tell(snapshot, &redraw);
    }
}
