//! The gate and the broker behind it as MQTT would have them, without anybody's rules of who may do what.

mod open;
mod points;
mod speaker;
#[cfg(feature = "mqtt-suite")]
mod suite;
