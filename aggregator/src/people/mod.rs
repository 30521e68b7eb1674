//! People: who looks at the map and acts on it, and what each of them may.
//!
//! Whoever asks over HTTP is a [`Viewer`] or nobody: a principal with a [`Role`] and an [`Area`].
//! [`policy`] is the one place that says what that lets him do; [`Sight`] and [`Lists`] say what of
//! the city he sees.

mod area;
mod ground;
mod lists;
pub mod policy;
mod role;
mod sight;
mod viewer;

pub use area::{Area, AreaError};
pub use lists::Lists;
pub use role::Role;
pub use sight::{Sight, areas};
pub use viewer::Viewer;
