//! What the machine allows at best: a log of the same bytes, and a broker that only acknowledges.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

use crate::link::FieldBroker;

/// Appends `group` payloads at a time and makes them durable; returns payloads per second.
///
/// # Errors
/// The file cannot be written.
pub(super) fn append_log(
    folder: &Path,
    payload: &[u8],
    group: usize,
    span: Duration,
) -> io::Result<f64> {
    let path = folder.join("append.log");
    let mut log = File::create(&path)?;
    let bytes = payload.repeat(group.max(1));
    let (begun, mut groups) = (Instant::now(), 0_u32);
    while begun.elapsed() < span {
        log.write_all(&bytes)?;
        log.sync_data()?;
        groups += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(f64::from(groups) * group.max(1) as f64 / seconds)
}

/// Payloads per second that a broker of the aggregator's kind acknowledges to so many publishers
/// when nobody subscribes and nothing is stored; broker and publishers share the machine.
///
/// # Errors
/// The broker does not start.
pub(super) async fn puback(
    payload: &[u8],
    publishers: u32,
    window: u16,
    span: Duration,
) -> io::Result<f64> {
    let broker = FieldBroker::start().await?;
    let begun = Instant::now();
    let tasks: Vec<_> = (0..publishers)
        .map(|number| {
            let mut options = MqttOptions::new(
                format!("limit-{number}"),
                broker.address().ip().to_string(),
                broker.address().port(),
            );
            options.set_inflight(window);
            tokio::spawn(publish(options, payload.to_vec(), begun + span))
        })
        .collect();
    let mut acknowledged = 0_u32;
    for task in tasks {
        acknowledged += task.await.map_err(io::Error::other)?;
    }
    Ok(f64::from(acknowledged) / begun.elapsed().as_secs_f64())
}

/// Keeps the window full until `end`; returns how many were acknowledged.
async fn publish(options: MqttOptions, payload: Vec<u8>, end: Instant) -> u32 {
    let window = usize::from(options.inflight());
    let (client, mut line) = AsyncClient::new(options, window);
    let more = || client.try_publish("limit", QoS::AtLeastOnce, false, payload.as_slice());
    let mut acknowledged = 0;
    while Instant::now() < end {
        match line.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => (0..window).for_each(|_| drop(more())),
            Ok(Event::Incoming(Packet::PubAck(_))) => {
                acknowledged += 1;
                drop(more());
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "connection to the broker lost");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    acknowledged
}
