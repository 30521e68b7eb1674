//! Who is connected through the gate: from where, by which certificate, and, once the broker has let him
//! in, under which name.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use tracing::{info, warn};

use super::{
    crowd::{Crowd, Full, Limits, Standing},
    farewell::Farewell,
};
use crate::net::Net;

/// Everybody who is connected.
#[derive(Debug, Clone)]
pub struct Peers(Arc<Mutex<Book>>);

#[derive(Debug)]
struct Book {
    crowd: Crowd<Net>,
    /// By the port at which the broker sees him.
    present: HashMap<u16, Present>,
    /// Turned away since there was no room; `None` while there is room.
    turned_away: Option<u64>,
}

#[derive(Debug)]
struct Present {
    peer: Peer,
    standing: Standing,
    name: Option<String>,
    farewell: watch::Sender<Option<Farewell>>,
}

/// Somebody who is connected, as the gate knows him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    pub from: SocketAddr,
    /// The public key of the certificate that he showed and proved to hold.
    pub shown: Option<Vec<u8>>,
}

/// A place in the crowd, for as long as it is held.
#[derive(Debug)]
pub struct Place {
    peers: Peers,
    from: IpAddr,
    /// Known to the broker by this port.
    port: Option<u16>,
    farewell: watch::Sender<Option<Farewell>>,
}

impl Peers {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Mutex::new(Book {
            crowd: Crowd::new(limits),
            present: HashMap::new(),
            turned_away: None,
        })))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in somebody who arrives, if there is room.
    pub fn arrive(&self, from: IpAddr) -> Option<Place> {
        let mut book = self.book();
        if let Err(full) = book.crowd.arrive(Net::from(from)) {
            book.turn_away(from, full);
            return None;
        }
        Some(Place {
            peers: self.clone(),
            from,
            port: None,
            farewell: watch::Sender::default(),
        })
    }

    /// Who it is that the broker sees at a port.
    #[must_use]
    pub fn at(&self, port: u16) -> Option<Peer> {
        self.book().present.get(&port).map(|p| p.peer.clone())
    }

    /// The broker lets somebody in under a name.
    ///
    /// # Errors
    /// There is no room for one like him, or he has gone.
    pub fn settle(&self, port: u16, name: &str, standing: Standing) -> Result<(), Full> {
        let mut book = self.book();
        let Book { crowd, present, .. } = &mut *book;
        // Who has gone meanwhile is let in nowhere.
        let present = present.get_mut(&port).ok_or(Full::Arriving)?;
        crowd.settle(Net::from(present.peer.from.ip()), standing)?;
        present.standing = standing;
        present.name = Some(name.to_owned());
        Ok(())
    }

    /// Ends the connections of a name. Returns how many there were.
    pub fn end(&self, name: &str) -> usize {
        let book = self.book();
        let all = book.present.values();
        let his = all.filter(|present| present.name.as_deref() == Some(name));
        his.map(|present| present.part(Farewell::ADMINISTRATIVE))
            .count()
    }

    /// Ends the connection that the broker sees at a port, if it is still there.
    pub fn part(&self, port: u16, farewell: Farewell) {
        if let Some(present) = self.book().present.get(&port) {
            present.part(farewell);
        }
    }
}

impl Present {
    /// The first reason counts: what comes of it is none.
    fn part(&self, farewell: Farewell) {
        self.farewell.send_if_modified(|told| {
            let is_first = told.is_none();
            told.get_or_insert(farewell);
            is_first
        });
    }
}

impl Book {
    fn turn_away(&mut self, from: IpAddr, full: Full) {
        if self.turned_away.is_none() {
            warn!(%from, why = %full, "MQTT connections are turned away");
        }
        *self.turned_away.get_or_insert(0) += 1;
    }

    fn leave(&mut self, from: IpAddr, standing: Standing) {
        self.crowd.leave(Net::from(from), standing);
        // Not at the first place that is free: that would be told over and over.
        let is_roomy = self.crowd.is_roomy();
        if let Some(turned_away) = self.turned_away.take_if(|_| is_roomy) {
            info!(turned_away, "there is room for MQTT connections again");
        }
    }
}

impl Place {
    /// From here on the broker knows him by a port.
    pub fn known_by(&mut self, port: u16, peer: Peer) {
        let present = Present {
            peer,
            standing: Standing::Arriving,
            name: None,
            farewell: self.farewell.clone(),
        };
        self.peers.book().present.insert(port, present);
        self.port = Some(port);
    }

    /// Resolves when his connection must end.
    pub fn parted(&self) -> impl Future<Output = Farewell> + use<> {
        let mut told = self.farewell.subscribe();
        async move {
            loop {
                if let Some(farewell) = *told.borrow_and_update() {
                    return farewell;
                }
                if told.changed().await.is_err() {
                    // Nobody is left who could tell.
                    return std::future::pending().await;
                }
            }
        }
    }

    /// Whether the broker has let him in.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let book = self.peers.book();
        let present = self.port.and_then(|port| book.present.get(&port));
        present.is_some_and(|present| present.name.is_some())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = self.peers.book();
        let present = self.port.and_then(|port| book.present.remove(&port));
        let standing = present.map_or(Standing::Arriving, |present| present.standing);
        book.leave(self.from, standing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_ended_wherever_it_is_and_a_place_is_free_when_it_is_dropped() {
        let peers = Peers::new(Limits {
            total: 2,
            arriving: 2,
            arriving_from_one: 2,
            strangers_from_one: 1,
        });
        let from: SocketAddr = "10.0.0.1:5000".parse().expect("an address");
        let peer = Peer { from, shown: None };
        let arrive = |port| {
            let mut place = peers.arrive(from.ip())?;
            place.known_by(port, peer.clone());
            Some(place)
        };
        let (one, other) = (arrive(1).expect("room"), arrive(2).expect("room"));
        assert!(arrive(3).is_none());
        assert_eq!((peers.at(1), peers.at(3)), (Some(peer.clone()), None));
        assert_eq!(peers.settle(1, "gw-1", Standing::Stranger), Ok(()));
        let crowded = peers.settle(2, "gw-2", Standing::Stranger);
        assert_eq!(crowded, Err(Full::StrangersFromOne));
        assert_eq!(peers.settle(2, "gw-2", Standing::Enrolled), Ok(()));
        assert_eq!(
            peers.settle(9, "gw-9", Standing::Enrolled),
            Err(Full::Arriving)
        );
        assert_eq!((peers.end("gw-1"), peers.end("nobody")), (1, 0));
        peers.part(1, Farewell::TOPIC_ALIAS);
        let told = |place: &Place| *place.farewell.borrow();
        assert_eq!(
            (told(&one), told(&other)),
            (Some(Farewell::ADMINISTRATIVE), None)
        );
        drop(one);
        assert_eq!(peers.at(1), None);
        assert!(arrive(4).is_some());
    }
}
