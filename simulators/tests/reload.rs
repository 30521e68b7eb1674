//! SIGHUP while the real aggregator runs: changed files are taken in once they are right, and nothing
//! ends it.
//!
//! The program under test must have been built: `cargo build -p aggregator`.

use std::{fs, path::Path, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use shared::clock::{Mode, ScaledClock, real_now};
use simulators::lab::{Lab, LabSetup, until};

/// Longer than the program takes to begin anew on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// A copy of the harbour that may be changed.
fn copy(to: &Path) {
    let harbour = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/city/harbour");
    for entry in fs::read_dir(harbour).expect("the example city") {
        let entry = entry.expect("a file");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

fn hang_up(lab: &Lab) {
    let id = lab.aggregator.id().expect("it runs");
    let id = Pid::from_raw(i32::try_from(id).expect("a process id"));
    kill(id, Signal::SIGHUP).expect("it lives");
}

fn log(lab: &Lab) -> String {
    fs::read_to_string(lab.work().join("aggregator.log")).expect("a log")
}

async fn told(lab: &mut Lab, what: &str) {
    let told = until(what, PATIENCE, async || log(lab).contains(what)).await;
    assert!(told.is_ok(), "{what} is not told; {}", log(lab));
    lab.check().expect("it goes on");
}

#[tokio::test]
async fn a_hangup_takes_in_what_is_right_tells_what_is_wrong_and_ends_nothing() {
    let city = tempfile::tempdir().expect("a folder");
    copy(city.path());
    let clock = ScaledClock {
        mode: Mode::Exercise,
        origin: real_now(),
        started: real_now(),
        speed: 1.0,
    };
    let setup = LabSetup::new(city.path().to_owned(), clock);
    let mut lab = Lab::start(setup).await.expect("the aggregator starts");
    let id = lab.aggregator.id();
    let gauges = lab.client.gauges().await.expect("gauges").len();

    hang_up(&lab);
    told(&mut lab, "no file has changed").await;

    let layer = city.path().join("gauges.geojson");
    let right = fs::read_to_string(&layer).expect("the layer");
    let wrong = right.replacen("\"depth\"", "\"depht\"", 1);
    fs::write(&layer, wrong).expect("written");
    hang_up(&lab);
    told(&mut lab, "everything goes on with what was read before").await;
    assert!(log(&lab).contains("depht"), "the mistake is named");
    assert_eq!(lab.client.gauges().await.expect("gauges").len(), gauges);

    let mut city: serde_json::Value = serde_json::from_str(&right).expect("GeoJSON");
    let features = city["features"].as_array_mut().expect("features");
    let mut another = features.first().expect("a gauge").clone();
    another["id"] = "lg-9999".into();
    features.push(another);
    fs::write(&layer, city.to_string()).expect("written");
    hang_up(&lab);
    // While it begins anew too, nothing ends it.
    told(&mut lab, "beginning anew").await;
    hang_up(&lab);
    let taken_in = async || {
        lab.client
            .gauges()
            .await
            .is_ok_and(|g| g.len() == gauges + 1)
    };
    let taken_in = until("another gauge", PATIENCE, taken_in).await;
    assert!(taken_in.is_ok(), "not taken in; {}", log(&lab));
    assert_eq!(lab.aggregator.id(), id, "the same process");
    lab.check().expect("it goes on");
    lab.finish().await.expect("it ends as it should");
}
