//! A pump truck's reports and the orders to it, in JSON.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Instant, codes::Named as _, to_json};
use crate::{
    clock::Mode,
    fleet::{OrderAction, TruckOrder, TruckReport, TruckState},
    lonlat::LonLat,
    units::CubicMetres,
    wire::{DecodeError, FieldError},
};

/// Longitude and latitude in degrees.
type Position = [f64; 2];

#[derive(Serialize, Deserialize)]
struct Report<'a> {
    #[serde(borrow)]
    truck: Cow<'a, str>,
    reported_at: Instant<'a>,
    position: Position,
    state: Cow<'a, str>,
    order: Option<Cow<'a, str>>,
    pumped_m3: f64,
}

pub fn encode_report(report: &TruckReport) -> Vec<u8> {
    let TruckReport {
        truck,
        reported_at,
        position,
        state,
        order,
        pumped_m3,
    } = report;
    to_json(&Report {
        truck: truck.as_str().into(),
        reported_at: (*reported_at).into(),
        position: [position.lon(), position.lat()],
        state: state.name().into(),
        order: order.as_ref().map(|order| order.as_str().into()),
        pumped_m3: pumped_m3.get(),
    })
}

pub fn decode_report(payload: &[u8]) -> Result<TruckReport, DecodeError> {
    let report: Report<'_> = serde_json::from_slice(payload)?;
    report.try_into().map_err(DecodeError::from)
}

impl TryFrom<Report<'_>> for TruckReport {
    type Error = FieldError;

    fn try_from(report: Report<'_>) -> Result<Self, FieldError> {
        let order = report.order.map(|order| order.parse());
        Ok(Self {
            truck: report.truck.parse()?,
            reported_at: report.reported_at.try_into()?,
            position: LonLat::try_from(report.position)?,
            state: TruckState::named(&report.state)?,
            order: order.transpose()?,
            pumped_m3: CubicMetres::try_from(report.pumped_m3)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Order<'a> {
    #[serde(borrow)]
    order: Cow<'a, str>,
    #[serde(borrow)]
    truck: Cow<'a, str>,
    issued_at: Instant<'a>,
    mode: Cow<'a, str>,
    action: Action<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "action")]
enum Action<'a> {
    #[serde(rename = "pump")]
    Pump {
        point: Cow<'a, str>,
        route: Vec<Position>,
    },
    #[serde(rename = "recall")]
    Recall,
}

pub fn encode_order(order: &TruckOrder) -> Vec<u8> {
    let TruckOrder {
        order,
        truck,
        issued_at,
        mode,
        action,
    } = order;
    let action = match action {
        OrderAction::Pump { point, route } => Action::Pump {
            point: point.as_str().into(),
            route: route.iter().map(|at| [at.lon(), at.lat()]).collect(),
        },
        OrderAction::Recall => Action::Recall,
    };
    to_json(&Order {
        order: order.as_str().into(),
        truck: truck.as_str().into(),
        issued_at: (*issued_at).into(),
        mode: mode.name().into(),
        action,
    })
}

pub fn decode_order(payload: &[u8]) -> Result<TruckOrder, DecodeError> {
    let order: Order<'_> = serde_json::from_slice(payload)?;
    order.try_into().map_err(DecodeError::from)
}

impl TryFrom<Order<'_>> for TruckOrder {
    type Error = FieldError;

    fn try_from(order: Order<'_>) -> Result<Self, FieldError> {
        let action = match order.action {
            Action::Pump { point, route } => OrderAction::Pump {
                point: point.parse()?,
                route: route
                    .into_iter()
                    .map(LonLat::try_from)
                    .collect::<Result<_, _>>()?,
            },
            Action::Recall => OrderAction::Recall,
        };
        Ok(Self {
            order: order.order.parse()?,
            truck: order.truck.parse()?,
            issued_at: order.issued_at.try_into()?,
            mode: Mode::named(&order.mode)?,
            action,
        })
    }
}
