//! The bench of start-ups with small numbers: it runs, and what it restarts has lost nothing.
//!
//! How soon the aggregator is back says something only of a release build on a quiet machine; that
//! the world which came back counts exactly what was acknowledged holds of any.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`.

use std::process::Command;

use serde_json::Value;

#[test]
fn the_bench_of_start_ups_measures_worlds_that_came_back_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("bench.json");
    let mut bench = Command::new(env!("CARGO_BIN_EXE_flood-sim"));
    bench.args(["bench", "start-up", "--rounds", "1", "--agents", "4"]);
    bench.args(["--recent", "20000", "--gauges", "2000", "--report"]);
    let said = bench.arg(&report).output().expect("it runs");
    let text = std::fs::read(&report).unwrap_or_else(|_| {
        let said = [said.stdout, said.stderr].concat();
        panic!("no report: {}", String::from_utf8_lossy(&said))
    });
    let report: Value = serde_json::from_slice(&text).expect("JSON");
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
