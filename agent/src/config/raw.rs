//! The configuration file as it is written: names and forms only, nothing checked beyond them.
//!
//! Every value that can be wrong carries its span, so that a later error can name its line; whole
//! numbers are as wide as TOML has them, so that one out of range is told with its own bounds.

use serde::Deserialize;
use shared::clock::ScaledClock;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub agent: Spanned<String>,
    pub data_dir: Spanned<String>,
    #[serde(default)]
    pub doubt_unsynchronised_clock: bool,
    pub uplink: RawUplink,
    #[serde(default)]
    pub spool: RawSpool,
    pub clock: Option<Spanned<ScaledClock>>,
    #[serde(default)]
    pub modbus: Vec<RawModbusBus>,
    #[serde(default)]
    pub mqtt: Vec<RawMqttInput>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUplink {
    pub broker: Spanned<String>,
    pub bundle: Option<Spanned<String>>,
    pub ca_file: Option<Spanned<String>>,
    #[serde(default)]
    pub plain: bool,
    pub username: Option<String>,
    pub password_file: Option<Spanned<String>>,
    pub batch_seconds: Option<Spanned<f64>>,
    pub window: Option<Spanned<i64>>,
    pub ack_deadline_seconds: Option<Spanned<f64>>,
    pub backfill_per_second: Option<Spanned<f64>>,
    pub reconnect_min_seconds: Option<Spanned<f64>>,
    pub reconnect_max_seconds: Option<Spanned<f64>>,
    pub keep_alive_seconds: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSpool {
    pub max_mib: Option<Spanned<i64>>,
    pub when_full: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawModbusBus {
    pub name: Spanned<String>,
    pub connect: Spanned<String>,
    pub timeout_ms: Option<Spanned<i64>>,
    pub retries: Option<Spanned<i64>>,
    pub turnaround_ms: Option<Spanned<i64>>,
    pub max_gap_words: Option<Spanned<i64>>,
    pub max_words: Option<Spanned<i64>>,
    pub pause_after_connect_ms: Option<Spanned<i64>>,
    #[serde(default)]
    pub close_after_poll: bool,
    pub probe_max_seconds: Option<Spanned<f64>>,
    #[serde(default)]
    pub gauge: Vec<RawModbusGauge>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawModbusGauge {
    pub gauge: Spanned<String>,
    pub parameter: Spanned<String>,
    pub unit_id: Spanned<i64>,
    pub register: Spanned<i64>,
    pub kind: Option<Spanned<String>>,
    #[serde(rename = "type")]
    pub word_type: Spanned<String>,
    pub word_order: Option<Spanned<String>>,
    pub scale: Option<Spanned<f64>>,
    pub offset: Option<Spanned<f64>>,
    pub interval_s: Option<Spanned<f64>>,
    pub reading: Option<Spanned<String>>,
    pub wraps_at: Option<Spanned<f64>>,
    #[serde(default)]
    pub sentinels: Vec<Spanned<f64>>,
    pub limits: Option<Spanned<RawLimits>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMqttInput {
    pub name: Spanned<String>,
    pub broker: Spanned<String>,
    pub client_id: Option<Spanned<String>>,
    pub username: Option<String>,
    pub password_file: Option<Spanned<String>>,
    pub ca_file: Option<Spanned<String>>,
    #[serde(default)]
    pub gauge: Vec<RawMqttGauge>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMqttGauge {
    pub gauge: Spanned<String>,
    pub parameter: Spanned<String>,
    pub topic: Option<Spanned<String>>,
    pub interval_s: Option<Spanned<f64>>,
    pub reading: Option<Spanned<String>>,
    pub wraps_at: Option<Spanned<f64>>,
    pub limits: Option<Spanned<RawLimits>>,
}

/// What a gauge's own limits change; a key that is absent keeps the parameter's default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub fail_span: Option<Change<[f64; 2]>>,
    pub suspect_span: Option<Change<[f64; 2]>>,
    pub spike: Option<Change<f64>>,
    pub rate_per_minute: Option<Change<f64>>,
    pub noise: Option<f64>,
    pub flat_seconds: Option<Change<f64>>,
    pub flat_above: Option<Change<f64>>,
    pub sentinels: Option<Vec<f64>>,
}

/// A number (or a span), or `false` to switch the test off.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(
    untagged,
    expecting = "must be a number (a pair of numbers for a span), or false for no test"
)]
pub(super) enum Change<T> {
    Switch(bool),
    To(T),
}
