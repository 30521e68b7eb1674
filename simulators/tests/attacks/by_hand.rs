//! Packets that no client of a library sends.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::attacker::Said;

const PATIENCE: Duration = Duration::from_secs(10);

/// Publishes on any topic, also on what is none, on a connection of its own: whether the broker takes it. The
/// packets are short, and made by hand.
pub async fn published(at: SocketAddr, name: &str, topic: &str, payload: &[u8]) -> Said {
    let text = |text: &[u8]| {
        let length = u16::try_from(text.len()).expect("short");
        [&length.to_be_bytes()[..], text].concat()
    };
    let packet = |kind: u8, body: Vec<u8>| {
        let mut packet = vec![kind];
        let mut length = body.len();
        while length > 0x7f {
            packet.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
            length >>= 7;
        }
        packet.push(u8::try_from(length).expect("seven bits"));
        [packet, body].concat()
    };
    let connect = [&b"\0\x04MQTT\x04\x02\0\x3c"[..], &text(name.as_bytes())].concat();
    let publish = [text(topic.as_bytes()), vec![0, 1], payload.to_vec()].concat();
    let all = [packet(0x10, connect), packet(0x32, publish)].concat();
    let asked = async {
        let mut line = TcpStream::connect(at).await?;
        line.write_all(&all).await?;
        let mut answer = [0; 8];
        // CONNACK, then PUBACK of the same length or an end.
        line.read_exact(&mut answer).await
    };
    match timeout(PATIENCE, asked)
        .await
        .expect("the broker says something")
    {
        Ok(_) => Said::Taken,
        Err(_) => Said::Refused,
    }
}
