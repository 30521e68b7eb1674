//! The simulated city, step by step. Pure.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    ids::{GaugeId, PointId},
    lonlat::LonLat,
    time::Timestamp,
};

use crate::{
    catchment::{Pond, PondShape, River},
    storm::Storm,
};

/// One step, in milliseconds of storm time: short against any delay of the runoff.
pub(super) const STEP_MS: i64 = 10_000;

#[derive(Debug)]
struct TruePoint {
    position: LonLat,
    waterlogged_m: f64,
    pond: Pond,
    /// Depth after every step; the first is at the origin.
    depths: Vec<f64>,
    flooded_at: Option<Timestamp>,
}

#[derive(Debug)]
struct RiverReach {
    position: LonLat,
    river: River,
    levels: Vec<f64>,
}

/// What a gauge looks at.
#[derive(Debug, Clone, PartialEq)]
enum LooksAt {
    Rain(LonLat),
    Depth(PointId),
    Level,
}

/// Rain, water at the points, water in the rivers; everything by storm time since `origin`.
#[derive(Debug)]
pub(crate) struct TrueCity {
    storm: Storm,
    origin: Timestamp,
    steps: i64,
    points: BTreeMap<PointId, TruePoint>,
    reaches: BTreeMap<GaugeId, RiverReach>,
    views: BTreeMap<GaugeId, LooksAt>,
}

impl TrueCity {
    /// A dry city under a storm whose minute 0 is `origin`.
    #[must_use]
    pub(crate) fn new(storm: Storm, origin: Timestamp) -> Self {
        Self {
            storm,
            origin,
            steps: 0,
            points: BTreeMap::new(),
            reaches: BTreeMap::new(),
            views: BTreeMap::new(),
        }
    }

    /// Adds a waterlogging point and the gauge that gives its depth.
    pub(crate) fn add_point(
        &mut self,
        id: PointId,
        position: LonLat,
        gauge: GaugeId,
        waterlogged_m: f64,
        shape: PondShape,
    ) {
        self.views.insert(gauge, LooksAt::Depth(id.clone()));
        let point = TruePoint {
            position,
            waterlogged_m,
            pond: Pond::new(shape),
            depths: vec![0.0],
            flooded_at: None,
        };
        self.points.insert(id, point);
    }

    /// Adds a gauge at a river.
    pub(crate) fn add_river(&mut self, gauge: GaugeId, position: LonLat, river: River) {
        self.views.insert(gauge.clone(), LooksAt::Level);
        let levels = vec![river.level_m(0.0)];
        self.reaches.insert(
            gauge,
            RiverReach {
                position,
                river,
                levels,
            },
        );
    }

    /// Adds a rain gauge.
    pub(crate) fn add_rain(&mut self, gauge: GaugeId, position: LonLat) {
        self.views.insert(gauge, LooksAt::Rain(position));
    }

    /// Lets time pass up to `now`; see [`super::Truth::advance`].
    pub(crate) fn advance(
        &mut self,
        now: Timestamp,
        pumps: &BTreeMap<PointId, f64>,
    ) -> BTreeMap<PointId, f64> {
        let mut found = BTreeMap::new();
        while now.millis_since(self.origin) >= (self.steps + 1) * STEP_MS {
            self.step(pumps, &mut found);
        }
        found
    }

    fn step(&mut self, pumps: &BTreeMap<PointId, f64>, found: &mut BTreeMap<PointId, f64>) {
        self.steps += 1;
        let at = self.origin.plus_millis(self.steps * STEP_MS);
        let seconds = at.seconds_since(at.plus_millis(-STEP_MS));
        let minute = minute_of(at, self.origin);
        for (id, point) in &mut self.points {
            let rain = self.storm.intensity_mm_per_h(point.position, minute);
            let pumping = pumps.get(id).copied().unwrap_or(0.0);
            let pumped = point.pond.step(seconds, rain, pumping);
            if pumping > 0.0 {
                *found.entry(id.clone()).or_default() += pumped;
            }
            let depth = point.pond.depth_m();
            if depth >= point.waterlogged_m {
                point.flooded_at.get_or_insert(at);
            }
            point.depths.push(depth);
        }
        for reach in self.reaches.values_mut() {
            let rain = self.storm.intensity_mm_per_h(reach.position, minute);
            reach.river.step(seconds, rain);
            reach.levels.push(reach.river.level_m(minute));
        }
    }

    /// What a gauge reads at a storm time, as far as the steps have come; `None` for a gauge that
    /// is not known. Before the origin it reads what it reads at the origin.
    #[must_use]
    pub(crate) fn reading(&self, gauge: &GaugeId, at: Timestamp) -> Option<f64> {
        match self.views.get(gauge)? {
            LooksAt::Rain(position) => {
                let minute = minute_of(at, self.origin);
                Some(self.storm.intensity_mm_per_h(*position, minute))
            }
            LooksAt::Depth(point) => self.at_step(&self.points.get(point)?.depths, at),
            LooksAt::Level => self.at_step(&self.reaches.get(gauge)?.levels, at),
        }
    }

    fn at_step(&self, values: &[f64], at: Timestamp) -> Option<f64> {
        let step = at.millis_since(self.origin).max(0) / STEP_MS;
        let step = usize::try_from(step.min(self.steps)).ok()?;
        values.get(step).copied()
    }

