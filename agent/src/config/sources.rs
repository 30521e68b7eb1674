//! The source tables of a configuration: Modbus lines and their gauges, and what all gauges have.

use std::{
    collections::{HashMap, HashSet},
    ops::RangeInclusive,
    time::Duration,
};

use shared::{findings::Findings, gauge::Parameter, ids::GaugeId};
use toml::Spanned;

use super::{
    endpoint::Endpoint,
    fields::{of, parsed, to_count, whole, within},
    limits,
    raw::{RawLimits, RawModbusBus, RawModbusGauge},
    readings::{Keys, rain_hint},
    registers::{RegisterKind, WordFormat, WordOrder, WordType, register_hint},
    settings::{GaugeSpec, ModbusBus, ModbusGauge},
    word::UnknownWord,
};

/// Gauges are read from ten times a second to once a day.
const INTERVAL_S: RangeInclusive<f64> = 0.1..=86_400.0;
const DEFAULT_INTERVAL_S: f64 = 60.0;
const TIMEOUT_MS: RangeInclusive<f64> = 10.0..=60_000.0;
const TURNAROUND_MS: RangeInclusive<f64> = 0.0..=5_000.0;
/// The slowest devices that are known to need one want a second.
const PAUSE_AFTER_CONNECT_MS: RangeInclusive<f64> = 0.0..=30_000.0;
/// The protocol's most, and the least that holds a number of two registers.
const MAX_WORDS: RangeInclusive<f64> = 2.0..=125.0;
const RETRIES: RangeInclusive<f64> = 0.0..=5.0;
const GAP_WORDS: RangeInclusive<f64> = 0.0..=120.0;
const PROBE_SECONDS: RangeInclusive<f64> = 0.5..=86_400.0;
/// Unit ids on a serial line; 0 is broadcast, which no device answers.
const UNIT_IDS: RangeInclusive<u8> = 1..=247;
/// On TCP a device that is no gateway answers to 255 or 0 (Modbus messaging on TCP/IP 1.0b, § 4.4.1.2),
/// and many answer to anything.
const TCP_UNIT_IDS: RangeInclusive<u8> = 0..=255;
/// Where manuals count registers from 1 with the kind in front (40001 is holding register 0).
const LONG_NUMBERS: RangeInclusive<i64> = 300_001..=465_536;

/// Names that may be used only once in a file.
#[derive(Default)]
pub(super) struct Taken {
    gauges: HashMap<String, String>,
    names: HashSet<String>,
    ports: HashMap<String, String>,
    pub(super) clients: HashMap<String, String>,
    hints: Vec<String>,
}

impl Taken {
    /// What may be meant otherwise.
    pub(super) fn into_hints(self) -> Vec<String> {
        self.hints
    }
}

/// One `[[modbus]]` table.
pub(super) fn modbus(
    raw: &RawModbusBus,
    taken: &mut Taken,
    findings: &mut Findings<'_>,
) -> Option<ModbusBus> {
    let name = raw.name.get_ref().clone();
    let place = format!("[[modbus]] {name:?}");
    source_name(&raw.name, &place, taken, findings);
    let endpoint = Endpoint::parse(raw.connect.get_ref())
        .map_err(|e| findings.add(Some(raw.connect.span()), &place, e))
        .ok();
    if let Some(endpoint) = &endpoint
        && let Some(other) = taken.ports.insert(endpoint.port_key(), name.clone())
    {
        let port = endpoint.port_key();
        let message = format!(
            "{port} is already used by [[modbus]] {other:?}; put all gauges of a line into one table"
        );
        findings.add(Some(raw.connect.span()), &place, message);
    }
    if raw.gauge.is_empty() {
        findings.add(Some(raw.name.span()), &place, "has no [[modbus.gauge]]");
    }
    let unit_ids = match endpoint {
        Some(Endpoint::Tcp { .. }) => TCP_UNIT_IDS,
        _ => UNIT_IDS,
    };
    let line = (place.as_str(), unit_ids);
    let gauges: Vec<_> = raw
        .gauge
        .iter()
        .filter_map(|g| Some((g, modbus_gauge(g, &line, taken, findings)?)))
        .collect();
    shared_registers(&gauges, &place, findings);
    let gauges = gauges.into_iter().map(|(_, gauge)| gauge).collect();
    let numbers = bus_numbers(raw, &place, findings);
    Some(ModbusBus {
        name,
        endpoint: endpoint?,
        close_after_poll: raw.close_after_poll,
        timeout: numbers.timeout,
        retries: numbers.retries,
        turnaround: numbers.turnaround,
        max_gap: numbers.max_gap,
        max_words: numbers.max_words,
        pause_after_connect: numbers.pause_after_connect,
        probe_max: numbers.probe_max,
        gauges,
    })
}

/// The numbers of a `[[modbus]]` table.
struct BusNumbers {
    timeout: Duration,
    retries: u8,
    turnaround: Duration,
    max_gap: u16,
    max_words: u16,
    pause_after_connect: Duration,
    probe_max: Duration,
}

