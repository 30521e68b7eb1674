//! Every message at its bounds and beyond, in every encoding.

use serde_json::{Value as Json, json};
use shared::{
    error::chain,
    limits::{MAX_ACK_RANGES, MAX_FAULTS, MAX_HEALTH_TEXT, MAX_NAME, MAX_REMARK},
    observation::Observation,
    time::Timestamp,
    units::CubicMetres,
    value::Value,
    wire::{
        Ack, Acknowledgement, AgentFault, AgentHealth, DecodeError, Envelope, bounded_text,
        decode_intake,
    },
};

use crate::cases;

/// What is said of a batch in both of its forms.
fn both(batch: &Envelope) -> [Result<Envelope, String>; 2] {
    let told = |e: DecodeError| chain(&e);
    [
        Envelope::decode(&batch.encode()).map_err(told),
        Envelope::decode_json(&batch.encode_json()).map_err(told),
    ]
}

fn one(observation: Observation) -> Envelope {
    Envelope {
        observations: vec![observation],
        ..cases::batch()
    }
}

#[test]
fn a_value_that_no_gauge_gives_is_refused_in_every_encoding() {
    let of = |milli| {
        let value = Some(Value::from_milli(milli));
        one(Observation {
            value,
            ..cases::plain()
        })
    };
    for milli in [1_000_000_000_000, -1_000_000_000_000] {
        assert!(both(&of(milli)).iter().all(Result::is_ok), "{milli}");
    }
    for milli in [i64::MAX, i64::MIN, 1_000_000_000_001, -1_000_000_000_001] {
        for told in both(&of(milli)) {
            let told = told.expect_err("refused");
            assert!(
                told.starts_with("observation 0: ") && told.contains("±1e9"),
                "{told}"
            );
        }
    }
}

#[test]
fn a_time_that_no_clock_tells_is_refused_in_every_encoding() {
    let of = |millis| {
        let observed_at = Timestamp::from_millis(millis);
        one(Observation {
            observed_at,
            ..cases::plain()
        })
    };
    for millis in [-2_208_988_800_000, 253_402_300_799_999] {
        assert!(both(&of(millis)).iter().all(Result::is_ok), "{millis}");
    }
    for millis in [i64::MAX, i64::MIN, 253_402_300_800_000, -2_208_988_800_001] {
        let refused = Envelope::decode(&of(millis).encode()).map_err(|e| chain(&e));
        let told = format!("observation 0: {millis} ms since 1970 is no time that a clock tells");
        assert_eq!(refused, Err(told));
        let sent_at = Timestamp::from_millis(millis);
        let sent = Envelope {
            sent_at,
            ..cases::batch()
        };
        assert!(Envelope::decode(&sent.encode()).is_err(), "{millis}");
        let intake = json!({
            "gauge": "lg-1", "parameter": "depth", "observed_at": millis, "value": 0.1
        });
        let intake = decode_intake(intake.to_string().as_bytes(), cases::NOW);
        assert!(intake.is_err(), "{millis}");
    }
}

fn fault(text: &str) -> AgentFault {
    AgentFault {
        kind: text.to_owned(),
        subject: text.to_owned(),
        since: cases::NOW,
        cause: text.to_owned(),
    }
}

#[test]
fn what_an_agent_says_of_itself_is_cut_and_moves_no_terminal() {
    let (_, health) = cases::healths().swap_remove(0);
    let long = "\u{1b}[2J泵".repeat(1_000);
    let health = AgentHealth {
        version: long.clone(),
        silent_sources: vec![long.clone(); 10_000],
        faults: vec![fault("unit"), fault(&long)],
        ..health
    };
    let read = AgentHealth::decode(&health.encode());
    assert!(read.is_err(), "beyond the payload's own limit");
    let health = AgentHealth {
        silent_sources: vec!["line-1".repeat(20); 1_000],
        faults: [
            vec![fault("unit"), fault(&long[..1_400])],
            vec![fault(&long[..210]); 100],
        ]
        .concat(),
        ..health
    };
    let read = AgentHealth::decode(&health.encode()).expect("a message");
    assert_eq!(read.faults.first(), Some(&fault("unit")));
    assert!(read.faults.len() <= MAX_FAULTS && read.faults.len() > 1);
    assert_eq!(read.version.chars().count(), MAX_NAME);
    let texts = read.faults.iter().flat_map(|fault| {
        assert!(fault.cause.chars().count() <= MAX_REMARK);
        [&fault.kind, &fault.subject, &fault.cause]
    });
    let texts: Vec<_> = texts.chain(&read.silent_sources).collect();
    assert!(texts.iter().map(|text| text.len()).sum::<usize>() <= MAX_HEALTH_TEXT);
    assert!(texts.iter().all(|text| !text.contains('\u{1b}')));
    assert_eq!(bounded_text("a\nb水c", 4), "a\u{fffd}b水");
}

#[test]
fn an_acknowledgement_of_many_ranges_is_believed_as_far_as_one_may_go() {
    let ranges: Vec<_> = (1..1_000).map(|k| (k * 10, k * 10 + 1)).collect();
    let ack = Ack {
        ranges: ranges.clone(),
        ..Ack::nothing(7)
    };
    let said = Acknowledgement::from(ack).encode();
    let read = Acknowledgement::decode(&said).expect("an acknowledgement");
    assert_eq!(read.ack.ranges, ranges[..MAX_ACK_RANGES]);
    let ack = Ack {
        through: 5,
        ranges: vec![(3, 4), (7, 6), (8, 9), (9, 12), (11, u64::MAX), (1, 1)],
        ..Ack::nothing(7)
    };
    let said = Acknowledgement::from(ack).encode();
    let mut read = Acknowledgement::decode(&said).expect("an acknowledgement");
    assert_eq!(read.ack.ranges, [(8, 9), (11, u64::MAX)], "that rise");
    assert_eq!(read.ack.give_up_below(u64::MAX), 3);
}

#[test]
fn a_truck_has_pumped_no_ocean_and_an_order_has_a_time() {
    for pumped in [-1.0, 1.0e12] {
        let mut report = cases::report();
        report.pumped_m3 = CubicMetres::constant(pumped);
        let told = shared::fleet::TruckReport::decode(&report.encode()).map_err(|e| chain(&e));
        let expected = format!("{pumped} m³ is nothing that a truck has pumped");
        assert_eq!(told, Err(expected));
    }
    let mut order: Json = serde_json::from_slice(&cases::order().encode()).expect("JSON");
    order["issued_at"] = json!(i64::MAX);
    let order = shared::fleet::TruckOrder::decode(order.to_string().as_bytes());
    assert!(order.is_err());
}
