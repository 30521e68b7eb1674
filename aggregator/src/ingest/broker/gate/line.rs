//! One connection through the gate: TLS, the first packet in its time and size, and then bytes to and fro
//! no faster than allowed.

use std::{io, net::SocketAddr, time::Duration};

use shared::error::chain;
use tokio::{
    io::{
        AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split,
    },
    net::{TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    time::{Instant, error::Elapsed, sleep, timeout, timeout_at},
};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use super::{
    farewell::Farewell,
    pace::{Pace, Rate},
    packets::{self, Asked, MAX_CONNECT, Packets, Wrong},
    peers::{Peer, Place},
};

/// From its first byte on, a connection has so long to say who it is.
const OPENING: Duration = Duration::from_secs(10);

/// A packet that has begun is waited for so long, and one that is sent for so long.
const PACKET: Duration = Duration::from_secs(60);

/// MQTT lets a client be silent one and a half times what it said (3.1.2.10).
const PATIENCE: f64 = 1.5;

/// What one read takes.
const BUFFER: usize = 16 * 1024;

/// After a client has ended its side, the broker has so long to end its own.
const ENDING: Duration = Duration::from_secs(5);

/// After the broker has ended its side, it has so long to tell why.
const TELLING: Duration = Duration::from_secs(1);

/// A client has so long to read why, and to end its side.
const LINGERING: Duration = Duration::from_secs(1);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    #[error("it was not opened in time")]
    Slow(#[from] Elapsed),
    #[error("the line failed")]
    Line(#[from] io::Error),
    #[error(transparent)]
    Wrong(#[from] Wrong),
    #[error("it was silent for longer than it said")]
    Silent,
    #[error("a packet was begun and not ended")]
    Halted,
    #[error("it takes nothing")]
    Stalled,
    #[error("it was ended: {0:?}")]
    Parted(Farewell),
}

impl Ended {
    /// How a client is told that it is its own fault.
    fn farewell(&self) -> Option<Farewell> {
        match self {
            Self::Wrong(_) => Some(Farewell::MALFORMED),
            Self::Silent | Self::Halted => Some(Farewell::SILENT),
            Self::Parted(farewell) => Some(*farewell),
            Self::Slow(_) | Self::Line(_) | Self::Stalled => None,
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What every connection is given.
#[derive(Clone)]
pub struct Terms {
    /// Where the broker is.
    pub broker: SocketAddr,
    pub rate: Rate,
    pub tls: Option<TlsAcceptor>,
}

/// A connection whose client has said what it asks for.
struct Opened {
    stream: Box<dyn Stream>,
    shown: Option<Vec<u8>>,
    first: Vec<u8>,
    asked: Asked,
}

/// Serves a connection until it ends.
pub async fn serve(stream: TcpStream, from: SocketAddr, terms: Terms, place: Place) {
    if let Err(why) = go(stream, from, terms, place).await {
        debug!(%from, why = chain(&why), "MQTT connection ended");
    }
}

async fn go(
    stream: TcpStream,
    from: SocketAddr,
    terms: Terms,
    mut place: Place,
) -> Result<(), Ended> {
    stream.set_nodelay(true)?;
    let began = Instant::now();
    let opened = timeout_at(began + OPENING, open(stream, terms.tls)).await??;
    let Opened {
        stream,
        shown,
        first,
        asked,
    } = opened;
    let broker = TcpStream::connect(terms.broker).await?;
    broker.set_nodelay(true)?;
    place.known_by(broker.local_addr()?.port(), Peer { from, shown });
    let (hears, mut says) = broker.into_split();
    says.write_all(&first).await?;
    let (reads, writes) = split(stream);
    let mut up = Up {
        reads,
        says,
        packets: Packets::default(),
        pace: Pace::new(terms.rate, Duration::ZERO),
        began,
        asked,
    };
    // What came behind the first packet is counted with it.
    up.packets.feed(&first)?;
    let down = Down {
        hears,
        writes,
        packets: Packets::default(),
    };
    bring(up, down, &place).await
}

/// Brings bytes to and fro until one side ends, or the connection must.
async fn bring(mut up: Up, mut down: Down, place: &Place) -> Result<(), Ended> {
    let is_of_5 = up.asked.is_of_5;
    let (ended, farewell, mut reads) = {
        let downwards = down.bring();
        tokio::pin!(downwards);
        let (ended, farewell, is_over) = tokio::select! {
            ended = up.bring() => {
                let farewell = ended.as_ref().err().and_then(Ended::farewell);
                (ended, farewell, false)
            }
            ended = &mut downwards => (ended, None, true),
            farewell = place.parted() => (Err(Ended::Parted(farewell)), Some(farewell), false),
        };
        let Up { reads, says, .. } = up;
        // The broker ends its side too, and may have something to say before.
        drop(says);
        if !is_over {
            timeout(ENDING, downwards).await??;
        }
        // Who has gone himself needs no farewell; for the broker's reasons it is asked.
        let farewell = match farewell {
            None if is_over && is_of_5 && place.is_settled() => {
                timeout(TELLING, place.parted()).await.ok()
            }
            farewell => farewell,
        };
        (ended, farewell, reads)
    };
    let farewell = farewell.filter(|_| is_of_5 && place.is_settled());
    let has_gone = ended.is_ok() && farewell.is_none();
    timeout(ENDING, down.end(farewell)).await??;
    if !has_gone {
        // With bytes of his unread, the system would end the line before he has read what was said.
        let _ = timeout(LINGERING, drain(&mut reads)).await;
    }
    ended
}

/// Reads what nobody wants any more.
async fn drain(reads: &mut ReadHalf<Box<dyn Stream>>) {
    let mut sink = vec![0; BUFFER];
    while let Ok(1..) = reads.read(&mut sink).await {}
}

/// Waits for TLS, where there is to be, and for the first packet.
async fn open(stream: TcpStream, tls: Option<TlsAcceptor>) -> Result<Opened, Ended> {
    let (mut stream, shown): (Box<dyn Stream>, _) = match tls {
        None => (Box::new(stream), None),
        Some(tls) => {
            let stream = tls.accept(stream).await?;
            let shown = super::tls::shown(stream.get_ref().1);
            (Box::new(stream), shown)
        }
    };
    let mut first = Vec::with_capacity(1_024);
    loop {
        let most = (MAX_CONNECT - first.len().min(MAX_CONNECT)) as u64 + 8;
        if (&mut stream).take(most).read_buf(&mut first).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        if let Some(asked) = packets::connect(&first)? {
            return Ok(Opened {
                stream,
                shown,
                first,
                asked,
            });
        }
    }
}

/// From the client to the broker.
struct Up {
    reads: ReadHalf<Box<dyn Stream>>,
    says: OwnedWriteHalf,
    packets: Packets,
    pace: Pace,
    began: Instant,
    asked: Asked,
}

impl Up {
    async fn bring(&mut self) -> Result<(), Ended> {
        let mut buffer = vec![0; BUFFER];
        let mut within_for = Duration::ZERO;
        loop {
            let (patience, impatient) = self.patience(within_for);
            let asked = Instant::now();
            let reading = self.reads.read(&mut buffer);
            let read = match patience {
                None => reading.await?,
                Some(patience) => timeout(patience, reading).await.map_err(|_| impatient)??,
            };
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                return Ok(());
            }
            let was_within = self.packets.is_within();
            let ended = self.packets.feed(bytes)?;
            // Only waiting for the client counts, not the broker's own slowness.
            within_for = match (was_within, ended) {
                (true, 0) => within_for + asked.elapsed(),
                _ => Duration::ZERO,
            };
            let pause = self.pace.sent(ended, read, self.began.elapsed());
            if !pause.is_zero() {
                sleep(pause).await;
            }
            self.says.write_all(bytes).await?;
        }
    }

    /// How long to wait for more, and what it means when nothing has come then.
    fn patience(&self, within_for: Duration) -> (Option<Duration>, Ended) {
        if self.packets.is_within() {
            return (Some(PACKET.saturating_sub(within_for)), Ended::Halted);
        }
        let silence = self.asked.keep_alive.map(|said| said.mul_f64(PATIENCE));
        (silence, Ended::Silent)
    }
}

/// From the broker to the client.
struct Down {
    hears: OwnedReadHalf,
    writes: WriteHalf<Box<dyn Stream>>,
    packets: Packets,
}

impl Down {
    /// Brings what the broker says, until it ends.
    async fn bring(&mut self) -> Result<(), Ended> {
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = self.hears.read(&mut buffer).await?;
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                return Ok(());
            }
            let sent = async {
                self.writes.write_all(bytes).await?;
                self.writes.flush().await
            };
            timeout(PACKET, sent).await.map_err(|_| Ended::Stalled)??;
            self.packets.feed(bytes)?;
        }
    }

    /// Says why, where there is a word for it, and ends the line as TLS would have it.
    async fn end(&mut self, farewell: Option<Farewell>) -> io::Result<()> {
        if let Some(farewell) = farewell
            && !self.packets.is_within()
        {
            self.writes.write_all(&farewell.packet()).await?;
            self.writes.flush().await?;
        }
        self.writes.shutdown().await
    }
}