fn bus_numbers(raw: &RawModbusBus, place: &str, findings: &mut Findings<'_>) -> BusNumbers {
    let mut number =
        |key, value, default, bounds| within(place, key, value, default, bounds, findings);
    let timeout = number(
        "timeout_ms",
        raw.timeout_ms.as_ref().map(whole),
        1_000.0,
        TIMEOUT_MS,
    );
    let turnaround = number(
        "turnaround_ms",
        raw.turnaround_ms.as_ref().map(whole),
        0.0,
        TURNAROUND_MS,
    );
    let retries = raw.retries.as_ref().map(whole);
    let retries = number("retries", retries, 1.0, RETRIES);
    let max_gap = number(
        "max_gap_words",
        raw.max_gap_words.as_ref().map(whole),
        8.0,
        GAP_WORDS,
    );
    let max_words = raw.max_words.as_ref().map(whole);
    let max_words = number("max_words", max_words, 125.0, MAX_WORDS);
    let pause_after_connect = raw.pause_after_connect_ms.as_ref().map(whole);
    let pause_after_connect = number(
        "pause_after_connect_ms",
        pause_after_connect,
        0.0,
        PAUSE_AFTER_CONNECT_MS,
    );
    let probe = number(
        "probe_max_seconds",
        of(raw.probe_max_seconds.as_ref()),
        300.0,
        PROBE_SECONDS,
    );
    let milliseconds = |number: f64| Duration::from_secs_f64(number / 1000.0);
    let small = |number: f64| u16::try_from(to_count(number)).unwrap_or(u16::MAX);
    BusNumbers {
        timeout: milliseconds(timeout),
        retries: u8::try_from(to_count(retries)).unwrap_or(0),
        turnaround: milliseconds(turnaround),
        max_gap: small(max_gap),
        max_words: small(max_words),
        pause_after_connect: milliseconds(pause_after_connect),
        probe_max: Duration::from_secs_f64(probe),
    }
}

fn modbus_gauge(
    raw: &RawModbusGauge,
    (bus, unit_ids): &(&str, RangeInclusive<u8>),
    taken: &mut Taken,
    findings: &mut Findings<'_>,
) -> Option<ModbusGauge> {
    let place = format!("{bus}, gauge {}", raw.gauge.get_ref());
    let spec = gauge(
        (&raw.gauge, &raw.parameter),
        raw.interval_s.as_ref(),
        raw.limits.as_ref(),
        &place,
        taken,
        findings,
    );
    let unit_id = unit_id(&raw.unit_id, unit_ids, &place, findings);
    let register = register(&raw.register, &place, findings);
    let kind = optional::<RegisterKind>(raw.kind.as_ref(), &place, findings);
    let word_type = parsed::<WordType, _>(&raw.word_type, &place, findings);
    let order = optional::<WordOrder>(raw.word_order.as_ref(), &place, findings);
    let (scale, offset) = scaling(raw, &place, findings);
    let (word_type, register) = (word_type?, register?);
    let keys = Keys {
        reading: raw.reading.as_ref(),
        wraps_at: raw.wraps_at.as_ref(),
        scale,
        offset,
        word_type: Some(word_type),
    };
    let spec = spec.map(|spec| counting(spec, &keys, &place, taken, findings));
    taken.hints.extend(
        register_hint(register, kind?).map(|hint| format!("gauge {}: {hint}", raw.gauge.get_ref())),
    );
    if u32::from(register) + u32::from(word_type.words()) > 0x1_0000 {
        let words = word_type.words();
        let message = format!("register {register} and {words} words run past register 65535");
        findings.add(Some(raw.register.span()), &place, message);
    }
    for sentinel in raw
        .sentinels
        .iter()
        .filter(|s| !word_type.can_be(*s.get_ref()))
    {
        let message = format!(
            "sentinel {} can never be read as {word_type}",
            sentinel.get_ref()
        );
        findings.add(Some(sentinel.span()), &place, message);
    }
    Some(ModbusGauge {
        spec: spec?,
        unit_id: unit_id?,
        register,
        kind: kind?,
        format: WordFormat {
            word_type,
            order: order?,
        },
        scale,
        offset,
        sentinels: raw.sentinels.iter().map(|s| *s.get_ref()).collect(),
    })
}

/// How raw numbers become the parameter's unit.
fn scaling(raw: &RawModbusGauge, place: &str, findings: &mut Findings<'_>) -> (f64, f64) {
    let (scale, offset) = (raw.scale.as_ref(), raw.offset.as_ref());
    for (key, value) in [("scale", scale), ("offset", offset)] {
        if let Some(value) = value.filter(|v| !v.get_ref().is_finite()) {
            findings.add(
                Some(value.span()),
                place,
                format!("{key} is not a finite number"),
            );
        }
    }
    if let Some(zero) = scale.filter(|s| *s.get_ref() == 0.0) {
        findings.add(
            Some(zero.span()),
            place,
            "scale = 0 makes every reading the same",
        );
    }
    (
        scale.map_or(1.0, |s| *s.get_ref()),
        offset.map_or(0.0, |o| *o.get_ref()),
    )
}

