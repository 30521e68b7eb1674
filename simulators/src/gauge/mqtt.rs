//! MQTT gauges: they stamp their own readings and publish them at QoS 1 to a field broker.
//!
//! A gauge reports on the whole multiples of its interval since the storm's epoch, as loggers do,
//! and starts only when somebody listens to its topic: a broker throws away what nobody has
//! subscribed to, and such a reading was never served to anyone.

use std::{cmp::Reverse, collections::BinaryHeap, net::SocketAddr, time::Duration};

use rumqttc::{AsyncClient, EventLoop, MqttOptions, QoS};
use serde::{Deserialize, Serialize};
use shared::{clock::Clock, ids::GaugeId, time::Timestamp, value::Value};
use tokio::task::JoinHandle;

use super::Device;

/// The message of a gauge, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GaugeMessage {
    pub value: Value,
    pub observed_at: Timestamp,
}

/// The topic of a gauge on the field broker.
#[must_use]
pub(crate) fn topic_of(gauge: &GaugeId) -> String {
    format!("gauges/{gauge}")
}

/// The publisher of one gateway's MQTT gauges. It ends when dropped.
pub(crate) struct MqttGauges {
    line: JoinHandle<()>,
    schedule: JoinHandle<()>,
}

/// Messages in flight: more than a field of gauges publishes between two acknowledgements.
const INFLIGHT: u16 = 200;

impl MqttGauges {
    /// Starts to publish. `client` must be unique on the broker.
    #[must_use]
    pub(crate) fn start(broker: SocketAddr, client: &str, devices: Vec<Device>) -> Self {
        let mut options = MqttOptions::new(client, broker.ip().to_string(), broker.port());
        options.set_keep_alive(Duration::from_secs(30));
        options.set_clean_session(false);
        options.set_inflight(INFLIGHT);
        let (client, line) = AsyncClient::new(options, devices.len().max(16));
        Self {
            line: tokio::spawn(drive(line)),
            schedule: tokio::spawn(publish_all(client, devices)),
        }
    }
}

impl Drop for MqttGauges {
    fn drop(&mut self) {
        self.schedule.abort();
        self.line.abort();
    }
}

async fn drive(mut line: EventLoop) {
    loop {
        if let Err(error) = line.poll().await {
            tracing::warn!(%error, "gauge lost its field broker");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

async fn publish_all(client: AsyncClient, devices: Vec<Device>) {
    let Some(clock) = devices.first().map(Device::clock) else {
        return;
    };
    let mut due: BinaryHeap<Reverse<(Timestamp, usize)>> = devices
        .iter()
        .enumerate()
        .map(|(k, device)| Reverse((next_after(clock.now(), device.gauge().interval_s), k)))
        .collect();
    while let Some(Reverse((at, k))) = due.pop() {
        let Some(device) = devices.get(k) else {
            continue;
        };
        sleep_until(clock, at).await;
        due.push(Reverse((next_after(at, device.gauge().interval_s), k)));
        let Some(milli) = device.report(at) else {
            continue;
        };
        let message = GaugeMessage {
            value: Value::from_milli(milli),
            observed_at: at,
        };
        let payload = serde_json::to_vec(&message).expect("two plain fields always serialise");
        let topic = topic_of(&device.gauge().id);
        if client
            .publish(topic, QoS::AtLeastOnce, false, payload)
            .await
            .is_err()
        {
            return;
        }
    }
}

/// The first whole multiple of the interval after `at`.
fn next_after(at: Timestamp, interval_s: u32) -> Timestamp {
    let step = i64::from(interval_s.max(1)) * 1000;
    Timestamp::from_millis((at.as_millis().div_euclid(step) + 1) * step)
}

async fn sleep_until(clock: Clock, at: Timestamp) {
    let wait = u64::try_from(at.millis_since(clock.now())).unwrap_or(0);
    if wait > 0 {
        tokio::time::sleep(clock.real_span(Duration::from_millis(wait))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_reports_on_whole_multiples_of_its_interval() {
        let at = |ms| Timestamp::from_millis(ms);
        assert_eq!(next_after(at(0), 60), at(60_000));
        assert_eq!(next_after(at(59_999), 60), at(60_000));
        assert_eq!(next_after(at(60_000), 60), at(120_000));
    }

    #[test]
    fn a_message_is_what_the_contract_says() {
        let message = GaugeMessage {
            value: Value::from_milli(213),
            observed_at: Timestamp::from_millis(1_784_622_660_000),
        };
        let text = serde_json::to_string(&message).expect("json");
        assert_eq!(
            text,
            r#"{"value":0.213,"observed_at":"2026-07-21T08:31:00.000Z"}"#
        );
    }
}
