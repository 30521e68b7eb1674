//! The field of a storm: gauges that read what is true, wrong as they may be, the quality tests of their
//! gateways, and what comes through.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    gauge::Parameter,
    ids::GaugeId,
    observation::Observation,
    quality::{Limits, QualityControl},
    time::Timestamp,
    value::Value,
};

use super::{
    EvaluateArgs,
    city::Known,
    troubles::{self, Gateways, Seeded},
    waters::Depths,
};
use crate::{
    gauge::{GaugeAnswer, Readings, answer},
    rng::Rng,
};

/// All gauges of a city.
pub(super) struct Field<'a> {
    known: &'a Known,
    controls: BTreeMap<GaugeId, QualityControl>,
    gateways: Gateways,
    faults: BTreeMap<GaugeId, Seeded>,
    read: Read,
    noise_m: f64,
    /// So many times the rain that falls is shown.
    rain_factor: f64,
    rng: Rng,
}

impl<'a> Field<'a> {
    /// The gauges before the storm of a seed.
    pub fn of(known: &'a Known, args: &EvaluateArgs, origin: Timestamp, seed: u64) -> Self {
        let gauges = known.city.gauges.iter();
        let all: Vec<(GaugeId, Parameter)> = gauges.map(|g| (g.id.clone(), g.parameter)).collect();
        let ids = all.iter().map(|(id, _)| id);
        Self {
            known,
            controls: BTreeMap::new(),
            gateways: Gateways::of(&args.troubles, ids, seed),
            faults: troubles::seeded(args.troubles.faulty, &all, origin, seed),
            read: Read {
                origin,
                readings: BTreeMap::new(),
            },
            noise_m: args.noise,
            rain_factor: args.troubles.forecast_error,
            rng: Rng::new(args.seed, 2),
        }
    }

    /// What is wrong with which gauge.
    pub fn faults(&self) -> &BTreeMap<GaugeId, Seeded> {
        &self.faults
    }

    /// Gauges whose silence is not their own: their gateway's, or of rain that is not to be shown.
    pub fn excused(&self) -> BTreeSet<GaugeId> {
        let rain = self
            .known
            .city
            .gauges
            .iter()
            .filter(|g| g.parameter.is_rain());
        let unshown = rain.filter(|_| self.rain_factor <= 0.0);
        let mut excused = self.gateways.troubled();
        excused.extend(unshown.map(|gauge| gauge.id.clone()));
        excused
    }

    /// Reads all gauges in a minute; what comes to the aggregator in it.
    pub fn observe(
        &mut self,
        minute: i64,
        depths: &Depths,
        rain: &BTreeMap<GaugeId, f64>,
    ) -> Vec<Observation> {
        let now = self.read.at(minute);
        let mut parameters = Vec::new();
        for (gauge, point) in &self.known.depth_of {
            let depth = depths.get(point).copied().unwrap_or(0.0);
            let read = (depth + self.noise_m * self.rng.bell()).max(0.0);
            self.read.push(gauge, read);
            parameters.push((gauge.clone(), Parameter::Depth));
        }
        for (gauge, mm_per_h) in rain.iter().filter(|_| self.rain_factor > 0.0) {
            self.read.push(gauge, mm_per_h * self.rain_factor);
            parameters.push((gauge.clone(), Parameter::RainfallIntensity));
        }
        let observed = parameters
            .into_iter()
            .filter_map(|(gauge, parameter)| self.observed(gauge, parameter, now))
            .collect();
        self.gateways.pass(minute, observed)
    }

    /// What the gateway of a gauge makes of its answer; none where the gauge is silent.
    fn observed(
        &mut self,
        gauge: GaugeId,
        parameter: Parameter,
        now: Timestamp,
    ) -> Option<Observation> {
        let faults = self.faults.get(&gauge).map(|seeded| &*seeded.faults);
        let answer = answer(&gauge, faults.unwrap_or_default(), &self.read, now);
        let GaugeAnswer::Value(read) = answer else {
            return None;
        };
        // No rain gauge collects less than nothing.
        let read = if parameter.is_rain() {
            read.max(0.0)
        } else {
            read
        };
        let value = Value::from_units(read).ok()?;
        let fresh = || QualityControl::new(Limits::default_for(parameter));
        let control = self.controls.entry(gauge.clone()).or_insert_with(fresh);
        let (quality, tests) = control.assess(now, Some(value));
        Some(Observation {
            gauge,
            parameter,
            observed_at: now,
            value: Some(value),
            quality,
            tests,
        })
    }
}

/// What each gauge would have read, were nothing wrong with it: by minute.
struct Read {
    origin: Timestamp,
    readings: BTreeMap<GaugeId, Vec<f64>>,
}

impl Read {
    fn at(&self, minute: i64) -> Timestamp {
        self.origin.plus_millis(minute * 60_000)
    }

    fn push(&mut self, gauge: &GaugeId, read: f64) {
        match self.readings.get_mut(gauge) {
            Some(readings) => readings.push(read),
            None => drop(self.readings.insert(gauge.clone(), vec![read])),
        }
    }
}

impl Readings for Read {
    fn reading(&self, gauge: &GaugeId, at: Timestamp) -> Option<f64> {
        let minute = at.millis_since(self.origin).div_euclid(60_000);
        let minute = usize::try_from(minute).ok()?;
        self.readings.get(gauge)?.get(minute).copied()
    }
}
