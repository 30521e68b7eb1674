//! The field broker: what local MQTT gauges publish to and a gateway's agent subscribes to.

use std::{io, net::SocketAddr, num::NonZeroU16, time::Duration};

use rmqtt::{context::ServerContext, net::Builder, server::MqttServer};
use shared::net::free_address;
use tokio::task::JoinHandle;

/// An MQTT broker on the loopback interface. It ends when dropped.
pub struct FieldBroker {
    address: SocketAddr,
    context: ServerContext,
    server: JoinHandle<()>,
}

/// Messages kept for an agent that is away: hours of a gateway's gauges at any speed.
const QUEUE: usize = 200_000;

/// Unacknowledged messages to one agent at a time; the agent acknowledges once per batch.
const INFLIGHT: NonZeroU16 = NonZeroU16::new(2_000).expect("not zero");

/// The broker repeats what was not acknowledged within this time: longer than a batch.
const RETRY: Duration = Duration::from_secs(30);

impl FieldBroker {
    /// Starts a broker on a free port.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start() -> io::Result<Self> {
        let address = free_address()?;
        let context = ServerContext::new().build().await;
        let listener = Builder::new()
            .name("field")
            .laddr(address)
            .reuseaddr(Some(true))
            .max_inflight(INFLIGHT)
            .max_mqueue_len(QUEUE)
            .message_retry_interval(RETRY)
            .message_expiry_interval(Duration::from_secs(24 * 3600))
            .bind()
            .and_then(rmqtt::net::Listener::tcp)
            .map_err(io::Error::other)?;
        let server = MqttServer::new(context.clone()).listener(listener).build();
        let server = tokio::spawn(async move {
            if let Err(error) = server.run().await {
                tracing::error!(%error, "field broker ended");
            }
        });
        Ok(Self {
            address,
            context,
            server,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a configuration names: `mqtt://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mqtt://{}", self.address)
    }

    /// Whether somebody has subscribed to a topic.
    pub async fn has_subscriber(&self, topic: &str) -> bool {
        let router = self.context.extends.router().await;
        router
            .get(topic)
            .await
            .is_ok_and(|routes| !routes.is_empty())
    }
}

impl Drop for FieldBroker {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[cfg(test)]
mod tests {
    use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

    use super::*;

    #[tokio::test]
    async fn a_persistent_subscriber_gets_what_was_published_while_it_was_away() {
        let broker = FieldBroker::start().await.expect("broker");
        assert!(!broker.has_subscriber("gauges/ws-01").await);
        let client = |id: &str| {
            let mut options = MqttOptions::new(id, "127.0.0.1", broker.address().port());
            options.set_clean_session(false);
            AsyncClient::new(options, 10)
        };
        let (agent, mut line) = client("agent");
        agent
            .subscribe("gauges/+", QoS::AtLeastOnce)
            .await
            .expect("queued");
        until(&mut line, |packet| matches!(packet, Packet::SubAck(_))).await;
        assert!(broker.has_subscriber("gauges/ws-01").await);
        drop((agent, line));

        let (gauge, mut gauge_line) = client("gauge");
        gauge
            .publish("gauges/ws-01", QoS::AtLeastOnce, false, "{}")
            .await
            .expect("queued");
        until(&mut gauge_line, |packet| {
            matches!(packet, Packet::PubAck(_))
        })
        .await;

        let (_agent, mut line) = client("agent");
        until(
            &mut line,
            |p| matches!(p, Packet::Publish(m) if m.topic == "gauges/ws-01"),
        )
        .await;
    }

    async fn until(line: &mut rumqttc::EventLoop, wanted: impl Fn(&Packet) -> bool) {
        let search = async {
            loop {
                if let Event::Incoming(packet) = line.poll().await.expect("line")
                    && wanted(&packet)
                {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), search)
            .await
            .expect("in time");
    }
}
