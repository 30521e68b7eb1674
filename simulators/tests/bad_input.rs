//! Bad input while the real programs run: it is counted, told in `/metrics`, in the API and in the
//! state that the page shows, and nothing stops. What is good right after it is stored.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`.

#![expect(
    clippy::indexing_slicing,
    reason = "an answer of another form fails the test"
)]

use std::{path::Path, time::Duration};

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use serde_json::{Value as Json, json};
use shared::{
    clock::{Mode, ScaledClock, real_now},
    gauge::Parameter,
    ids::AgentId,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    value::Value,
    wire::{Envelope, Topic},
};
use simulators::{
    lab::{Lab, LabSetup, Process, Programs, until},
    link::FieldBroker,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Longer than two reports of an agent on its health, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);
/// The agent that the test speaks as.
const AGENT: &str = "gw-66";
/// A depth gauge of the harbour.
const GAUGE: &str = "lg-0006";

/// The real aggregator with its own broker over the harbour, and a clock that runs as the real one.
async fn aggregator() -> (Lab, ScaledClock) {
    let clock = ScaledClock {
        mode: Mode::Exercise,
        origin: real_now(),
        started: real_now(),
        speed: 1.0,
    };
    let city = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/city/harbour");
    // No simulated gauges: whatever comes, the tests send.
    let lab = Lab::start(LabSetup::new(city, clock)).await;
    let lab = lab.expect("the aggregator starts");
    (lab, clock)
}

/// One connection to a broker that must not be cut, whatever is published on it.
struct Line {
    client: AsyncClient,
    events: EventLoop,
}

impl Line {
    fn new(client: &str, broker: std::net::SocketAddr) -> Self {
        let options = MqttOptions::new(client, broker.ip().to_string(), broker.port());
        let (client, events) = AsyncClient::new(options, 8);
        Self { client, events }
    }

    /// Publishes at QoS 1 and waits for the PUBACK: with the embedded broker it means done.
    async fn publish(&mut self, topic: &str, payload: impl Into<Vec<u8>>) {
        let sent = self.client.publish(topic, QoS::AtLeastOnce, false, payload);
        sent.await.expect("queued");
        let acknowledged = async {
            while !matches!(
                self.events.poll().await.expect("the line is not cut"),
                Event::Incoming(Packet::PubAck(_))
            ) {}
        };
        let acknowledged = tokio::time::timeout(PATIENCE, acknowledged).await;
        acknowledged.expect("a PUBACK");
    }
}

fn agent(id: &str) -> AgentId {
    id.parse().expect("an id")
}

fn batches_of(id: &str) -> String {
    let json = false;
    Topic::Observations {
        agent: agent(id),
        json,
    }
    .to_string()
}

fn batch(mode: Mode) -> Vec<u8> {
    let observation = Observation {
        gauge: GAUGE.parse().expect("an id"),
        parameter: Parameter::Depth,
        observed_at: real_now(),
        value: Some(Value::from_milli(100)),
        quality: Quality::Pass,
        tests: TestSet::NONE,
    };
    let envelope = Envelope {
        agent: agent(AGENT),
        incarnation: 1,
        seq: 1,
        oldest: 1,
        sent_at: real_now(),
        mode,
        backfill: false,
        observations: vec![observation],
    };
    envelope.encode()
}

fn third_party(gauge: &str, parameter: &str, at: Timestamp, value: Json) -> Vec<u8> {
    let message = json!({
        "gauge": gauge, "parameter": parameter, "observed_at": at, "value": value,
    });
    serde_json::to_vec(&message).expect("JSON")
}

/// What is published, where, and what is made of it.
struct Bad {
    topic: String,
    payload: Vec<u8>,
    counter: &'static str,
    /// What `/api/v1/refused` says; `None` where the observation is kept and only marked.
    detail: Option<&'static str>,
}

fn bad(
    topic: &str,
    payload: impl Into<Vec<u8>>,
    counter: &'static str,
    detail: Option<&'static str>,
) -> Bad {
    Bad {
        topic: topic.to_owned(),
        payload: payload.into(),
        counter,
        detail,
    }
}

