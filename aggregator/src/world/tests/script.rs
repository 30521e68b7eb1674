//! A harbour district that is stepped by hand.

use std::{path::Path, sync::Arc};

use shared::{
    clock::Mode,
    fleet::{TruckReport, TruckState},
    gauge::Parameter,
    ids::OrderId,
    lonlat::LonLat,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    units::CubicMetres,
    value::Value,
    wire::AgentHealth,
};

use crate::{
    network::{City, read_city},
    world::{Answer, Change, Effect, Input, Principal, Request, RequestId, Started, Wish, World},
};

/// When every script begins.
pub const BEGIN: Timestamp = Timestamp::from_millis(1_784_622_000_000);

/// A second of storm time.
pub const SECOND: i64 = 1_000;

pub fn harbour() -> Arc<City> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/city/harbour");
    Arc::new(read_city(&folder).expect("the harbour is well described"))
}

/// A world and the time at which it is.
pub struct Script {
    pub world: World,
    pub now: Timestamp,
}

impl Script {
    /// A world that has just been started.
    pub fn begin() -> Self {
        let mut script = Self {
            world: World::new(harbour()),
            now: BEGIN,
        };
        script.step(started());
        script
    }

    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        self.world.step(self.now, input)
    }

    /// Time passes, and a tick comes; returns what it told.
    pub fn tick_after(&mut self, seconds: i64) -> Vec<Effect> {
        self.now = self.now.plus_millis(seconds * SECOND);
        self.step(Input::Tick)
    }

    pub fn observe(&mut self, gauge: &str, metres: f64, quality: Quality) -> Vec<Effect> {
        let observation = observation(gauge, self.now, Some(metres), quality);
        self.step(Input::Observed(vec![observation]))
    }

    pub fn ask(&mut self, wish: Wish) -> Vec<Effect> {
        let (id, by) = (RequestId(7), Principal::Anonymous);
        self.step(Input::Request(Request { id, by, wish }))
    }

    pub fn report(
        &mut self,
        truck: &str,
        state: TruckState,
        order: Option<&OrderId>,
    ) -> Vec<Effect> {
        let report = report(truck, self.now, state, order.cloned());
        self.step(Input::Truck(report))
    }
}

pub fn started() -> Input {
    Input::Started(Started {
        mode: Mode::Exercise,
        speed: 1.0,
        forecast_ms: 60 * SECOND,
        replan_ms: 60 * SECOND,
    })
}

pub fn observation(
    gauge: &str,
    observed_at: Timestamp,
    units: Option<f64>,
    quality: Quality,
) -> Observation {
    Observation {
        gauge: gauge.parse().expect("id"),
        parameter: if gauge.starts_with("rg-") {
            Parameter::RainfallIntensity
        } else {
            Parameter::Depth
        },
        observed_at,
        value: units.and_then(|u| Value::from_units(u).ok()),
        quality,
        tests: TestSet::NONE,
    }
}

pub fn report(
    truck: &str,
    reported_at: Timestamp,
    state: TruckState,
    order: Option<OrderId>,
) -> TruckReport {
    TruckReport {
        truck: truck.parse().expect("id"),
        reported_at,
        position: LonLat::new(122.01, 30.71).expect("a place"),
        state,
        order,
        pumped_m3: CubicMetres::ZERO,
    }
}

pub fn health(agent: &str, at: Timestamp, online: bool) -> AgentHealth {
    AgentHealth {
        agent: agent.parse().expect("id"),
        online,
        at,
        mode: Mode::Exercise,
        version: "1".to_owned(),
        spooled_batches: 2,
        spooled_bytes: 100,
        dropped: 0,
        failed_readings: 1,
        silent_sources: vec!["bus-a".to_owned()],
        faults: Vec::new(),
        certificate_until: None,
    }
}

/// The changes among effects.
pub fn changes(effects: &[Effect]) -> Vec<&Change> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Changed(change) => Some(change),
            _ => None,
        })
        .collect()
}

/// The answer among effects.
pub fn answer(effects: &[Effect]) -> Option<&Answer> {
    effects.iter().find_map(|e| match e {
        Effect::Answer(answer) => Some(&**answer),
        _ => None,
    })
}
