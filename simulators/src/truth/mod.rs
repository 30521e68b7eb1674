//! The truth of a simulated storm: what the rain, the water and the pumps really do, and so what
//! every gauge reads and when every point really floods.
//!
//! [`TrueCity`] is pure and goes by steps; [`Truth`] shares one between the gauges that read it and
//! the fleet that pumps it dry.

mod city;
mod instrument;
mod layers;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use shared::{
    ids::{GaugeId, PointId},
    time::Timestamp,
};

pub(crate) use city::TrueCity;
pub(crate) use instrument::Instrument;
pub(crate) use layers::read;

use crate::gauge::Readings;

/// One simulated city for everybody who looks at it.
pub(crate) struct Truth(Mutex<TrueCity>);

impl Truth {
    #[must_use]
    pub(crate) fn new(city: TrueCity) -> Self {
        Self(Mutex::new(city))
    }

    /// Lets time pass up to `now` while trucks pump (m³/h by point). Returns what the pumps of
    /// each point found, in m³.
    pub(crate) fn advance(
        &self,
        now: Timestamp,
        pumps: &BTreeMap<PointId, f64>,
    ) -> BTreeMap<PointId, f64> {
        self.lock().advance(now, pumps)
    }

    /// Depth at a point now, in m; 0 for a point that is not known.
    #[must_use]
    pub(crate) fn depth_m(&self, point: &PointId) -> f64 {
        self.lock().depth_m(point)
    }

    /// When each point first reached its waterlogged depth, so far.
    #[must_use]
    pub(crate) fn floods(&self) -> BTreeMap<PointId, Timestamp> {
        self.lock().floods()
    }

    /// Points that flooded, but never for so long; see [`TrueCity::hardly_flooded`].
    #[must_use]
    pub(crate) fn hardly_flooded(&self, interval_ms: i64, until: Timestamp) -> BTreeSet<PointId> {
        self.lock().hardly_flooded(interval_ms, until)
    }

    fn lock(&self) -> MutexGuard<'_, TrueCity> {
        // A step either is in the history or is not.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readings for Truth {
    fn reading(&self, gauge: &GaugeId, at: Timestamp) -> Option<f64> {
        self.lock().reading(gauge, at)
    }
}
