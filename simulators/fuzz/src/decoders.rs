//! Every decoder that meets the network, each as a function of bytes that must come back from any of them:
//! without a panic, and with what is said beside it. The fuzzer (`simulators/fuzz`) gives them millions,
//! the tests some thousands.

use std::{cell::OnceCell, collections::BTreeMap, path::Path, sync::Arc};

use aggregator::{
    authority::{Authority, Enrolled, Role},
    counters::Counts,
    ingest::{Admitter, Claim, Described, Form, Group, Ledger, Taken, claim, decode},
    network::{City, read_city},
    store::{MemoryStore, Store as _},
    world::World,
};
use shared::{
    bundle::Bundle,
    clock::Mode,
    fleet::{TruckOrder, TruckReport},
    limits::{MAX_ACK_RANGES, MAX_BATCH, MAX_HEALTH_TEXT, MAX_REMARKS},
    observation::Observation,
    time::Timestamp,
    value::MAX_ABS,
    wire::{
        Acknowledgement, AgentHealth, Envelope, Topic, decode_intake,
        seal::{Key, unsealed},
    },
};

/// A decoder: its name, and what is done with bytes.
pub type Decoder = (&'static str, fn(&[u8]));

/// All of them. Those behind `taken-` are met by who has shown who he is.
pub const ALL: [Decoder; 15] = [
    ("batch", batch),
    ("batch-json", batch_json),
    ("health", health),
    ("acknowledgement", acknowledgement),
    ("report", report),
    ("order", order),
    ("intake", intake),
    ("seal", seal),
    ("bundle", bundle),
    ("topic", topic),
    ("modbus", agent::source::trial::line),
    ("reading", agent::source::trial::reading),
    ("http", http),
    ("taken-message", taken_message),
    ("taken-batch", taken_batch),
];

const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);
const KEY: Key = Key::new([7; 32]);

fn is_bounded(observations: &[Observation]) -> bool {
    let fits = |o: &Observation| o.value.is_none_or(|v| v.units().abs() <= MAX_ABS);
    observations.len() <= MAX_BATCH && observations.iter().all(fits)
}

fn batch(bytes: &[u8]) {
    if let Ok(batch) = Envelope::decode(bytes) {
        assert!(is_bounded(&batch.observations));
        let again = Envelope::decode(&batch.encode());
        assert_eq!(again.ok(), Some(batch));
    }
}

fn batch_json(bytes: &[u8]) {
    if let Ok(batch) = Envelope::decode_json(bytes) {
        assert!(is_bounded(&batch.observations));
        let again = Envelope::decode(&batch.encode());
        assert_eq!(again.ok(), Some(batch), "in the other form");
    }
}

fn health(bytes: &[u8]) {
    if let Ok(health) = AgentHealth::decode(bytes) {
        let faults = health.faults.iter();
        let faults = faults.map(|f| f.kind.len() + f.subject.len() + f.cause.len());
        let silent = health.silent_sources.iter().map(String::len);
        assert!(faults.chain(silent).sum::<usize>() <= MAX_HEALTH_TEXT);
        let again = AgentHealth::decode(&health.encode());
        assert_eq!(again.ok(), Some(health));
    }
}

fn acknowledgement(bytes: &[u8]) {
    if let Ok(said) = Acknowledgement::decode(bytes) {
        assert!(said.ack.ranges.len() <= MAX_ACK_RANGES);
        assert!(said.remarks.is_none_or(|r| r.len() <= MAX_REMARKS));
        let mut given_up = said.ack.clone();
        given_up.give_up_below(u64::MAX);
        assert!(!said.ack.releases(7) || given_up.releases(7));
    }
}

fn report(bytes: &[u8]) {
    if let Ok(report) = TruckReport::decode(bytes) {
        assert!(TruckReport::decode(&report.encode()).is_ok());
    }
}

fn order(bytes: &[u8]) {
    if let Ok(order) = TruckOrder::decode(bytes) {
        assert!(TruckOrder::decode(&order.encode()).is_ok());
    }
}

fn intake(bytes: &[u8]) {
    if let Ok(observations) = decode_intake(bytes, NOW) {
        assert!(is_bounded(&observations));
    }
}