/// Batches that are torn, of a later version, of somebody else, or of another run.
fn batches() -> Vec<Bad> {
    let (own, other) = (batches_of(AGENT), batches_of("gw-01"));
    let whole = batch(Mode::Exercise);
    let half = whole.get(..whole.len() / 2).unwrap_or_default().to_vec();
    let (payload, topic) = ("bad-payload", "bad-topic");
    let future = Some("version 7 is not known here");
    let strange = Some("names partition 99");
    let stolen = Some("published by client `gw-66`");
    let actual = Some("the batch is Actual, this is Exercise");
    vec![
        bad(&own, half, payload, Some("the batch is malformed")),
        bad(&own, b"\x07\x00noise", payload, future),
        bad("flood/v1/obs/99/gw-66", whole.clone(), topic, strange),
        bad(&other, whole, topic, stolen),
        bad(&own, batch(Mode::Actual), "wrong-mode", actual),
    ]
}

/// Observations of a third party that are malformed, or that cannot be.
fn third_party_messages() -> Vec<Bad> {
    let (now, hour) = (real_now(), 3_600_000);
    let of = |gauge, at, value| third_party(gauge, "depth", at, value);
    let depth = |at, value| of(GAUGE, at, value);
    let long_ago = Timestamp::from_millis(0);
    let unit = br#"[{"n":"lg-0006/depth","u":"cm","v":31}]"#;
    let wrong_unit = Some("record 0: `u`: unit `cm` given, but depth is in m");
    let fair = json!(0.1);
    [
        (
            depth(now, json!("deep")),
            "bad-payload",
            Some("`value` must be a number, not the text \"deep\""),
        ),
        (unit.to_vec(), "bad-payload", wrong_unit),
        (
            depth(now.plus_millis(hour), fair.clone()),
            "future",
            Some("lg-0006: it is of "),
        ),
        (
            depth(long_ago, fair.clone()),
            "too-old",
            Some("lg-0006: it is of 1970-01-01"),
        ),
        (
            of("rg-0001", now, fair.clone()),
            "wrong-parameter",
            Some("rg-0001: the layer says that it gives rainfall-intensity, this is depth"),
        ),
        (
            of("lg-9999", now, fair),
            "unknown-gauge",
            Some("lg-9999: no layer knows the gauge"),
        ),
        (depth(now, json!(99.9)), "out-of-range", None),
    ]
    .into_iter()
    .map(|(payload, counter, detail)| bad("flood/v1/in/neighbour", payload, counter, detail))
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_message_is_counted_and_seen_and_the_next_good_one_is_stored() {
    let (mut lab, _) = aggregator().await;
    let mut line = Line::new(AGENT, lab.broker.address());
    let tour = batches().into_iter().chain(third_party_messages());
    for (number, bad) in tour.enumerate() {
        let what = format!("{number}: {} on {}", bad.counter, bad.topic);
        let before = counted(&lab, bad.counter).await;
        line.publish(&bad.topic, bad.payload).await;
        page_shows(&lab, bad.counter, before + 1).await;
        assert_eq!(counted(&lab, bad.counter).await, before + 1, "{what}");
        let metric = format!("flood_{}_total", bad.counter.replace('-', "_"));
        let metrics = lab.client.metrics().await.expect("metrics");
        let expected = (before + 1) as f64;
        assert_eq!(metrics.get(&metric), Some(&expected), "{what}");
        if let Some(detail) = bad.detail {
            let newest = get(&lab, "/api/v1/refused").await[0].take();
            assert_eq!(newest["reason"], bad.counter, "{what}");
            let said = format!(
                "{} {}",
                newest["topic"],
                newest["detail"].as_str().unwrap_or("")
            );
            assert!(said.contains(detail), "{what}: {said}");
        }
        good_is_stored(&lab, &mut line, i64::try_from(number).expect("few")).await;
        lab.check().expect("everything runs on");
    }
    assert_eq!(
        get(&lab, "/api/v1/unknown-gauges").await,
        json!({ "lg-9999": 1 }),
        "the gauge that no layer has is named"
    );
}

async fn get(lab: &Lab, path: &str) -> Json {
    lab.client.get(path).await.expect("an answer")
}

async fn counted(lab: &Lab, counter: &str) -> u64 {
    let counters = lab.client.counters().await.expect("counters");
    *counters.get(counter).expect("every counter is told")
}

/// Nothing else happens, so the state is published for the counter's sake alone.
async fn page_shows(lab: &Lab, counter: &str, count: u64) {
    let what = format!("a state with {counter} = {count}");
    let shown = async || get(lab, "/api/v1/state").await["counters"][counter] == count;
    until(&what, PATIENCE, shown)
        .await
        .expect("the page's state");
}

async fn good_is_stored(lab: &Lab, line: &mut Line, number: i64) {
    let (at, milli) = (real_now(), 100 + number);
    let value = Value::from_milli(milli).units();
    let good = third_party(GAUGE, "depth", at, json!(value));
    line.publish("flood/v1/in/neighbour", good).await;
    let path = format!("/api/v1/gauges/{GAUGE}/observations");
    let stored = get(lab, &path).await["observations"].take();
    let wanted = |o: &Json| o[0] == at.as_millis() && o[1] == value;
    let found = stored.as_array().is_some_and(|all| all.iter().any(wanted));
    assert!(found, "{value} at {at} is not among {stored}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_ends_its_connection_and_is_counted_and_named() {
    let (mut lab, _) = aggregator().await;
    let broker = lab.broker.address();
    let mut options = MqttOptions::new("neighbour", broker.ip().to_string(), broker.port());
    options.set_max_packet_size(1_000_000, 1_000_000);
    let (client, mut events) = AsyncClient::new(options, 8);
    let sent = client.publish(
        "flood/v1/in/neighbour",
        QoS::AtLeastOnce,
        false,
        vec![b' '; 300_000],
    );
    sent.await.expect("queued");
    let ended = async { while events.poll().await.is_ok() {} };
    let ended = tokio::time::timeout(PATIENCE, ended).await;
    ended.expect("the broker ends the connection");

    page_shows(&lab, "bad-payload", 1).await;
    let newest = get(&lab, "/api/v1/refused").await[0].take();
    assert_eq!(newest["topic"], "client neighbour");
    let detail = newest["detail"].as_str().unwrap_or_default();
    let said = "too large and was disconnected: size=300025, max=263168 bytes";
    assert!(detail.contains(said), "{detail}");
    lab.check().expect("it goes on");
}

/// What a device makes of a question.
type Device = fn([u8; 12]) -> Vec<u8>;

/// A Modbus TCP device that answers every question with `answer`.
async fn device(answer: Device) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, answer));
        }
    });
    format!("tcp://{address}")
}

