//! Benches with small numbers: they run, and what they measure has lost nothing.
//!
//! How soon the aggregator is back says something only of a release build on a quiet machine; that
//! the world which came back counts exactly what was acknowledged holds of any.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`.

use std::process::Command;

use serde_json::Value;

/// What a bench reports.
fn report(arguments: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("bench.json");
    let mut bench = Command::new(env!("CARGO_BIN_EXE_flood-sim"));
    bench.arg("bench").args(arguments).arg("--report");
    let said = bench.arg(&report).output().expect("it runs");
    let text = std::fs::read(&report).unwrap_or_default();
    let said = [said.stdout, said.stderr].concat();
    assert!(!text.is_empty(), "{}", String::from_utf8_lossy(&said));
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn gateways_that_come_back_at_once_over_tls_are_all_served() {
    let report = report(&["reconnect", "--rounds", "1", "--gateways", "20"]);
    let reconnect = &report["reconnect"];
    assert_eq!(reconnect["gateways"], 20);
    assert_eq!(reconnect["unacknowledged_batches"], 0, "{reconnect}");
    let seconds = reconnect["seconds"][0].as_f64().expect("a time");
    assert!(seconds > 0.0 && seconds < 30.0, "{seconds}");
}

#[test]
fn the_bench_of_start_ups_measures_worlds_that_came_back_whole() {
    let report = report(&[
        "start-up", "--rounds", "1", "--agents", "4", "--recent", "20000", "--gauges", "2000",
    ]);
    let cases = report["start_up"]["cases"].as_array().expect("two cases");
    let given = |case: &Value| {
        let run = &case["runs"][0];
        assert!(run["ready_ms"].as_f64() > run["idle_ms"].as_f64(), "{run}");
        assert_eq!(run["acknowledged"].as_f64(), run["restored"].as_f64());
        run["acknowledged"].as_u64()
    };
    let given: Vec<_> = cases.iter().map(given).collect();
    assert_eq!(given, [Some(20_000), Some(6_000)]);
}
