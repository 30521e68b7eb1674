//! A TCP proxy in front of an MQTT broker on which commit acknowledgements come late, each by itself:
//! they overtake each other, and some come twice. Everything else passes as it comes.
//!
//! Packets are cut out of the stream by their length and passed on as bytes; of their content only
//! the topic is looked at.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use shared::wire::Topic;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::{JoinHandle, JoinSet},
};

use crate::rng::Rng;

/// One acknowledgement in so many comes twice.
const DOUBLED: usize = 4;

/// How many acknowledgements were given to a line, and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shuffled {
    pub given: u64,
    /// They came after one that was given later.
    pub overtaken: u64,
    pub doubled: u64,
}

#[derive(Debug, Default)]
struct Counts {
    given: AtomicU64,
    overtaken: AtomicU64,
    doubled: AtomicU64,
}

/// A line from a local port to a broker. It ends when dropped.
pub struct Shuffler {
    address: SocketAddr,
    counts: Arc<Counts>,
    server: JoinHandle<()>,
}

impl Shuffler {
    /// Listens on a free port of the loopback interface; an acknowledgement is held for up to `most`.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(upstream: SocketAddr, most: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let counts = Arc::new(Counts::default());
        let server = tokio::spawn(accept(listener, upstream, most, counts.clone()));
        Ok(Self {
            address,
            counts,
            server,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has done so far.
    #[must_use]
    pub fn shuffled(&self) -> Shuffled {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Shuffled {
            given: of(&self.counts.given),
            overtaken: of(&self.counts.overtaken),
            doubled: of(&self.counts.doubled),
        }
    }
}

impl Drop for Shuffler {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, most: Duration, counts: Arc<Counts>) {
    let mut connections = JoinSet::new();
    for seed in 0.. {
        while connections.try_join_next().is_some() {}
        let Ok((near, _)) = listener.accept().await else {
            return;
        };
        let counts = counts.clone();
        connections.spawn(async move {
            // A line that breaks is what the ends of it are tried with.
            let _ = carry(near, upstream, most, Rng::new(0, seed), &counts).await;
        });
    }
}

async fn carry(
    near: TcpStream,
    upstream: SocketAddr,
    most: Duration,
    rng: Rng,
    counts: &Counts,
) -> io::Result<()> {
    let far = TcpStream::connect(upstream).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (mut near_read, near_write) = near.into_split();
    let (far_read, mut far_write) = far.into_split();
    tokio::select! {
        ended = tokio::io::copy(&mut near_read, &mut far_write) => ended.map(drop),
        ended = shuffle(far_read, near_write, most, rng, counts) => ended,
    }
}

/// Carries what a broker sends.
async fn shuffle(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    most: Duration,
    mut rng: Rng,
    counts: &Counts,
) -> io::Result<()> {
    let (mut bytes, mut held) = (Vec::new(), FuturesUnordered::new());
    let (mut number, mut latest) = (0_u64, 0_u64);
    loop {
        while let Some(packet) = next_packet(&mut bytes) {
            if !is_acknowledgement(&packet) {
                to.write_all(&packet).await?;
                continue;
            }
            number += 1;
            counts.given.fetch_add(1, Ordering::Relaxed);
            let copies = if rng.below(DOUBLED) == 0 { 2 } else { 1 };
            for copy in 0..copies {
                counts.doubled.fetch_add(copy, Ordering::Relaxed);
                let (wait, packet) = (most.mul_f64(rng.unit()), packet.clone());
                held.push(async move {
                    tokio::time::sleep(wait).await;
                    (number, packet)
                });
            }
        }
        tokio::select! {
            read = from.read_buf(&mut bytes) => if read? == 0 {
                return Ok(());
            },
            Some((number, packet)) = held.next() => {
                if number < latest {
                    counts.overtaken.fetch_add(1, Ordering::Relaxed);
                }
                latest = latest.max(number);
                to.write_all(&packet).await?;
            }
        }
    }
}

/// Takes the first packet off the front, once it is whole: a byte, the length of the rest in up to
/// four bytes of seven bits, the rest.
fn next_packet(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let (rest, head) = length(bytes)?;
    let whole = head + rest;
    if bytes.len() < whole {
        return None;
    }
    let after = bytes.split_off(whole);
    Some(std::mem::replace(bytes, after))
}

/// The length of what follows the head of a packet, and of the head.
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for (place, byte) in bytes.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((length, place + 2));
        }
    }
    None
}

fn is_acknowledgement(packet: &[u8]) -> bool {
    const PUBLISH: u8 = 3;
    if packet.first().is_none_or(|first| first >> 4 != PUBLISH) {
        return false;
    }
    let topic = || {
        let (_, head) = length(packet)?;
        let (length, rest) = packet.get(head..)?.split_first_chunk::<2>()?;
        let topic = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        std::str::from_utf8(topic).ok()?.parse::<Topic>().ok()
    };
    matches!(topic(), Some(Topic::Ack(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PUBLISH at QoS 0.
    fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
        let topic_length = u8::try_from(topic.len()).expect("short");
        let mut rest = vec![0, topic_length];
        rest.extend_from_slice(topic.as_bytes());
        rest.extend_from_slice(payload);
        let mut packet = vec![0x30];
        let mut left = rest.len();
        while left >= 0x80 {
            packet.push(u8::try_from(left & 0x7F).expect("seven bits") | 0x80);
            left >>= 7;
        }
        packet.push(u8::try_from(left).expect("seven bits"));
        packet.extend(rest);
        packet
    }

    #[test]
    fn packets_are_cut_out_of_a_stream_that_comes_in_pieces() {
        let packets = [publish("a", &[7; 300]), vec![0xD0, 0], publish("b", &[])];
        let (mut stream, mut found) = (Vec::new(), Vec::new());
        for byte in packets.concat() {
            stream.push(byte);
            found.extend(next_packet(&mut stream));
        }
        assert_eq!(found, packets);
    }

    #[test]
    fn only_a_commit_acknowledgement_is_one() {
        assert!(is_acknowledgement(&publish("flood/v1/ack/gw-01", b"{}")));
        let puback = [0x40, 2, 0, 1];
        for other in [
            &publish("flood/v1/state/gw-01", b"{}")[..],
            &puback,
            &[0x30, 1, 0],
        ] {
            assert!(!is_acknowledgement(other), "{other:?}");
        }
    }

    #[tokio::test]
    async fn acknowledgements_overtake_each_other_and_nothing_is_lost() {
        const SENT: u64 = 200;
        let broker = TcpListener::bind(("127.0.0.1", 0)).await.expect("listen");
        let upstream = broker.local_addr().expect("address");
        let most = Duration::from_millis(20);
        let shuffler = Shuffler::start(upstream, most).await.expect("shuffler");
        let mut agent = TcpStream::connect(shuffler.address()).await.expect("line");
        let (mut line, _) = broker.accept().await.expect("line");
        for _ in 0..SENT {
            let acknowledgement = publish("flood/v1/ack/gw-01", b"{}");
            line.write_all(&acknowledgement).await.expect("sent");
        }
        let mut all = vec![0; publish("flood/v1/ack/gw-01", b"{}").len() * 200];
        agent.read_exact(&mut all).await.expect("all of them");
        let Shuffled {
            given,
            overtaken,
            doubled,
        } = shuffler.shuffled();
        assert_eq!(given, SENT);
        assert!(overtaken > 0 && doubled > 0, "{overtaken} {doubled}");
    }
}
