//! What is published of parts of the city, for those who do not see all of it.
//!
//! An area is opened when somebody first asks for it, and kept while somebody looks: its deltas are
//! written once for all who follow, its state and map once for all who ask between two publications.
//! That happens on a thread of its own and on those of who ask, after the whole city was published:
//! that never waits for a part of it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::watch;

use super::{
    Hub, Published, Redraw,
    map::{RenderedMap, Renderer},
    seen::{self, Seen},
    state,
};
use crate::{
    network::City,
    people::{Area, Lists, Sight},
    world::{Snapshot, TruckIndex},
};

/// Most areas that are kept: every street of a large city, for two kinds of roles. Where all of them
/// are followed, no further one is opened.
const MOST: usize = 512;

/// Publications after which an area that nobody follows or asks for is closed: one minute of two a
/// second.
const IDLE: usize = 120;

/// Why an area cannot be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    #[error("the live state is being restored")]
    NotYet,
    #[error("{MOST} areas are followed already, and no more can be")]
    TooMany,
}

/// All areas that somebody looks at.
#[derive(Debug)]
pub struct Areas {
    city: Arc<City>,
    published: watch::Receiver<Option<Arc<Published>>>,
    epoch: i64,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    /// How many were opened in this run of the program.
    opened: u64,
    open: HashMap<(Area, Lists), Arc<OpenArea>>,
}

/// An area that somebody looks at, and what of the state he sees there.
#[derive(Debug)]
pub struct OpenArea {
    basis: Arc<Basis>,
    pub hub: Hub,
    newest: Mutex<Arc<PublishedPart>>,
    /// Publications since somebody asked for it.
    idle: AtomicUsize,
}

/// What does not change of an area.
#[derive(Debug)]
struct Basis {
    sight: Sight,
    lists: Lists,
    renderer: OnceLock<Renderer>,
    stem: String,
}

/// What is published of an area at present. It is rendered when it is first asked for.
#[derive(Debug)]
pub struct PublishedPart {
    basis: Arc<Basis>,
    pub snapshot: Arc<Snapshot>,
    trucks: Vec<TruckIndex>,
    state: OnceLock<Bytes>,
    map: OnceLock<RenderedMap>,
}

impl PublishedPart {
    fn new(basis: Arc<Basis>, snapshot: Arc<Snapshot>) -> Self {
        Self {
            trucks: seen::trucks(&snapshot, &basis.sight),
            basis,
            snapshot,
            state: OnceLock::new(),
            map: OnceLock::new(),
        }
    }

    /// What of the snapshot is seen.
    #[must_use]
    pub fn seen(&self) -> Seen<'_> {
        let Basis { sight, lists, .. } = &*self.basis;
        Seen::part(&self.snapshot, sight, *lists, &self.trucks)
    }

    /// The state as JSON.
    pub fn state(&self) -> &Bytes {
        let write = || state::document_of_part(self.seen()).into();
        self.state.get_or_init(write)
    }

    /// The map.
    pub fn map(&self) -> &RenderedMap {
        let Basis { renderer, stem, .. } = &*self.basis;
        self.map.get_or_init(|| {
            let seen = self.seen();
            let renderer = renderer.get_or_init(|| Renderer::of_part(seen, stem.clone()));
            renderer.render_part(seen)
        })
    }
}

impl OpenArea {
    fn new(basis: Basis, snapshot: Arc<Snapshot>) -> Self {
        let basis = Arc::new(basis);
        Self {
            hub: Hub::of(basis.stem.clone()),
            newest: Mutex::new(Arc::new(PublishedPart::new(basis.clone(), snapshot))),
            idle: AtomicUsize::new(0),
            basis,
        }
    }

    /// What of the city is seen from it.
    #[must_use]
    pub fn sight(&self) -> &Sight {
        &self.basis.sight
    }

    /// What is published of it at present.
    pub fn current(&self) -> Arc<PublishedPart> {
        self.idle.store(0, Ordering::Relaxed);
        self.newest().clone()
    }

