//! The city as data: read once from GeoJSON layers, checked, never changed while running.

mod area;
mod city;
mod file;
mod layer;
mod plausible;
mod read;
mod road;
mod settings;
mod storage;
mod unread;

pub use city::{City, Gauge, Lack, PlainFeature, PointKind, PumpTruck, WaterloggingPoint};
pub use layer::LayerName;
pub use read::{CityError, TOLD, read_city};
pub use road::{Road, RoadClass};
pub use storage::{Storage, StorageError};
