//! What is tried.

mod by_hand;
mod forged;
mod gate;
mod lies;
mod mosquitto;
