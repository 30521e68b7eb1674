//! Who stands before the desk: from where, under which name, how often, and with how many streams.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tracing::warn;

use super::caller::Names;
use crate::{
    config::Http,
    net::Net,
    people::{
        Viewer,
        pace::{Allowance, Pace},
    },
    principal::Principal,
};

/// Askers whose requests are counted at a time.
const MOST_ASKERS: usize = 16_384;

/// A page asks a handful of times when it opens, then rarely; a program may ask for every point.
const REQUESTS_PER_SECOND: u32 = 50;

/// So many seconds of requests may come at once: a page that opens, a program that begins.
const BURST_S: u32 = 10;

/// Streams of events of one asker: a control room behind one address has dozens of windows, of which
/// those of one browser share one.
const STREAMS_EACH: usize = 128;

/// Streams of events in all.
const STREAMS: usize = 4_096;

/// How often it is told in the log that somebody asks too much.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Asker {
    Known(Principal),
    /// Nobody who is known, by his address.
    At(Net),
}

impl Asker {
    pub fn of(viewer: Option<&Viewer>, from: IpAddr) -> Self {
        match viewer.map(|viewer| &viewer.principal) {
            // The exercise login is everybody's: one address must not use it up for all.
            None | Some(Principal::Anonymous | Principal::Exercise) => Self::At(from.into()),
            Some(known) => Self::Known(known.clone()),
        }
    }
}

/// What is known of those who ask.
#[derive(Debug)]
pub struct Front {
    pub names: Names,
    /// Where the page listens: the name of its cookie without TLS.
    pub port: u16,
    pub connections_per_address: usize,
    spares_this_machine: bool,
    pace: Mutex<Pace<Asker>>,
    streams: Arc<Streams>,
    began: Instant,
    told: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct Streams(Mutex<HashMap<Asker, usize>>);

/// A stream that is open until this is dropped.
#[derive(Debug)]
pub struct Stream {
    of: Asker,
    all: Arc<Streams>,
}

impl Front {
    pub fn new(http: &Http) -> Self {
        let per_second = http
            .requests_per_second
            .unwrap_or(REQUESTS_PER_SECOND)
            .max(1);
        let allowance = Allowance {
            burst: per_second.saturating_mul(BURST_S),
            every_ms: u64::from(1_000 / per_second).max(1),
        };
        Self {
            names: Names {
                proxies: http.behind_proxy.iter().map(IpAddr::to_canonical).collect(),
                hosts: http.hosts.clone(),
            },
            port: http.listen.port(),
            connections_per_address: http.connections_per_address as usize,
            spares_this_machine: http.requests_per_second.is_none(),
            pace: Mutex::new(Pace::new(allowance, MOST_ASKERS)),
            streams: Arc::default(),
            began: Instant::now(),
            told: Mutex::default(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// It is one too many; after so long there is room for it.
    pub fn take(&self, asker: &Asker, from: IpAddr) -> Result<(), Duration> {
        if self.leaves_alone(from) {
            return Ok(());
        }
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let taken = lock(&self.pace).take(asker, now_ms);
        if taken.is_err() {
            self.tell(asker);
        }
        taken
    }

    /// Programs of this machine may ask as often as they like, unless a key says otherwise.
    fn leaves_alone(&self, from: IpAddr) -> bool {
        self.spares_this_machine && from.is_loopback()
    }

    fn tell(&self, asker: &Asker) {
        let mut told = lock(&self.told);
        if told.is_none_or(|at| at.elapsed() > TELL_EVERY) {
            *told = Some(Instant::now());
            warn!(
                ?asker,
                "somebody asks too often, or for too many streams of events"
            );
        }
    }

    /// Opens a stream of events; `None` where the asker, or all together, have too many.
    pub fn stream(&self, of: Asker) -> Option<Stream> {
        let mut open = lock(&self.streams.0);
        let all: usize = open.values().sum();
        let own = open.get(&of).copied().unwrap_or(0);
        if all >= STREAMS || own >= STREAMS_EACH {
            drop(open);
            self.tell(&of);
            return None;
        }
        open.insert(of.clone(), own + 1);
        let all = self.streams.clone();
        Some(Stream { of, all })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut open = lock(&self.all.0);
        if let Some(own) = open.get_mut(&self.of) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.of);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Access;

    impl Front {
        pub fn of_a_test(requests_per_second: Option<u32>) -> Self {
            Self::new(&Http {
                listen: ([127, 0, 0, 1], 8080).into(),
                access: Access::Open,
                tls: None,
                behind_proxy: Vec::new(),
                hosts: Vec::new(),
                connections_per_address: 512,
                requests_per_second,
                oidc: None,
            })
        }
    }

    fn at(last: u8) -> Asker {
        Asker::of(None, [10, 0, 0, last].into())
    }

    #[test]
    fn who_opens_every_stream_that_he_may_leaves_room_for_others_and_gives_it_back() {
        let front = Front::of_a_test(Some(5));
        let mut own: Vec<_> = (0..STREAMS_EACH).map(|_| front.stream(at(1))).collect();
        assert!(own.iter().all(Option::is_some));
        assert!(front.stream(at(1)).is_none());
        assert!(front.stream(at(2)).is_some());
        own.pop();
        assert!(front.stream(at(1)).is_some());
    }

    #[test]
    fn who_asks_without_end_is_told_to_wait_and_nobody_else_is() {
        let front = Front::of_a_test(Some(5));
        let from = IpAddr::from([10, 0, 0, 1]);
        let taken = (0..1_000).filter(|_| front.take(&at(1), from).is_ok());
        let taken = taken.count();
        assert!((50..=60).contains(&taken), "{taken}");
        assert_eq!(front.take(&at(2), from), Ok(()));
    }
}
