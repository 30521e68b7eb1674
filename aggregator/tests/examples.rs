//! Every shipped example is read by the program that it is for.

use std::{fs, path::Path};

use aggregator::{config::read_config, network::read_city};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn every_aggregator_configuration_is_valid() {
    let mut read = 0;
    for entry in fs::read_dir(root().join("configs/aggregator")).expect("folder") {
        let path = entry.expect("entry").path();
        read_config(&path).unwrap_or_else(|e| panic!("{e}"));
        read += 1;
    }
    assert!(read > 0, "no example found");
}

#[test]
fn every_city_is_valid() {
    let mut read = 0;
    for entry in fs::read_dir(root().join("configs/city")).expect("folder") {
        let path = entry.expect("entry").path();
        let city = read_city(&path).unwrap_or_else(|e| panic!("{e}"));
        assert!(
            !city.points.is_empty(),
            "{} has no waterlogging points",
            path.display()
        );
        read += 1;
    }
    assert!(read > 0, "no city found");
}

/// A copy of the harbour city with one text replaced in one file.
fn broken(file: &str, from: &str, to: &str) -> String {
    let copy = tempfile::tempdir().expect("temp folder");
    for entry in fs::read_dir(root().join("configs/city/harbour")).expect("folder") {
        let path = entry.expect("entry").path();
        let name = path.file_name().expect("a file");
        fs::copy(&path, copy.path().join(name)).expect("copies");
    }
    let path = copy.path().join(file);
    let text = fs::read_to_string(&path).expect("reads");
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(&path, text.replacen(from, to, 1)).expect("writes");
    read_city(copy.path())
        .expect_err("a broken city must be refused")
        .to_string()
}

#[test]
fn mistakes_in_layers_are_named_by_file_feature_and_property() {
    let unknown_gauge = broken("waterlogging-points.geojson", "\"lg-0001\"", "\"lg-9999\"");
    assert!(
        unknown_gauge.contains("property `level_gauge`"),
        "{unknown_gauge}"
    );
    assert!(
        unknown_gauge.contains("lg-9999 is not in gauges.geojson"),
        "{unknown_gauge}"
    );
    let parameter = broken("gauges.geojson", "\"depth\"", "\"deepness\"");
    assert!(parameter.contains("property `parameter`"), "{parameter}");
    let twice = broken("gauges.geojson", "\"lg-0002\"", "\"lg-0001\"");
    assert!(twice.contains("the id stands twice"), "{twice}");
    let not_json = broken("gauges.geojson", "FeatureCollection", "FeatureColl\"ection");
    assert!(not_json.contains("gauges.geojson"), "{not_json}");
}
