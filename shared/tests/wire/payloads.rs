//! Every message against what a broken or hostile peer may send: a payload is the message or an
//! error that says what is wrong with it, never a panic and never half of it.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value as Json, json};
use shared::{
    clock::Mode,
    error::chain,
    fleet::{TruckOrder, TruckReport},
    gauge::Parameter,
    limits::{MAX_BATCH, MAX_PAYLOAD},
    observation::Observation,
    quality::{Quality, Test},
    time::Timestamp,
    value::Value,
    wire::{Acknowledgement, AgentHealth, DecodeError, Envelope, VERSION, decode_intake},
};
use strum::VariantArray;

use crate::cases;

fn refused<T: std::fmt::Debug>(decoded: Result<T, DecodeError>) -> String {
    chain(&decoded.expect_err("it was taken"))
}

fn observations() -> impl Strategy<Value = Vec<Observation>> {
    let qualities = vec![
        Quality::Pass,
        Quality::NotEvaluated,
        Quality::Suspect,
        Quality::Fail,
        Quality::Missing,
    ];
    let one = (
        "[a-z0-9-]{1,63}",
        select(<Parameter as VariantArray>::VARIANTS),
        // The years 1900 to 2100; thousandths that a float still tells apart.
        -2_208_988_800_000..4_102_444_800_000_i64,
        option::of(-1_000_000_000_000..=1_000_000_000_000_i64),
        select(qualities),
        vec(select(Test::VARIANTS), 0..4),
    );
    let one = one.prop_map(
        |(gauge, parameter, at, milli, quality, tests)| Observation {
            gauge: cases::id(&gauge),
            parameter,
            observed_at: Timestamp::from_millis(at),
            value: milli.map(Value::from_milli),
            quality,
            tests: tests.into_iter().collect(),
        },
    );
    vec(one, 0..20)
}

proptest! {
    #[test]
    fn any_batch_comes_back_from_both_forms(
        (incarnation, seq, oldest, backfill) in any::<(u64, u64, u64, bool)>(),
        mode in select(vec![Mode::Actual, Mode::Exercise, Mode::Replay]),
        observations in observations(),
    ) {
        let batch = Envelope {
            incarnation, seq, oldest, backfill, mode, observations, ..cases::batch()
        };
        let binary = Envelope::decode(&batch.encode()).map_err(|e| chain(&e));
        prop_assert_eq!(binary.as_ref(), Ok(&batch));
        let twin = Envelope::decode_json(&batch.encode_json()).map_err(|e| chain(&e));
        prop_assert_eq!(twin.as_ref(), Ok(&batch));
    }

    #[test]
    fn noise_is_never_taken_for_more_than_it_is(noise in vec(any::<u8>(), 0..200)) {
        let payload = [&[VERSION], noise.as_slice()].concat();
        if let Ok(batch) = Envelope::decode(&payload) {
            // The shortest row has seven bytes.
            prop_assert!(batch.observations.len() * 7 <= noise.len(), "{batch:?}");
        }
        prop_assert!(Envelope::decode_json(&noise).is_err());
        prop_assert!(AgentHealth::decode(&noise).is_err());
        prop_assert!(Acknowledgement::decode(&noise).is_err());
        prop_assert!(TruckReport::decode(&noise).is_err());
        prop_assert!(TruckOrder::decode(&noise).is_err());
        if let Ok(taken) = decode_intake(&noise, cases::NOW) {
            prop_assert!(taken.is_empty(), "{taken:?}");
        }
    }

    #[test]
    fn a_batch_with_one_byte_changed_is_refused_or_another_batch(
        at in 1..300_usize, to in any::<u8>(),
    ) {
        let (_, whole) = cases::batches().swap_remove(1);
        let mut payload = whole.encode();
        if payload.get(at).is_some_and(|byte| *byte != to) {
            payload[at] = to;
            prop_assert_ne!(Envelope::decode(&payload).ok(), Some(whole));
        }
    }
}

#[test]
fn a_batch_that_is_cut_short_or_followed_by_something_is_refused() {
    let whole = cases::batch().encode();
    for length in 1..whole.len() {
        let told = refused(Envelope::decode(&whole[..length]));
        assert!(told.contains("malformed"), "{length} bytes: {told}");
    }
    assert_eq!(refused(Envelope::decode(&[])), "the payload is empty");
    let followed = [whole, vec![0, 0]].concat();
    assert_eq!(
        refused(Envelope::decode(&followed)),
        "2 bytes follow the batch"
    );
}

#[test]
fn another_version_is_named_whatever_follows() {
    assert!(refused(Envelope::decode(&[2])).contains("version 2 is not known"));
    let next = json!({ "version": 2, "batch": "in a form of its own" }).to_string();
    assert!(refused(Envelope::decode_json(next.as_bytes())).contains("version 2 is not known"));
    let none = refused(Envelope::decode_json(b"{}"));
    assert!(none.contains("missing field `version`"), "{none}");
}

#[test]
fn a_batch_beyond_the_limits_is_refused() {
    let mut batch = cases::batch();
    batch.observations = vec![cases::plain(); MAX_BATCH];
    assert_eq!(Envelope::decode(&batch.encode()).ok(), Some(batch.clone()));
    batch.observations.push(cases::plain());
    let (binary, twin) = (batch.encode(), batch.encode_json());
    let too_many = "the batch has 1001 observations; at most 1000 are allowed";
    assert_eq!(refused(Envelope::decode(&binary)), too_many);
    assert_eq!(refused(Envelope::decode_json(&twin)), too_many);

    let too_large = vec![VERSION; MAX_PAYLOAD + 1];
    let told = "the payload has 262145 bytes; at most 262144 are allowed";
    assert_eq!(refused(Envelope::decode(&too_large)), told);
    assert_eq!(refused(Envelope::decode_json(&too_large)), told);
}