fn authority() -> Authority {
    let one = |role| Enrolled {
        role,
        key: KEY,
        public_key: None,
        enrolled_at: NOW,
        revoked_at: None,
    };
    let enrolled = [("gw-1", one(Role::Agent)), ("pt-1", one(Role::Truck))];
    let enrolled = enrolled.map(|(name, one)| (name.to_owned(), one));
    Authority::new(BTreeMap::from(enrolled), false)
}

fn seal(bytes: &[u8]) {
    let authority = authority();
    for text in ["flood/v1/state/gw-1", "flood/v1/truck/pt-1"] {
        let topic: Topic = text.parse().expect("a topic");
        assert!(authority.open(&topic, bytes).is_err(), "nobody made a seal");
        let sealed = KEY.seal(&topic, bytes.to_vec());
        assert_eq!(authority.open(&topic, &sealed), Ok(bytes));
    }
    assert!(unsealed(bytes).len() <= bytes.len());
    assert!(!KEY.is_password(bytes));
}

fn bundle(bytes: &[u8]) {
    if let Ok(bundle) = Bundle::parse(&String::from_utf8_lossy(bytes)) {
        assert!(bundle.name.len() <= bytes.len());
    }
}

fn topic(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(topic) = text.parse::<Topic>() {
        assert_eq!(topic.to_string(), text);
    }
    for client in [None, Some("gw-1")] {
        if let Ok(claimed) = claim(&text, client) {
            assert_eq!(claimed.topic().to_string(), text);
        }
    }
}

/// The target of a request in the first line, a header in the second, and the body behind them.
fn http(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let [target, field, body] = [part(), part(), part()];
    let target = String::from_utf8_lossy(target);
    let field = String::from_utf8_lossy(field);
    harbour(|city| aggregator::http::trial::read(city, &target, &field, body));
}

fn harbour<T>(with: impl FnOnce(&Arc<City>) -> T) -> T {
    thread_local! {
        static CITY: OnceCell<Arc<City>> = const { OnceCell::new() };
    }
    let read = || {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(HARBOUR);
        Arc::new(read_city(&folder).expect("the harbour"))
    };
    CITY.with(|city| with(city.get_or_init(read)))
}

/// From the package that these functions are part of: the fuzzer's is a folder deeper.
const HARBOUR: &str = if matches!(env!("CARGO_PKG_NAME").as_bytes(), b"fuzz") {
    "../../configs/city/harbour"
} else {
    "../configs/city/harbour"
};

/// The first byte says whose word it is, the rest is what his seal holds.
fn taken_message(bytes: &[u8]) {
    let Some((kind, payload)) = bytes.split_first() else {
        return;
    };
    let claim = match kind % 4 {
        0 => Claim::Health("gw-1".parse().expect("id")),
        1 => Claim::Truck("pt-001".parse().expect("id")),
        2 => Claim::Intake("met".parse().expect("id")),
        _ => Claim::Gone("gw-1".parse().expect("id")),
    };
    taken(&claim, payload);
}

fn taken_batch(bytes: &[u8]) {
    let agent = "gw-1".parse().expect("id");
    let form = Form::Binary;
    taken(&Claim::Batch { agent, form }, bytes);
}

/// What is believed is taken into a group, written, and seen by a world.
fn taken(claim: &Claim, payload: &[u8]) {
    let message = decode(claim, payload, NOW);
    if message.is_err() {
        return;
    }
    harbour(|city| {
        let gauges = city.gauges.iter().map(|gauge| {
            let described = Described {
                parameter: gauge.parameter,
                interval_s: gauge.interval_s,
            };
            (gauge.id.clone(), described)
        });
        let trucks = city.trucks.iter().map(|truck| truck.id.clone());
        let admitter = Admitter::new(gauges, 1.0, 30).with_trucks(trucks);
        let mut ledger = Ledger::new(admitter, Mode::Replay, [], Counts::default(), 0);
        let (store, mut group) = (MemoryStore::default(), Group::default());
        let taken = Taken {
            channel: "trial",
            payload,
            at: NOW,
            is_enrolled: true,
        };
        let received = ledger.message(&mut group, &store, message, taken);
        received.expect("the store can be read");
        ledger.close(&mut group, NOW);
        let commit = group.commit();
        store.commit(&commit).expect("written");
        let mut world = World::new(city.clone());
        for arrival in commit.arrivals {
            world.step(arrival.at, arrival.input);
        }
    });
}
