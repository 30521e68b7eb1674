//! How many connections there may be, and which one goes when there is room for no more.
//!
//! One that waits for its next request goes before anybody is turned away, the one that has waited
//! longest first: connections that ask for nothing shut nobody out. One address has a bound of its own,
//! at which its own make room for each other.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::net::Net;

/// All connections of the port.
#[derive(Debug)]
pub struct Connections(Mutex<Book>);

#[derive(Debug)]
struct Book {
    most: usize,
    most_of_address: usize,
    /// Numbers connections, and the moments at which they began to wait.
    next: u64,
    open: HashMap<u64, Place>,
    /// How many each address has.
    of: HashMap<Net, usize>,
    /// Those that wait for a request, the longest first.
    waiting: BTreeMap<u64, u64>,
    /// Closed or turned away since there was room for no more; `None` while there is room.
    crowd: Option<u64>,
}

#[derive(Debug)]
struct Place {
    /// None for a proxy, behind which many are.
    from: Option<Net>,
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
    /// Room for `most` at a time, and for so many of one address.
    pub fn new(most: usize, most_of_address: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Book {
            most,
            most_of_address,
            next: 0,
            open: HashMap::new(),
            of: HashMap::new(),
            waiting: BTreeMap::new(),
            crowd: None,
        })))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in; `None` where there are too many, and all of them are being served.
    pub fn admit(self: &Arc<Self>, from: Option<Net>) -> Option<Connection> {
        let mut book = self.book();
        if let Some(from) = from
            && book
                .of
                .get(&from)
                .is_some_and(|own| *own >= book.most_of_address)
            && !book.close_longest_waiting_of(from)
        {
            return None;
        }
        if book.open.len() >= book.most && !book.close_longest_waiting() {
            return None;
        }
        let (id, close) = (book.turn(), CancellationToken::new());
        let place = Place {
            from,
            waiting_since: None,
            close: close.clone(),
        };
        book.open.insert(id, place);
        if let Some(from) = from {
            *book.of.entry(from).or_default() += 1;
        }
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
        self.take_out(id);
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
        self.close(id);
        true
    }

    /// Whether the address had one that waits.
    fn close_longest_waiting_of(&mut self, from: Net) -> bool {
        let open = &self.open;
        let is_his = |id: &u64| open.get(id).is_some_and(|place| place.from == Some(from));
        let found = self.waiting.iter().find(|(_, id)| is_his(id));
        let Some((since, id)) = found.map(|(since, id)| (*since, *id)) else {
            return false;
        };
        self.waiting.remove(&since);
        self.close(id);
        true
    }

    fn close(&mut self, id: u64) {
        if let Some(place) = self.take_out(id) {
            place.close.cancel();
        }
    }

    fn take_out(&mut self, id: u64) -> Option<Place> {
        let place = self.open.remove(&id)?;
        if let Some(from) = place.from
            && let Some(own) = self.of.get_mut(&from)
        {
            *own -= 1;
            if *own == 0 {
                self.of.remove(&from);
            }
        }
        Some(place)
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
        let all = Connections::new(2, 2);
        let first = all.admit(None).expect("room");
        let second = all.admit(None).expect("room");
        // The first has asked for something since: now the second has waited longer.
        drop(first.serve());
        let third = all.admit(None).expect("room is made");
        assert!(second.close.is_cancelled() && !first.close.is_cancelled());
        drop(second);
        let _fourth = all.admit(None).expect("room is made");
        assert!(first.close.is_cancelled() && !third.close.is_cancelled());
    }

    #[test]
    fn nobody_who_is_served_is_closed_for_another() {
        let all = Connections::new(2, 2);
        let (first, second) = (
            all.admit(None).expect("room"),
            all.admit(None).expect("room"),
        );
        let (one, other) = (first.serve(), second.serve());
        assert!(all.admit(None).is_none());
        drop(other);
        assert!(all.admit(None).is_some());
        assert!(second.close.is_cancelled() && !first.close.is_cancelled());
        drop(one);
    }

    #[test]
    fn a_crowd_is_over_once_a_quarter_of_the_places_are_free() {
        let all = Connections::new(4, 4);
        let mut crowd: Vec<_> = std::iter::repeat_with(|| all.admit(None).expect("room"))
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

    #[test]
    fn one_address_makes_room_for_itself_and_leaves_the_rest_to_others() {
        let net = |last: u8| Some(Net::from(std::net::IpAddr::from([10, 0, 0, last])));
        let all = Connections::new(10, 2);
        let (first, second) = (all.admit(net(1)), all.admit(net(1)));
        let (first, second) = (first.expect("room"), second.expect("room"));
        let other = all.admit(net(2)).expect("room");
        let third = all.admit(net(1)).expect("room is made");
        assert!(first.close.is_cancelled() && !other.close.is_cancelled());
        let (_second, _third) = (second.serve(), third.serve());
        assert!(all.admit(net(1)).is_none(), "both are served");
        assert!(all.admit(net(3)).is_some());
        drop(first);
        drop((second, third, other));
        assert!(all.book().of.is_empty());
    }
}
