//! One observation per (gauge, `observed_at`), whatever the order and however often it comes.

mod deduplicator;
mod series;

pub use deduplicator::{Deduplicator, Novelty};
pub use series::{Series, TrendSpan};
