//! A TCP proxy whose line fails on command: cut, stalled or slow.
//!
//! Own code: the proxies that are known for this (toxiproxy) are programs to install and to talk to.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// The state of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkFault {
    /// In order.
    #[default]
    None,
    /// Every connection is closed and new ones are closed at once.
    Cut,
    /// Connections stay open, but nothing passes: a dead radio link.
    Stall,
    /// Everything passes this much later.
    Delay(Duration),
}

/// A line from a local port to an upstream address. It ends when dropped.
pub struct Proxy {
    address: SocketAddr,
    fault: watch::Sender<LinkFault>,
    connections: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (fault, state) = watch::channel(LinkFault::None);
        let connections = Arc::new(AtomicUsize::new(0));
        let server = tokio::spawn(accept(listener, upstream, state, connections.clone()));
        Ok(Self {
            address,
            fault,
            connections,
            server,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it carries.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Switches the state of the line, for old and new connections.
    pub fn set(&self, fault: LinkFault) {
        self.fault.send_replace(fault);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(
    listener: TcpListener,
    upstream: SocketAddr,
    state: watch::Receiver<LinkFault>,
    count: Arc<AtomicUsize>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if *state.borrow() != LinkFault::Cut => {
                    let (state, count) = (state.clone(), count.clone());
                    connections.spawn(async move {
                        count.fetch_add(1, Ordering::SeqCst);
                        carry(stream, upstream, state).await;
                        count.fetch_sub(1, Ordering::SeqCst);
                    });
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "proxy cannot accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn carry(near: TcpStream, upstream: SocketAddr, state: watch::Receiver<LinkFault>) {
    let Ok(far) = TcpStream::connect(upstream).await else {
        return;
    };
    let _ = near.set_nodelay(true);
    let _ = far.set_nodelay(true);
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let mut watched = state.clone();
    tokio::select! {
        () = pump(near_read, far_write, state.clone()) => {}
        () = pump(far_read, near_write, state) => {}
        _ = watched.wait_for(|fault| *fault == LinkFault::Cut) => {}
    }
}

/// Carries one direction. A stalled line reads nothing, so that the sender's window fills up.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<LinkFault>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        if state
            .wait_for(|fault| *fault != LinkFault::Stall)
            .await
            .is_err()
        {
            return;
        }
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        if state
            .wait_for(|fault| *fault != LinkFault::Stall)
            .await
            .is_err()
        {
            return;
        }
        let fault = *state.borrow();
        if let LinkFault::Delay(span) = fault {
            tokio::time::sleep(span).await;
        }
        let Some(bytes) = buffer.get(..count) else {
            return;
        };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::time::timeout;

    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("listen");
        let address = listener.local_addr().expect("address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    async fn round_trip(stream: &mut TcpStream) -> io::Result<u8> {
        stream.write_all(b"x").await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn a_cut_line_closes_and_comes_back() {
        let proxy = Proxy::start(echo().await).await.expect("proxy");
        let mut line = TcpStream::connect(proxy.address()).await.expect("connect");
        assert_eq!(round_trip(&mut line).await.expect("echo"), b'x');
        assert_eq!(proxy.connections(), 1);
        proxy.set(LinkFault::Cut);
        assert!(line.read_u8().await.is_err(), "closed");
        let mut refused = TcpStream::connect(proxy.address()).await.expect("connect");
        assert!(round_trip(&mut refused).await.is_err());
        proxy.set(LinkFault::None);
        let mut line = TcpStream::connect(proxy.address()).await.expect("connect");
        assert_eq!(round_trip(&mut line).await.expect("echo"), b'x');
    }

    #[tokio::test]
    async fn a_stalled_line_passes_nothing_until_it_is_released() {
        let proxy = Proxy::start(echo().await).await.expect("proxy");
        let mut line = TcpStream::connect(proxy.address()).await.expect("connect");
        assert_eq!(round_trip(&mut line).await.expect("echo"), b'x');
        proxy.set(LinkFault::Stall);
        line.write_all(b"y").await.expect("accepted by the kernel");
        assert!(
            timeout(Duration::from_millis(100), line.read_u8())
                .await
                .is_err()
        );
        proxy.set(LinkFault::None);
        assert_eq!(line.read_u8().await.expect("late"), b'y');
    }

    #[tokio::test]
    async fn a_slow_line_is_slow_both_ways() {
        let proxy = Proxy::start(echo().await).await.expect("proxy");
        let mut line = TcpStream::connect(proxy.address()).await.expect("connect");
        proxy.set(LinkFault::Delay(Duration::from_millis(40)));
        let begun = Instant::now();
        assert_eq!(round_trip(&mut line).await.expect("echo"), b'x');
        assert!(begun.elapsed() >= Duration::from_millis(80));
    }
}
