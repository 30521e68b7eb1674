//! What is tried.

mod by_hand;
mod gate;
mod lies;
