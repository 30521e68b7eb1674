//! The arrivals of one commit. Key = the number of the last of them, big-endian; value = version
//! byte, postcard of [`GroupV1`].
//!
//! Numbers are consecutive, so the key and the count tell them all; times are kept as steps from
//! one to the next, ids as text, numbers with a fraction by their bits.

use serde::{Deserialize, Serialize};
use shared::{
    fleet::TruckReport, ids::OrderId, lonlat::LonLat, observation::Observation, time::Timestamp,
    units::CubicMetres, value::Value, wire::AgentHealth,
};

use super::{
    Flaw,
    domain::{ModeV1, ParameterV1, TruckStateV1, id, quality, quality_v1, tests, tests_v1},
    read, write,
};
use crate::world::{Arrival, Input, Principal, Request, RequestId, Started, Wish};

#[derive(Serialize, Deserialize)]
struct GroupV1<'a> {
    #[serde(borrow)]
    arrivals: Vec<ArrivalV1<'a>>,
}

#[derive(Serialize, Deserialize)]
struct ArrivalV1<'a> {
    /// Milliseconds since the arrival before it in the group; of the first, since 1970.
    step_ms: i64,
    #[serde(borrow)]
    input: InputV1<'a>,
}

#[derive(Serialize, Deserialize)]
enum InputV1<'a> {
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
}

#[derive(Serialize, Deserialize)]
struct ObservationV1<'a> {
    gauge: &'a str,
    parameter: ParameterV1,
    observed_at_ms: i64,
    milli: Option<i64>,
    quality: u8,
    tests: u16,
}

#[derive(Serialize, Deserialize)]
struct HealthV1<'a> {
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
}

#[derive(Serialize, Deserialize)]
struct TruckV1<'a> {
    truck: &'a str,
    reported_at_ms: i64,
    lon: f64,
    lat: f64,
    state: TruckStateV1,
    order: Option<&'a str>,
    pumped_m3: f64,
}

#[derive(Serialize, Deserialize)]
enum PrincipalV1<'a> {
    Anonymous,
    Truck(&'a str),
}

#[derive(Serialize, Deserialize)]
enum WishV1<'a> {
    Dispatch {
        truck: &'a str,
        point: &'a str,
        plan: Option<u64>,
    },
    Recall {
        order: &'a str,
    },
}

/// The key of a group.
pub const fn key(last: u64) -> [u8; 8] {
    last.to_be_bytes()
}

/// The number of a group's last arrival, from its key.
pub fn decode_key(key: &[u8]) -> Result<u64, Flaw> {
    let bytes = key.try_into().map_err(|_| Flaw::Key)?;
    Ok(u64::from_be_bytes(bytes))
}

/// Writes a group over what `value` held.
pub fn write_value(value: &mut Vec<u8>, arrivals: &[Arrival]) -> Result<(), Flaw> {
    let mut before = 0;
    let arrivals = arrivals.iter().map(|arrival| {
        let at = arrival.at.as_millis();
        let step_ms = at.wrapping_sub(before);
        before = at;
        ArrivalV1 {
            step_ms,
            input: (&arrival.input).into(),
        }
    });
    let arrivals = arrivals.collect();
    write(value, &GroupV1 { arrivals })
}

/// Reads a group back from its key and value.
pub fn decode(key: &[u8], value: &[u8]) -> Result<Vec<Arrival>, Flaw> {
    let last = decode_key(key)?;
    let group: GroupV1<'_> = read(value)?;
    let count = group.arrivals.len() as u64;
    let first = last.checked_sub(count).and_then(|n| n.checked_add(1));
    let mut at = 0_i64;
    let numbered = (first.ok_or(Flaw::Key)?..=last).zip(group.arrivals);
    let arrivals = numbered.map(|(number, form)| {
        at = at.wrapping_add(form.step_ms);
        Ok(Arrival {
            number,
            at: Timestamp::from_millis(at),
            input: form.input.try_into()?,
        })
    });
    arrivals.collect()
}

impl<'a> From<&'a Input> for InputV1<'a> {
    fn from(input: &'a Input) -> Self {
        match input {
            Input::Started(started) => Self::Started {
                mode: started.mode.into(),
                speed: started.speed,
                forecast_ms: started.forecast_ms,
                replan_ms: started.replan_ms,
            },
            Input::Observed(observations) => {
                Self::Observed(observations.iter().map(Into::into).collect())
            }
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
}

impl TryFrom<InputV1<'_>> for Input {
    type Error = Flaw;

    fn try_from(form: InputV1<'_>) -> Result<Self, Flaw> {
        Ok(match form {
            InputV1::Started {
                mode,
                speed,
                forecast_ms,
                replan_ms,
            } => Self::Started(Started {
                mode: mode.into(),
                speed,
                forecast_ms,
                replan_ms,
            }),
            InputV1::Observed(observations) => {
                let observations = observations.into_iter().map(TryInto::try_into);
                Self::Observed(observations.collect::<Result<_, _>>()?)
            }
            InputV1::AgentBatch {
                agent,
                backfill,
                has_hole,
            } => Self::AgentBatch {
                agent: id(agent)?,
                backfill,
                has_hole,
            },
            InputV1::Health(health) => Self::Health(health.try_into()?),
            InputV1::Truck(report) => Self::Truck(report.try_into()?),
            InputV1::Request { id, by, wish } => Self::Request(Request {
                id: RequestId(id),
                by: by.try_into()?,
                wish: wish.try_into()?,
            }),
            InputV1::Counted(counts) => Self::Counted(counts),
            InputV1::Tick => Self::Tick,
        })
    }
}

impl<'a> From<&'a Observation> for ObservationV1<'a> {
    fn from(observation: &'a Observation) -> Self {
        Self {
            gauge: observation.gauge.as_str(),
            parameter: observation.parameter.into(),
            observed_at_ms: observation.observed_at.as_millis(),
            milli: observation.value.map(Value::milli),
            quality: quality_v1(observation.quality),
            tests: tests_v1(observation.tests),
        }
    }
}

impl TryFrom<ObservationV1<'_>> for Observation {
    type Error = Flaw;

    fn try_from(form: ObservationV1<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            gauge: id(form.gauge)?,
            parameter: form.parameter.into(),
            observed_at: Timestamp::from_millis(form.observed_at_ms),
            value: form.milli.map(Value::from_milli),
            quality: quality(form.quality)?,
            tests: tests(form.tests)?,
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
        })
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
        }
    }
}

impl TryFrom<PrincipalV1<'_>> for Principal {
    type Error = Flaw;

    fn try_from(form: PrincipalV1<'_>) -> Result<Self, Flaw> {
        Ok(match form {
            PrincipalV1::Anonymous => Self::Anonymous,
            PrincipalV1::Truck(truck) => Self::Truck(id(truck)?),
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
