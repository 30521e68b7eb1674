//! A commit acknowledgement, in JSON.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Instant, to_json};
use crate::{
    limits::{MAX_REMARK, MAX_REMARKS},
    time::Timestamp,
    wire::{Ack as Released, Acknowledgement, DecodeError, FieldError, Remark as Domain},
};

#[derive(Serialize, Deserialize)]
struct Ack<'a> {
    incarnation: u64,
    through: u64,
    /// First and last of each.
    #[serde(default)]
    ranges: Vec<(u64, u64)>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    at: Option<Instant<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    remarks: Option<Vec<Remark<'a>>>,
}

#[derive(Serialize, Deserialize)]
struct Remark<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    gauge: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reason: Cow<'a, str>,
    #[serde(borrow)]
    cause: Cow<'a, str>,
}

impl<'a> From<&'a Domain> for Remark<'a> {
    fn from(remark: &'a Domain) -> Self {
        let Domain {
            gauge,
            reason,
            cause,
        } = remark;
        Self {
            gauge: gauge.as_ref().map(|gauge| gauge.as_str().into()),
            reason: reason.into(),
            cause: cause.into(),
        }
    }
}

impl TryFrom<Remark<'_>> for Domain {
    type Error = FieldError;

    fn try_from(remark: Remark<'_>) -> Result<Self, FieldError> {
        let short = |text: &str| text.chars().take(MAX_REMARK).collect();
        Ok(Self {
            gauge: remark.gauge.map(|gauge| gauge.parse()).transpose()?,
            reason: short(&remark.reason),
            cause: short(&remark.cause),
        })
    }
}

pub fn encode(acknowledgement: &Acknowledgement) -> Vec<u8> {
    let Acknowledgement { ack, at, remarks } = acknowledgement;
    let Released {
        incarnation,
        through,
        ranges,
    } = ack;
    to_json(&Ack {
        incarnation: *incarnation,
        through: *through,
        ranges: ranges.clone(),
        at: at.map(Instant::from),
        remarks: remarks
            .as_ref()
            .map(|remarks| remarks.iter().map(Remark::from).collect()),
    })
}

pub fn decode(payload: &[u8]) -> Result<Acknowledgement, DecodeError> {
    let ack: Ack<'_> = serde_json::from_slice(payload)?;
    let domain = |remarks: Vec<Remark<'_>>| {
        let remarks = remarks.into_iter().take(MAX_REMARKS);
        remarks.map(Domain::try_from).collect::<Result<_, _>>()
    };
    Ok(Acknowledgement {
        at: ack.at.map(Timestamp::try_from).transpose()?,
        remarks: ack.remarks.map(domain).transpose()?,
        ack: Released {
            incarnation: ack.incarnation,
            through: ack.through,
            ranges: ack.ranges,
        },
    })
}
