//! What arrived, in its form of version 1: every kind of input, and what it is made of.

use serde::{Deserialize, Serialize};
use shared::{
    fleet::TruckReport,
    ids::OrderId,
    lonlat::LonLat,
    observation::Observation,
    time::Timestamp,
    units::CubicMetres,
    value::Value,
    wire::{AgentFault, AgentHealth},
};

use super::{
    Flaw,
    domain::{ModeV1, ParameterV1, TruckStateV1, id, quality, quality_v1, tests, tests_v1},
};
use crate::world::{Input, Principal, Request, RequestId, Started, Wish};

/// What arrived.
#[derive(Serialize, Deserialize)]
pub enum InputV1<'a> {
    Started {
        mode: ModeV1,
        speed: f64,
        forecast_ms: i64,
        replan_ms: i64,
    },
    #[serde(borrow)]
    Observed(Vec<ObservationV1<'a>>),
    AgentBatch {
        agent: &'a str,
        backfill: bool,
        has_hole: bool,
    },
    #[serde(borrow)]
    Health(HealthV1<'a>),
    #[serde(borrow)]
    Truck(TruckV1<'a>),
    Request {
        id: u64,
        #[serde(borrow)]
        by: PrincipalV1<'a>,
        #[serde(borrow)]
        wish: WishV1<'a>,
    },
    Counted(Vec<u64>),
    Tick,
    #[serde(borrow)]
    Recalled(Vec<ObservationV1<'a>>),
    Forgotten(&'a str),
    Early {
        by: &'a str,
        #[serde(borrow)]
        observations: Vec<ObservationV1<'a>>,
    },
    #[serde(borrow)]
    Disowned(Vec<&'a str>),
}

#[derive(Serialize, Deserialize)]
pub struct ObservationV1<'a> {
    gauge: &'a str,
    parameter: ParameterV1,
    /// Milliseconds from the observation to its arrival.
    age_ms: i64,
    milli: Option<i64>,
    quality: u8,
    tests: u16,
}

#[derive(Serialize, Deserialize)]
pub struct HealthV1<'a> {
    agent: &'a str,
    online: bool,
    at_ms: i64,
    mode: ModeV1,
    version: &'a str,
    spooled_batches: u64,
    spooled_bytes: u64,
    dropped: u64,
    failed_readings: u64,
    #[serde(borrow)]
    silent_sources: Vec<&'a str>,
    #[serde(borrow)]
    faults: Vec<FaultV1<'a>>,
}

#[derive(Serialize, Deserialize)]
pub struct FaultV1<'a> {
    kind: &'a str,
    subject: &'a str,
    since_ms: i64,
    cause: &'a str,
}

#[derive(Serialize, Deserialize)]
pub struct TruckV1<'a> {
    truck: &'a str,
    reported_at_ms: i64,
    lon: f64,
    lat: f64,
    state: TruckStateV1,
    order: Option<&'a str>,
    pumped_m3: f64,
}

#[derive(Serialize, Deserialize)]
pub enum PrincipalV1<'a> {
    Anonymous,
    Truck(&'a str),
    Person(&'a str),
    Token(&'a str),
    Exercise,
    Machine,
}

#[derive(Serialize, Deserialize)]
pub enum WishV1<'a> {
    Dispatch {
        truck: &'a str,
        point: &'a str,
        plan: Option<u64>,
    },
    Recall {
        order: &'a str,
    },
}

impl<'a> InputV1<'a> {
    /// The form of an input that came at `at`.
    pub fn new(input: &'a Input, at: Timestamp) -> Self {
        match input {
            Input::Started(started) => Self::Started {
                mode: started.mode.into(),
                speed: started.speed,
                forecast_ms: started.forecast_ms,
                replan_ms: started.replan_ms,
            },
            Input::Observed(observations) => Self::Observed(forms(observations, at)),
            Input::Recalled(observations) => Self::Recalled(forms(observations, at)),
            Input::Forgotten(agent) => Self::Forgotten(agent.as_str()),
            Input::Early { by, observations } => Self::Early {
                by,
                observations: forms(observations, at),
            },
            Input::Disowned(names) => Self::Disowned(names.iter().map(String::as_str).collect()),
            Input::AgentBatch {
                agent,
                backfill,
                has_hole,
            } => Self::AgentBatch {
                agent: agent.as_str(),
                backfill: *backfill,
                has_hole: *has_hole,
            },
            Input::Health(health) => Self::Health(health.into()),
            Input::Truck(report) => Self::Truck(report.into()),
            Input::Request(request) => Self::Request {
                id: request.id.0,
                by: (&request.by).into(),
                wish: (&request.wish).into(),
            },
            Input::Counted(counts) => Self::Counted(counts.clone()),
            Input::Tick => Self::Tick,
        }
    }

    /// The input that came at `at`.
    pub fn read(self, at: Timestamp) -> Result<Input, Flaw> {
        Ok(match self {
            Self::Started {
                mode,
                speed,
                forecast_ms,
                replan_ms,
            } => Input::Started(Started {
                mode: mode.into(),
                speed,
                forecast_ms,
                replan_ms,
            }),
            Self::Observed(forms) => Input::Observed(read_all(forms, at)?),
            Self::Recalled(forms) => Input::Recalled(read_all(forms, at)?),
            Self::Forgotten(agent) => Input::Forgotten(id(agent)?),
            Self::Early { by, observations } => Input::Early {
                by: by.to_owned(),
                observations: read_all(observations, at)?,
            },
            Self::Disowned(names) => {
                Input::Disowned(names.into_iter().map(str::to_owned).collect())
            }
            Self::AgentBatch {
                agent,
                backfill,
                has_hole,
            } => Input::AgentBatch {
                agent: id(agent)?,
                backfill,
                has_hole,
            },
            Self::Health(health) => Input::Health(health.try_into()?),
            Self::Truck(report) => Input::Truck(report.try_into()?),
            Self::Request { id, by, wish } => Input::Request(Request {
                id: RequestId(id),
                by: by.try_into()?,
                wish: wish.try_into()?,
            }),
            Self::Counted(counts) => Input::Counted(counts),
            Self::Tick => Input::Tick,
        })
    }
}

fn forms(observations: &[Observation], at: Timestamp) -> Vec<ObservationV1<'_>> {
    let forms = observations.iter().map(|o| ObservationV1::new(o, at));
    forms.collect()
}

fn read_all(forms: Vec<ObservationV1<'_>>, at: Timestamp) -> Result<Vec<Observation>, Flaw> {
    forms.into_iter().map(|form| form.read(at)).collect()
}

impl<'a> ObservationV1<'a> {
    pub fn new(observation: &'a Observation, at: Timestamp) -> Self {
        let observed_at_ms = observation.observed_at.as_millis();
        Self {
            gauge: observation.gauge.as_str(),
            parameter: observation.parameter.into(),
            age_ms: at.as_millis().wrapping_sub(observed_at_ms),
            milli: observation.value.map(Value::milli),
            quality: quality_v1(observation.quality),
            tests: tests_v1(observation.tests),
        }
    }

    pub fn read(self, at: Timestamp) -> Result<Observation, Flaw> {
        let observed_at_ms = at.as_millis().wrapping_sub(self.age_ms);
        Ok(Observation {
            gauge: id(self.gauge)?,
            parameter: self.parameter.into(),
            observed_at: Timestamp::from_millis(observed_at_ms),
            value: self.milli.map(Value::from_milli),
            quality: quality(self.quality)?,
            tests: tests(self.tests)?,
        })
    }
}

impl<'a> From<&'a AgentHealth> for HealthV1<'a> {
    fn from(health: &'a AgentHealth) -> Self {
        Self {
            agent: health.agent.as_str(),
            online: health.online,
            at_ms: health.at.as_millis(),
            mode: health.mode.into(),
            version: &health.version,
            spooled_batches: health.spooled_batches,
            spooled_bytes: health.spooled_bytes,
            dropped: health.dropped,
            failed_readings: health.failed_readings,
            silent_sources: health.silent_sources.iter().map(String::as_str).collect(),
            faults: health.faults.iter().map(FaultV1::from).collect(),
        }
    }
}

