//! A tour of wrong configurations and wrong city layers: each case breaks a good file in one way,
//! as people do, and what is said of it names the file, the line or feature, the key or property,
//! and what is allowed.

mod configurations;
mod layers;

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use aggregator::network::{Lack, read_city};
use configurations::CONFIGURATIONS;
use layers::LAYERS;

const GOOD: &str = r#"data_dir = "store"
city = "harbour"
[http]
listen = "127.0.0.1:8080"
[broker]
embedded = "127.0.0.1:1883"
[dispatch]
replan_seconds = 60
[store]
keep_days = 30
"#;

/// A folder with the configuration `a.toml`, whose city is a copy of the harbour.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let harbour = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/city/harbour");
        fs::create_dir(folder.path().join("harbour")).expect("folder");
        for entry in fs::read_dir(harbour).expect("the harbour") {
            let path = entry.expect("entry").path();
            let name = path.file_name().expect("a file");
            fs::copy(&path, folder.path().join("harbour").join(name)).expect("copies");
        }
        let bench = Self(folder);
        bench.write("a.toml", GOOD);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("writes");
    }

    /// Replaces `from`, which must be there, once in a file.
    fn replace(&self, what: &str, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).expect("reads");
        assert!(text.contains(from), "{what}: {name} has no {from:?}");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// Runs the program beside `a.toml`.
    fn program(&self, command: &str) -> Output {
        self.run(&[command, "a.toml"])
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_flood-aggregator"))
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .expect("runs")
    }

    /// What the program says when it is asked to check, without the last line, which counts.
    fn refused(&self, what: &str) -> Vec<String> {
        let output = self.program("check");
        assert_eq!(output.status.code(), Some(1), "{what} was taken");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        let mut lines: Vec<String> = said.lines().map(|l| l.trim_start().to_owned()).collect();
        let counted = "flood-aggregator: 1 of 1 configuration(s) are wrong".to_owned();
        assert_eq!(lines.pop(), Some(counted), "{what}");
        lines
    }
}

#[test]
fn every_wrong_configuration_is_told_by_line_and_key_with_what_is_allowed() {
    let good = Bench::new().program("check");
    assert!(good.status.success(), "{good:?}");
    for (what, from, to, expected) in CONFIGURATIONS {
        let bench = Bench::new();
        bench.replace(what, "a.toml", from, to);
        assert_eq!(bench.refused(what), expected, "{what}");
    }
}

#[test]
fn every_wrong_layer_is_told_by_file_feature_and_property_with_what_is_allowed() {
    for (what, file, from, to, expected) in LAYERS {
        let bench = Bench::new();
        bench.replace(what, &format!("harbour/{file}"), from, to);
        let said = bench.refused(what);
        let head = format!("a.toml:2: city: {} mistake(s) in harbour:", expected.len());
        assert_eq!(said.first(), Some(&head), "{what}");
        assert_eq!(said.get(1..).unwrap_or_default(), expected, "{what}");
    }
}

#[test]
fn files_that_are_missing_or_not_text_are_named_and_the_others_are_checked_all_the_same() {
    let bench = Bench::new();
    fs::remove_file(bench.path("harbour/gauges.geojson")).expect("removed");
    fs::write(
        bench.path("harbour/shelters.geojson"),
        b"{\"name\": \"\xba\xa3\"}",
    )
    .expect("GBK");
    bench.replace(
        "weight",
        "harbour/waterlogging-points.geojson",
        "\"weight\": 4",
        "\"weight\": 6",
    );
    let expected = [
        "a.toml:2: city: 3 mistake(s) in harbour:",
        "gauges.geojson: is missing; a city needs gauges.geojson and waterlogging-points.geojson",
        "waterlogging-points.geojson: feature \"wp-001\": property `weight`: is 6; it must be \
         from 1 to 5",
        "shelters.geojson: is not UTF-8 text; save it again as UTF-8",
    ];
    assert_eq!(bench.refused("files"), expected);

    bench.replace("city", "a.toml", "\"harbour\"", "\"harbor\"");
    let expected = "a.toml:2: city: there is no folder harbor below the folder in which the \
                    program was started";
    assert_eq!(bench.refused("no folder"), [expected]);

    fs::remove_file(bench.path("a.toml")).expect("removed");
    let expected = "a.toml cannot be read: No such file or directory (os error 2)";
    assert_eq!(bench.refused("no file"), [expected]);
}

#[test]
fn a_byte_order_mark_before_a_layer_is_no_mistake() {
    let bench = Bench::new();
    bench.replace(
        "mark",
        "harbour/gauges.geojson",
        "{\"type\"",
        "\u{feff}{\"type\"",
    );
    assert!(bench.program("check").status.success());
}