/// The binary form of a batch of one plain observation, with one of its last bytes replaced.
fn with_byte(from_the_end: usize, byte: u8) -> String {
    let mut payload = cases::batch().encode();
    let at = payload.len() - from_the_end;
    payload[at] = byte;
    refused(Envelope::decode(&payload))
}

#[test]
fn an_unknown_number_is_told_with_its_observation() {
    assert_eq!(with_byte(2, 5), "observation 0: 5 is not a QARTOD flag");
    assert_eq!(with_byte(12, 9), "observation 0: 9 is not a parameter");
    let bad_id = with_byte(13, b'A');
    assert!(
        bad_id.starts_with("observation 0: id `lg-000A` contains 'A'"),
        "{bad_id}"
    );
    assert_eq!(with_byte(23, 7), "7 is not a mode");
}

#[test]
fn a_quality_test_of_a_later_release_is_passed_over() {
    let mut payload = cases::batch().encode();
    assert_eq!(payload.pop(), Some(0), "no tests are last");
    payload.extend([0x82, 0xff, 0x03]); // 0xff82, of which 2 alone is known
    let batch = Envelope::decode(&payload).expect("a batch");
    let tests: Vec<Test> = batch.observations[0].tests.iter().collect();
    assert_eq!(tests, [Test::Spike]);
}

/// Leaves out each key in turn; without those that are optional it is no message.
fn every_key_counts<T: std::fmt::Debug>(
    message: &[u8],
    optional: &[&str],
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) {
    let Ok(Json::Object(whole)) = serde_json::from_slice(message) else {
        panic!("an object")
    };
    for key in whole.keys() {
        let mut rest = whole.clone();
        rest.remove(key);
        let decoded = decode(Json::Object(rest).to_string().as_bytes());
        if optional.contains(&key.as_str()) {
            assert!(decoded.is_ok(), "without {key}: {decoded:?}");
        } else {
            let told = refused(decoded);
            assert!(told.contains(&format!("missing field `{key}`")), "{told}");
        }
    }
}

#[test]
fn a_message_without_one_of_its_keys_is_refused_by_name() {
    let (batch, report, order) = (cases::batch(), cases::report(), cases::order());
    every_key_counts(&batch.encode_json(), &[], Envelope::decode_json);
    every_key_counts(&report.encode(), &["order"], TruckReport::decode);
    every_key_counts(&order.encode(), &[], TruckOrder::decode);
    for (_, health) in cases::healths() {
        every_key_counts(
            &health.encode(),
            &["silent_sources", "faults", "certificate_until"],
            AgentHealth::decode,
        );
    }
    for (_, ack) in cases::acks() {
        every_key_counts(
            &ack.encode(),
            &["ranges", "at", "remarks"],
            Acknowledgement::decode,
        );
    }
}

/// The error for a message in which one key has another value.
fn with<T: std::fmt::Debug>(
    message: &[u8],
    key: &str,
    value: Json,
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) -> String {
    let mut message: Json = serde_json::from_slice(message).expect("JSON");
    message[key] = value;
    refused(decode(message.to_string().as_bytes()))
}

#[test]
fn a_field_that_says_nonsense_is_refused_with_the_reason() {
    let report = cases::report().encode();
    let report = |key, value| with(&report, key, value, TruckReport::decode);
    assert_eq!(
        report("state", json!("parked")),
        "`parked` is not a state of a truck; known: idle, driving, setting-up, pumping, \
         packing-up, out-of-service"
    );
    assert!(report("position", json!([31.23, 121.47])).contains("swapped"));
    assert!(report("truck", json!("PT 1")).contains("contains 'P'"));
    assert!(report("order", json!("")).contains("must not be empty"));
    assert!(report("pumped_m3", json!("much")).contains("string \"much\""));

    let order = cases::order().encode();
    let order = |key, value| with(&order, key, value, TruckOrder::decode);
    assert!(order("mode", json!("drill")).contains("known: actual, exercise, replay"));
    assert!(order("action", json!({ "action": "drain" })).contains("unknown variant `drain`"));
    assert!(
        order("issued_at", json!("2026-07-21T08:20:00"))
            .starts_with("`2026-07-21T08:20:00` is not an RFC 3339 time with an offset: ")
    );

    let batch = cases::batch().encode_json();
    let observation = |key: &str, value: Json| {
        let mut one = json!({
            "gauge": "lg-0001", "parameter": "depth", "observed_at": 0, "value": 0.3, "quality": 1,
        });
        one[key] = value;
        with(&batch, "observations", json!([one]), Envelope::decode_json)
    };
    assert_eq!(
        observation("tests", json!(["spike", "smell"])),
        "observation 0: `smell` is not a quality test; known: gross-range, spike, \
         rate-of-change, flat-line, sentinel, clock, corrected"
    );
    assert_eq!(
        observation("quality", json!(5)),
        "observation 0: 5 is not a QARTOD flag"
    );
    assert_eq!(
        observation("value", json!(2.0e9)),
        "observation 0: 2000000000 is not a finite number within ±1e9"
    );
    assert!(observation("parameter", json!("flow")).contains("known: depth, stage, water-level"));
}
