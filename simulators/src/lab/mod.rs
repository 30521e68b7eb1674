//! A lab: the real aggregator and real agents on one storm clock, fed by simulated gauges.
//!
//! [`Lab::start`] writes the configuration files, starts every program on free ports and waits
//! until all serve. A run can then kill and restart any of them, cut the link between them, and at
//! the end compare what the gauges served with what the store holds ([`Lab::finish`]).
//!
//! Everything lives in one work folder: `configs`, data, logs, `served.csv`. A temporary one is
//! removed after a run that went well and kept (its path is told) after one that did not.

mod api;
mod broker;
mod config;
mod delivery;
mod error;
mod export;
mod fake_clock;
mod field;
mod map;
mod milestones;
mod process;
mod programs;
mod running;
mod setup;
mod until;
mod usage;
mod work_folder;

pub use api::{
    ApiClient, ShownAgent, ShownGauge, ShownPlan, ShownPoint, ShownReason, ShownRecommendation,
    ShownUnserved,
};
pub(crate) use broker::resolve;
pub use broker::{BrokerChoice, LabBroker};
pub use delivery::{DeliveryCount, GaugeDeliveryCount};
pub use error::LabError;
pub use export::{ExportedObservation, StoreExport};
pub use fake_clock::FakeClock;
pub use field::{Field, Gateway, GatewayPlan, ModbusLine, MqttLine};
pub(crate) use field::{spread, spread_groups};
pub use process::Process;
pub use programs::Programs;
pub(crate) use programs::find_in_path;
pub use running::Lab;
pub use setup::{BehindLink, LabSetup};
pub use until::until;
pub use usage::ProcessUsage;
pub(crate) use usage::threads;
