//! How many connections there may be, and which one goes when there is room for no more.
//!
//! One that waits for its next request goes before anybody is turned away, the one that has waited
//! longest first: connections that ask for nothing shut nobody out.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// All connections of the port.
#[derive(Debug)]
pub struct Connections(Mutex<Book>);

#[derive(Debug)]
struct Book {
    most: usize,
    /// Numbers connections, and the moments at which they began to wait.
    next: u64,
    open: HashMap<u64, Place>,
    /// Those that wait for a request, the longest first.
    waiting: BTreeMap<u64, u64>,
    /// Closed or turned away since there was room for no more; `None` while there is room.
    crowd: Option<u64>,
}

#[derive(Debug)]
struct Place {
    waiting_since: Option<u64>,
    close: CancellationToken,
}

/// A connection that was let in.
#[derive(Debug)]
pub struct Connection {
    id: u64,
    close: CancellationToken,
    all: Arc<Connections>,
}

/// A request that is being answered.
#[derive(Debug)]
pub struct Serving {
    id: u64,
    all: Arc<Connections>,
}

impl Connections {
    /// Room for `most` at a time.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Book {
            most,
            next: 0,
            open: HashMap::new(),
            waiting: BTreeMap::new(),
            crowd: None,
        })))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in; `None` where there are too many, and all of them are being served.
    pub fn admit(self: &Arc<Self>) -> Option<Connection> {
        let mut book = self.book();
        if book.open.len() >= book.most && !book.close_longest_waiting() {
            return None;
        }
        let (id, close) = (book.turn(), CancellationToken::new());
        let place = Place {
            waiting_since: None,
            close: close.clone(),
        };
        book.open.insert(id, place);
        book.wait(id);
        let all = self.clone();
        Some(Connection { id, close, all })
    }

    /// Closes the connection that has waited longest, for whoever needs its place.
    pub fn make_room(&self) {
        self.book().close_one();
    }
}

impl Book {
    fn turn(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn wait(&mut self, id: u64) {
        let since = self.turn();
        if let Some(place) = self.open.get_mut(&id) {
            place.waiting_since = Some(since);
            self.waiting.insert(since, id);
        }
    }

    fn serve(&mut self, id: u64) {
        let place = self.open.get_mut(&id);
        if let Some(since) = place.and_then(|p| p.waiting_since.take()) {
            self.waiting.remove(&since);
        }
    }

    fn leave(&mut self, id: u64) {
        self.serve(id);
        self.open.remove(&id);
        // Not at the first place that is free again: that would be told over and over.
        let is_roomy = self.open.len() <= self.most / 4 * 3;
        if let Some(closed) = self.crowd.take_if(|_| is_roomy) {
            info!(closed, "there is room for connections to the page again");
        }
    }

    /// Whether there was one that waits.
    fn close_longest_waiting(&mut self) -> bool {
        if self.crowd.is_none() {
            let (open, most) = (self.open.len(), self.most);
            warn!(
                open,
                most,
                "no room for more connections to the page: those that have waited longest for \
                 nothing are closed; where that is too few, raise the limit of open files"
            );
        }
        *self.crowd.get_or_insert(0) += 1;
        self.close_one()
    }

    fn close_one(&mut self) -> bool {
        let Some((_, id)) = self.waiting.pop_first() else {
            return false;
        };
        if let Some(place) = self.open.remove(&id) {
            place.close.cancel();
        }
        true
    }
}

impl Connection {
    /// Resolves when it must make room.
    pub fn closed(&self) -> impl Future<Output = ()> + use<> {
        self.close.clone().cancelled_owned()
    }

    /// Serves a request until what is returned is dropped.
    pub fn serve(&self) -> Serving {
        self.all.book().serve(self.id);
        let (id, all) = (self.id, self.all.clone());
        Serving { id, all }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.book().leave(self.id);
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.all.book().wait(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_has_waited_longest_makes_room() {
        let all = Connections::new(2);
        let first = all.admit().expect("room");
        let second = all.admit().expect("room");
        // The first has asked for something since: now the second has waited longer.
        drop(first.serve());
        let third = all.admit().expect("room is made");
        assert!(second.close.is_cancelled() && !first.close.is_cancelled());
        drop(second);
        let _fourth = all.admit().expect("room is made");
        assert!(first.close.is_cancelled() && !third.close.is_cancelled());
    }

    #[test]
    fn nobody_who_is_served_is_closed_for_another() {
        let all = Connections::new(2);
        let (first, second) = (all.admit().expect("room"), all.admit().expect("room"));
        let (one, other) = (first.serve(), second.serve());
        assert!(all.admit().is_none());
        drop(other);
        assert!(all.admit().is_some());
        assert!(second.close.is_cancelled() && !first.close.is_cancelled());
        drop(one);
    }

    #[test]
    fn a_crowd_is_over_once_a_quarter_of_the_places_are_free() {
        let all = Connections::new(4);
        let mut crowd: Vec<_> = std::iter::repeat_with(|| all.admit().expect("room"))
            .take(10)
            .collect();
        assert_eq!(all.book().crowd, Some(6));
        assert_eq!(all.book().open.len(), 4);
        crowd.drain(..6);
        assert_eq!(all.book().crowd, Some(6), "those were closed already");
        crowd.pop();
        assert_eq!(all.book().crowd, None);
        assert_eq!(all.book().waiting.len(), 3);
    }
}
