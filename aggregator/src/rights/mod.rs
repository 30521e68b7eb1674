//! What somebody is at the desk, and for which part of the city. Pure.

mod area;
mod provided;
mod role;

pub use area::{Area, AreaError};
pub use provided::{Known, Named};
pub use role::Role;