    fn newest(&self) -> MutexGuard<'_, Arc<PublishedPart>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the news, unless it was opened with them.
    fn take(&self, snapshot: &Arc<Snapshot>, redraw: &Redraw) {
        self.idle.fetch_add(1, Ordering::Relaxed);
        let before = self.newest().clone();
        if before.snapshot.seq >= snapshot.seq {
            return;
        }
        let now = Arc::new(PublishedPart::new(self.basis.clone(), snapshot.clone()));
        let delta = state::delta_of_part(now.seen(), &before.trucks, redraw);
        *self.newest() = now;
        self.hub.publish(snapshot.seq, &delta);
    }

    fn is_idle(&self) -> bool {
        self.hub.viewers() == 0 && self.idle.load(Ordering::Relaxed) > IDLE
    }
}

impl Areas {
    /// `epoch` tells one run of the program from another.
    #[must_use]
    pub fn new(
        city: Arc<City>,
        published: watch::Receiver<Option<Arc<Published>>>,
        epoch: i64,
    ) -> Self {
        Self {
            city,
            published,
            epoch,
            shelf: Mutex::default(),
        }
    }

    /// An area, if it is open.
    #[must_use]
    pub fn opened(&self, area: &Area, lists: Lists) -> Option<Arc<OpenArea>> {
        self.shelf().open.get(&(area.clone(), lists)).cloned()
    }

    /// An area, and what of the state is seen there; it is opened if it is not open.
    ///
    /// # Errors
    /// Nothing is published yet, or too many areas are followed.
    pub fn open(&self, area: &Area, lists: Lists) -> Result<Arc<OpenArea>, Closed> {
        if let Some(open) = self.opened(area, lists) {
            return Ok(open);
        }
        let key = (area.clone(), lists);
        // Looking for what lies in it takes a while, and nobody shall wait for that.
        let sight = Sight::of(&self.city, area);
        let mut shelf = self.shelf();
        shelf.make_room(&key)?;
        // Read under the lock: news that the area does not get then are in it already.
        let published = self.published.borrow().clone().ok_or(Closed::NotYet)?;
        let Shelf { opened, open } = &mut *shelf;
        let opened_now = || {
            *opened += 1;
            let basis = Basis {
                sight,
                lists,
                renderer: OnceLock::new(),
                // No version of one area may be taken for one of another, or of an earlier opening.
                stem: format!("{:x}.{opened}", self.epoch),
            };
            Arc::new(OpenArea::new(basis, published.snapshot.clone()))
        };
        Ok(open.entry(key).or_insert_with(opened_now).clone())
    }

    /// Whether any area is open.
    #[must_use]
    pub fn any_open(&self) -> bool {
        !self.shelf().open.is_empty()
    }

    /// How many follow a part of the city.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.all().iter().map(|area| area.hub.viewers()).sum()
    }

    /// Gives all open areas the news, and closes those that nobody looks at any more.
    pub fn tell(&self, snapshot: Snapshot, redraw: &Redraw) {
        let snapshot = Arc::new(snapshot);
        for area in self.all() {
            area.take(&snapshot, redraw);
        }
        self.shelf().open.retain(|_, area| !area.is_idle());
    }

    fn all(&self) -> Vec<Arc<OpenArea>> {
        self.shelf().open.values().cloned().collect()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// Closes the area that was asked for least lately and that nobody follows, if there is no room.
    fn make_room(&mut self, key: &(Area, Lists)) -> Result<(), Closed> {
        if self.open.len() < MOST || self.open.contains_key(key) {
            return Ok(());
        }
        let unfollowed = self.open.iter().filter(|(_, area)| area.hub.viewers() == 0);
        let idlest = unfollowed.max_by_key(|(_, area)| area.idle.load(Ordering::Relaxed));
        let idlest = idlest.map(|(key, _)| key.clone()).ok_or(Closed::TooMany)?;
        self.open.remove(&idlest);
        Ok(())
    }
}
