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
