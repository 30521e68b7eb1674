//! One observation per (gauge, `observed_at`), whatever the order and however often it comes; and
//! the trend of those that came last.

mod deduplicator;
mod trend;

pub(crate) use deduplicator::{Deduplicator, Novelty};
pub(crate) use trend::{NEWS_MS, Trend, TrendSpan};
