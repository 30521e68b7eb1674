//! The members of a forecast: three ways in which the rain may go on.

/// One of each for the three members of a forecast: rain stops, fades, stays.
pub type Members<T> = [T; 3];

/// Weights of the members.
pub const WEIGHTS: Members<f64> = [0.3, 0.5, 0.2];