#[test]
fn what_only_shows_at_the_start_ends_it_with_the_key_that_is_to_be_changed() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("its address").to_string();
    let data = ["data_dir = \"store\"", "data_dir = \"a.toml/store\""];
    let cases = [
        (
            ["127.0.0.1:8080", taken.as_str()],
            format!("flood-aggregator: the page cannot be served on {taken} ([http] listen): "),
        ),
        (
            ["127.0.0.1:1883", taken.as_str()],
            format!(
                "flood-aggregator: the MQTT broker cannot listen on {taken} ([broker] embedded): "
            ),
        ),
        (
            data,
            "flood-aggregator: data_dir a.toml/store cannot be made: ".to_owned(),
        ),
    ];
    for ([from, to], expected) in cases {
        let bench = Bench::new();
        // Port 0 is a free one: only what is wrong here may stop the program.
        bench.replace("start", "a.toml", from, to);
        for own in ["127.0.0.1:8080", "127.0.0.1:1883"] {
            if from != own {
                bench.replace("start", "a.toml", own, "127.0.0.1:0");
            }
        }
        let output = bench.program("run");
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        let last = said.lines().last().unwrap_or_default();
        assert!(last.starts_with(&expected), "{last:?} is not {expected:?}");
    }
}

#[test]
fn what_is_not_known_of_a_point_is_not_asked_for() {
    let bench = Bench::new();
    let points = "harbour/waterlogging-points.geojson";
    for property in [
        "\"catchment_ha\": 3.2, ",
        "\"runoff\": 0.85, ",
        "\"drain_m3h\": 1500, ",
        "\"storage\": [[0, 0], [0.15, 16], [0.5, 170], [1.0, 720], [2.0, 2500], [4.0, 7500]], ",
    ] {
        bench.replace("unsaid", points, property, "");
    }
    let checked = bench.program("check");
    assert!(checked.status.success(), "{checked:?}");
    let city = read_city(&bench.path("harbour")).expect("a city");
    assert_eq!(
        city.points[0].lacks,
        [Lack::Catchment, Lack::Drain, Lack::Storage]
    );
    assert!(city.points[1].lacks.is_empty());
}

#[test]
fn layers_that_mislead_are_taken_and_what_is_hardly_meant_so_is_told() {
    let bench = Bench::new();
    let points = "harbour/waterlogging-points.geojson";
    let clean = bench.program("check");
    assert!(!String::from_utf8_lossy(&clean.stdout).contains("warning"));
    for (file, from, to) in [
        (
            points,
            "[0.15, 16], [0.5, 170], [1.0, 720]",
            "[16, 0.15], [170, 0.5], [720, 1.0]",
        ),
        (
            points,
            "[2.0, 2500], [4.0, 7500]",
            "[2500, 2.0], [7500, 4.0]",
        ),
        (points, "\"drain_m3h\": 2650", "\"drain_m3h\": 0.33"),
        (points, "\"weight\": 2", "\"weight\": 2, \"max_truck\": 1"),
        (
            "harbour/pump-trucks.geojson",
            "\"capacity_m3h\": 1000",
            "\"capacity_m3h\": 3",
        ),
        (
            "harbour/shelters.geojson",
            "\"capacity\": 800",
            "\"capacity\": 800, \"district\": \"d-99\"",
        ),
    ] {
        bench.replace("a layer that misleads", file, from, to);
    }
    let output = bench.program("check");
    assert_eq!(output.status.code(), Some(0), "it is taken");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let warnings: Vec<&str> = said
        .lines()
        .filter_map(|l| l.strip_prefix("  warning: "))
        .collect();
    let points = "waterlogging-points.geojson";
    let expected = [
        format!(
            "{points}: property `max_truck`, in 1 feature(s): nothing is read from it; did you \
             mean `max_trucks`?"
        ),
        "shelters.geojson: feature \"sh-001\": property `district`: district d-99 is not in \
         districts.geojson; the feature is seen with the whole city only"
            .to_owned(),
        format!(
            "{points}: feature \"wp-001\": property `storage`: goes to a depth of 7500 m; usual is \
             up to 8; pairs are [depth_m, volume_m3], these look swapped"
        ),
        format!(
            "{points}: feature \"wp-002\": property `drain_m3h`: is 0.33 m³/h; usual is 20 to \
             50000; 0.33 m³/s would be 1188"
        ),
        "pump-trucks.geojson: feature \"pt-001\": property `capacity_m3h`: is 3 m³/h; usual is 50 \
         to 10000; 3 m³/min would be 180"
            .to_owned(),
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn every_mistake_is_told_to_those_who_want_all() {
    let bench = Bench::new();
    let gauge = |n: usize| {
        format!(
            r#"{{"type":"Feature","id":"lg-{n:04}","geometry":{{"type":"Point","coordinates":[122.01,30.712]}},"properties":{{"parameter":"depth","interval_s":0}}}}"#
        )
    };
    let gauges: Vec<String> = (0..50).map(gauge).collect();
    let layer = format!(
        r#"{{"type":"FeatureCollection","features":[{}]}}"#,
        gauges.join(",")
    );
    bench.write("harbour/gauges.geojson", &layer);
    let mistakes = |arguments: &[&str]| {
        let said = String::from_utf8(bench.run(arguments).stderr).expect("UTF-8");
        let wrong = said.lines().filter(|l| l.contains("interval_s")).count();
        (
            wrong,
            said.contains("more (`flood-aggregator check --all` tells all)"),
        )
    };
    assert_eq!(mistakes(&["check", "a.toml"]), (20, true));
    assert_eq!(mistakes(&["check", "--all", "a.toml"]), (50, false));
}
