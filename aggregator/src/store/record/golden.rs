//! Every record of version 1, byte for byte: `tests/golden/store/v1` holds what was written when
//! the version was frozen. A file there never changes; a new form is a new version beside it.

use std::{fmt::Debug, fmt::Write as _, fs, path::Path};

use shared::{
    clock::Mode,
    fleet::{TruckReport, TruckState},
    gauge::Parameter,
    lonlat::LonLat,
    observation::Observation,
    quality::{Quality, Test, TestSet},
    time::Timestamp,
    units::CubicMetres,
    value::Value,
    wire::{Ack, AgentFault, AgentHealth},
};
use strum::VariantArray;

use super::{Flaw, arrivals, cursor, deed, desk, observation, quarantined, refused, world};
use crate::{
    store::{Quarantined, Refused, SavedWorld, Stored},
    world::{Arrival, Input, Principal, Request, RequestId, Started, Wish},
};

/// Bytes as text that a reader can compare: 32 a line.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").expect("a string takes all");
        }
        text.push('\n');
    }
    text
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    let pairs = digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |n, d| n * 16 + d));
    pairs
        .map(|n| u8::try_from(n).expect("two digits"))
        .collect()
}

/// `written` is what the golden file holds, and reading the file gives `given`.
pub fn check<T: PartialEq + Debug>(
    name: &str,
    written: &[u8],
    given: &T,
    read: impl FnOnce(&[u8]) -> Result<T, Flaw>,
) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/store/v1");
    let path = folder.join(format!("{name}.hex"));
    let Ok(golden) = fs::read_to_string(&path) else {
        panic!(
            "{} is missing; it would hold\n{}",
            path.display(),
            hex(written)
        );
    };
    assert_eq!(
        hex(written),
        golden,
        "{name}: the bytes on disk have changed"
    );
    assert_eq!(&read(&unhex(&golden)).expect(name), given, "{name}");
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

const NOON: i64 = 1_784_635_200_000;

fn an_observation(parameter: Parameter, quality: Quality) -> Observation {
    Observation {
        gauge: "lg-0001".parse().expect("id"),
        parameter,
        observed_at: at(NOON),
        value: (quality != Quality::Missing).then(|| Value::from_milli(-1_250)),
        quality,
        tests: TestSet::NONE,
    }
}

/// One of each parameter, quality flag and quality test.
fn observations() -> Vec<(String, Observation)> {
    let qualities = [
        Quality::Pass,
        Quality::NotEvaluated,
        Quality::Suspect,
        Quality::Fail,
        Quality::Missing,
    ];
    let by_parameter = <Parameter as VariantArray>::VARIANTS
        .iter()
        .map(|&p| (p.name().to_owned(), an_observation(p, Quality::Pass)));
    let by_quality = qualities.into_iter().map(|q| {
        let name = format!("quality-{}", q.number());
        (name, an_observation(Parameter::Depth, q))
    });
    let by_test = Test::VARIANTS.iter().map(|&test| {
        let mut one = an_observation(Parameter::Depth, Quality::Suspect);
        one.tests = TestSet::NONE.with(test);
        (format!("test-{test}"), one)
    });
    by_parameter.chain(by_quality).chain(by_test).collect()
}

#[test]
fn elements_of_the_series() {
    for (name, observation) in observations() {
        let received_at = at(NOON + 750);
        let key = observation::key(
            &observation.gauge,
            observation.parameter,
            observation.observed_at,
        );
        let mut value = b"of another one".to_vec();
        observation::write_value(&mut value, &observation, received_at).expect("encodes");
        let stored = Stored {
            observation,
            received_at,
        };
        let key_name = format!("observation-key-{}", stored.observation.parameter);
        check(&key_name, &key, &stored, |key| {
            observation::decode(key, &value)
        });
        check(
            &format!("observation-value-{name}"),
            &value,
            &stored,
            |value| observation::decode(&key, value),
        );
    }
}

