//! The messages whose bytes are pinned, each under the name of its file.
//!
//! They hold every variant of every enum, every optional part present and absent, the ends of
//! every number's range and negative values.

use shared::{
    clock::Mode,
    fleet::{OrderAction, TruckOrder, TruckReport, TruckState},
    gauge::Parameter,
    ids::GaugeId,
    lonlat::LonLat,
    observation::Observation,
    quality::{Quality, Test, TestSet},
    time::Timestamp,
    units::CubicMetres,
    value::Value,
    wire::{Ack, Acknowledgement, AgentFault, AgentHealth, Command, Envelope, Remark},
};

/// A message under the name of its file.
pub type Case<T> = (&'static str, T);

/// 2026-07-21T08:20:00.000Z.
pub const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);

pub fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("an id")
}

/// An observation of the gauge `lg-0001` with everything at its plainest.
pub fn plain() -> Observation {
    Observation {
        gauge: id("lg-0001"),
        parameter: Parameter::Depth,
        observed_at: NOW,
        value: Some(Value::from_milli(310)),
        quality: Quality::Pass,
        tests: TestSet::NONE,
    }
}

fn observations() -> Vec<Observation> {
    let parameters = [
        Parameter::Depth,
        Parameter::Stage,
        Parameter::WaterLevel,
        Parameter::RainfallDepth,
        Parameter::RainfallIntensity,
    ];
    let tests = [
        Test::GrossRange,
        Test::Spike,
        Test::RateOfChange,
        Test::FlatLine,
        Test::Sentinel,
        Test::Clock,
    ];
    let mut all = Vec::new();
    for parameter in parameters {
        all.push(Observation {
            parameter,
            ..plain()
        });
    }
    for quality in [Quality::NotEvaluated, Quality::Suspect, Quality::Fail] {
        all.push(Observation { quality, ..plain() });
    }
    all.push(Observation {
        value: None,
        quality: Quality::Missing,
        ..plain()
    });
    for test in tests {
        all.push(Observation {
            quality: Quality::Suspect,
            tests: TestSet::NONE.with(test),
            ..plain()
        });
    }
    all.push(Observation {
        quality: Quality::Fail,
        tests: tests.into_iter().fold(TestSet::NONE, TestSet::with),
        ..plain()
    });
    for milli in [0, 1, -1, -125, 1_000_000_000_000, -1_000_000_000_000] {
        all.push(Observation {
            value: Some(Value::from_milli(milli)),
            ..plain()
        });
    }
    for millis in [0, -1, 946_684_800_000, 1_784_622_000_001] {
        all.push(Observation {
            observed_at: Timestamp::from_millis(millis),
            ..plain()
        });
    }
    for gauge in ["0", &"z".repeat(63)] {
        all.push(Observation {
            gauge: id(gauge),
            ..plain()
        });
    }
    all
}

/// A batch of one plain observation.
pub fn batch() -> Envelope {
    Envelope {
        agent: id("gw-07"),
        incarnation: 7,
        seq: 300,
        oldest: 298,
        sent_at: Timestamp::from_millis(1_784_622_001_250),
        mode: Mode::Replay,
        backfill: false,
        observations: vec![plain()],
    }
}

pub fn batches() -> Vec<Case<Envelope>> {
    let empty = Envelope {
        incarnation: u64::MAX,
        seq: u64::MAX,
        oldest: 0,
        sent_at: Timestamp::from_millis(-1),
        mode: Mode::Actual,
        observations: Vec::new(),
        ..batch()
    };
    let every = Envelope {
        mode: Mode::Exercise,
        backfill: true,
        observations: observations(),
        ..batch()
    };
    vec![
        ("actual-empty-at-the-ends", empty),
        ("exercise-every-observation", every),
        ("replay-one-observation", batch()),
    ]
}

