//! One observation per (gauge, `observed_at`), whatever the order and however often it comes.

mod front;
mod series;

pub use front::{Front, Outcome};
pub use series::{Series, TrendSpan};
