//! What a configuration may say, and what is said about one that may not.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, time::Duration};

use agent::{
    config::{self, AgentConfig, WhenFull},
    summary::bus_load,
};
use shared::{clock::Mode, gauge::Parameter, quality::Limits};

const HEAD: &str = "agent = 'gw-01'\ndata_dir = '/var/lib/x'\nuplink = { broker = 'mqtt://h' }\n";
const BUS: &str = "[[modbus]]\nname = 'bus-a'\nconnect = 'tcp://h'\n";
const GAUGE: &str = "[[modbus.gauge]]\ngauge = 'lg-0001'\nparameter = 'depth'\nunit_id = 1\n\
                     register = 0\ntype = 'i16'\n";

fn parse(text: &str) -> Result<AgentConfig, String> {
    config::parse(Path::new("gw.toml"), text).map_err(|e| e.to_string())
}

/// The errors of a configuration with one gauge, after `change`d lines were added to its gauge.
fn errors_with(gauge_lines: &str) -> String {
    parse(&format!("{HEAD}{BUS}{GAUGE}{gauge_lines}")).unwrap_err()
}

#[test]
fn every_shipped_example_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/agent");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        config::load(&entry.unwrap().path()).unwrap();
        files += 1;
    }
    assert!(files >= 2);
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = parse(&format!("{HEAD}{BUS}{GAUGE}")).unwrap();
    assert_eq!(
        (config.uplink.batch, config.uplink.window),
        (Duration::from_secs(1), 32)
    );
    assert_eq!(config.uplink.ack_deadline, Duration::from_secs(10));
    assert_eq!(config.uplink.reconnect.most, Duration::from_secs(120));
    assert_eq!(config.spool.max_bytes, 256 * 1024 * 1024);
    assert_eq!(config.spool.when_full, WhenFull::DropOldest);
    assert_eq!(config.clock.mode(), Mode::Actual);
    let bus = config.modbus.first().unwrap();
    assert_eq!(
        (bus.timeout, bus.retries, bus.max_gap),
        (Duration::from_secs(1), 1, 8)
    );
    let gauge = bus.gauges.first().unwrap();
    assert_eq!(gauge.spec.interval, Duration::from_secs(60));
    assert_eq!(gauge.spec.limits, Limits::default_for(Parameter::Depth));
    let input = "[[mqtt]]\nname = 'local'\nbroker = 'mqtt://h:1884'\n[[mqtt.gauge]]\n\
                 gauge = 'ws-01'\nparameter = 'rainfall-intensity'\n";
    let config = parse(&format!("{HEAD}{input}")).unwrap();
    let input = config.mqtt.first().unwrap();
    assert_eq!(input.client_id, "gw-01-local");
    assert_eq!(input.gauges.first().unwrap().topic, "gauges/ws-01");
}

#[test]
fn errors_name_the_line_the_line_of_gauges_and_the_gauge() {
    assert_eq!(
        errors_with("interval_s = 0\n"),
        "gw.toml:13: [[modbus]] \"bus-a\", gauge lg-0001: interval_s = 0 is not from 0.1 to 86400"
    );
    assert_eq!(
        errors_with("sentinels = [-32768, 32768]\n"),
        "gw.toml:13: [[modbus]] \"bus-a\", gauge lg-0001: sentinel 32768 can never be read as i16"
    );
    assert_eq!(
        errors_with("limits = { fail_span = [3, 1] }\n"),
        "gw.toml:13: [[modbus]] \"bus-a\", gauge lg-0001, limits: fail_span = [3, 1] is not a \
         span: the low end comes first"
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once_in_the_order_of_the_lines() {
    let text = format!("{HEAD}{BUS}timeout_ms = 1\n{GAUGE}{GAUGE}scale = 0\n");
    let said = parse(&text).unwrap_err();
    let lines: Vec<&str> = said.lines().filter_map(|l| l.split(':').nth(1)).collect();
    assert_eq!(lines, ["7", "15", "20"], "{said}");
    assert!(said.contains("already described"));
}

#[test]
fn what_cannot_work_is_refused() {
    let cases = [
        (HEAD.to_owned(), "there is no source"),
        (
            HEAD.replace("mqtt://", "mqtts://") + BUS + GAUGE,
            "mqtts:// needs to know whom to believe; add ca_file",
        ),
        (format!("{HEAD}{BUS}"), "has no [[modbus.gauge]]"),
        (
            format!("{HEAD}{BUS}{GAUGE}{BUS}{GAUGE}"),
            "already used by [[modbus]] \"bus-a\"",
        ),
        (
            format!("{HEAD}{BUS}{GAUGE}").replace("unit_id = 1", "unit_id = 256"),
            "not from 0 to 255",
        ),
        (
            format!("{HEAD}{BUS}{GAUGE}")
                .replace("register = 0", "register = 65535")
                .replace("i16", "f32"),
            "run past register 65535",
        ),
        (
            format!("{HEAD}{BUS}{GAUGE}colour = 'red'\n"),
            "unknown key `colour`",
        ),
        (
            format!("{HEAD}{BUS}{GAUGE}limits = {{ spike = true }}\n"),
            "spike = true says nothing",
        ),
        (
            format!("{HEAD}{BUS}{GAUGE}").replace("'depth'", "'height'"),
            "`height` is not a parameter",
        ),
        (
            format!("{HEAD}[spool]\nmax_mib = 1\n{BUS}{GAUGE}"),
            "max_mib = 1 is not from 8",
        ),
        (
            format!("{HEAD}[spool]\nwhen_full = 'panic'\n{BUS}{GAUGE}"),
            "when_full = `panic` is not known",
        ),
        (
            HEAD.replace(
                "'mqtt://h'",
                "'mqtt://h', reconnect_min_seconds = 9, reconnect_max_seconds = 2",
            ) + BUS
                + GAUGE,
            "reconnect_min_seconds = 9 is above",
        ),
        (
            format!(
                "{HEAD}[clock]\nmode = 'actual'\norigin = '2026-07-21T08:00:00Z'\n\
                 started = '2026-07-21T08:00:00Z'\nspeed = 60.0\n{BUS}{GAUGE}"
            ),
            "never \"actual\"",
        ),
        (
            format!(
                "{HEAD}[[mqtt]]\nname = 'l'\nbroker = 'mqtt://h'\nclient_id = 'gw-01'\n\
                 [[mqtt.gauge]]\ngauge = 'ws-01'\nparameter = 'depth'\ntopic = 'a/+'\n"
            ),
            "without + or #",
        ),
    ];
    for (text, expected) in cases {
        let said = parse(&text).expect_err(expected);
        assert!(said.contains(expected), "{said:?} lacks {expected:?}");
    }
}

#[test]
fn the_load_of_a_slow_serial_line_is_estimated() {
    let bus = BUS.replace("tcp://h", "rtu:///dev/ttyUSB0?baud=1200");
    let config = parse(&format!("{HEAD}{bus}{GAUGE}interval_s = 1\n")).unwrap();
    let load = bus_load(config.modbus.first().unwrap(), 1.0);
    assert!(
        (0.15..0.35).contains(&load),
        "15 characters of 9 ms, silences and an answer: {load}"
    );
}
