//! What is tried.

mod gate;
mod lies;
