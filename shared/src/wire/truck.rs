//! How a pump truck's reports and the orders to it travel.

use super::{DecodeError, v1};
use crate::fleet::{TruckOrder, TruckReport};

impl TruckReport {
    /// As JSON on `flood/v1/truck/<truck>`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        v1::truck::encode_report(self)
    }

    /// Reads a report from the wire.
    ///
    /// # Errors
    /// Not JSON, a field is missing, or one does not say what it should.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        v1::truck::decode_report(payload)
    }
}

impl TruckOrder {
    /// As JSON on `flood/v1/order/<truck>`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        v1::truck::encode_order(self)
    }

    /// Reads an order from the wire.
    ///
    /// # Errors
    /// Not JSON, a field is missing, or one does not say what it should.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        v1::truck::decode_order(payload)
    }
}
