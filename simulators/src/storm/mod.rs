//! Designed storms: a hyetograph in time, carried over the city by cells that move. Pure.

mod cell;
mod hyetograph;

pub(crate) use cell::{Cell, Storm};
pub(crate) use hyetograph::{Hyetograph, HyetographError};
