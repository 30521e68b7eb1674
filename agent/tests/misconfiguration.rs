//! A tour of wrong configurations: each one breaks the good file below in one way, as people do,
//! and what is said of it names the file, the line, the key or gauge, and what is allowed.

use std::path::Path;

const GOOD: &str = r#"agent = "gw-01"
data_dir = "/var/lib/flood-agent"
[uplink]
broker = "mqtt://10.0.0.5:1883"
window = 32
[[modbus]]
name = "bus-a"
connect = "rtu:///dev/ttyUSB0?baud=9600"
[[modbus.gauge]]
gauge = "lg-0001"
parameter = "depth"
unit_id = 1
register = 0
type = "i16"
scale = 0.001
[[modbus]]
name = "bus-b"
connect = "tcp://10.0.0.7:502"
[[modbus.gauge]]
gauge = "lg-0002"
parameter = "depth"
unit_id = 1
register = 0
type = "i16"
"#;

/// What was done to the file, from what to what, and what is said.
const TOUR: [(&str, &str, &str, &[&str]); 18] = [
    (
        "a key with a typo",
        "parameter = \"depth\"",
        "paramter = \"depth\"",
        &[
            "gw.toml:11: unknown key `paramter`, expected one of `gauge`, `parameter`, `unit_id`, \
           `register`, `kind`, `type`, `word_order`, `scale`, `offset`, `interval_s`, \
           `reading`, `wraps_at`, `sentinels`, `limits`",
        ],
    ),
    (
        "a word where a number belongs",
        "unit_id = 1",
        "unit_id = \"one\"",
        &["gw.toml:12: unit_id: invalid type: string \"one\", expected a whole number"],
    ),
    (
        "a gauge without its register",
        "register = 0\n",
        "",
        &["gw.toml:9: missing key `register`"],
    ),
    (
        "no uplink",
        "[uplink]\nbroker = \"mqtt://10.0.0.5:1883\"\nwindow = 32\n",
        "",
        &["gw.toml:1: missing key `uplink`"],
    ),
    (
        "a quote forgotten",
        "agent = \"gw-01\"",
        "agent = \"gw-01",
        &["gw.toml:1: agent: invalid basic string, expected `\"`"],
    ),
    (
        "a key given twice",
        "window = 32",
        "window = 32\nwindow = 16",
        &["gw.toml:6: window: duplicate key"],
    ),
    (
        "an id in capitals",
        "\"gw-01\"",
        "\"GW-01\"",
        &["gw.toml:1: agent: id `GW-01` contains 'G'; only a–z, 0–9 and '-' are allowed"],
    ),
    (
        "a broker without its scheme",
        "mqtt://10.0.0.5:1883",
        "10.0.0.5:1883",
        &[
            "gw.toml:4: [uplink]: broker: `10.0.0.5:1883` is not a broker's address; write mqtts://host:port, \
           or mqtt://host:port without TLS",
        ],
    ),
    (
        "a password in the address, which is not repeated",
        "mqtt://10.0.0.5:1883",
        "mqtt://gw-01:s3cret@10.0.0.5:1883",
        &[
            "gw.toml:4: [uplink]: broker: a login does not belong into the address; write \
           mqtts://host:port and put the login into username and password_file",
        ],
    ),
    (
        "a password without a user",
        "window = 32",
        "password_file = \"/etc/flood/p\"",
        &["gw.toml:5: [uplink]: password_file without username"],
    ),
    (
        "no window at all",
        "window = 32",
        "window = 0",
        &["gw.toml:5: [uplink]: window = 0 is not from 1 to 1000"],
    ),
    (
        "a baud rate that no line has",
        "baud=9600",
        "baud=96",
        &[
            "gw.toml:8: [[modbus]] \"bus-a\": `rtu:///dev/ttyUSB0?baud=96`: baud=96 is not from \
           1200 to 921600",
        ],
    ),
    (
        "a unit that no line has",
        "unit_id = 1",
        "unit_id = 300",
        &["gw.toml:12: [[modbus]] \"bus-a\", gauge lg-0001: unit_id = 300 is not from 1 to 247"],
    ),
    (
        "a register as manuals number them",
        "register = 0",
        "register = 400001",
        &[
            "gw.toml:13: [[modbus]] \"bus-a\", gauge lg-0001: register = 400001 is not from 0 to \
           65535; 400001 in a manual is register 0 of kind = \"holding\"",
        ],
    ),
    (
        "a scale that makes every reading the same",
        "scale = 0.001",
        "scale = 0",
        &[
            "gw.toml:15: [[modbus]] \"bus-a\", gauge lg-0001: scale = 0 makes every reading the same",
        ],
    ),
    (
        "one gauge on two lines",
        "lg-0002",
        "lg-0001",
        &[
            "gw.toml:20: [[modbus]] \"bus-b\", gauge lg-0001: the gauge is already described in \
           [[modbus]] \"bus-a\", gauge lg-0001",
        ],
    ),
    (
        "a copied gauge that got a new id only",
        "scale = 0.001\n",
        "[[modbus.gauge]]\ngauge = \"lg-0003\"\nparameter = \"depth\"\nunit_id = 1\n\
         register = 0\ntype = \"i16\"\n",
        &[
            "gw.toml:19: [[modbus]] \"bus-a\", gauge lg-0003: register 0 of unit 1 already gives \
           depth of gauge lg-0001",
        ],
    ),
    (
        "two things at once: both are said",
        "parameter = \"depth\"\nunit_id = 1",
        "parameter = \"deep\"\nunit_id = 0",
        &[
            "gw.toml:11: [[modbus]] \"bus-a\", gauge lg-0001: `deep` is not a parameter; known: \
             depth, stage, water-level, rainfall-depth, rainfall-intensity",
            "gw.toml:12: [[modbus]] \"bus-a\", gauge lg-0001: unit_id = 0 is not from 1 to 247",
        ],
    ),
];

#[test]
fn every_wrong_file_is_told_by_line_and_key_with_what_is_allowed() {
    agent::config::parse(Path::new("gw.toml"), GOOD).unwrap();
    for (what, from, to, expected) in TOUR {
        assert!(GOOD.contains(from), "{what}: the good file has no {from:?}");
        let text = GOOD.replacen(from, to, 1);
        let said = agent::config::parse(Path::new("gw.toml"), &text)
            .expect_err(what)
            .to_string();
        let said: Vec<&str> = said.lines().collect();
        assert_eq!(said, expected, "{what}");
    }
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gw.toml");
    let said = || {
        let error = agent::config::load(&file).expect_err("unreadable");
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(
            error.to_string(),
            format!("{} cannot be read", file.display())
        );
        cause.unwrap()
    };
    assert_eq!(said(), "No such file or directory (os error 2)");
    std::fs::write(&file, b"agent = \"gw-\xff\"\n").unwrap();
    assert_eq!(said(), "stream did not contain valid UTF-8");
}
