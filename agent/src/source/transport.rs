//! The bytes below Modbus: connecting, and making sure that an answer belongs to its question.
//! Shell.
//!
//! RTU frames carry no transaction number: a late answer of the same unit looks like the answer to
//! the next question. Two things keep it out. Whatever has arrived before a question is written is
//! thrown away ([`throw_away`]); and after a time-out on an RTU line the line is listened to and
//! discarded for another full time-out ([`discard`]). An answer that comes later than twice the
//! time-out could still be mistaken: the time-out must be longer than half of the slowest answer.

use std::{future::poll_fn, io, pin::Pin, task::Poll, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_serial::SerialPortBuilderExt as _;

use crate::config::{Endpoint, Parity, SerialLine};

/// Longest wait for a TCP connection.
const CONNECT: Duration = Duration::from_secs(5);

/// An open line.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// Opens a line.
///
/// # Errors
/// It cannot be reached or opened.
pub(crate) async fn connect(endpoint: &Endpoint) -> io::Result<Box<dyn Stream>> {
    Ok(match endpoint {
        Endpoint::Tcp { host, port } | Endpoint::RtuOverTcp { host, port } => {
            Box::new(dial(host, *port).await?)
        }
        Endpoint::Rtu(line) => Box::new(open_serial(line)?),
    })
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

/// Reads and throws away whatever comes within `span`; returns how many bytes.
///
/// # Errors
/// The line fails meanwhile.
pub(crate) async fn discard<T: AsyncRead + Unpin + ?Sized>(
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

/// Reads and throws away what is there, without waiting for more; returns how many bytes.
///
/// # Errors
/// The line has ended or fails.
pub(crate) async fn throw_away<T: AsyncRead + Unpin + ?Sized>(stream: &mut T) -> io::Result<u64> {
    let mut bytes = 0;
    loop {
        let mut scratch = [0_u8; 256];
        let mut buffer = ReadBuf::new(&mut scratch);
        let read = poll_fn(|cx| {
            let polled = Pin::new(&mut *stream).poll_read(cx, &mut buffer);
            Poll::Ready(match polled {
                Poll::Ready(read) => Some(read),
                Poll::Pending => None,
            })
        });
        match read.await {
            None => return Ok(bytes),
            Some(read) => read?,
        }
        match buffer.filled().len() {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => bytes += n as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn what_came_before_the_question_is_thrown_away_and_the_answer_is_not() {
        let (mut ours, mut theirs) = tokio::io::duplex(64);
        theirs.write_all(b"late answer").await.expect("write");
        assert_eq!(throw_away(&mut ours).await.expect("open"), 11);
        theirs.write_all(b"answer").await.expect("write");
        let mut answer = [0; 6];
        ours.read_exact(&mut answer).await.expect("read");
        assert_eq!(&answer, b"answer");
        drop(theirs);
        assert!(throw_away(&mut ours).await.is_err(), "it has ended");
    }
}
