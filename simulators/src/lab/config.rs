//! The configuration files of the real programs, as their contract has them.

use std::{net::SocketAddr, path::Path};

use serde::Serialize;
use shared::clock::ScaledClock;

use super::{Gateway, LabError, ModbusLine, MqttLine};
use crate::gauge::{SimGauge, register::Coding, topic_of};

/// Where an aggregator finds its broker.
#[derive(Debug, Clone)]
pub enum AggregatorBroker {
    Embedded(SocketAddr),
    Tls(SocketAddr),
    Url(String),
}

/// Silent units are given up after this long: a simulated gauge answers within a millisecond.
const TIMEOUT_MS: u64 = 1000;
/// An agent publishes again what was not acknowledged within this time.
const ACK_DEADLINE_SECONDS: f64 = 5.0;

/// What an agent's uplink is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Uplink<'a> {
    pub broker: &'a str,
    /// What it was given when it was enrolled.
    pub bundle: Option<&'a Path>,
    pub batch_seconds: f64,
    /// The shortest and the longest wait before it connects again.
    pub reconnect_seconds: (f64, f64),
}

/// An agent's configuration.
///
/// # Errors
/// Only where TOML cannot hold it.
pub(super) fn agent(
    gateway: &Gateway,
    uplink: Uplink<'_>,
    clock: Option<ScaledClock>,
    data_dir: &Path,
) -> Result<String, LabError> {
    let file = AgentFile {
        agent: gateway.agent.as_str(),
        data_dir,
        uplink: UplinkTable {
            broker: uplink.broker,
            bundle: uplink.bundle,
            batch_seconds: uplink.batch_seconds,
            ack_deadline_seconds: ACK_DEADLINE_SECONDS,
            reconnect_min_seconds: uplink.reconnect_seconds.0,
            reconnect_max_seconds: uplink.reconnect_seconds.1,
            backfill_per_second: 50.0,
        },
        clock,
        modbus: gateway.modbus.iter().map(modbus).collect(),
        mqtt: gateway
            .mqtt
            .iter()
            .map(|line| mqtt(gateway, line))
            .collect(),
    };
    Ok(toml::to_string(&file)?)
}

/// The aggregator's configuration.
///
/// # Errors
/// Only where TOML cannot hold it.
pub(super) fn aggregator(
    data_dir: &Path,
    city: &Path,
    (http, http_keys): (SocketAddr, &toml::Table),
    broker: &AggregatorBroker,
    believes_strangers: bool,
    clock: Option<ScaledClock>,
) -> Result<String, LabError> {
    let (embedded, tls, url) = match broker {
        AggregatorBroker::Embedded(listen) => (Some(*listen), None, None),
        AggregatorBroker::Tls(listen) => (None, Some(*listen), None),
        AggregatorBroker::Url(url) => (None, None, Some(&**url)),
    };
    let broker = BrokerTable {
        embedded,
        tls,
        url,
        strangers: believes_strangers,
    };
    let file = AggregatorFile {
        data_dir,
        city,
        http: HttpTable {
            listen: http,
            more: http_keys,
        },
        broker,
        clock,
    };
    Ok(toml::to_string(&file)?)
}

fn modbus(line: &ModbusLine) -> ModbusTable<'_> {
    let gauges = line
        .units
        .iter()
        .map(|(unit, gauge)| modbus_gauge(*unit, gauge))
        .collect();
    ModbusTable {
        name: &line.name,
        connect: &line.connect,
        timeout_ms: TIMEOUT_MS,
        gauge: gauges,
    }
}

fn modbus_gauge(unit_id: u8, gauge: &SimGauge) -> ModbusGaugeTable<'_> {
    let coding = Coding::of(gauge.parameter);
    ModbusGaugeTable {
        gauge: gauge.id.as_str(),
        parameter: gauge.parameter.name(),
        unit_id,
        register: 0,
        kind: "holding",
        r#type: coding.kind,
        scale: coding.scale,
        interval_s: gauge.interval_s,
        sentinels: [coding.sentinel_count()],
    }
}

fn mqtt<'a>(gateway: &Gateway, line: &'a MqttLine) -> MqttTable<'a> {
    let gauge = |gauge: &'a SimGauge| MqttGaugeTable {
        gauge: gauge.id.as_str(),
        parameter: gauge.parameter.name(),
        topic: topic_of(&gauge.id),
        interval_s: gauge.interval_s,
    };
    MqttTable {
        name: "local",
        broker: &line.url,
        client_id: format!("{}-input", gateway.agent),
        gauge: line.gauges.iter().map(gauge).collect(),
    }
}

#[derive(Serialize)]
struct AgentFile<'a> {
    agent: &'a str,
    data_dir: &'a Path,
    uplink: UplinkTable<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<ScaledClock>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    modbus: Vec<ModbusTable<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mqtt: Vec<MqttTable<'a>>,
}

#[derive(Serialize)]
struct UplinkTable<'a> {
    broker: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<&'a Path>,
    batch_seconds: f64,
    ack_deadline_seconds: f64,
    reconnect_min_seconds: f64,
    reconnect_max_seconds: f64,
    backfill_per_second: f64,
}

#[derive(Serialize)]
struct ModbusTable<'a> {
    name: &'a str,
    connect: &'a str,
    timeout_ms: u64,
    gauge: Vec<ModbusGaugeTable<'a>>,
}

#[derive(Serialize)]
struct ModbusGaugeTable<'a> {
    gauge: &'a str,
    parameter: &'static str,
    unit_id: u8,
    register: u16,
    kind: &'static str,
    r#type: &'static str,
    scale: f64,
    interval_s: u32,
    sentinels: [i64; 1],
}

#[derive(Serialize)]
struct MqttTable<'a> {
    name: &'static str,
    broker: &'a str,
    client_id: String,
    gauge: Vec<MqttGaugeTable<'a>>,
}

#[derive(Serialize)]
struct MqttGaugeTable<'a> {
    gauge: &'a str,
    parameter: &'static str,
    topic: String,
    interval_s: u32,
}

#[derive(Serialize)]
struct AggregatorFile<'a> {
    data_dir: &'a Path,
    city: &'a Path,
    http: HttpTable<'a>,
    broker: BrokerTable<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<ScaledClock>,
}

#[derive(Serialize)]
struct HttpTable<'a> {
    listen: SocketAddr,
    #[serde(flatten)]
    more: &'a toml::Table,
}

#[derive(Serialize)]
struct BrokerTable<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    embedded: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    strangers: bool,
}
