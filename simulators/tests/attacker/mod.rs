//! Somebody who reaches a broker and tries what he may not.

use std::{net::SocketAddr, time::Duration};

use rumqttc::{
    AsyncClient, Event, EventLoop, LastWill, MqttOptions, Outgoing, Packet, QoS,
    SubscribeReasonCode, TlsConfiguration, Transport,
};
use shared::tls::Tls;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// The largest payload that is taken, and its topic.
const MAX_PACKET: usize = 257 * 1024;

/// What the broker said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Taken,
    /// By its code, or by ending the connection.
    Refused,
}

/// Somebody before he comes in.
pub struct Attacker {
    name: String,
    login: Option<String>,
    will: Option<String>,
    tls: Option<Tls>,
}

/// Somebody within.
pub struct Within {
    client: AsyncClient,
    events: EventLoop,
    /// The topics of messages that were brought to him.
    pub heard: Vec<String>,
}

impl Attacker {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            login: None,
            will: None,
            tls: None,
        }
    }

    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    pub fn password(mut self, password: Option<&str>) -> Self {
        self.login = password.map(str::to_owned);
        self
    }

    pub fn will(mut self, topic: &str) -> Self {
        self.will = Some(topic.to_owned());
        self
    }

    /// Connects.
    pub async fn come(self, at: SocketAddr) -> Result<Within, Said> {
        let mut options = MqttOptions::new(&self.name, at.ip().to_string(), at.port());
        options.set_max_packet_size(MAX_PACKET, MAX_PACKET);
        if let Some(password) = self.login {
            options.set_credentials(self.name, password);
        }
        if let Some(tls) = self.tls {
            let config = TlsConfiguration::Rustls(tls.config());
            options.set_transport(Transport::tls_with_config(config));
        }
        if let Some(topic) = self.will {
            options.set_last_will(LastWill::new(topic, "{}", QoS::AtLeastOnce, false));
        }
        let (client, events) = AsyncClient::new(options, 16);
        let mut within = Within {
            client,
            events,
            heard: Vec::new(),
        };
        match within.next().await {
            Some(packet) => {
                assert!(matches!(packet, Packet::ConnAck(_)), "{packet:?}");
                Ok(within)
            }
            None => Err(Said::Refused),
        }
    }
}

impl Within {
    /// The next packet; `None` when the connection is over.
    async fn next(&mut self) -> Option<Packet> {
        let next = async {
            loop {
                match self.events.poll().await {
                    Ok(Event::Incoming(packet)) => return Some(packet),
                    Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(_) => return None,
                    Ok(Event::Outgoing(_)) => {}
                }
            }
        };
        timeout(PATIENCE, next)
            .await
            .expect("the broker says something")
    }

    pub async fn subscribe(&mut self, filter: &str) -> Said {
        let asked = self.client.subscribe(filter, QoS::AtLeastOnce).await;
        asked.expect("a place in the queue");
        loop {
            match self.next().await {
                Some(Packet::SubAck(ack)) => {
                    let is_refused = ack.return_codes.contains(&SubscribeReasonCode::Failure);
                    return if is_refused {
                        Said::Refused
                    } else {
                        Said::Taken
                    };
                }
                Some(_) => {}
                None => return Said::Refused,
            }
        }
    }

    /// Publishes, and waits for what the broker says to it.
    pub async fn publish(&mut self, topic: &str, payload: Vec<u8>) -> Said {
        let asked = self
            .client
            .publish(topic, QoS::AtLeastOnce, false, payload)
            .await;
        asked.expect("a place in the queue");
        loop {
            match self.next().await {
                Some(Packet::PubAck(_)) => return Said::Taken,
                Some(Packet::Publish(message)) => self.heard.push(message.topic),
                Some(_) => {}
                None => return Said::Refused,
            }
        }
    }

    /// Waits for a message on a topic that begins so.
    pub async fn hear(&mut self, topic: &str) -> Vec<u8> {
        loop {
            let packet = self.next().await.expect("the connection lasts");
            if let Packet::Publish(message) = packet
                && message.topic.starts_with(topic)
            {
                return message.payload.to_vec();
            }
        }
    }
}
