//! What of an agent is durable. Key = the agent's id; value = version byte, postcard of [`CursorV1`].

use serde::{Deserialize, Serialize};
use shared::{ids::AgentId, wire::Ack};

use super::{Flaw, domain::id, read, write};

#[derive(Serialize, Deserialize)]
struct CursorV1 {
    incarnation: u64,
    through: u64,
    ranges: Vec<(u64, u64)>,
}

/// The key of an agent's cursor.
pub fn key(agent: &AgentId) -> &[u8] {
    agent.as_str().as_bytes()
}

/// Writes a cursor over what `value` held.
pub fn write_value(value: &mut Vec<u8>, ack: &Ack) -> Result<(), Flaw> {
    let form = CursorV1 {
        incarnation: ack.incarnation,
        through: ack.through,
        ranges: ack.ranges.clone(),
    };
    write(value, &form)
}

/// Reads a cursor back from its key and value.
pub fn decode(key: &[u8], value: &[u8]) -> Result<(AgentId, Ack), Flaw> {
    let agent = std::str::from_utf8(key).map_err(Flaw::value)?;
    let form: CursorV1 = read(value)?;
    let ack = Ack {
        incarnation: form.incarnation,
        through: form.through,
        ranges: form.ranges,
    };
    Ok((id(agent)?, ack))
}
