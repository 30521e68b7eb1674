//! The bytes below Modbus: connecting, and making sure that an answer belongs to its question.
//! Shell.
//!
//! RTU frames carry no transaction number: a late answer of the same unit looks like the answer to
//! the next question. Two things keep it out. Whatever has arrived before a request is written is
//! thrown away ([`Fresh`]); and after a time-out on an RTU line the line is listened to and
//! discarded for another full time-out ([`discard`]). An answer that comes later than twice the
//! time-out could still be mistaken: the time-out must be longer than half of the slowest answer.

use std::{
    io,
    pin::Pin,
    sync::{Arc, atomic::AtomicU64},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_modbus::{client, slave::Slave};
use tokio_serial::SerialPortBuilderExt as _;

use crate::{
    config::{Endpoint, Parity, SerialLine},
    counters::count,
};

/// Longest wait for a TCP connection.
const CONNECT: Duration = Duration::from_secs(5);

/// A Modbus client on a new connection. Where `settle` is given, the line is listened to for that
/// long first.
///
/// # Errors
/// The line cannot be reached or opened.
pub(crate) async fn connect(
    endpoint: &Endpoint,
    settle: Option<Duration>,
    stale_bytes: &Arc<AtomicU64>,
) -> io::Result<client::Context> {
    // The unit is set before every request.
    let nobody = Slave::broadcast();
    match endpoint {
        Endpoint::Tcp { host, port } => {
            let stream = Fresh::new(dial(host, *port).await?, stale_bytes);
            Ok(client::tcp::attach_slave(stream, nobody))
        }
        Endpoint::RtuOverTcp { host, port } => {
            let stream = settled(dial(host, *port).await?, settle, stale_bytes).await?;
            Ok(client::rtu::attach_slave(
                Fresh::new(stream, stale_bytes),
                nobody,
            ))
        }
        Endpoint::Rtu(line) => {
            let stream = settled(open_serial(line)?, settle, stale_bytes).await?;
            Ok(client::rtu::attach_slave(
                Fresh::new(stream, stale_bytes),
                nobody,
            ))
        }
    }
}

async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = timeout(CONNECT, TcpStream::connect(format!("{host}:{port}")))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn open_serial(line: &SerialLine) -> io::Result<tokio_serial::SerialStream> {
    let parity = match line.parity {
        Parity::None => tokio_serial::Parity::None,
        Parity::Even => tokio_serial::Parity::Even,
        Parity::Odd => tokio_serial::Parity::Odd,
    };
    let stop_bits = if line.stop_bits == 2 {
        tokio_serial::StopBits::Two
    } else {
        tokio_serial::StopBits::One
    };
    let port = tokio_serial::new(&line.path, line.baud)
        .parity(parity)
        .stop_bits(stop_bits);
    Ok(port.open_native_async()?)
}

async fn settled<T: AsyncRead + Unpin>(
    mut stream: T,
    settle: Option<Duration>,
    stale_bytes: &Arc<AtomicU64>,
) -> io::Result<T> {
    if let Some(span) = settle {
        let thrown_away = discard(&mut stream, span).await?;
        count(stale_bytes, thrown_away);
    }
    Ok(stream)
}

/// Reads and throws away whatever comes within `span`; returns how many bytes.
///
/// # Errors
/// The line fails meanwhile.
pub(crate) async fn discard<T: AsyncRead + Unpin>(
    stream: &mut T,
    span: Duration,
) -> io::Result<u64> {
    let until = Instant::now() + span;
    let (mut scratch, mut bytes) = ([0_u8; 256], 0_u64);
    while let Ok(read) = timeout_at(until, stream.read(&mut scratch)).await {
        match read? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => bytes += n as u64,
        }
    }
    Ok(bytes)
}

/// A stream on which nothing that came before a request can be taken for its answer.
#[derive(Debug)]
pub(crate) struct Fresh<T> {
    inner: T,
    /// Whether a request has been written since something was last read.
    asked: bool,
    stale_bytes: Arc<AtomicU64>,
}

impl<T> Fresh<T> {
    pub(crate) fn new(inner: T, stale_bytes: &Arc<AtomicU64>) -> Self {
        Self {
            inner,
            asked: false,
            stale_bytes: Arc::clone(stale_bytes),
        }
    }
}

impl<T: AsyncRead + Unpin> Fresh<T> {
    /// Reads what is there without waiting for more.
    fn throw_away(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut scratch = [0_u8; 256];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.inner).poll_read(cx, &mut buffer) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Poll::Ready(Ok(())) => count(&self.stale_bytes, buffer.filled().len() as u64),
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Fresh<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.asked = false;
        }
        polled
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Fresh<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.asked {
            self.throw_away(cx)?;
            self.asked = true;
        }
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn what_came_before_the_question_is_thrown_away_and_the_answer_is_not() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let stale = Arc::new(AtomicU64::new(0));
        let mut ours = Fresh::new(ours, &stale);
        theirs.write_all(b"late answer").await.expect("write");
        ours.write_all(b"question").await.expect("write");
        theirs.write_all(b"answer").await.expect("write");
        let mut answer = [0; 6];
        ours.read_exact(&mut answer).await.expect("read");
        assert_eq!((&answer, stale.load(Ordering::Relaxed)), (b"answer", 11));
    }
}
