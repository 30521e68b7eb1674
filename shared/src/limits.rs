//! Bounds that both ends of a contract must know, each with its reason.

/// Most observations in one batch: 1,000 of 25 bytes keep a batch under [`MAX_PAYLOAD`].
pub const MAX_BATCH: usize = 1_000;

/// Largest MQTT payload that is accepted, in bytes: rumqttc's default of 10 KiB is too small for a
/// batch; 256 KiB bounds what one connection can make a receiver hold.
pub const MAX_PAYLOAD: usize = 256 * 1024;

/// Ranges in one commit acknowledgement beyond its prefix. A backlog that drains while fresh
/// batches overtake it needs one or two; more means that batches were lost on the way, and the
/// rest is simply acknowledged later.
pub const MAX_ACK_RANGES: usize = 64;

/// How far ahead of the receiver's clock an observation may be, in milliseconds, before it is
/// refused as "in the future": a minute covers honest clock skew.
pub const MAX_AHEAD_MS: i64 = 60_000;

/// Partitions of the topic space, so that work can be shared out among aggregators later.
pub const PARTITIONS: u8 = 64;

/// Remarks in one acknowledgement.
pub const MAX_REMARKS: usize = 16;

/// Characters of a remark's reason, and of its cause.
pub const MAX_REMARK: usize = 200;

/// Characters of a name that somebody gives a thing of his own: a version, a line, a kind of fault.
pub const MAX_NAME: usize = 100;

/// Silent sources that an agent's health names: a gateway reads a few dozen units.
pub const MAX_SILENT_SOURCES: usize = 256;

/// Faults that an agent's health names.
pub const MAX_FAULTS: usize = 64;

/// Bytes of all texts in an agent's health: what it says is on every page. Faults come first.
pub const MAX_HEALTH_TEXT: usize = 8 * 1024;

/// The highest number of a batch that is believed: one every millisecond for 8,900 years, and exact
/// in every language.
pub const MAX_SEQ: u64 = 1 << 48;
