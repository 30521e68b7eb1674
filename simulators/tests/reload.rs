//! SIGHUP while the real aggregator runs: changed files are taken in once they are right, and nothing
//! ends it. Gateways are told of gauges that no layer knows, and that it knows them now.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`.

#![expect(
    clippy::indexing_slicing,
    reason = "an answer of another form fails the test"
)]

use std::{fs, path::Path, sync::Arc, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value as Json, json};
use shared::{
    clock::{Mode, ScaledClock, real_now},
    gauge::Parameter,
    ids::GaugeId,
    time::Timestamp,
};
use simulators::{
    gauge::{Readings, SimGauge},
    lab::{GatewayPlan, Lab, LabSetup, until},
};

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

/// As the real one runs, but nothing is actual.
fn clock() -> ScaledClock {
    ScaledClock {
        mode: Mode::Exercise,
        origin: real_now(),
        started: real_now(),
        speed: 1.0,
    }
}

/// Puts one more gauge, like the first, into the layer.
fn add_gauge(layer: &Path, id: &str, interval_s: u32) {
    let text = fs::read_to_string(layer).expect("the layer");
    let mut city: Json = serde_json::from_str(&text).expect("GeoJSON");
    let features = city["features"].as_array_mut().expect("features");
    let mut another = features.first().expect("a gauge").clone();
    another["id"] = id.into();
    another["properties"]["interval_s"] = interval_s.into();
    features.push(another);
    fs::write(layer, city.to_string()).expect("written");
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
    let setup = LabSetup::new(city.path().to_owned(), clock());
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

    fs::write(&layer, right).expect("written");
    add_gauge(&layer, "lg-9999", 60);
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

/// A decimetre of water everywhere.
struct Puddle;

impl Readings for Puddle {
    fn reading(&self, _: &GaugeId, _: Timestamp) -> Option<f64> {
        Some(0.1)
    }
}

/// What the only agent says is wrong, as its health has it.
async fn faults(lab: &Lab) -> Json {
    let state = lab.client.get("/api/v1/state").await.expect("the state");
    let faults = &state["agents"][0]["faults"];
    let all = faults.as_array().into_iter().flatten();
    all.map(|f| json!([f["kind"], f["subject"], f["cause"]]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_is_told_of_a_gauge_that_no_layer_knows_until_one_does() {
    let city = tempfile::tempdir().expect("a folder");
    copy(city.path());
    let gauge = SimGauge {
        id: "lg-9999".parse().expect("an id"),
        parameter: Parameter::Depth,
        interval_s: 1,
        faults: Vec::new(),
    };
    let gateway = GatewayPlan {
        agent: "gw-01".parse().expect("an id"),
        tcp: vec![vec![gauge]],
        rtu: Vec::new(),
        mqtt: Vec::new(),
    };
    let setup = LabSetup {
        gateways: vec![gateway],
        readings: Arc::new(Puddle),
        ..LabSetup::new(city.path().to_owned(), clock())
    };
    let mut lab = Lab::start(setup).await.expect("everything starts");

    let remark = json!([[
        "remark",
        "gauge lg-9999",
        "no layer knows the gauge: kept, not shown"
    ]]);
    let is_told = async || faults(&lab).await == remark;
    let is_told = until("the agent's word", PATIENCE, is_told).await;
    assert!(is_told.is_ok(), "{}", faults(&lab).await);

    add_gauge(&city.path().join("gauges.geojson"), "lg-9999", 1);
    hang_up(&lab);
    told(&mut lab, "beginning anew").await;
    let is_shown = async || {
        let shown = lab.client.get("/api/v1/gauges/lg-9999").await;
        shown.is_ok_and(|gauge| gauge["value"] == 0.1) && faults(&lab).await == json!([])
    };
    let is_shown = until("the gauge without a fault", PATIENCE, is_shown).await;
    assert!(is_shown.is_ok(), "{}", faults(&lab).await);
    lab.finish().await.expect("it ends as it should");
}
