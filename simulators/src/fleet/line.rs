//! The fleet's MQTT connection: orders come in, reports go out. One connection for all trucks, as
//! a city's vehicle platform has it.

use std::time::Duration;

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use shared::{
    error::chain,
    fleet::{TruckOrder, TruckReport},
    wire::{Topic, all_orders},
};
use tokio::{sync::mpsc, task::JoinHandle};

/// Messages that may wait for the line: a report of every truck and more.
const WAITING: usize = 1_000;

/// A running connection; it ends when dropped.
pub(crate) struct FleetLine {
    client: AsyncClient,
    orders: mpsc::Receiver<TruckOrder>,
    driver: JoinHandle<()>,
}

impl FleetLine {
    /// Connects to the broker at `host:port` and keeps connecting.
    #[must_use]
    pub(crate) fn start(host: &str, port: u16) -> Self {
        let mut options = MqttOptions::new("fleet-platform", host, port);
        options.set_keep_alive(Duration::from_secs(15));
        let (client, events) = AsyncClient::new(options, WAITING);
        let (sender, orders) = mpsc::channel(WAITING);
        let driver = tokio::spawn(drive(events, client.clone(), sender));
        Self {
            client,
            orders,
            driver,
        }
    }

    /// The next order that has come, if there is one.
    pub(crate) fn next_order(&mut self) -> Option<TruckOrder> {
        self.orders.try_recv().ok()
    }

    /// Sends a report; while the line is down and its queue full it is dropped, and the next one
    /// says more.
    pub(crate) fn report(&self, report: &TruckReport) {
        let topic = Topic::Truck(report.truck.clone()).to_string();
        if let Err(error) = self
            .client
            .try_publish(topic, QoS::AtLeastOnce, false, report.encode())
        {
            tracing::debug!(%error, "a truck's report was dropped");
        }
    }
}

impl Drop for FleetLine {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

async fn drive(mut events: EventLoop, client: AsyncClient, orders: mpsc::Sender<TruckOrder>) {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                if let Err(error) = client.try_subscribe(all_orders(), QoS::AtLeastOnce) {
                    tracing::warn!(%error, "orders cannot be subscribed to");
                }
            }
            Ok(Event::Incoming(Packet::Publish(message))) => {
                match TruckOrder::decode(&message.payload) {
                    Ok(order) => {
                        // A full channel is no loss: an order is repeated until it is reported.
                        let _ = orders.try_send(order);
                    }
                    Err(error) => {
                        tracing::warn!(
                            error = chain(&error),
                            topic = message.topic,
                            "not an order"
                        );
                    }
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "the fleet lost its broker");
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        }
    }
}