async fn converse(mut stream: TcpStream, answer: Device) {
    let mut question = [0; 12];
    while stream.read_exact(&mut question).await.is_ok() {
        if stream.write_all(&answer(question)).await.is_err() {
            return;
        }
    }
}

/// The header of an answer: the question's transaction and unit.
fn frame([a, b, _, _, _, _, unit, ..]: [u8; 12], rest: &[u8]) -> Vec<u8> {
    let length = u8::try_from(rest.len() + 1).expect("a short answer");
    [&[a, b, 0, 0, 0, length, unit], rest].concat()
}

fn right(question: [u8; 12]) -> Vec<u8> {
    frame(question, &[3, 2, 0, 250])
}

/// Input registers where holding registers were asked for.
fn wrong_function(question: [u8; 12]) -> Vec<u8> {
    frame(question, &[4, 2, 0, 250])
}

/// Exception 2: illegal data address.
fn exception(question: [u8; 12]) -> Vec<u8> {
    frame(question, &[0x83, 2])
}

fn garbage(_: [u8; 12]) -> Vec<u8> {
    b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()
}

/// Runs the real agent `id` with these sources.
fn run_agent(lab: &Lab, clock: ScaledClock, id: &str, sources: &str) -> Process {
    let broker = lab.broker.address();
    let data = lab.work().join(id);
    let clock = toml::to_string(&clock).expect("TOML");
    let text = format!(
        "agent = '{id}'\ndata_dir = '{}'\nuplink = {{ broker = 'mqtt://{broker}' }}\n\
         [clock]\n{clock}{sources}",
        data.display()
    );
    let file = data.with_extension("toml");
    std::fs::write(&file, text).expect("writes");
    let arguments = vec!["run".to_owned(), file.display().to_string()];
    let programs = Programs::find().expect("the programs");
    let mut process = Process::new(id, &programs.agent, arguments, lab.work());
    process.start().expect("the agent starts");
    process
}

