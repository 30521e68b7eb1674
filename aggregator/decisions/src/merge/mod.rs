//! One observation per (gauge, `observed_at`), whatever the order and however often it comes; and
//! the trend and the rain of those that came last.

mod deduplicator;
mod rain;
mod trend;

pub use deduplicator::{Deduplicator, Identity, Known, Novelty, identity};
pub use rain::{Rain, RainKind};
pub use trend::{NEWS_MS, Trend, TrendSpan};
