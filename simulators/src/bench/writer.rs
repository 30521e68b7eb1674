//! The one writer of the map's bench: a gateway that speaks for every gauge and truck of a city.

use std::{path::Path, time::Duration};

use rumqttc::{AsyncClient, MqttOptions, QoS};
use shared::{
    clock::real_now,
    fleet::TruckReport,
    gauge::Parameter,
    ids::AgentId,
    limits,
    lonlat::LonLat,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    value::Value,
    wire::{Envelope, Topic},
};

use super::rig;
use crate::{fleet, truth::Instrument};

/// Batches per second.
const BATCHES_PER_SECOND: u32 = 10;

/// A truck reports this often in reality, in seconds.
const TRUCK_SECONDS: f64 = 10.0;

/// How long a street takes to flood and to dry again, in real seconds at speed 1.
const FLOOD_SECONDS: f64 = 1800.0;

/// What is written, and how often.
pub(super) struct Writer {
    envelope: Envelope,
    gauges: Vec<Observation>,
    trucks: Vec<TruckReport>,
    /// How many times faster than in reality.
    speed: f64,
    begun: Timestamp,
    /// Gauges and trucks written so far.
    written: (u64, u64),
    pub observations_per_second: f64,
    pub reports_per_second: f64,
}

impl Writer {
    /// For all gauges and trucks of a city's folder.
    ///
    /// # Errors
    /// Its layers cannot be read.
    pub(super) fn new(city: &Path, speed: f64) -> anyhow::Result<Self> {
        let agent: AgentId = "bench-writer".parse()?;
        let now = real_now();
        let (mut gauges, mut rate) = (Vec::new(), 0.0);
        for instrument in Instrument::read_all(city)? {
            rate += speed / f64::from(instrument.interval_s);
            gauges.push(first_observation(instrument));
        }
        let trucks = fleet::read(city)?;
        let trucks: Vec<_> = trucks
            .iter()
            .map(|t| t.report(Timestamp::default()))
            .collect();
        Ok(Self {
            envelope: Envelope {
                incarnation: now.as_millis().unsigned_abs(),
                seq: 1,
                oldest: 1,
                sent_at: now,
                mode: rig::MODE,
                backfill: false,
                observations: Vec::new(),
                agent,
            },
            observations_per_second: rate,
            reports_per_second: trucks.len() as f64 * speed / TRUCK_SECONDS,
            gauges,
            trucks,
            speed,
            begun: now,
            written: (0, 0),
        })
    }

    /// Writes until it is dropped.
    pub(super) async fn write(mut self, host: String, port: u16) {
        let mut options = MqttOptions::new(self.envelope.agent.as_str(), host, port);
        options.set_max_packet_size(limits::MAX_PAYLOAD + 1024, limits::MAX_PAYLOAD + 1024);
        let (client, mut line) = AsyncClient::new(options, 4096);
        let mut beats = tokio::time::interval(Duration::from_secs(1) / BATCHES_PER_SECOND);
        loop {
            tokio::select! {
                event = line.poll() => if let Err(error) = event {
                    tracing::warn!(%error, "connection to the broker lost");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                },
                _ = beats.tick() => self.beat(&client),
            }
        }
    }

    fn beat(&mut self, client: &AsyncClient) {
        let now = real_now();
        let seconds = now.seconds_since(self.begun);
        let observations = Topic::Observations {
            agent: self.envelope.agent.clone(),
            json: false,
        };
        self.fill(now, seconds);
        send(client, &observations, self.envelope.encode());
        self.envelope.seq += 1;
        for report in self.reports(now, seconds) {
            let payload = report.encode();
            send(client, &Topic::Truck(report.truck), payload);
        }
    }

    /// The next batch: every gauge in its turn.
    fn fill(&mut self, now: Timestamp, seconds: f64) {
        let due = whole(seconds * self.observations_per_second);
        self.envelope.sent_at = now;
        self.envelope.observations.clear();
        while self.written.0 < due && self.envelope.observations.len() < limits::MAX_BATCH {
            let Some(gauge) = turn(&mut self.gauges, self.written.0) else {
                return;
            };
            gauge.observed_at = now.max(gauge.observed_at.plus_millis(1));
            let phase = (self.written.0 % 97) as f64 / 97.0;
            let wave = seconds * self.speed / FLOOD_SECONDS + phase;
            gauge.value = Value::from_units(units(gauge.parameter, wave)).ok();
            self.envelope.observations.push(gauge.clone());
            self.written.0 += 1;
        }
    }

    fn reports(&mut self, now: Timestamp, seconds: f64) -> Vec<TruckReport> {
        let due = whole(seconds * self.reports_per_second);
        let mut reports = Vec::new();
        while self.written.1 < due {
            let Some(truck) = turn(&mut self.trucks, self.written.1) else {
                break;
            };
            truck.reported_at = now.max(truck.reported_at.plus_millis(1));
            let step = if self.written.1.is_multiple_of(2) {
                1e-4
            } else {
                -1e-4
            };
            if let Ok(moved) = LonLat::new(truck.position.lon() + step, truck.position.lat()) {
                truck.position = moved;
            }
            reports.push(truck.clone());
            self.written.1 += 1;
        }
        reports
    }
}

fn turn<T>(all: &mut [T], number: u64) -> Option<&mut T> {
    let count = u64::try_from(all.len()).ok().filter(|n| *n > 0)?;
    all.get_mut(usize::try_from(number % count).ok()?)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate times the seconds of a run"
)]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}

fn send(client: &AsyncClient, topic: &Topic, payload: Vec<u8>) {
    if let Err(error) = client.try_publish(topic.to_string(), QoS::AtLeastOnce, false, payload) {
        tracing::warn!(%error, "the writer is behind");
    }
}

/// Streets flood to half a metre and dry again; it rains as hard as that takes.
fn units(parameter: Parameter, wave: f64) -> f64 {
    let height = (wave * std::f64::consts::TAU).sin().max(0.0);
    match parameter {
        Parameter::Depth => 0.5 * height,
        Parameter::Stage | Parameter::WaterLevel => 2.0 + height,
        Parameter::RainfallIntensity => 60.0 * height,
        Parameter::RainfallDepth => height,
    }
}

/// Nothing yet, of a gauge.
fn first_observation(instrument: Instrument) -> Observation {
    Observation {
        gauge: instrument.id,
        parameter: instrument.parameter,
        observed_at: Timestamp::default(),
        value: None,
        quality: Quality::Pass,
        tests: TestSet::NONE,
    }
}
