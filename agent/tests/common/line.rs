//! A line to a broker that sees which packets pass and can be cut.

use std::collections::HashMap;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::timeout,
};

use crate::common::PATIENCE;

/// Types of MQTT packets, as the upper half of their first byte.
pub const PUBACK: u8 = 4;
pub const SUBACK: u8 = 9;

/// A line that leads to a port of this machine.
pub struct WatchedLine {
    pub port: u16,
    passed: watch::Receiver<HashMap<u8, usize>>,
    cut: watch::Sender<()>,
}

impl WatchedLine {
    pub async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (pass, passed) = watch::channel(HashMap::new());
        let (cut, _) = watch::channel(());
        let cuts = cut.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let mut cut = cuts.subscribe();
                let pass = pass.clone();
                tokio::spawn(async move {
                    let (near, near_out) = near.into_split();
                    let (far, far_out) = TcpStream::connect(("127.0.0.1", to))
                        .await
                        .unwrap()
                        .into_split();
                    tokio::select! {
                        _ = cut.changed() => {}
                        () = async {
                            tokio::join!(
                                carry(near, far_out, &pass),
                                carry(far, near_out, &pass),
                            );
                        } => {}
                    }
                });
            }
        });
        Self { port, passed, cut }
    }

    /// Returns when so many packets of a type have passed, on all connections together.
    pub async fn passed(&mut self, packet: u8, count: usize) {
        let enough = |passed: &HashMap<u8, usize>| passed.get(&packet) >= Some(&count);
        timeout(PATIENCE, self.passed.wait_for(enough))
            .await
            .unwrap()
            .unwrap();
    }

    /// Ends every connection; the next one is let through.
    pub fn cut(&self) {
        self.cut.send_replace(());
    }
}

/// Carries packet by packet until either end closes.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    pass: &watch::Sender<HashMap<u8, usize>>,
) {
    while let Ok(first) = from.read_u8().await {
        let (mut packet, mut length, mut shift) = (vec![first], 0_usize, 0);
        while let Ok(byte) = from.read_u8().await {
            packet.push(byte);
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let head = packet.len();
        packet.resize(head + length, 0);
        let body = packet.get_mut(head..).unwrap();
        if from.read_exact(body).await.is_err() || to.write_all(&packet).await.is_err() {
            return;
        }
        pass.send_modify(|passed| *passed.entry(first >> 4).or_default() += 1);
    }
}
