//! The city as data: read once from GeoJSON layers, checked, never changed while running.

mod area;
mod city;
mod file;
mod layer;
mod read;
mod settings;

pub use city::{
    City, District, Gauge, PlainFeature, PointKind, PumpTruck, Road, WaterloggingPoint,
};
pub use layer::LayerName;
pub use read::{CityError, read_city};
