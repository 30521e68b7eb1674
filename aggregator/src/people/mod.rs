//! People: who looks at the map and acts on it, and what each of them may.
//!
//! Whoever asks over HTTP is a [`Viewer`] or nobody: a principal with a [`Role`] and an [`Area`].
//! [`policy`] is the one place that says what that lets him do; [`Sight`] and [`Lists`] say what of
//! the city he sees. The [`Desk`] knows who is who, from the accounts, sessions and tokens that the
//! store keeps.

pub mod acts;
mod attempts;
pub mod book;
mod by_provider;
mod desk;
mod entry;
mod fingerprint;
mod ground;
mod lists;
pub mod pace;
mod part;
mod password;
pub mod policy;
mod provided;
pub mod record;
pub mod secret;
pub mod set_up;
mod sight;
#[cfg(test)]
mod tests;
mod viewer;

pub use desk::{Desk, DeskError, OpenError, Stance};
pub use fingerprint::Fingerprint;
pub use lists::Lists;
pub use part::start;
pub use password::HashError;
pub use sight::{Sight, areas};
pub use viewer::Viewer;

pub use crate::rights::{Area, AreaError, Role};