#[test]
fn cursors() {
    let agent = "gw-0001".parse().expect("id");
    let ack = Ack {
        incarnation: u64::MAX,
        through: 300,
        ranges: vec![(302, 305), (1_000, 1_000)],
    };
    let key = cursor::key(&agent).to_vec();
    let mut value = Vec::new();
    cursor::write_value(&mut value, &ack).expect("encodes");
    let given = (agent, ack);
    check("cursor-key", &key, &given, |key| {
        cursor::decode(key, &value)
    });
    check("cursor-value", &value, &given, |value| {
        cursor::decode(&key, value)
    });
}

#[test]
fn observations_in_quarantine() {
    let given = Quarantined {
        sender: "agent gw-07".to_owned(),
        reason: "too-old".to_owned(),
        received_at: at(NOON),
        observation: an_observation(Parameter::Stage, Quality::Pass),
    };
    let mut value = Vec::new();
    quarantined::write_value(&mut value, &given).expect("encodes");
    check("quarantined-value", &value, &given, quarantined::decode);
}

#[test]
fn refused_messages() {
    let given = Refused {
        received_at: at(NOON),
        reason: "bad-payload".to_owned(),
        topic: "flood/v1/obs/07/gw-0001".to_owned(),
        detail: "the batch is malformed".to_owned(),
        payload: "积水 hello".to_owned(),
    };
    let mut value = Vec::new();
    refused::write_value(&mut value, &given).expect("encodes");
    check("refused-value", &value, &given, refused::decode);
}

#[test]
fn saved_worlds() {
    let given = SavedWorld {
        after: 70_000,
        at: at(NOON),
        bytes: b"the world's own form".to_vec(),
    };
    let mut file = world::head(&given).to_vec();
    file.extend(&given.bytes);
    check("world", &file, &given, |file| world::decode(file.to_vec()));
}

/// The golden file of an input: a new one cannot be forgotten here.
fn file(input: &Input) -> String {
    match input {
        Input::Started(started) => format!("started-{:?}", started.mode).to_lowercase(),
        Input::Observed(_) => "observed".to_owned(),
        Input::AgentBatch { .. } => "agent-batch".to_owned(),
        Input::Health(_) => "health".to_owned(),
        Input::Truck(report) => format!("truck-{:?}", report.state).to_lowercase(),
        Input::Request(request) => match &request.wish {
            Wish::Dispatch { plan: Some(_), .. } => "request-dispatch-of-plan".to_owned(),
            Wish::Dispatch { plan: None, .. } => "request-dispatch".to_owned(),
            Wish::Recall { .. } => format!("request-recall{}", by(&request.by)),
        },
        Input::Counted(_) => "counted".to_owned(),
        Input::Tick => "tick".to_owned(),
        Input::Recalled(_) => "recalled".to_owned(),
        Input::Forgotten(_) => "forgotten".to_owned(),
        Input::Early { .. } => "early".to_owned(),
        Input::Disowned(_) => "disowned".to_owned(),
    }
}

fn by(principal: &Principal) -> &'static str {
    match principal {
        Principal::Anonymous | Principal::Truck(_) => "",
        Principal::Person(_) => "-by-person",
        Principal::Token(_) => "-by-token",
        Principal::Exercise => "-by-exercise",
        Principal::Machine => "-by-machine",
    }
}

fn requests() -> Vec<Input> {
    let dispatch = |plan| Wish::Dispatch {
        truck: "truck-3".parse().expect("id"),
        point: "point-12".parse().expect("id"),
        plan,
    };
    let recall = || Wish::Recall {
        order: "order-9".parse().expect("id"),
    };
    let person = Principal::Person("wang-li".parse().expect("id"));
    let token = Principal::Token("wall-display".parse().expect("id"));
    let truck = Principal::Truck("truck-3".parse().expect("id"));
    let requests = [
        (Principal::Anonymous, dispatch(Some(41))),
        (Principal::Anonymous, dispatch(None)),
        (truck, recall()),
        (person, recall()),
        (token, recall()),
        (Principal::Exercise, recall()),
        (Principal::Machine, recall()),
    ];
    let numbered = (500..).zip(requests);
    numbered
        .map(|(id, (by, wish))| {
            Input::Request(Request {
                id: RequestId(id),
                by,
                wish,
            })
        })
        .collect()
}

