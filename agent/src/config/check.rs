//! From the raw file to an [`AgentConfig`]: everything outside the sources, and the bounds of numbers.

use std::{ops::RangeInclusive, path::Path, path::PathBuf, time::Duration};

use shared::{
    backoff::BackoffLimits,
    broker::BrokerUrl,
    clock::Clock,
    findings::{self, Findings, Wrong},
    ids::AgentId,
};
use toml::Spanned;

use super::{
    fields::{Placed, believed, login, of, parsed, to_count, whole, within, wrong_broker},
    inputs,
    raw::{RawConfig, RawSpool, RawUplink},
    settings::{AgentConfig, Login, SpoolConfig, UplinkConfig},
    sources::{self, Taken},
    when_full::WhenFull,
    word::UnknownWord,
};

/// Observations gather for at most this long: past ten seconds a flood's rise is late on the map.
const BATCH_SECONDS: RangeInclusive<f64> = 0.05..=10.0;
/// The broker's own window is rarely above 1,000; one at a time is the least that moves.
const WINDOW: RangeInclusive<f64> = 1.0..=1_000.0;
/// Below a second every round trip over a radio link would be repeated.
const ACK_DEADLINE_SECONDS: RangeInclusive<f64> = 1.0..=600.0;
const BACKFILL_PER_SECOND: RangeInclusive<f64> = 0.1..=10_000.0;
const RECONNECT_SECONDS: RangeInclusive<f64> = 0.05..=3_600.0;
/// rumqttc takes no keep-alive between zero and five seconds on some versions; a day is no check.
const KEEP_ALIVE_SECONDS: RangeInclusive<f64> = 5.0..=3_600.0;
/// Below 8 MiB the store's own segments do not fit; above 64 GiB opening takes minutes.
const SPOOL_MIB: RangeInclusive<f64> = 8.0..=65_536.0;

/// Reads the text of a configuration file.
///
/// # Errors
/// Everything that is wrong with it: form errors one by one, all others at once.
pub fn parse(file: &Path, text: &str) -> Result<AgentConfig, Wrong> {
    let raw: RawConfig = findings::read_toml(file, text)?;
    let mut findings = Findings::new(file, text);
    let config = build(raw, &mut findings);
    findings.finish(config)
}

fn build(raw: RawConfig, findings: &mut Findings<'_>) -> Option<AgentConfig> {
    let agent = parsed::<AgentId, _>(&raw.agent, "agent", findings);
    let data_dir = PathBuf::from(raw.data_dir.get_ref());
    if data_dir.as_os_str().is_empty() {
        findings.add(Some(raw.data_dir.span()), "", "data_dir is empty");
    }
    let clock = match &raw.clock {
        None => Clock::Real,
        Some(table) => table.get_ref().validate().unwrap_or_else(|error| {
            findings.add(Some(table.span()), "[clock]", error);
            Clock::Real
        }),
    };
    let uplink = uplink(&raw.uplink, findings);
    let spool = spool(&raw.spool, findings);
    if raw.modbus.is_empty() && raw.mqtt.is_empty() {
        let message = "there is no source: add a [[modbus]] or an [[mqtt]] table with its gauges";
        findings.add(None, "", message);
    }
    let mut taken = Taken::default();
    let doubt_unsynchronised_clock = raw.doubt_unsynchronised_clock;
    let modbus: Vec<_> = raw
        .modbus
        .iter()
        .filter_map(|b| sources::modbus(b, &mut taken, findings))
        .collect();
    let agent_name = agent.as_ref().map_or("agent", AgentId::as_str);
    let mqtt: Vec<_> = raw
        .mqtt
        .iter()
        .filter_map(|m| inputs::mqtt(m, agent_name, &mut taken, findings))
        .collect();
    Some(AgentConfig {
        agent: agent?,
        data_dir,
        uplink: uplink?,
        spool,
        clock,
        doubt_unsynchronised_clock,
        modbus,
        mqtt,
        hints: taken.into_hints(),
    })
}