/// A block that was copied and not changed: two gauges can hardly have the same depth of the same
/// register. Different parameters may come from one register, with scales of their own.
fn shared_registers(
    gauges: &[(&RawModbusGauge, ModbusGauge)],
    place: &str,
    findings: &mut Findings<'_>,
) {
    let mut taken = HashMap::new();
    for (raw, gauge) in gauges {
        let (id, parameter) = (&gauge.spec.id, gauge.spec.parameter);
        let key = (gauge.unit_id, gauge.kind, gauge.register, parameter);
        if let Some(other) = taken.insert(key, id)
            && other != id
        {
            let place = format!("{place}, gauge {id}");
            let message = format!(
                "register {} of unit {} already gives {parameter} of gauge {other}",
                gauge.register, gauge.unit_id
            );
            findings.add(Some(raw.register.span()), &place, message);
        }
    }
}

/// A gauge with what its readings mean.
pub(super) fn counting(
    spec: GaugeSpec,
    keys: &Keys<'_>,
    place: &str,
    taken: &mut Taken,
    findings: &mut Findings<'_>,
) -> GaugeSpec {
    let hint = rain_hint(spec.id.as_str(), spec.parameter, keys.reading.is_some());
    taken.hints.extend(hint);
    GaugeSpec {
        total: keys.total(spec.parameter, place, findings),
        ..spec
    }
}

fn unit_id(
    raw: &Spanned<i64>,
    unit_ids: &RangeInclusive<u8>,
    place: &str,
    findings: &mut Findings<'_>,
) -> Option<u8> {
    let found = *raw.get_ref();
    let unit_id = u8::try_from(found).ok().filter(|u| unit_ids.contains(u));
    if unit_id.is_none() {
        let (first, last) = (unit_ids.start(), unit_ids.end());
        let message = format!("unit_id = {found} is not from {first} to {last}");
        findings.add(Some(raw.span()), place, message);
    }
    unit_id
}

fn register(raw: &Spanned<i64>, place: &str, findings: &mut Findings<'_>) -> Option<u16> {
    let found = *raw.get_ref();
    let register = u16::try_from(found).ok();
    if register.is_none() {
        let hint = match LONG_NUMBERS.contains(&found).then_some(found / 100_000) {
            Some(3) => "; 300001 in a manual is register 0 of kind = \"input\"",
            Some(4) => "; 400001 in a manual is register 0 of kind = \"holding\"",
            _ => "",
        };
        let message = format!("register = {found} is not from 0 to 65535{hint}");
        findings.add(Some(raw.span()), place, message);
    }
    register
}

pub(super) fn gauge(
    (id, parameter): (&Spanned<String>, &Spanned<String>),
    interval_s: Option<&Spanned<f64>>,
    own_limits: Option<&Spanned<RawLimits>>,
    place: &str,
    taken: &mut Taken,
    findings: &mut Findings<'_>,
) -> Option<GaugeSpec> {
    if let Some(other) = taken.gauges.insert(id.get_ref().clone(), place.to_owned()) {
        findings.add(
            Some(id.span()),
            place,
            format!("the gauge is already described in {other}"),
        );
    }
    let interval = within(
        place,
        "interval_s",
        of(interval_s),
        DEFAULT_INTERVAL_S,
        INTERVAL_S,
        findings,
    );
    let id = parsed::<GaugeId, _>(id, place, findings);
    let parameter = parsed::<Parameter, _>(parameter, place, findings)?;
    let limits = limits::merged(parameter, own_limits.map(Spanned::get_ref))
        .map_err(|e| {
            findings.add(
                own_limits.map(Spanned::span),
                &format!("{place}, limits"),
                e,
            )
        })
        .ok();
    Some(GaugeSpec {
        id: id?,
        parameter,
        interval: Duration::from_secs_f64(interval),
        limits: limits?,
        total: None,
    })
}

pub(super) fn source_name(
    name: &Spanned<String>,
    place: &str,
    taken: &mut Taken,
    findings: &mut Findings<'_>,
) {
    let text = name.get_ref();
    let printable = text.chars().all(|c| !c.is_control());
    if text.is_empty() || text.len() > 63 || !printable {
        findings.add(
            Some(name.span()),
            place,
            "name must have 1 to 63 printable characters",
        );
    } else if !taken.names.insert(text.clone()) {
        findings.add(Some(name.span()), place, "another source has this name");
    }
}

fn optional<T>(
    text: Option<&Spanned<String>>,
    place: &str,
    findings: &mut Findings<'_>,
) -> Option<T>
where
    T: Default + std::str::FromStr<Err = UnknownWord>,
{
    text.map_or_else(|| Some(T::default()), |text| parsed(text, place, findings))
}