fn inputs() -> Vec<Input> {
    let started = [Mode::Actual, Mode::Exercise, Mode::Replay].map(|mode| {
        Input::Started(Started {
            mode,
            speed: 59.94,
            forecast_ms: 60_000,
            replan_ms: -1,
        })
    });
    let truck = [
        TruckState::Idle,
        TruckState::Driving,
        TruckState::SettingUp,
        TruckState::Pumping,
        TruckState::PackingUp,
        TruckState::OutOfService,
    ]
    .map(|state| {
        Input::Truck(TruckReport {
            truck: "truck-3".parse().expect("id"),
            reported_at: at(NOON - 1),
            position: LonLat::new(121.473_701, -31.230_416).expect("a position"),
            state,
            order: (state != TruckState::Idle).then(|| "order-9".parse().expect("id")),
            pumped_m3: CubicMetres::constant(0.1),
        })
    });
    let health = AgentHealth {
        agent: "gw-0001".parse().expect("id"),
        online: true,
        at: at(NOON),
        mode: Mode::Exercise,
        version: "0.1.0".to_owned(),
        spooled_batches: 3,
        spooled_bytes: 70_000,
        dropped: 0,
        failed_readings: u64::MAX,
        silent_sources: vec!["modbus 10.0.0.7:502".to_owned()],
        faults: vec![AgentFault {
            kind: "spool-damaged".to_owned(),
            subject: String::new(),
            since: at(NOON - 1),
            cause: "a page of zeros".to_owned(),
        }],
        certificate_until: None,
    };
    let all = observations().into_iter().map(|(_, o)| o).collect();
    let mut inputs = vec![
        Input::Observed(all),
        Input::AgentBatch {
            agent: "gw-0001".parse().expect("id"),
            backfill: true,
            has_hole: false,
        },
        Input::Health(health),
        Input::Counted(vec![0, 300, u64::MAX]),
        Input::Tick,
        Input::Recalled(vec![an_observation(Parameter::Stage, Quality::Pass)]),
        Input::Forgotten("gw-01".parse().expect("id")),
        Input::Early {
            by: "gw-01".to_owned(),
            observations: vec![an_observation(Parameter::Depth, Quality::Suspect)],
        },
        Input::Disowned(vec!["gw-01".to_owned(), "pt-1".to_owned()]),
    ];
    inputs.extend(started);
    inputs.extend(truck);
    inputs.extend(requests());
    inputs
}

#[test]
fn arrivals_of_every_input() {
    for input in inputs() {
        let name = format!("arrivals-{}", file(&input));
        check_group(&name, &[(NOON, input)]);
    }
}

#[test]
fn a_group_of_arrivals_with_a_clock_that_jumps() {
    let times = [NOON, NOON + 1_000, NOON - 86_400_000, i64::MIN, i64::MAX];
    let group: Vec<_> = times
        .into_iter()
        .zip(inputs().into_iter().skip(1))
        .collect();
    check_group("arrivals-group", &group);
}

fn numbered(inputs: &[(i64, Input)]) -> Vec<Arrival> {
    let numbered = (4_711..).zip(inputs);
    let arrivals = numbered.map(|(number, (millis, input))| Arrival {
        number,
        at: at(*millis),
        input: input.clone(),
    });
    arrivals.collect()
}

/// The records of some arrivals, each with its key before its value.
fn written(arrivals: &[Arrival]) -> Vec<Vec<u8>> {
    let (mut records, mut writer) = (Vec::new(), arrivals::Writer::default());
    let put = |key: [u8; 10], value: &[u8]| records.push([&key, value].concat());
    writer.write(arrivals, put).expect("encodes");
    records
}

fn read_back(records: &[Vec<u8>]) -> Result<Vec<Arrival>, Flaw> {
    let (mut arrivals, mut reader) = (Vec::new(), arrivals::Reader::default());
    for record in records {
        let (key, value) = record.split_at_checked(10).ok_or(Flaw::Key)?;
        arrivals.extend(reader.take(key, value)?.unwrap_or_default());
    }
    Ok(arrivals)
}

fn check_group(name: &str, inputs: &[(i64, Input)]) {
    let given = numbered(inputs);
    let mut records = written(&given);
    assert_eq!(records.len(), 1, "{name}: a small group is one record");
    let record = records.remove(0);
    check(name, &record, &given, |record| {
        read_back(&[record.to_vec()])
    });
}

