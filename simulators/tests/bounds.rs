//! Too much of everything: the real aggregator, and somebody who floods it with agents, days, texts, numbers
//! and names. At each bound it is counted and said, the page stays small, and honest gateways get through.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`.

#![expect(
    clippy::indexing_slicing,
    reason = "an answer of another form fails the test"
)]

#[expect(dead_code, reason = "no will and no password is needed to flood")]
mod attacker;
mod common;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use shared::{
    clock::{Mode, ScaledClock, real_now},
    gauge::Parameter,
    ids::AgentId,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    value::Value,
    wire::{AgentFault, AgentHealth, Envelope, Topic},
};
use simulators::{
    console::say,
    lab::{BrokerChoice, Lab, LabSetup, until},
};
use tokio::sync::Mutex;

use attacker::{Attacker, Said, Within};

/// Several programs at once on two cores would measure the machine, not the system.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

const DEADLINE: Duration = Duration::from_secs(60);
const SOME: u64 = 100;
const GAUGE: &str = "lg-0006";
const DAY_MS: i64 = 86_400_000;

/// A state document of the harbour with all that strangers may put into it.
const MOST_STATE: usize = 6 * 1024 * 1024;

/// What the store may take up after a flood that may leave nothing but a few days.
const MOST_STORE: u64 = 300 * 1024 * 1024;

/// So long anybody may have to wait for his next message while another one floods.
const MOST_WAIT: Duration = Duration::from_secs(10);

async fn counted(lab: &Lab, counter: &str) -> u64 {
    let counters = lab.client.counters().await.expect("counters");
    counters.get(counter).copied().unwrap_or_default()
}

async fn counts(lab: &Lab, counter: &str, least: u64) {
    let is_counted = async || counted(lab, counter).await >= least;
    let what = format!("{least} of {counter}");
    until(&what, DEADLINE, is_counted).await.expect("counted");
}

async fn get(lab: &Lab, path: &str) -> Json {
    lab.client.get(path).await.expect("an answer")
}

/// How often a reason is among what was refused last.
async fn listed(lab: &Lab, reason: &str) -> usize {
    let refused = get(lab, "/api/v1/refused").await;
    let all = refused.as_array().cloned().unwrap_or_default();
    all.iter().filter(|one| one["reason"] == reason).count()
}

fn health(agent: &str, mode: Mode, text: &str) -> Vec<u8> {
    let fault = AgentFault {
        kind: text.to_owned(),
        subject: text.to_owned(),
        since: real_now(),
        cause: text.to_owned(),
    };
    let health = AgentHealth {
        agent: agent.parse().expect("an id"),
        online: true,
        at: real_now(),
        mode,
        version: text.to_owned(),
        spooled_batches: 0,
        spooled_bytes: u64::MAX,
        dropped: u64::MAX,
        failed_readings: u64::MAX,
        silent_sources: vec![text.to_owned(); 20],
        faults: vec![fault; 4],
        certificate_until: None,
    };
    health.encode()
}

/// 20,000 made-up agents, through a broker that refuses nobody anything.
#[tokio::test(flavor = "multi_thread")]
async fn however_many_agents_are_made_up_the_page_stays_small_and_gateways_get_through() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let setup = LabSetup {
        broker: BrokerChoice::Mosquitto,
        ..common::harbour(2, common::FIRST_FLOODS)
    };
    let mut lab = Lab::start(setup).await.expect("everything starts");
    lab.until_served(SOME).await.expect("readings");
    let (at, mode) = (lab.broker.address(), lab.clock.mode());
    let mut attacker = Attacker::new("somebody").come(at).await.expect("let in");
    let (long, short) = ("x".repeat(5_000), "x".repeat(90));
    for number in 0..20_000 {
        let name = format!("zz-{number}");
        let text = if number < 100 { &long } else { &short };
        let said = attacker
            .publish(&format!("flood/v1/state/{name}"), health(&name, mode, text))
            .await;
        assert_eq!(said, Said::Taken, "by the broker");
    }
    // What of it the broker itself dropped is none of ours.
    counts(&lab, "no-room", 1).await;
    let agents = lab.client.agents().await.expect("agents");
    let state = lab.client.state_document().await.expect("a state").len();
    say(format!("{} agents, a state of {state} bytes", agents.len()));
    assert!(agents.len() <= 5_002, "{}", agents.len());
    assert!(state < MOST_STATE, "{state} bytes");
    assert!(listed(&lab, "no-room").await <= 3, "said once");
    for own in ["gw-01", "gw-02"] {
        let is_there = agents.iter().any(|a| a.id.as_str() == own && a.online);
        assert!(is_there, "{own}");
    }
    lab.until_served(SOME).await.expect("readings");
    let store = lab.finish().await.expect("a store");
    let delivery = lab.delivery(&store);
    assert!(delivery.is_exact(), "{delivery:?}");
}

