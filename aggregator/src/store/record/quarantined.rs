//! An observation in quarantine. Key = its number, big-endian; value = version byte, postcard of
//! [`QuarantinedV1`].

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use super::{Flaw, input::ObservationV1, read, write};
use crate::store::Quarantined;

#[derive(Serialize, Deserialize)]
struct QuarantinedV1<'a> {
    sender: &'a str,
    reason: &'a str,
    received_at_ms: i64,
    /// Its age is that at `received_at_ms`.
    #[serde(borrow)]
    observation: ObservationV1<'a>,
}

/// Writes an observation in quarantine over what `value` held.
pub fn write_value(value: &mut Vec<u8>, one: &Quarantined) -> Result<(), Flaw> {
    let form = QuarantinedV1 {
        sender: &one.sender,
        reason: &one.reason,
        received_at_ms: one.received_at.as_millis(),
        observation: ObservationV1::new(&one.observation, one.received_at),
    };
    write(value, &form)
}

/// Reads an observation in quarantine back.
pub fn decode(value: &[u8]) -> Result<Quarantined, Flaw> {
    let form: QuarantinedV1<'_> = read(value)?;
    let received_at = Timestamp::from_millis(form.received_at_ms);
    Ok(Quarantined {
        sender: form.sender.to_owned(),
        reason: form.reason.to_owned(),
        received_at,
        observation: form.observation.read(received_at)?,
    })
}
