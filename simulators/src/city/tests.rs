//! What the demo city promises.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;
use shared::ids::FeatureId;

use super::{feature::signed_area, generate};

const LAYERS: [&str; 11] = [
    "gauges",
    "waterlogging-points",
    "pump-trucks",
    "pump-stations",
    "shelters",
    "communities",
    "districts",
    "streets",
    "roads",
    "canals",
    "sewers",
];

fn city(seed: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), seed).unwrap();
    folder
}

fn features(folder: &Path, layer: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(format!("{layer}.geojson"))).unwrap();
    let mut whole: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(whole["type"], "FeatureCollection");
    serde_json::from_value(whole["features"].take()).unwrap()
}

fn with_prefix(features: &[Value], prefix: &str) -> usize {
    features
        .iter()
        .filter(|f| f["id"].as_str().unwrap().starts_with(prefix))
        .count()
}

#[test]
fn the_city_has_exactly_the_promised_number_of_everything() {
    let folder = city(1);
    let gauges = features(folder.path(), "gauges");
    assert_eq!(with_prefix(&gauges, "lg-"), 157);
    assert_eq!(with_prefix(&gauges, "rg-"), 550);
    assert_eq!(with_prefix(&gauges, "ws-"), 26);
    assert_eq!(
        gauges
            .iter()
            .filter(|g| g["properties"]["parameter"] == "depth")
            .count(),
        64
    );
    let expected = [
        ("waterlogging-points", 64),
        ("pump-trucks", 116),
        ("pump-stations", 1418),
        ("shelters", 736),
        ("communities", 14_020),
        ("districts", 16),
        ("streets", 63),
    ];
    for (layer, count) in expected {
        assert_eq!(features(folder.path(), layer).len(), count, "{layer}");
    }
}

#[test]
fn the_same_seed_gives_byte_identical_files_and_another_seed_does_not() {
    let (a, b, c) = (city(7), city(7), city(8));
    for layer in LAYERS {
        let file = format!("{layer}.geojson");
        assert!(fs::read(a.path().join(&file)).unwrap() == fs::read(b.path().join(&file)).unwrap());
    }
    let communities =
        |d: &tempfile::TempDir| fs::read(d.path().join("communities.geojson")).unwrap();
    assert!(communities(&a) != communities(&c));
}

/// Scenarios, drills and other people's notes name places of this city: it must not move. A change
/// on purpose gets a new number here.
#[test]
fn the_city_of_seed_1_is_the_one_that_was_always_written() {
    let folder = city(1);
    let mut sum = crc32fast::Hasher::new();
    for layer in LAYERS {
        sum.update(&fs::read(folder.path().join(format!("{layer}.geojson"))).unwrap());
    }
    sum.update(&fs::read(folder.path().join("city.toml")).unwrap());
    assert_eq!(sum.finalize(), 1_444_478_021, "the demo city has changed");
}

#[test]
fn every_id_is_valid_and_stands_once_and_every_feature_has_a_name() {
    let folder = city(1);
    for layer in LAYERS {
        let features = features(folder.path(), layer);
        let mut seen = BTreeSet::new();
        for feature in &features {
            let id: FeatureId = feature["id"].as_str().unwrap().parse().unwrap();
            assert!(seen.insert(id.clone()), "{id} twice in {layer}");
            assert!(!feature["properties"]["name"].as_str().unwrap().is_empty());
        }
    }
}

#[test]
fn rings_are_closed_and_run_counter_clockwise() {
    let folder = city(1);
    let mut drawn = features(folder.path(), "districts");
    drawn.extend(features(folder.path(), "streets"));
    for district in drawn {
        let coordinates = district["geometry"]["coordinates"].clone();
        let polygons: Vec<Vec<Vec<(f64, f64)>>> = match district["geometry"]["type"].as_str() {
            Some("Polygon") => vec![serde_json::from_value(coordinates).unwrap()],
            _ => serde_json::from_value(coordinates).unwrap(),
        };
        for ring in polygons.iter().flatten() {
            assert!(ring.len() >= 4, "{}", district["id"]);
            assert_eq!(ring.first(), ring.last());
            assert!(
                signed_area(&ring[1..]) > 0.0,
                "{} runs clockwise",
                district["id"]
            );
        }
    }
}

#[test]
fn every_point_has_an_own_depth_gauge_and_three_rain_gauges_and_a_rising_storage_curve() {
    let folder = city(1);
    let parameter: BTreeMap<String, String> = features(folder.path(), "gauges")
        .iter()
        .map(|g| {
            let text = |v: &Value| v.as_str().unwrap().to_owned();
            (text(&g["id"]), text(&g["properties"]["parameter"]))
        })
        .collect();
    let mut own = BTreeSet::new();
    for point in features(folder.path(), "waterlogging-points") {
        let p = &point["properties"];
        let level = p["level_gauge"].as_str().unwrap().to_owned();
        assert_eq!(parameter[&level], "depth");
        assert!(own.insert(level));
        let rain: Vec<String> = serde_json::from_value(p["rain_gauges"].clone()).unwrap();
        assert_eq!(rain.len(), 3);
        assert!(rain.iter().all(|id| parameter[id] == "rainfall-intensity"));
        let curve: Vec<[f64; 2]> = serde_json::from_value(p["storage"].clone()).unwrap();
        assert!(curve[0].iter().all(|v| v.abs() < f64::EPSILON));
        assert!(
            curve
                .windows(2)
                .all(|w| w[0][0] < w[1][0] && w[0][1] < w[1][1])
        );
    }
}

#[test]
fn the_roads_fit_the_size_limit_and_hang_together() {
    let folder = city(1);
    let size = fs::metadata(folder.path().join("roads.geojson"))
        .unwrap()
        .len();
    assert!(size <= 2_500_000, "{size} bytes");
    let mut part_of: BTreeMap<String, usize> = BTreeMap::new();
    let mut parts: Vec<Vec<String>> = Vec::new();
    for road in features(folder.path(), "roads") {
        let vertices = road["geometry"]["coordinates"].as_array().unwrap();
        let mut merged: Vec<String> = vertices.iter().map(Value::to_string).collect();
        let touched: BTreeSet<usize> = merged
            .iter()
            .filter_map(|v| part_of.get(v).copied())
            .collect();
        merged.retain(|v| !part_of.contains_key(v));
        // The largest part grows; the others move into it.
        let home = touched
            .iter()
            .copied()
            .max_by_key(|p| parts[*p].len())
            .unwrap_or_else(|| {
                parts.push(Vec::new());
                parts.len() - 1
            });
        for part in touched.into_iter().filter(|p| *p != home) {
            merged.append(&mut parts[part]);
        }
        for vertex in merged {
            part_of.insert(vertex.clone(), home);
            parts[home].push(vertex);
        }
    }
    let largest = parts.iter().map(Vec::len).max().unwrap_or(0);
    assert!(
        largest * 100 >= part_of.len() * 95,
        "largest part {largest} of {}",
        part_of.len()
    );
}