async fn alone() -> Lab {
    with("").await
}

/// The aggregator alone, with more tables in its configuration.
async fn with(tables: &'static str) -> Lab {
    let clock = ScaledClock {
        mode: Mode::Exercise,
        origin: real_now(),
        started: real_now(),
        speed: 1.0,
    };
    let city = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/city/harbour");
    let setup = LabSetup {
        tables,
        ..LabSetup::new(city, clock)
    };
    Lab::start(setup).await.expect("the aggregator starts")
}

/// Comes in as soon as the broker has done with the connection before.
async fn come(lab: &Lab, name: &str) -> Within {
    let begun = Instant::now();
    loop {
        match Attacker::new(name).come(lab.broker.address()).await {
            Ok(within) => return within,
            Err(said) => assert!(begun.elapsed() < MOST_WAIT, "{name}: {said:?}"),
        }
    }
}

/// Publishes over a connection of its own.
async fn say_as(lab: &Lab, name: &str, topic: &str, payload: Vec<u8>) -> Said {
    come(lab, name).await.publish(topic, payload).await
}

fn third_party(gauge: &str, at: Timestamp, value: f64) -> Json {
    json!({ "gauge": gauge, "parameter": "depth", "observed_at": at, "value": value })
}

fn bytes(json: &Json) -> Vec<u8> {
    serde_json::to_vec(json).expect("JSON")
}

/// Somebody else's message is taken soon, and stored.
async fn honest_is_stored(lab: &Lab, value: f64) {
    let (begun, at) = (Instant::now(), real_now());
    let said = say_as(
        lab,
        "honest",
        "flood/v1/in/honest",
        bytes(&third_party(GAUGE, at, value)),
    )
    .await;
    assert_eq!(said, Said::Taken);
    let waited = begun.elapsed();
    assert!(waited < MOST_WAIT, "{waited:?}");
    let stored = get(lab, &format!("/api/v1/gauges/{GAUGE}/observations")).await;
    let is_it = |o: &Json| o[0] == at.as_millis() && o[1] == value;
    let stored = stored["observations"].as_array().cloned();
    assert!(
        stored.unwrap_or_default().iter().any(is_it),
        "{value} at {at}"
    );
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(of).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_thousand_days_neither_stops_ingest_nor_grows_the_store() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = alone().await;
    let before = size(lab.work());
    for (direction, counter) in [(-1, "too-old"), (1, "future")] {
        let day = |k: i64| {
            let at = real_now().plus_millis(direction * k * DAY_MS);
            third_party(GAUGE, at, 0.01)
        };
        let days = bytes(&(1..=1_000).map(day).collect());
        let begun = Instant::now();
        let said = say_as(&lab, "flood", "flood/v1/in/flood", days).await;
        let took = begun.elapsed();
        say(format!("1,000 days ({counter}): {said:?} after {took:?}"));
        assert!(took < MOST_WAIT, "{took:?}");
        counts(&lab, counter, 900).await;
        honest_is_stored(&lab, 0.02).await;
    }
    let grown = size(lab.work()) - before;
    say(format!("the store has grown by {grown} bytes"));
    assert!(grown < MOST_STORE, "{grown}");
    lab.check().expect("it goes on");
}

fn batch(agent: &str, seq: u64, oldest: u64, value: Value, at: Timestamp) -> Vec<u8> {
    let observation = Observation {
        gauge: GAUGE.parse().expect("an id"),
        parameter: Parameter::Depth,
        observed_at: at,
        value: Some(value),
        quality: Quality::Pass,
        tests: TestSet::NONE,
    };
    let envelope = Envelope {
        agent: agent.parse().expect("an id"),
        incarnation: u64::MAX,
        seq,
        oldest,
        sent_at: real_now(),
        mode: Mode::Exercise,
        backfill: false,
        observations: vec![observation],
    };
    envelope.encode()
}

