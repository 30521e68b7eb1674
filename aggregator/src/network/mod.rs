//! The city as data: read once from GeoJSON layers, checked, never changed while running.

mod city;
mod file;
mod layer;
mod read;

pub use city::{City, District, GaugeSite, PlainFeature, Point, Road, Setting, Truck};
pub use layer::{LayerError, LayerName};
pub use read::{CityError, read_city};
