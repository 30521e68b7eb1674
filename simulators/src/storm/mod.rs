//! Designed storms: a hyetograph in time, carried over the city by cells and fronts that move. Pure.

mod cell;
mod front;
mod hyetograph;
mod plane;

pub(crate) use cell::{Cell, Storm};
pub(crate) use front::Front;
pub(crate) use hyetograph::{Hyetograph, HyetographError};
pub(crate) use plane::Plane;
