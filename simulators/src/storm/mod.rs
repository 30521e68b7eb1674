//! Designed storms: a hyetograph in time, carried over the city by cells that move. Pure.

mod cell;
mod hyetograph;

pub use cell::{Cell, Storm};
pub use hyetograph::{Hyetograph, HyetographError};
