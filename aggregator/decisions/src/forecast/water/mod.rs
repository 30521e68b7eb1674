//! The water of one point: a small physical model, and what is learned of it from the depths that are
//! observed.

mod learned;
mod model;
mod sag;

pub use learned::{Hypothesis, Learned, Minute};
pub use model::{Model, Water};
pub use sag::{RUNGS, Sag};