/// JSON that we do not write, but read: other offsets and integers for times, a missing key, one
/// too many, escapes, numbers that are rounded.
pub fn batches_read() -> Vec<Case<Envelope>> {
    let no_value = Observation {
        value: None,
        quality: Quality::Missing,
        ..plain()
    };
    let doubted = Observation {
        value: Some(Value::from_milli(1_000)),
        quality: Quality::Suspect,
        tests: TestSet::NONE.with(Test::Spike).with(Test::Clock),
        ..plain()
    };
    let batch = Envelope {
        observations: vec![plain(), no_value, doubted],
        ..batch()
    };
    vec![("other-spellings", batch)]
}

pub fn acks() -> Vec<Case<Acknowledgement>> {
    let ack = |incarnation, through, ranges| Ack {
        incarnation,
        through,
        ranges,
    };
    vec![
        ("nothing", Ack::nothing(7).into()),
        ("prefix", ack(u64::MAX, 300, vec![]).into()),
        (
            "ranges",
            ack(7, 300, vec![(302, 302), (310, 4_000_000_000)]).into(),
        ),
        (
            "remarks",
            Acknowledgement {
                ack: ack(7, 300, vec![(302, 302)]),
                at: Some(NOW),
                remarks: Some(vec![
                    remark(Some(id("lg-1")), "wrong-parameter"),
                    remark(None, "wrong-mode"),
                ]),
            },
        ),
        (
            "no-remarks",
            Acknowledgement {
                remarks: Some(Vec::new()),
                ..Ack::nothing(7).into()
            },
        ),
    ]
}

fn remark(gauge: Option<GaugeId>, reason: &str) -> Remark {
    Remark {
        gauge,
        reason: reason.to_owned(),
        cause: "图层说是 \"depth\"".to_owned(),
    }
}

pub fn acks_read() -> Vec<Case<Acknowledgement>> {
    let ack = Ack {
        through: 300,
        ..Ack::nothing(7)
    };
    vec![("without-ranges", ack.into())]
}

fn health() -> AgentHealth {
    AgentHealth {
        agent: id("gw-07"),
        online: true,
        at: NOW,
        mode: Mode::Actual,
        version: "0.1.0".to_owned(),
        spooled_batches: 12,
        spooled_bytes: 34_567,
        dropped: 0,
        failed_readings: 3,
        silent_sources: vec!["bus-a".to_owned(), "泵站 \"2\"".to_owned()],
        faults: Vec::new(),
        certificate_until: None,
    }
}

pub fn healths() -> Vec<Case<AgentHealth>> {
    let last_will = AgentHealth {
        online: false,
        mode: Mode::Exercise,
        silent_sources: Vec::new(),
        ..health()
    };
    let ends = AgentHealth {
        mode: Mode::Replay,
        spooled_batches: u64::MAX,
        spooled_bytes: u64::MAX,
        dropped: u64::MAX,
        failed_readings: u64::MAX,
        ..last_will.clone()
    };
    let fault = |kind: &str, subject: &str, cause: &str| AgentFault {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        since: NOW,
        cause: cause.to_owned(),
    };
    let with_faults = AgentHealth {
        faults: vec![
            fault("unit", "unit 1 on bus-a", "no answer in 1s"),
            fault("clock", "", "the clock is \"2000\""),
        ],
        ..health()
    };
    let with_certificate = AgentHealth {
        certificate_until: Some(NOW),
        ..health()
    };
    vec![
        ("actual-online-with-certificate", with_certificate),
        ("actual-online-with-silent-sources", health()),
        ("exercise-last-will", last_will),
        ("replay-at-the-ends", ends),
        ("actual-online-with-faults", with_faults),
    ]
}

pub fn healths_read() -> Vec<Case<AgentHealth>> {
    let health = AgentHealth {
        silent_sources: Vec::new(),
        ..health()
    };
    vec![("without-silent-sources-and-with-more", health)]
}

pub fn commands() -> Vec<Case<Command>> {
    let certificate = Command::Certificate {
        certificate: "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n".to_owned(),
        until: NOW,
    };
    vec![("certificate", certificate)]
}

/// A place in the west and the south, so that both numbers are negative.
fn far() -> LonLat {
    LonLat::new(-58.381_592, -34.603_722).expect("a position")
}

fn near() -> LonLat {
    LonLat::new(121.473_701, 31.230_416).expect("a position")
}

