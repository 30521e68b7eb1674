//! What a configuration says, in types that cannot be wrong.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use shared::{
    backoff::BackoffLimits,
    broker::BrokerUrl,
    clock::Clock,
    gauge::Parameter,
    ids::{AgentId, GaugeId},
    quality::Limits,
};

use super::{
    endpoint::Endpoint,
    registers::{RegisterKind, WordFormat},
    when_full::WhenFull,
};
use crate::total::TotalSpec;

/// Everything the agent needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentConfig {
    pub agent: AgentId,
    pub data_dir: PathBuf,
    pub uplink: UplinkConfig,
    pub spool: SpoolConfig,
    pub clock: Clock,
    /// Whether readings are suspect while the system does not call its clock synchronised.
    pub doubt_unsynchronised_clock: bool,
    pub modbus: Vec<ModbusBus>,
    pub mqtt: Vec<MqttInput>,
    /// What may be meant otherwise, for whoever checks the file.
    pub hints: Vec<String>,
}

/// The line to the aggregator's broker.
#[derive(Debug, Clone, PartialEq)]
pub struct UplinkConfig {
    pub broker: BrokerUrl,
    pub login: Option<Login>,
    /// What the aggregator gave this agent when it was enrolled.
    pub bundle: Option<PathBuf>,
    /// Who says who the broker is, where that is not the aggregator's own authority.
    pub ca_file: Option<PathBuf>,
    /// Whether a bundle that has a certificate may be used without TLS, off this machine.
    pub plain: bool,
    /// How long observations gather before they are written and sent as one batch.
    pub batch: Duration,
    /// Batches handed to the broker and not yet acknowledged by it.
    pub window: usize,
    /// How long a batch waits for its commit acknowledgement before it is published again.
    pub ack_deadline: Duration,
    /// Most backlog batches per second, so that a long outage does not fill the line.
    pub backfill_per_second: f64,
    pub reconnect: BackoffLimits,
    pub keep_alive: Duration,
}

/// A user name and where its password is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub username: String,
    pub password_file: Option<PathBuf>,
}

/// Bounds of the durable queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolConfig {
    /// Of the files on disk.
    pub max_bytes: u64,
    pub when_full: WhenFull,
}

/// What every gauge has, whatever it is read by.
#[derive(Debug, Clone, PartialEq)]
pub struct GaugeSpec {
    pub id: GaugeId,
    pub parameter: Parameter,
    /// Storm time between two readings.
    pub interval: Duration,
    pub limits: Limits,
    /// Set where the gauge counts for ever: what is delivered is what fell since its last reading.
    pub total: Option<TotalSpec>,
}

/// One Modbus line and the gauges on it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModbusBus {
    pub name: String,
    pub endpoint: Endpoint,
    pub timeout: Duration,
    /// Further tries of a request that was not answered, within the same poll.
    pub retries: u8,
    /// Silence before every request beyond the 3.5 characters that RTU asks for.
    pub turnaround: Duration,
    /// Unused registers that may be read along to join two gauges into one request.
    pub max_gap: u16,
    /// Most registers that one read may ask for.
    pub max_words: u16,
    /// What a device needs after a connection before it listens.
    pub pause_after_connect: Duration,
    /// Whether the line is left to others between two polls.
    pub close_after_poll: bool,
    /// Longest rest between two probes of a silent unit.
    pub probe_max: Duration,
    pub gauges: Vec<ModbusGauge>,
}

/// A gauge behind holding or input registers.
#[derive(Debug, Clone, PartialEq)]
pub struct ModbusGauge {
    pub spec: GaugeSpec,
    pub unit_id: u8,
    pub register: u16,
    pub kind: RegisterKind,
    pub format: WordFormat,
    pub scale: f64,
    pub offset: f64,
    /// Raw values that mean "no reading".
    pub sentinels: Vec<f64>,
}

/// A local broker and the gauges that publish to it.
#[derive(Debug, Clone, PartialEq)]
pub struct MqttInput {
    pub name: String,
    pub broker: BrokerUrl,
    pub client_id: String,
    pub login: Option<Login>,
    /// Who says who the broker is, where it is spoken to over TLS.
    pub ca_file: Option<PathBuf>,
    pub gauges: Vec<MqttGauge>,
}

/// A gauge that publishes its readings itself.
#[derive(Debug, Clone, PartialEq)]
pub struct MqttGauge {
    pub spec: GaugeSpec,
    pub topic: String,
}

impl AgentConfig {
    /// Every gauge of every source.
    pub fn gauges(&self) -> impl Iterator<Item = &GaugeSpec> {
        let modbus = self
            .modbus
            .iter()
            .flat_map(|bus| bus.gauges.iter().map(|g| &g.spec));
        let mqtt = self
            .mqtt
            .iter()
            .flat_map(|input| input.gauges.iter().map(|g| &g.spec));
        modbus.chain(mqtt)
    }

    /// Every file that must hold a secret when the agent starts, and its key.
    pub fn secret_files(&self) -> impl Iterator<Item = (&str, &Path)> {
        let logins = self.mqtt.iter().map(|input| &input.login);
        let passwords = std::iter::once(&self.uplink.login)
            .chain(logins)
            .filter_map(|login| login.as_ref()?.password_file.as_deref())
            .map(|file| ("password_file", file));
        let bundle = self.uplink.bundle.as_deref();
        bundle
            .map(|file| ("bundle", file))
            .into_iter()
            .chain(passwords)
    }
}