fn large(count: usize) -> Input {
    let one = an_observation(Parameter::Stage, Quality::Pass);
    Input::Observed(vec![one; count])
}

#[test]
fn arrivals_are_kept_in_items_that_are_smaller_than_a_page() {
    let one: &[_] = &[(NOON, Input::Tick)];
    let sizes = [100, 100, 100, 1_000, 1, 400].map(|count| (NOON, large(count)));
    let given = numbered(&[one, &sizes, one].concat());
    let records = written(&given);
    assert!(records.iter().all(|r| r.len() < 4_096));
    assert!(records.is_sorted());
    assert_eq!(read_back(&records).expect("whole"), given);
    let lasts: Vec<_> = records
        .iter()
        .map(|r| arrivals::decode_key(&r[..10]).expect("a key"))
        .filter(|(_, part)| *part == 0)
        .map(|(last, _)| last - 4_711)
        .collect();
    assert_eq!(
        lasts,
        [2, 3, 4, 5, 6, 7],
        "a few together, a large one alone"
    );
}

#[test]
fn a_group_that_lacks_a_part_is_told_by_it() {
    let given = numbered(&[(NOON, large(1_000))]);
    let records = written(&given);
    assert!(records.len() > 3);
    for missing in 0..records.len() - 1 {
        let mut others = records.clone();
        others.remove(missing);
        let Err(Flaw::Part(part)) = read_back(&others) else {
            panic!("part {missing} is not missed")
        };
        assert_eq!(usize::from(part), missing);
    }
}

#[test]
fn a_record_of_another_version_is_told_by_its_version() {
    for version in [0, 2, 255] {
        let value = [version, 1, 2, 3];
        let told = [
            arrivals::Reader::default()
                .take(&arrivals::key(1, 0), &value)
                .map(drop),
            cursor::decode(b"gw-1", &value).map(drop),
            refused::decode(&value).map(drop),
            quarantined::decode(&value).map(drop),
            deed::decode(&1_u64.to_be_bytes(), &value).map(drop),
            desk::decode(b"account/zhang", &value).map(drop),
            world::decode(value.to_vec()).map(drop),
            observation::decode(
                &observation::key(&"lg-1".parse().expect("id"), Parameter::Depth, at(0)),
                &value,
            )
            .map(drop),
        ];
        for flaw in told {
            let Err(Flaw::Version(found)) = flaw else {
                panic!("{flaw:?}")
            };
            assert_eq!(found, version);
        }
    }
}

#[test]
fn a_record_that_is_cut_or_followed_by_more_is_refused() {
    let inputs: Vec<_> = inputs().into_iter().map(|input| (NOON, input)).collect();
    let given = numbered(&inputs);
    let mut record = written(&given).remove(0);
    assert_eq!(read_back(&[record.clone()]).expect("whole"), given);
    for length in 0..record.len() {
        let shorter = record[..length].to_vec();
        assert!(read_back(&[shorter]).is_err(), "{length} bytes");
    }
    record.push(0);
    assert!(read_back(&[record]).is_err(), "followed by a byte");
    let mut elsewhere = written(&given).remove(0);
    elsewhere[7] ^= 1;
    assert!(read_back(&[elsewhere]).is_err(), "under another number");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(
        key in proptest::collection::vec(0..=255_u8, 0..20),
        mut value in proptest::collection::vec(0..=255_u8, 0..200),
    ) {
        if let Some(version) = value.first_mut() {
            *version = super::VERSION;
        }
        let _ = arrivals::Reader::default().take(&key, &value);
        let _ = arrivals::Reader::default().take(&arrivals::key(u64::MAX, 0), &value);
        let _ = cursor::decode(&key, &value);
        let _ = refused::decode(&value);
        let _ = quarantined::decode(&value);
        let _ = deed::decode(&key, &value);
        let _ = deed::decode(&u64::MAX.to_be_bytes(), &value);
        let _ = desk::decode(&key, &value);
        let _ = observation::decode(&key, &value);
        let _ = world::decode(value);
    }
}
