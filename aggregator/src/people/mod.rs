//! People: who looks at the map and acts on it, and what each of them may.
//!
//! Whoever asks over HTTP is a [`Viewer`] or nobody: a principal with a [`Role`] and an [`Area`].
//! [`policy`] is the one place that says what that lets him do.

mod area;
pub mod policy;
mod role;
mod viewer;

pub use area::{Area, AreaError};
pub use role::Role;
pub use viewer::Viewer;