impl TryFrom<HealthV1<'_>> for AgentHealth {
    type Error = Flaw;

    fn try_from(form: HealthV1<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            agent: id(form.agent)?,
            online: form.online,
            at: Timestamp::from_millis(form.at_ms),
            mode: form.mode.into(),
            version: form.version.to_owned(),
            spooled_batches: form.spooled_batches,
            spooled_bytes: form.spooled_bytes,
            dropped: form.dropped,
            failed_readings: form.failed_readings,
            silent_sources: form.silent_sources.into_iter().map(str::to_owned).collect(),
            faults: form.faults.into_iter().map(AgentFault::from).collect(),
            // The committer keeps it from the world: see `AgentHealth` in `shared`.
            certificate_until: None,
        })
    }
}

impl<'a> From<&'a AgentFault> for FaultV1<'a> {
    fn from(fault: &'a AgentFault) -> Self {
        Self {
            kind: &fault.kind,
            subject: &fault.subject,
            since_ms: fault.since.as_millis(),
            cause: &fault.cause,
        }
    }
}

impl From<FaultV1<'_>> for AgentFault {
    fn from(form: FaultV1<'_>) -> Self {
        Self {
            kind: form.kind.to_owned(),
            subject: form.subject.to_owned(),
            since: Timestamp::from_millis(form.since_ms),
            cause: form.cause.to_owned(),
        }
    }
}

