//! A short twin: a generated city of four points, a storm to learn from and one to judge by, without SWMM,
//! through all of an evaluation.

use std::{fs, path::Path};

use clap::Parser;
use serde_json::Value;

use super::{EvaluateArgs, StormsArgs, generate, run};

#[derive(Debug, Parser)]
struct Generate {
    #[command(flatten)]
    args: StormsArgs,
}

#[derive(Debug, Parser)]
struct Evaluate {
    #[command(flatten)]
    args: EvaluateArgs,
}

fn generated(folder: &Path, more: &[&str]) {
    let line = [
        "storms",
        "--points",
        "4",
        "--storms",
        "3",
        "--minutes",
        "120",
    ];
    let line = line.iter().chain(more).map(ToString::to_string);
    let folder = folder.display().to_string();
    let line = line.chain(["--without-swmm".to_owned(), folder]);
    generate(&Generate::parse_from(line).args).expect("generated");
}

/// The report and the page of an evaluation with these arguments besides.
fn evaluated(folder: &Path, more: &[&str]) -> (Value, String) {
    let (json, html) = (folder.join("figures.json"), folder.join("plots.html"));
    let line = ["evaluate", "--without-swmm", "--trucks", "2"];
    let line = line.iter().chain(more).map(ToString::to_string);
    let paths = [("--truth", folder), ("--report", &json), ("--html", &html)];
    let paths = paths.map(|(name, path)| [name.to_owned(), path.display().to_string()]);
    let line = line.chain(paths.into_iter().flatten());
    run(&Evaluate::parse_from(line).args).expect("evaluated");
    let report = fs::read_to_string(json).expect("a report");
    let page = fs::read_to_string(html).expect("a page");
    (serde_json::from_str(&report).expect("is JSON"), page)
}

/// The number at a path, which must be finite and within these.
fn within(report: &Value, path: &str, low: f64, high: f64) -> f64 {
    let found = path.split('.').try_fold(report, |at, key| at.get(key));
    let number = found.and_then(Value::as_f64);
    let number = number.unwrap_or_else(|| panic!("{path} is {found:?}"));
    assert!((low..=high).contains(&number), "{path} is {number}");
    number
}

#[test]
fn a_tiny_city_goes_through_an_evaluation_and_every_figure_is_in_its_range() {
    let folder = tempfile::tempdir().expect("folder");
    generated(folder.path(), &["--seed", "1"]);
    let policies = [
        "--policy", "plan", "--policy", "nearest", "--policy", "nobody",
    ];
    let (report, page) = evaluated(folder.path(), &policies);
    assert_eq!(report["storms"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["storms"][0]["storm"], "test03_double_p2_18_pumps");
    within(&report, "forecast.floods", 3.0, 8.0);
    for share in [
        "forecast.csi_15cm_30min",
        "forecast.csi_25cm_30min",
        "forecast.coverage_80",
        "flags.far",
    ] {
        within(&report, share, 0.0, 1.0);
    }
    within(&report, "flags.pod", 0.99, 1.0);
    within(&report, "flags.missed", 0.0, 0.0);
    within(&report, "faults.seeded", 0.0, 0.0);
    within(&report, "faults.sound", 6.0, 6.0);
    within(&report, "forecast.drain_time_error_median", 0.0, 10.0);
    within(&report, "forecast.errors_by_lead.30.mae_m", 0.0, 0.5);
    within(
        &report,
        "dispatch.volume_hours_vs_reactive_nearest",
        -1.0,
        5.0,
    );
    let water = |policy| {
        within(
            &report,
            &format!("dispatch.volume_hours.{policy}"),
            1.0,
            1e6,
        )
    };
    assert!(water("nearest") < water("nobody"), "pumps take water");
    let drawn = page.matches("<svg").count();
    assert_eq!(drawn, 4 + 3, "four plots and three hydrographs");
    assert!(!page.contains("NaN"));
}

#[test]
fn what_goes_wrong_in_the_field_is_told_and_the_same_seed_has_the_same_troubles() {
    let folder = tempfile::tempdir().expect("folder");
    generated(folder.path(), &["--seed", "1"]);
    let troubles = [
        "--cold",
        "--policy",
        "nearest",
        "--faulty",
        "0.5",
        "--late",
        "2",
        "--outage",
        "0.5",
        "--breakdowns",
        "0.5",
        "--disobey",
        "0.3",
        "--forecast-error",
        "0",
    ];
    let (report, page) = evaluated(folder.path(), &troubles);
    let seeded = within(&report, "faults.seeded", 3.0, 3.0);
    let found = within(&report, "faults.found", 0.0, 3.0);
    within(&report, "faults.missed", seeded - found, seeded - found);
    within(&report, "faults.false", 0.0, 3.0);
    assert_eq!(report["troubles"]["faulty"], 0.5);
    assert!(page.contains("Faulty gauges") && page.contains("30 % of orders ignored"));
    let (again, _) = evaluated(folder.path(), &troubles);
    assert_eq!(report, again);
}

#[test]
fn a_seed_writes_the_same_files_again_and_no_other_city_among_them() {
    let (one, other) = (tempfile::tempdir(), tempfile::tempdir());
    let (one, other) = (one.expect("folder"), other.expect("folder"));
    generated(one.path(), &["--seed", "2", "--rain-between-gauges"]);
    generated(other.path(), &["--seed", "2", "--rain-between-gauges"]);
    let mut files: Vec<_> = fs::read_dir(one.path())
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name())
        .collect();
    files.sort();
    assert_eq!(files.len(), 3 * 4 + 1);
    for file in &files {
        let read = |folder: &Path| fs::read(folder.join(file)).expect("the same file");
        assert!(read(one.path()) == read(other.path()), "{}", file.display());
    }
    let line = [
        "storms",
        "--points",
        "4",
        "--storms",
        "3",
        "--without-swmm",
        "--seed",
        "3",
    ];
    let folder = one.path().display().to_string();
    let line = line.iter().map(ToString::to_string).chain([folder]);
    let refused = generate(&Generate::parse_from(line).args).expect_err("another city is there");
    assert!(
        refused.to_string().contains("holds another storm"),
        "{refused}"
    );
}