/// A truck that carries out an order.
pub fn report() -> TruckReport {
    TruckReport {
        truck: id("pt-001"),
        reported_at: NOW,
        position: near(),
        state: TruckState::Pumping,
        order: Some(id("ord-17")),
        pumped_m3: CubicMetres::constant(123.456),
    }
}

pub fn reports() -> Vec<Case<TruckReport>> {
    let idle = TruckReport {
        position: far(),
        state: TruckState::Idle,
        order: None,
        pumped_m3: CubicMetres::ZERO,
        ..report()
    };
    let state = |state| TruckReport { state, ..report() };
    vec![
        ("idle-without-order", idle),
        ("driving", state(TruckState::Driving)),
        ("setting-up", state(TruckState::SettingUp)),
        ("pumping", report()),
        ("packing-up", state(TruckState::PackingUp)),
        ("out-of-service", state(TruckState::OutOfService)),
    ]
}

pub fn reports_read() -> Vec<Case<TruckReport>> {
    let at_the_pole = TruckReport {
        position: LonLat::new(-180.0, 90.0).expect("a position"),
        state: TruckState::Idle,
        order: None,
        pumped_m3: CubicMetres::ZERO,
        ..report()
    };
    vec![("without-order-and-with-more", at_the_pole)]
}

/// An order to pump, in an exercise.
pub fn order() -> TruckOrder {
    TruckOrder {
        order: id("ord-17"),
        truck: id("pt-001"),
        issued_at: NOW,
        mode: Mode::Exercise,
        action: OrderAction::Pump {
            point: id("wp-042"),
            route: vec![far(), near()],
        },
    }
}

pub fn orders() -> Vec<Case<TruckOrder>> {
    let without_route = TruckOrder {
        mode: Mode::Actual,
        action: OrderAction::Pump {
            point: id("wp-042"),
            route: Vec::new(),
        },
        ..order()
    };
    let recall = TruckOrder {
        mode: Mode::Replay,
        action: OrderAction::Recall,
        ..order()
    };
    vec![
        ("actual-pump-without-route", without_route),
        ("exercise-pump", order()),
        ("replay-recall", recall),
    ]
}

pub fn orders_read() -> Vec<Case<TruckOrder>> {
    vec![("keys-in-any-order", order())]
}

/// What is taken from a third party, `after_ms` later than [`NOW`].
fn taken(gauge: &str, parameter: Parameter, after_ms: i64, milli: Option<i64>) -> Observation {
    Observation {
        gauge: id(gauge),
        parameter,
        observed_at: NOW.plus_millis(after_ms),
        value: milli.map(Value::from_milli),
        quality: match milli {
            Some(_) => Quality::NotEvaluated,
            None => Quality::Missing,
        },
        tests: TestSet::NONE,
    }
}

/// Messages of third parties that come in at [`NOW`].
pub fn intake() -> Vec<Case<Vec<Observation>>> {
    use Parameter::{Depth, RainfallDepth, RainfallIntensity, Stage, WaterLevel};
    let suspect = Observation {
        quality: Quality::Suspect,
        ..taken("rg-0001", RainfallIntensity, 0, Some(-12_500))
    };
    let plain_list = vec![
        taken("lg-0001", Depth, 0, Some(310)),
        suspect,
        taken("lg-0001", Stage, 0, None),
        taken("lg-0001", WaterLevel, 0, None),
    ];
    let base_values = vec![
        taken("lg-0001", Depth, 0, Some(310)),
        taken("lg-0001", Stage, -60_000, Some(-125)),
        taken("lg-0001", Depth, 500, Some(250)),
        taken("lg-0001", Stage, 1_000, Some(2_000)),
        taken("rg-0001", RainfallDepth, 0, Some(200)),
        taken("rg-0001", RainfallIntensity, 0, Some(12_000)),
    ];
    let relative = vec![
        taken("lg-0001", Depth, 0, Some(310)),
        taken("lg-0001", Depth, -60_000, Some(300)),
    ];
    vec![
        ("plain-list", plain_list),
        ("plain-one", vec![plain()]),
        ("senml-base-values", base_values),
        ("senml-relative-to-now", relative),
    ]
}
