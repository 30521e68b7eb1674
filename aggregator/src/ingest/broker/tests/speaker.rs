//! A client of MQTT 5 that can say everything, right or wrong, by a codec that is not the broker's.

use std::{net::SocketAddr, time::Duration};

use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::{
    self, QoS,
    v5::{
        ConnAck, Connect, ConnectProperties, DisconnectReasonCode, Filter, LastWill, Packet,
        PubAck, PubComp, PubRec, PubRel, Publish, SubAck, Subscribe, SubscribeProperties,
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Longer than anything that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody before he comes in.
pub struct Speaker {
    pub connect: Connect,
    pub will: Option<LastWill>,
}

/// Somebody within.
pub struct Within {
    line: TcpStream,
    bytes: BytesMut,
    packets: u16,
    pub connack: ConnAck,
}

impl Speaker {
    pub fn new(name: &str) -> Self {
        Self {
            connect: Connect {
                keep_alive: 30,
                client_id: name.to_owned(),
                clean_start: true,
                properties: None,
            },
            will: None,
        }
    }

    pub fn with(mut self, change: impl FnOnce(&mut ConnectProperties)) -> Self {
        change(
            self.connect
                .properties
                .get_or_insert_with(ConnectProperties::new),
        );
        self
    }

    /// Comes again to the session that he had.
    pub fn again(mut self) -> Self {
        self.connect.clean_start = false;
        self
    }

    pub async fn come(self, at: SocketAddr) -> Within {
        let mut line = TcpStream::connect(at).await.expect("a line");
        let packet = Packet::Connect(self.connect, self.will, None);
        line.write_all(&written(&packet)).await.expect("written");
        let mut bytes = BytesMut::new();
        let Some(Packet::ConnAck(connack)) = next(&mut line, &mut bytes).await else {
            panic!("no CONNACK");
        };
        Within {
            line,
            bytes,
            packets: 0,
            connack,
        }
    }
}

fn written(packet: &Packet) -> BytesMut {
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes, None).expect("a packet");
    bytes
}

/// The next packet; `None` when the line is over.
async fn next(line: &mut TcpStream, bytes: &mut BytesMut) -> Option<Packet> {
    loop {
        match Packet::read(bytes, None) {
            Ok(packet) => return Some(packet),
            Err(mqttbytes::Error::InsufficientBytes(_)) => {}
            Err(wrong) => panic!("{wrong}: {bytes:?}"),
        }
        let read = timeout(PATIENCE, line.read_buf(bytes)).await;
        // An error is an end too.
        if !matches!(read.expect("something in time"), Ok(1..)) {
            return None;
        }
    }
}

impl Within {
    pub async fn say(&mut self, packet: &Packet) {
        self.say_bytes(&written(packet)).await;
    }

    pub async fn say_bytes(&mut self, bytes: &[u8]) {
        self.line.write_all(bytes).await.expect("written");
    }

    pub async fn next(&mut self) -> Option<Packet> {
        next(&mut self.line, &mut self.bytes).await
    }

    /// The next message, acknowledged.
    pub async fn hear(&mut self) -> Publish {
        loop {
            let packet = self.next().await.expect("the line lasts");
            if let Packet::Publish(message) = packet {
                self.acknowledge(&message).await;
                return message;
            }
        }
    }

    /// Ends the exchange of a message that came.
    pub async fn acknowledge(&mut self, message: &Publish) {
        match message.qos {
            QoS::AtMostOnce => {}
            QoS::AtLeastOnce => {
                let ack = PubAck::new(message.pkid, None);
                self.say(&Packet::PubAck(ack)).await;
            }
            QoS::ExactlyOnce => {
                let received = PubRec::new(message.pkid, None);
                self.say(&Packet::PubRec(received)).await;
                self.until(|packet| matches!(packet, Packet::PubRel(_)))
                    .await;
                let complete = PubComp::new(message.pkid, None);
                self.say(&Packet::PubComp(complete)).await;
            }
        }
    }

    /// Passes over what comes before.
    async fn until(&mut self, is_it: impl Fn(&Packet) -> bool) {
        loop {
            let packet = self.next().await.expect("the line lasts");
            // At least once: it was sent again before the broker had read that it had come.
            if matches!(&packet, Packet::Publish(m) if m.dup && m.qos == QoS::AtLeastOnce) {
                continue;
            }
            assert!(
                !matches!(packet, Packet::Publish(_)),
                "passed over: {packet:?}"
            );
            if is_it(&packet) {
                return;
            }
        }
    }

    pub async fn subscribe(&mut self, filter: &str, id: Option<usize>) -> SubAck {
        self.subscribe_to(Filter::new(filter, QoS::ExactlyOnce), id)
            .await
    }

    pub async fn subscribe_to(&mut self, filter: Filter, id: Option<usize>) -> SubAck {
        let properties = id.map(|id| SubscribeProperties {
            id: Some(id),
            user_properties: Vec::new(),
        });
        self.packets += 1;
        let mut subscribe = Subscribe::new(filter, properties);
        subscribe.pkid = self.packets;
        self.say(&Packet::Subscribe(subscribe)).await;
        match self.next().await {
            Some(Packet::SubAck(ack)) => ack,
            other => panic!("no SUBACK: {other:?}"),
        }
    }

    /// Says a message, and waits until its exchange has ended where it has one.
    pub async fn publish(&mut self, message: Publish) {
        let qos = message.qos;
        self.begin(message).await;
        match qos {
            QoS::AtMostOnce => {}
            QoS::AtLeastOnce => self.until(|p| matches!(p, Packet::PubAck(_))).await,
            QoS::ExactlyOnce => {
                self.until(|p| matches!(p, Packet::PubRec(_))).await;
                let release = PubRel::new(self.packets, None);
                self.say(&Packet::PubRel(release)).await;
                self.until(|p| matches!(p, Packet::PubComp(_))).await;
            }
        }
    }

    /// Says a message, and waits for nothing.
    pub async fn begin(&mut self, mut message: Publish) {
        if message.qos != QoS::AtMostOnce {
            self.packets += 1;
            message.pkid = self.packets;
        }
        self.say(&Packet::Publish(message)).await;
    }

    /// How he is sent away, once everything else was said.
    pub async fn sent_away(mut self) -> Option<DisconnectReasonCode> {
        let mut told = None;
        while let Some(packet) = self.next().await {
            assert_eq!(told, None, "something after DISCONNECT: {packet:?}");
            if let Packet::Disconnect(disconnect) = packet {
                told = Some(disconnect.reason_code);
            }
        }
        told
    }
}

pub fn message(topic: &str, qos: QoS, payload: &'static str) -> Publish {
    Publish {
        qos,
        topic: Bytes::copy_from_slice(topic.as_bytes()),
        payload: Bytes::from_static(payload.as_bytes()),
        ..Publish::default()
    }
}
