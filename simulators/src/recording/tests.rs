//! Every layout is read from a small sample, and from the real folders where they are at hand
//! (`FLOOD_REFERENCE_DATA` names the folder that holds them).

use std::{fs, io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};
use shared::gauge::Parameter;

use super::{CitySource, Recording, city_layers, read};
use crate::gauge::Readings;

fn gz(file: &Path, text: &str) {
    let mut encoder = GzEncoder::new(fs::File::create(file).expect("file"), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("written");
    encoder.finish().expect("finished");
}

fn recording(folder: &Path, scenario: Option<&str>) -> Recording {
    read(folder, scenario).expect("a recording")
}

fn value(recording: &Recording, gauge: &str, at: &str) -> Option<f64> {
    let at = at.parse().expect("time");
    recording
        .readings()
        .reading(&gauge.parse().expect("id"), at)
}

fn swmm_sample(folder: &Path) {
    let site = |id: &str, rest: &str| {
        format!(
            r#"{{"type":"Feature","id":"{id}","geometry":{{"type":"Point","coordinates":[121.4,31.2]}},"properties":{{{rest}}}}}"#
        )
    };
    let sites = [
        site(
            "WL001",
            r#""kind":"underpass","name":"大连路隧道","gauge":"RG01","area_ha":1.6,"drain_cap_m3s":0.3"#,
        ),
        site(
            "WL002",
            r#""kind":"street","name":"unnamed","gauge":"RG01","area_ha":2.0,"drain_cap_m3s":0.4"#,
        ),
        site("RG01", r#""kind":"raingauge""#),
    ];
    let sites = format!(
        r#"{{"type":"FeatureCollection","features":[{}]}}"#,
        sites.join(",")
    );
    fs::write(folder.join("sites.geojson"), sites).expect("written");
    fs::write(
        folder.join("s_level_m.csv"),
        "minute,WL001,WL002\n1,0.000,0.000\n2,0.160,0.010\n",
    )
    .expect("written");
    fs::write(
        folder.join("s_rain_mmph.csv"),
        "minute,RG01\n0,0.00\n1,12.51\n2,80.00\n",
    )
    .expect("written");
    let truth = r#"{"floods":[{"site":"WL001","threshold_m":0.15,"onset_min":2},{"site":"WL001","threshold_m":0.27,"onset_min":3}]}"#;
    fs::write(folder.join("s_truth.json"), truth).expect("written");
}

#[test]
fn a_swmm_folder_becomes_points_gauges_and_known_floods() {
    let folder = tempfile::tempdir().expect("folder");
    swmm_sample(folder.path());
    let recording = recording(folder.path(), None);
    assert_eq!(recording.gauges.len(), 3);
    assert_eq!(
        value(&recording, "wl001-depth", "2025-07-01T12:02:30+08:00"),
        Some(0.16)
    );
    assert_eq!(
        value(&recording, "rg01", "2025-07-01T12:01:00+08:00"),
        Some(12.51)
    );
    let floods = recording.floods.as_ref().expect("known floods");
    let onsets: Vec<_> = floods.iter().map(|(p, t)| format!("{p} {t}")).collect();
    assert_eq!(onsets, ["wl001 2025-07-01T04:02:00.000Z"]);
    let missing = read(folder.path(), Some("s9"))
        .expect_err("no such scenario")
        .to_string();
    assert!(missing.contains("--scenario: s"), "{missing}");
}

#[test]
fn a_simulation_that_tells_every_five_minutes_has_gauges_of_five_minutes() {
    let folder = tempfile::tempdir().expect("folder");
    swmm_sample(folder.path());
    let file = folder.path().join("s_level_m.csv");
    let rows = "minute,WL001,WL002\n0,0.0,0.0\n5,0.1,0.0\n10,0.2,0.0\n15,0.2,0.1\n";
    fs::write(file, rows).expect("written");
    let mut recording = recording(folder.path(), None);
    let intervals: Vec<_> = recording.gauges.iter().map(|g| g.interval_s).collect();
    assert_eq!(intervals, [300, 300, 60]);
    assert!(recording.otherwise_recorded().is_empty());
    let late = value(&recording, "wl001-depth", "2025-07-01T12:14:00+08:00");
    assert_eq!(late, Some(0.2), "no gauge is silent between its steps");
    // Read as a scenario may have it.
    recording.gauges[0].interval_s = 60;
    let otherwise = recording.otherwise_recorded();
    assert_eq!(otherwise[&(300, 60)].len(), 1);
}

#[test]
fn a_truth_at_another_depth_is_no_word_that_nothing_floods() {
    let folder = tempfile::tempdir().expect("folder");
    swmm_sample(folder.path());
    let truth = r#"{"floods":[{"site":"WL001","threshold_m":0.27,"onset_min":3}]}"#;
    fs::write(folder.path().join("s_truth.json"), truth).expect("written");
    let refused = read(folder.path(), None).expect_err("nothing to judge by");
    assert!(
        refused.to_string().contains("at 0.27 m and none at 0.15 m"),
        "{refused}"
    );
}

#[test]
fn a_generated_city_has_every_layer_the_aggregator_needs() {
    let folder = tempfile::tempdir().expect("folder");
    swmm_sample(folder.path());
    let recording = recording(folder.path(), Some("s"));
    let CitySource::Generated { points, .. } = &recording.city else {
        panic!("generated")
    };
    let city = folder.path().join("city");
    city_layers::write(&recording, points, 2, &city).expect("written");
    let text = |name: &str| fs::read_to_string(city.join(name)).expect(name);
    assert!(text("city.toml").contains("time_zone = \"Asia/Shanghai\""));
    let json = |name: &str| serde_json::from_str::<serde_json::Value>(&text(name)).expect("json");
    let points = json("waterlogging-points.geojson");
    assert_eq!(points["features"][0]["id"], "wl001");
    assert_eq!(
        points["features"][0]["properties"]["level_gauge"],
        "wl001-depth"
    );
    assert_eq!(points["features"][0]["properties"]["drain_m3h"], 1080.0);
    assert_eq!(points["features"][1]["properties"]["name"], "WL002");
    assert_eq!(
        json("gauges.geojson")["features"].as_array().map(Vec::len),
        Some(3)
    );
    assert_eq!(json("pump-trucks.geojson")["features"][1]["id"], "pt-002");
}

const STATIONS: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":4,"properties":{"name":"PA. Manggarai"},"geometry":{"type":"Point","coordinates":[106.848458,-6.207825]}}]}"#;

#[test]
fn jakarta_is_read_in_metres_and_utc_with_exact_repeats_dropped() {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(folder.path().join("stations.geojson"), STATIONS).expect("written");
    let csv = "nama_pintu_air,lokasi,latitude,longitude,tanggal,tinggi_air,status_siaga\n\
        \"PA. Manggarai\",Ciliwung,-6.2,106.8,\"2020-01-02 00:40:00\",9690,\"Status : Siaga 1\"\n\
        \"PA. Manggarai  \",Ciliwung,-6.2,106.8,\"2020-01-02 00:10:27\",9600,\"Status : Siaga 1\"\n\
        \"PA. Manggarai\",Ciliwung,-6.2,106.8,\"2020-01-02 00:40:00\",9690,\"Status : Siaga 1\"\n";
    let file = folder.path().join("tma_2020.csv.gz");
    gz(&file, csv);
    let recording = recording(folder.path(), None);
    let stage = recording
        .gauges
        .iter()
        .find(|g| g.parameter == Parameter::Stage)
        .expect("a stage gauge");
    assert_eq!((stage.id.as_str(), stage.series.len()), ("pa-manggarai", 2));
    assert_eq!(
        value(&recording, "pa-manggarai", "2020-01-01T17:40:00Z"),
        Some(9.69)
    );
    let depth = value(&recording, "pa-manggarai-street", "2020-01-01T17:40:00Z").expect("a depth");
    assert!((depth - 0.19).abs() < 1e-9, "{depth}");

    gz(&file, &csv.replace("9600", "high"));
    let error = read(folder.path(), None)
        .expect_err("not a number")
        .to_string();
    assert!(error.contains("tma_2020.csv.gz:3"), "{error}");
}

#[test]
fn the_calder_files_are_levels_and_rainfall_in_utc_and_nothing_floods() {
    let folder = tempfile::tempdir().expect("folder");
    let csv = |values: [&str; 2]| {
        let row = |minute: &str, value: &str| {
            format!(
                "\"http://m\",\"2025-08-16T00:{minute}:00\",\"2025-08-16\",\"{value}\",\"\",\"Unchecked\",\"\"\n"
            )
        };
        let head =
            "\"measure\",\"dateTime\",\"date\",\"value\",\"completeness\",\"quality\",\"qcode\"\n";
        format!("{head}{}{}", row("00", values[0]), row("15", values[1]))
    };
    gz(
        &folder
            .path()
            .join("Hebden-Bridge-level-15min-Qualified.csv.gz"),
        &csv(["-0.062", "-0.061"]),
    );
    let rain = folder.path().join("Bacup-rainfall-15min-Qualified.csv");
    fs::write(&rain, csv(["0.0", "0.2"])).expect("written");
    let recording = recording(folder.path(), None);
    let ids: Vec<_> = recording.gauges.iter().map(|g| g.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "hebden-bridge-level-street",
            "hebden-bridge-level",
            "bacup-rainfall"
        ]
    );
    assert_eq!(
        value(&recording, "hebden-bridge-level", "2025-08-16T00:16:00Z"),
        Some(-0.061)
    );
    assert_eq!(
        value(
            &recording,
            "hebden-bridge-level-street",
            "2025-08-16T00:16:00Z"
        ),
        Some(0.0)
    );
    assert_eq!(
        value(&recording, "bacup-rainfall", "2025-08-16T00:15:00Z"),
        Some(0.2)
    );
    assert!(recording.floods.is_some_and(|floods| floods.is_empty()));

    fs::write(&rain, csv(["0.0", "wet"])).expect("written");
    let error = read(folder.path(), None)
        .expect_err("not a number")
        .to_string();
    assert!(
        error.contains("Bacup-rainfall-15min-Qualified.csv:3"),
        "{error}"
    );
}

#[test]
fn the_real_folders_are_read_where_they_are_at_hand() {
    let Some(data) = std::env::var_os("FLOOD_REFERENCE_DATA") else {
        return;
    };
    let data = Path::new(&data);
    let count = |name: &str, scenario| {
        let recording = recording(&data.join(name), scenario);
        let floods = recording
            .floods
            .as_ref()
            .map(std::collections::BTreeMap::len);
        let values: usize = recording.gauges.iter().map(|g| g.series.len()).sum();
        (recording.gauges.len(), values, floods)
    };
    assert_eq!(
        count("swmm-shanghai-sim", Some("s1_p1")),
        (88, 64 * 479 + 24 * 480, Some(0))
    );
    assert_eq!(count("swmm-shanghai-sim", Some("s2_p5")).2, Some(35));
    assert_eq!(
        count("swmm-shanghai-sim", Some("s4_p5_pumpfail")).2,
        Some(36)
    );
    assert_eq!(count("uk-calder-2025", None).0, 14);
    let (gauges, _, _) = count("jakarta-2020", None);
    assert_eq!(gauges, 26);
}
