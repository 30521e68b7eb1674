//! `GET /events`: server-sent events with ids and resume.
//!
//! A ring of recent events lets a client that was away continue where it stopped; one that was away
//! longer gets `reset` and fetches the state anew. A slow client loses its place, never anyone
//! else's: it gets `reset` too.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, IntervalStream};

use super::App;

/// Events that are kept for clients that come back: at two a second, one minute.
const RING: usize = 120;

/// A comment this often tells the client that the line is alive.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// All viewers of one program.
#[derive(Debug)]
pub struct Hub {
    epoch: i64,
    ring: Mutex<VecDeque<(u64, Bytes)>>,
    live: broadcast::Sender<(u64, Bytes)>,
}

impl Hub {
    /// `epoch` tells one run of the program from another.
    #[must_use]
    pub fn new(epoch: i64) -> Self {
        let (live, _) = broadcast::channel(RING);
        Self {
            epoch,
            ring: Mutex::new(VecDeque::with_capacity(RING)),
            live,
        }
    }

    /// Sends a delta to everybody and keeps it for those who come back.
    pub fn publish(&self, seq: u64, delta: &[u8]) {
        let mut frame = format!("id: {}-{seq}\nevent: delta\ndata: ", self.epoch).into_bytes();
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

    /// What a client missed, and the live stream from there on.
    fn follow(&self, last_id: Option<&str>) -> (Vec<Bytes>, broadcast::Receiver<(u64, Bytes)>) {
        // The lock spans both, so that no event falls between the missed and the live ones.
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.live.subscribe();
        let Some(last_id) = last_id else {
            return (Vec::new(), receiver);
        };
        let seen = last_id.split_once('-').and_then(|(epoch, seq)| {
            (epoch.parse() == Ok(self.epoch))
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
        (missed, receiver)
    }
}

fn reset() -> Bytes {
    Bytes::from_static(b"event: reset\ndata: {}\n\n")
}

/// `GET /events`
pub async fn events(State(app): State<App>, headers: HeaderMap) -> Response {
    let last_id = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    let (missed, receiver) = app.hub.follow(last_id);
    let head = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (
        head,
        Body::from_stream(frames(missed, receiver, app.closing())),
    )
        .into_response()
}

fn frames(
    missed: Vec<Bytes>,
    receiver: broadcast::Receiver<(u64, Bytes)>,
    closing: impl Future<Output = ()>,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let hello = stream::iter([Bytes::from_static(b"retry: 1000\n\n")]);
    let live = BroadcastStream::new(receiver)
        .map(|event| event.map_or_else(|_lagged| reset(), |(_, frame)| frame));
    let mut beat = tokio::time::interval(HEARTBEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let beats = IntervalStream::new(beat).map(|_| Bytes::from_static(b": alive\n\n"));
    hello
        .chain(stream::iter(missed))
        .chain(stream::select(live, beats))
        .take_until(closing)
        .map(Ok)
}

impl App {
    /// Resolves when the world task has ended: open streams end then, so that the server can.
    fn closing(&self) -> impl Future<Output = ()> + use<> {
        let mut published = self.published.clone();
        async move { while published.changed().await.is_ok() {} }
    }
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
        let (missed, _live) = hub_with(5).follow(Some("7-3"));
        let got = texts(&missed);
        assert_eq!(got.len(), 2);
        assert!(got[0].starts_with("id: 7-4\n") && got[1].starts_with("id: 7-5\n"));
    }

    #[test]
    fn a_client_of_another_run_or_away_too_long_is_reset() {
        for last in ["6-3", "7-1", "nonsense", "7-999"] {
            let (missed, _live) = hub_with(500).follow(Some(last));
            assert_eq!(texts(&missed), ["event: reset\ndata: {}\n\n"], "{last}");
        }
    }

    #[test]
    fn a_new_client_starts_with_what_comes() {
        let (missed, _live) = hub_with(5).follow(None);
        assert!(missed.is_empty());
    }
}
