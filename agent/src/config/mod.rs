//! The agent's configuration: one TOML file, parsed into types that cannot be wrong.
//!
//! [`load()`] reads the file, [`parse`] is the pure part. Unknown keys are refused, everything that
//! can be found wrong is reported at once, and every error names its line.

mod check;
mod endpoint;
mod fields;
mod inputs;
mod limits;
mod load;
mod raw;
mod readings;
mod registers;
mod settings;
mod sources;
mod when_full;
mod word;

pub use check::parse;
pub use endpoint::{Endpoint, Parity, SerialLine};
pub use load::{LoadError, load};
pub(crate) use registers::register_hint;
pub use registers::{RegisterKind, WordFormat, WordOrder, WordType};
pub use settings::{
    AgentConfig, GaugeSpec, Login, ModbusBus, ModbusGauge, MqttGauge, MqttInput, SpoolConfig,
    UplinkConfig,
};
pub use when_full::WhenFull;
pub use word::UnknownWord;
