//! People: who looks at the map and acts on it, and what each of them may.

mod area;

pub use area::{Area, AreaError};
