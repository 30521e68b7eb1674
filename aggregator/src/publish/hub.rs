//! Live events with ids and resume, for all who follow.
//!
//! A ring of recent events lets a client that was away continue where it stopped; one that was away
//! longer gets `reset` and fetches the state anew. A slow client loses its place, never anyone
//! else's: it gets `reset` too.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use tokio::sync::broadcast;

/// Events that are kept for clients that come back: at two a second, one minute.
const RING: usize = 120;

/// What a client missed, and the live events from there on.
#[derive(Debug)]
pub struct Follow {
    pub missed: Vec<Bytes>,
    pub live: broadcast::Receiver<(u64, Bytes)>,
}

/// All viewers of the city, or of one area of it.
#[derive(Debug)]
pub struct Hub {
    /// Begins the ids of its events: tells them from those of other runs and other areas.
    stem: String,
    ring: Mutex<VecDeque<(u64, Bytes)>>,
    live: broadcast::Sender<(u64, Bytes)>,
}

impl Hub {
    /// `epoch` tells one run of the program from another.
    #[must_use]
    pub fn new(epoch: i64) -> Self {
        Self::of(epoch.to_string())
    }

    /// `stem` tells one area in one run of the program from all others; it has no hyphen.
    #[must_use]
    pub fn of(stem: String) -> Self {
        let (live, _) = broadcast::channel(RING);
        Self {
            stem,
            ring: Mutex::new(VecDeque::with_capacity(RING)),
            live,
        }
    }

    /// Sends a delta to everybody and keeps it for those who come back.
    pub fn publish(&self, seq: u64, delta: &[u8]) {
        let mut frame = format!("id: {}-{seq}\nevent: delta\ndata: ", self.stem).into_bytes();
        frame.extend_from_slice(delta);
        frame.extend_from_slice(b"\n\n");
        let frame = Bytes::from(frame);
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() == RING {
            ring.pop_front();
        }
        ring.push_back((seq, frame.clone()));
        // Nobody watching is normal.
        let _ = self.live.send((seq, frame));
    }

    /// Number of viewers.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.live.receiver_count()
    }

    /// Follows from the event that a client saw last, or from now on.
    pub fn follow(&self, last_id: Option<&str>) -> Follow {
        // The lock spans both, so that no event falls between the missed and the live ones.
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.live.subscribe();
        let Some(last_id) = last_id else {
            return Follow {
                missed: Vec::new(),
                live: receiver,
            };
        };
        let seen = last_id.rsplit_once('-').and_then(|(stem, seq)| {
            (stem == self.stem)
                .then(|| seq.parse::<u64>().ok())
                .flatten()
        });
        let oldest = ring.front().map(|(seq, _)| *seq);
        let newest = ring.back().map(|(seq, _)| *seq);
        let missed = match (seen, oldest, newest) {
            (Some(seen), Some(oldest), Some(newest)) if seen + 1 >= oldest && seen <= newest => {
                ring.iter()
                    .filter(|(seq, _)| *seq > seen)
                    .map(|(_, frame)| frame.clone())
                    .collect()
            }
            _ => vec![reset()],
        };
        Follow {
            missed,
            live: receiver,
        }
    }
}

/// The event that asks a client to fetch the state anew.
#[must_use]
pub fn reset() -> Bytes {
    Bytes::from_static(b"event: reset\ndata: {}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub_with(count: u64) -> Hub {
        let hub = Hub::new(7);
        for seq in 1..=count {
            hub.publish(seq, format!("{{\"seq\":{seq}}}").as_bytes());
        }
        hub
    }

    fn texts(frames: &[Bytes]) -> Vec<String> {
        frames
            .iter()
            .map(|f| String::from_utf8_lossy(f).into_owned())
            .collect()
    }

    #[test]
    fn a_client_that_comes_back_gets_exactly_what_it_missed() {
        let followed = hub_with(5).follow(Some("7-3"));
        let got = texts(&followed.missed);
        assert_eq!(got.len(), 2);
        assert!(got[0].starts_with("id: 7-4\n") && got[1].starts_with("id: 7-5\n"));
    }

    #[test]
    fn a_client_of_another_run_or_area_or_away_too_long_is_reset() {
        for last in ["6-3", "7.1-499", "7-1", "nonsense", "7-999"] {
            let followed = hub_with(500).follow(Some(last));
            assert_eq!(
                texts(&followed.missed),
                ["event: reset\ndata: {}\n\n"],
                "{last}"
            );
        }
    }

    #[test]
    fn a_new_client_starts_with_what_comes() {
        assert!(hub_with(5).follow(None).missed.is_empty());
    }
}