fn uplink(raw: &RawUplink, findings: &mut Findings<'_>) -> Option<UplinkConfig> {
    let place = "[uplink]";
    let broker = BrokerUrl::parse(raw.broker.get_ref())
        .map_err(|e| wrong_broker(&raw.broker, place, &e, findings))
        .ok();
    let is_told = raw.bundle.is_some() || raw.ca_file.is_some();
    believed(place, &raw.broker, broker.as_ref(), is_told, findings);
    let mut number = |name, value: Option<Placed>, default, bounds| {
        within(place, name, value, default, bounds, findings)
    };
    let batch = number(
        "batch_seconds",
        of(raw.batch_seconds.as_ref()),
        1.0,
        BATCH_SECONDS,
    );
    let window = number("window", raw.window.as_ref().map(whole), 32.0, WINDOW);
    let ack = number(
        "ack_deadline_seconds",
        of(raw.ack_deadline_seconds.as_ref()),
        10.0,
        ACK_DEADLINE_SECONDS,
    );
    let backfill = number(
        "backfill_per_second",
        of(raw.backfill_per_second.as_ref()),
        20.0,
        BACKFILL_PER_SECOND,
    );
    let least = number(
        "reconnect_min_seconds",
        of(raw.reconnect_min_seconds.as_ref()),
        1.0,
        RECONNECT_SECONDS,
    );
    let most = number(
        "reconnect_max_seconds",
        of(raw.reconnect_max_seconds.as_ref()),
        120.0,
        RECONNECT_SECONDS,
    );
    let keep_alive = raw.keep_alive_seconds.as_ref().map(whole);
    let keep_alive = number("keep_alive_seconds", keep_alive, 15.0, KEEP_ALIVE_SECONDS);
    if least > most {
        let span = raw.reconnect_min_seconds.as_ref().map(Spanned::span);
        findings.add(
            span,
            place,
            format!("reconnect_min_seconds = {least} is above reconnect_max_seconds = {most}"),
        );
    }
    let login = uplink_login(raw, place, findings);
    Some(UplinkConfig {
        broker: broker?,
        login,
        bundle: raw.bundle.as_ref().map(|file| file.get_ref().into()),
        ca_file: raw.ca_file.as_ref().map(|file| file.get_ref().into()),
        plain: raw.plain,
        batch: Duration::from_secs_f64(batch),
        window: to_count(window),
        ack_deadline: Duration::from_secs_f64(ack),
        backfill_per_second: backfill,
        reconnect: BackoffLimits {
            least: Duration::from_secs_f64(least),
            most: Duration::from_secs_f64(most.max(least)),
        },
        keep_alive: Duration::from_secs_f64(keep_alive),
    })
}

/// The login, unless a bundle holds it.
fn uplink_login(raw: &RawUplink, place: &str, findings: &mut Findings<'_>) -> Option<Login> {
    let (name, password) = (raw.username.as_ref(), raw.password_file.as_ref());
    let login = login(place, name, password, findings);
    if let Some(bundle) = raw.bundle.as_ref().filter(|_| login.is_some()) {
        let message = "bundle stands beside username; it holds the login";
        findings.add(Some(bundle.span()), place, message);
    }
    login
}

fn spool(raw: &RawSpool, findings: &mut Findings<'_>) -> SpoolConfig {
    let place = "[spool]";
    let mib = raw.max_mib.as_ref().map(whole);
    let mib = within(place, "max_mib", mib, 256.0, SPOOL_MIB, findings);
    let when_full = match &raw.when_full {
        None => WhenFull::default(),
        Some(text) => text.get_ref().parse().unwrap_or_else(|e: UnknownWord| {
            findings.add(Some(text.span()), place, e);
            WhenFull::default()
        }),
    };
    SpoolConfig {
        max_bytes: to_count(mib) as u64 * 1024 * 1024,
        when_full,
    }
}
