//! What the aggregator decides: what belongs to one history (merge), what stands where (assess), what will
//! (forecast), which truck goes where (dispatch), and what becomes of an order (orders), over the city's layers (network).
//!
//! Plain functions of time and inputs: nothing here reads, writes, waits or draws a random number.

pub mod assess;
pub mod counters;
pub mod dispatch;
pub mod forecast;
pub mod merge;
pub mod network;
pub mod orders;
pub mod principal;
pub mod schema;