#[tokio::test(flavor = "multi_thread")]
async fn extremes_are_refused_or_cut_in_every_encoding_and_poison_nothing() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = alone().await;
    let agent: AgentId = "zz-1".parse().expect("an id");
    let own = Topic::Observations { agent, json: false }.to_string();
    let fair = Value::from_milli(10);
    let far = Timestamp::from_millis(i64::MAX);
    for (number, extreme) in [
        batch("zz-1", 1, 1, Value::from_milli(i64::MAX), real_now()),
        batch("zz-1", 1, 1, Value::from_milli(i64::MIN), real_now()),
        batch("zz-1", 1, 1, fair, far),
        batch("zz-1", u64::MAX, 1, fair, real_now()),
    ]
    .into_iter()
    .enumerate()
    {
        say_as(&lab, "zz-1", &own, extreme).await;
        counts(&lab, "bad-payload", number as u64 + 1).await;
    }
    say_as(
        &lab,
        "zz-1",
        &own,
        batch("zz-1", 2, u64::MAX, fair, real_now()),
    )
    .await;
    assert!(counted(&lab, "given-up").await <= 1);

    let state = "flood/v1/state/zz-1";
    say_as(
        &lab,
        "zz-1",
        state,
        health("zz-1", Mode::Exercise, &"\u{7}长".repeat(1_500)),
    )
    .await;
    let is_known = async || !lab.client.agents().await.unwrap_or_default().is_empty();
    until("the agent", DEADLINE, is_known).await.expect("known");
    let told = get(&lab, "/api/v1/agents").await.to_string();
    assert!(told.len() < 20_000, "{} bytes", told.len());
    assert!(!told.contains("\\u0007"), "{told}");

    for topic in ["flood/v1/in/a", "flood/v1/truck/pt-99"] {
        let text = "\u{1b}[31m".repeat(10_000);
        say_as(
            &lab,
            "zz-1",
            topic,
            bytes(&json!({ "gauge": text, "truck": text })),
        )
        .await;
    }
    counts(&lab, "bad-payload", 6).await;
    let refused = get(&lab, "/api/v1/refused").await.to_string();
    assert!(refused.len() < 50_000, "{} bytes", refused.len());
    honest_is_stored(&lab, 0.03).await;
    lab.check().expect("it goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_unknown_names_is_counted_and_named_in_part() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = alone().await;
    for round in 0..8 {
        let one = |k: i32| third_party(&format!("zz-{round}-{k}"), real_now(), 0.01);
        let many = bytes(&(0..1_000).map(one).collect());
        say_as(&lab, "flood", "flood/v1/in/flood", many).await;
        honest_is_stored(&lab, 0.01 * f64::from(round)).await;
    }
    counts(&lab, "no-room", 7_000).await;
    let unknown = get(&lab, "/api/v1/unknown-gauges").await;
    assert_eq!(unknown.as_object().map(serde_json::Map::len), Some(1_000));
    assert_eq!(listed(&lab, "no-room").await, 1, "said once");
    let report = json!({
        "truck": "pt-99999", "reported_at": real_now(), "position": [121.5, 31.2],
        "state": "idle", "order": null, "pumped_m3": 0.0,
    });
    for _ in 0..50 {
        say_as(&lab, "pt-99999", "flood/v1/truck/pt-99999", bytes(&report)).await;
    }
    counts(&lab, "unknown-truck", 50).await;
    assert_eq!(listed(&lab, "unknown-truck").await, 1, "said once");
    lab.check().expect("it goes on");
}

/// Where two sources are granted something, and a third one is a stranger who is believed.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_speaks_for_what_it_was_granted_and_corrects_what_it_may() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let tables = "[[source]]\nname = \"met\"\ngauges = [\"lg-0006\"]\n\
                  [[source]]\nname = \"port\"\ngauges = [\"lg-00*\"]\ncorrects = true\n";
    let mut lab = with(tables).await;
    let at = real_now();
    let says = async |source: &str, gauge: &str, value: f64, replaces: bool| {
        let mut one = third_party(gauge, at, value);
        one["quality"] = json!(1);
        one["replaces"] = json!(replaces);
        let said = say_as(&lab, source, &format!("flood/v1/in/{source}"), bytes(&one)).await;
        assert_eq!(said, Said::Taken, "{source}");
        let path = format!("/api/v1/gauges/{GAUGE}/observations");
        let stored = get(&lab, &path).await["observations"].take();
        let of_that_time = |o: &&Json| o[0] == at.as_millis();
        let stored = stored.as_array().cloned().unwrap_or_default();
        stored
            .iter()
            .find(of_that_time)
            .map(|o| (o[1].as_f64(), o[2].as_u64()))
    };
    let is = |value: f64, quality: u64| Some((Some(value), Some(quality)));
    assert_eq!(says("met", "lg-0001", 0.5, false).await, None);
    counts(&lab, "not-granted", 1).await;
    let told = says("somebody", GAUGE, 0.1, false).await;
    assert_eq!(told, is(0.1, 2), "nobody vouches for a stranger's reading");
    let told = says("met", GAUGE, 0.2, false).await;
    assert_eq!(
        told,
        is(0.2, 1),
        "it was granted, and its own word is better"
    );
    assert_eq!(says("somebody", GAUGE, 0.9, true).await, is(0.2, 1));
    assert_eq!(says("met", GAUGE, 0.05, true).await, is(0.05, 1), "its own");
    assert_eq!(
        says("port", GAUGE, 0.3, true).await,
        is(0.3, 1),
        "another's"
    );
    assert_eq!(says("met", GAUGE, 0.2, true).await, is(0.3, 1));
    lab.check().expect("it goes on");
}
