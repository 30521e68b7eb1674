//! The city as data: read once from GeoJSON layers, checked, never changed while running.

mod bounds;
mod city;
mod file;
mod grounds;
mod layer;
mod plausible;
mod read;
mod road;
mod settings;
mod shape;
mod storage;
mod unread;

pub use city::{City, Gauge, Lack, PlainFeature, PointKind, PumpTruck, WaterloggingPoint};
pub use grounds::Street;
pub use layer::LayerName;
pub use read::{CityError, TOLD, read_city};
pub use road::{Road, RoadClass};
pub use shape::shape;
pub use storage::{Storage, StorageError};