/// What the aggregator knows of an agent.
async fn told(lab: &Lab, id: &str) -> Json {
    let mut agents = get(lab, "/api/v1/agents").await;
    let mut all = agents.as_array_mut().into_iter().flatten();
    all.find(|a| a["id"] == id).map_or(Json::Null, Json::take)
}

async fn metric_of(lab: &Lab, name: &str, id: &str) -> Option<f64> {
    let name = format!("flood_agent_{name}{{agent=\"{id}\"}}");
    lab.client
        .metrics()
        .await
        .expect("metrics")
        .get(&name)
        .copied()
}

/// The value that a gauge shows.
async fn shown(lab: &Lab, gauge: &str) -> Json {
    get(lab, &format!("/api/v1/gauges/{gauge}")).await["value"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_answer_wrongly_are_counted_and_named_and_the_others_are_read() {
    let (mut lab, clock) = aggregator().await;
    let answers: [(&str, Device); 4] = [
        ("lg-0001", garbage),
        ("lg-0002", wrong_function),
        ("lg-0003", exception),
        ("lg-0004", right),
    ];
    let mut sources = String::new();
    for (gauge, answer) in answers {
        sources += &format!(
            "[[modbus]]\nname = 'line of {gauge}'\nconnect = '{}'\ntimeout_ms = 200\n\
             [[modbus.gauge]]\ngauge = '{gauge}'\nparameter = 'depth'\nunit_id = 1\n\
             register = 0\ntype = 'i16'\nscale = 0.001\ninterval_s = 0.5\n",
            device(answer).await
        );
    }
    let mut agent = run_agent(&lab, clock, "gw-lines", &sources);
    let right = async || shown(&lab, "lg-0004").await == 0.25;
    until("the right device's value", PATIENCE, right)
        .await
        .expect("a reading");
    let named = async || {
        let told = told(&lab, "gw-lines").await;
        told["silent_sources"] == json!(["lg-0001", "lg-0002", "lg-0003"])
            && told["failed_readings"].as_u64() >= Some(3)
    };
    until("the wrong devices' names", PATIENCE, named)
        .await
        .expect("the agent's word");
    let failed = metric_of(&lab, "failed_readings_total", "gw-lines").await;
    assert!(failed >= Some(3.0), "{failed:?}");
    assert_eq!(
        metric_of(&lab, "silent_sources", "gw-lines").await,
        Some(3.0)
    );
    for gauge in ["lg-0001", "lg-0002", "lg-0003"] {
        assert_eq!(shown(&lab, gauge).await, Json::Null, "{gauge}");
    }
    agent.check().expect("the agent runs on");
    lab.check().expect("the aggregator runs on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_gauge_that_publishes_nonsense_is_counted_and_its_next_value_is_stored() {
    let (mut lab, clock) = aggregator().await;
    let field = FieldBroker::start().await.expect("a field broker");
    let sources = format!(
        "[[mqtt]]\nname = 'local'\nbroker = '{}'\n\
         [[mqtt.gauge]]\ngauge = 'lg-0005'\nparameter = 'depth'\n",
        field.url()
    );
    let mut agent = run_agent(&lab, clock, "gw-local", &sources);
    let topic = "gauges/lg-0005";
    let listens = || field.has_subscriber(topic);
    until("the agent's subscription", PATIENCE, listens)
        .await
        .expect("it listens");
    let mut line = Line::new("gauge", field.address());
    for nonsense in ["{\"value\": 0.", "{\"value\": \"deep\"}", "{\"depth\": 1}"] {
        line.publish(topic, nonsense).await;
    }
    line.publish(topic, "{\"value\": 0.42}").await;
    let stored = async || shown(&lab, "lg-0005").await == 0.42;
    until("the good value", PATIENCE, stored)
        .await
        .expect("a reading");
    let counted = async || told(&lab, "gw-local").await["failed_readings"] == 3;
    until("three failed readings", PATIENCE, counted)
        .await
        .expect("the agent's word");
    let failed = metric_of(&lab, "failed_readings_total", "gw-local").await;
    assert_eq!(failed, Some(3.0));
    agent.check().expect("the agent runs on");
    lab.check().expect("the aggregator runs on");
}
