//! The gate in front of the embedded broker: every connection comes through here.
//!
//! It bounds how many there are and from where, how long they take to say who they are, how large that is,
//! and how fast they speak; it ends those who were revoked. The broker behind it listens where only this
//! machine reaches it, and believes nobody who did not come through.

mod crowd;
pub mod farewell;
mod line;
mod pace;
mod packets;
mod peers;
mod tls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpSocket},
    time::sleep,
};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

pub use self::{
    crowd::{Limits, Standing},
    pace::Rate,
    packets::kept_alive,
    peers::Peers,
    tls::TlsError,
};
use crate::authority::{Authorities, Ca};

/// Connections waiting to be accepted: a restart brings all gateways back at once.
const BACKLOG: u32 = 4_096;

/// Pause when the system has no more files or memory for a connection.
const BREATH: Duration = Duration::from_millis(100);

/// A door of the gate: where it listens, and whether behind TLS.
pub struct Door {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Door {
    /// Opens a door.
    ///
    /// # Errors
    /// The address cannot be had.
    pub fn open(listen: SocketAddr) -> io::Result<Self> {
        let socket = if listen.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        // A restart takes the port although connections of the last run are still dying.
        socket.set_reuseaddr(true)?;
        socket.bind(listen)?;
        let listener = socket.listen(BACKLOG)?;
        Ok(Self {
            listener,
            tls: None,
        })
    }

    /// Where it is.
    ///
    /// # Errors
    /// The system does not say.
    #[cfg(test)]
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Lets nobody in without TLS.
    ///
    /// # Errors
    /// The authority is not usable.
    pub fn behind_tls(self, ca: Arc<Ca>) -> Result<Self, TlsError> {
        let tls = Some(tls::acceptor(ca)?);
        Ok(Self { tls, ..self })
    }

    /// Lets people in, until it is dropped.
    pub async fn serve(self, broker: SocketAddr, rate: Rate, peers: Peers) {
        let terms = line::Terms {
            broker,
            rate,
            tls: self.tls,
        };
        let mut is_out_of_files = false;
        loop {
            let (stream, from) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    if !is_out_of_files {
                        warn!(%error, "MQTT connections cannot be accepted");
                    }
                    is_out_of_files = true;
                    sleep(BREATH).await;
                    continue;
                }
            };
            if std::mem::take(&mut is_out_of_files) {
                info!("MQTT connections are accepted again");
            }
            if let Some(place) = peers.arrive(from.ip()) {
                tokio::spawn(line::serve(stream, from, terms.clone(), place));
            }
        }
    }
}

/// Ends the connections of those who were revoked or enrolled anew, for as long as anybody tells of it.
pub async fn evict(peers: Peers, mut authorities: Authorities) {
    let mut before = authorities.now();
    while authorities.changed().await {
        let now = authorities.now();
        for name in now.changed_since(&before) {
            let ended = peers.end(name);
            if ended > 0 {
                info!(client = name, "connection ended: enrolled anew or revoked");
            }
        }
        before = now;
    }
    std::future::pending().await
}