    /// Depth at a point now, in m; 0 for a point that is not known.
    #[must_use]
    pub(crate) fn depth_m(&self, point: &PointId) -> f64 {
        self.points.get(point).map_or(0.0, |p| p.pond.depth_m())
    }

    /// When each point first reached its waterlogged depth.
    #[must_use]
    pub(crate) fn floods(&self) -> BTreeMap<PointId, Timestamp> {
        let flooded = |(id, p): (&PointId, &TruePoint)| Some((id.clone(), p.flooded_at?));
        self.points.iter().filter_map(flooded).collect()
    }

    /// Points that flooded, but never for so long, up to `until`: a gauge that is read as often may have
    /// seen nothing of it.
    #[must_use]
    pub(crate) fn hardly_flooded(&self, interval_ms: i64, until: Timestamp) -> BTreeSet<PointId> {
        let steps = until.millis_since(self.origin).max(0) / STEP_MS;
        let steps = usize::try_from(steps).unwrap_or(usize::MAX);
        let least = usize::try_from(interval_ms / STEP_MS).unwrap_or(usize::MAX);
        let hardly = |(id, point): (&PointId, &TruePoint)| {
            let depths = point.depths.get(..=steps).unwrap_or(&point.depths);
            let is_gone = depths
                .last()
                .is_some_and(|depth| *depth < point.waterlogged_m);
            let has_flooded = point.flooded_at.is_some_and(|at| at <= until);
            let is_short = longest_spell(depths, point.waterlogged_m) <= least;
            (has_flooded && is_gone && is_short).then(|| id.clone())
        };
        self.points.iter().filter_map(hardly).collect()
    }
}

/// For how many steps at a time it was as deep as this.
fn longest_spell(depths: &[f64], deep_m: f64) -> usize {
    let spells = depths.split(|depth| *depth < deep_m);
    spells.map(<[f64]>::len).max().unwrap_or(0)
}

fn minute_of(at: Timestamp, origin: Timestamp) -> f64 {
    at.seconds_since(origin) / 60.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::{Cell, Hyetograph};

    fn minute(m: i64) -> Timestamp {
        Timestamp::from_millis(1_784_622_000_000 + m * 60_000)
    }

    fn city() -> (TrueCity, PointId, GaugeId) {
        let here = LonLat::new(121.4, 31.2).expect("valid");
        let cell = Cell {
            hyetograph: Hyetograph::new(50.0, 120.0, 0.4).expect("valid"),
            begin_min: 0.0,
            from: here,
            to: here,
            radius_m: 5_000.0,
        };
        let mut city = TrueCity::new(
            Storm {
                cells: vec![cell],
                fronts: Vec::new(),
            },
            minute(0),
        );
        let (point, gauge): (PointId, GaugeId) =
            ("wp-1".parse().expect("id"), "lg-1".parse().expect("id"));
        let shape = PondShape {
            catchment_ha: 3.0,
            runoff: 0.8,
            drain_m3h: 900.0,
            drain_share: 0.9,
            initial_loss_mm: 2.0,
            delay_min: 6.0,
            storage: vec![(0.0, 0.0), (0.15, 100.0), (0.5, 600.0), (1.5, 3000.0)],
        };
        city.add_point(point.clone(), here, gauge.clone(), 0.15, shape);
        (city, point, gauge)
    }

    #[test]
    fn a_spell_is_as_long_as_the_water_stands_without_a_pause() {
        let depths = [0.1, 0.16, 0.15, 0.14, 0.15, 0.0];
        assert_eq!(longest_spell(&depths, 0.15), 2);
        assert_eq!(longest_spell(&depths, 0.2), 0);
    }

    #[test]
    fn a_gauge_reads_the_history_and_the_flood_begins_where_it_crosses_the_threshold() {
        let (mut city, point, gauge) = city();
        city.advance(minute(100), &BTreeMap::new());
        let onset = *city.floods().get(&point).expect("such a storm floods it");
        let reads = |at| city.reading(&gauge, at).expect("a gauge of the city");
        assert!(reads(onset) >= 0.15 && reads(onset.plus_millis(-STEP_MS)) < 0.15);
        assert!(reads(minute(-5)).abs() < f64::EPSILON);
        assert!((reads(minute(500)) - city.depth_m(&point)).abs() < f64::EPSILON);
        assert_eq!(city.reading(&"lg-2".parse().expect("id"), onset), None);
    }

    #[test]
    fn pumping_makes_it_shallower_and_how_long_the_strides_are_makes_no_difference() {
        let (mut dry, point, _) = city();
        let (mut wet, _, _) = city();
        let pumps = BTreeMap::from([(point.clone(), 3000.0)]);
        let mut found = 0.0;
        for m in 0..100 {
            found += dry
                .advance(minute(m), &pumps)
                .get(&point)
                .copied()
                .unwrap_or(0.0);
        }
        wet.advance(minute(99), &BTreeMap::new());
        assert!(found > 500.0 && dry.depth_m(&point) < wet.depth_m(&point));
        let (mut strides, _, _) = self::city();
        (0..=99).for_each(|m| drop(strides.advance(minute(m), &BTreeMap::new())));
        assert!((strides.depth_m(&point) - wet.depth_m(&point)).abs() < 1e-12);
    }
}