impl<'a> From<&'a TruckReport> for TruckV1<'a> {
    fn from(report: &'a TruckReport) -> Self {
        Self {
            truck: report.truck.as_str(),
            reported_at_ms: report.reported_at.as_millis(),
            lon: report.position.lon(),
            lat: report.position.lat(),
            state: report.state.into(),
            order: report.order.as_ref().map(OrderId::as_str),
            pumped_m3: report.pumped_m3.get(),
        }
    }
}

impl TryFrom<TruckV1<'_>> for TruckReport {
    type Error = Flaw;

    fn try_from(form: TruckV1<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            truck: id(form.truck)?,
            reported_at: Timestamp::from_millis(form.reported_at_ms),
            position: LonLat::new(form.lon, form.lat).map_err(Flaw::value)?,
            state: form.state.into(),
            order: form.order.map(id).transpose()?,
            pumped_m3: CubicMetres::try_from(form.pumped_m3).map_err(Flaw::value)?,
        })
    }
}

impl<'a> From<&'a Principal> for PrincipalV1<'a> {
    fn from(principal: &'a Principal) -> Self {
        match principal {
            Principal::Anonymous => Self::Anonymous,
            Principal::Truck(truck) => Self::Truck(truck.as_str()),
            Principal::Person(person) => Self::Person(person.as_str()),
            Principal::Token(token) => Self::Token(token.as_str()),
            Principal::Exercise => Self::Exercise,
            Principal::Machine => Self::Machine,
        }
    }
}

impl TryFrom<PrincipalV1<'_>> for Principal {
    type Error = Flaw;

    fn try_from(form: PrincipalV1<'_>) -> Result<Self, Flaw> {
        Ok(match form {
            PrincipalV1::Anonymous => Self::Anonymous,
            PrincipalV1::Truck(truck) => Self::Truck(id(truck)?),
            PrincipalV1::Person(person) => Self::Person(id(person)?),
            PrincipalV1::Token(token) => Self::Token(id(token)?),
            PrincipalV1::Exercise => Self::Exercise,
            PrincipalV1::Machine => Self::Machine,
        })
    }
}

impl<'a> From<&'a Wish> for WishV1<'a> {
    fn from(wish: &'a Wish) -> Self {
        match wish {
            Wish::Dispatch { truck, point, plan } => Self::Dispatch {
                truck: truck.as_str(),
                point: point.as_str(),
                plan: *plan,
            },
            Wish::Recall { order } => Self::Recall {
                order: order.as_str(),
            },
        }
    }
}

impl TryFrom<WishV1<'_>> for Wish {
    type Error = Flaw;

    fn try_from(form: WishV1<'_>) -> Result<Self, Flaw> {
        Ok(match form {
            WishV1::Dispatch { truck, point, plan } => Self::Dispatch {
                truck: id(truck)?,
                point: id(point)?,
                plan,
            },
            WishV1::Recall { order } => Self::Recall { order: id(order)? },
        })
    }
}
