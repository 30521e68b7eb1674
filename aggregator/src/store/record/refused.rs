//! A refused message. Key = its number, big-endian; value = version byte, postcard of [`RefusedV1`].

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use super::{Flaw, read, write};
use crate::store::Refused;

#[derive(Serialize, Deserialize)]
struct RefusedV1<'a> {
    received_at_ms: i64,
    reason: &'a str,
    topic: &'a str,
    detail: &'a str,
    payload: &'a str,
}

/// Writes a refused message over what `value` held.
pub fn write_value(value: &mut Vec<u8>, refused: &Refused) -> Result<(), Flaw> {
    let form = RefusedV1 {
        received_at_ms: refused.received_at.as_millis(),
        reason: &refused.reason,
        topic: &refused.topic,
        detail: &refused.detail,
        payload: &refused.payload,
    };
    write(value, &form)
}

/// Reads a refused message back.
pub fn decode(value: &[u8]) -> Result<Refused, Flaw> {
    let form: RefusedV1<'_> = read(value)?;
    Ok(Refused {
        received_at: Timestamp::from_millis(form.received_at_ms),
        reason: form.reason.to_owned(),
        topic: form.topic.to_owned(),
        detail: form.detail.to_owned(),
        payload: form.payload.to_owned(),
    })
}
