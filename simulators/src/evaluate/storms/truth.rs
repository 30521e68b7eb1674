//! What is true of a storm, as NAME_truth.json says it. Pure.

use serde::Serialize;

use crate::evaluate::input::Outage;

use super::{design::Design, levels::Levels};

/// Depths that floods are told of, in m: waterlogged, closed to cars, closed to all.
const THRESHOLDS_M: [f64; 3] = [0.15, 0.27, 0.5];

/// The truth of a storm.
#[derive(Debug, Serialize)]
pub(super) struct Truth<'a> {
    scenario: &'a str,
    seed: u64,
    shape: &'static str,
    return_period_a: f64,
    duration_min: f64,
    storm_speed_kmh: f64,
    storm_towards_deg: f64,
    /// By which engine the levels are.
    levels_by: &'static str,
    /// Of each rain gauge, in their order.
    rain_total_mm: Vec<f64>,
    pump_failures: &'a [Outage],
    pub floods: Vec<Flood>,
}

/// A flood of one place at one depth; no end where it outlasts the storm.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Flood {
    #[serde(rename = "site")]
    point: String,
    threshold_m: f64,
    onset_min: usize,
    end_min: Option<usize>,
    peak_m: f64,
    peak_min: usize,
}

impl<'a> Truth<'a> {
    /// Of a storm whose gauges collected so much, by minute in mm/h.
    pub fn of<'r>(
        seed: u64,
        design: &'a Design,
        rains: impl Iterator<Item = &'r Vec<f64>>,
        levels: &Levels,
        levels_by: &'static str,
    ) -> Self {
        let total = |series: &Vec<f64>| tenths(series.iter().sum::<f64>() / 60.0);
        let floods = levels
            .iter()
            .flat_map(|(name, depths)| THRESHOLDS_M.map(|limit| floods(name, depths, limit)));
        Self {
            scenario: &design.name,
            seed,
            shape: design.shape.name(),
            return_period_a: tenths(design.return_period_years),
            duration_min: design.duration_min,
            storm_speed_kmh: tenths(design.speed_km_per_h),
            storm_towards_deg: tenths(design.towards_deg),
            levels_by,
            rain_total_mm: rains.map(total).collect(),
            pump_failures: &design.outages,
            floods: floods.flatten().collect(),
        }
    }

    /// Places that reach the lowest depth.
    pub fn flooded(&self) -> usize {
        let lowest = THRESHOLDS_M.first().copied().unwrap_or_default();
        let of = self.floods.iter().filter(|f| f.threshold_m <= lowest);
        let places: std::collections::BTreeSet<_> = of.map(|f| &f.point).collect();
        places.len()
    }
}

fn tenths(value: f64) -> f64 {
    (10.0 * value).round() / 10.0
}

/// The floods of a place: depths from minute 1 on.
fn floods(name: &str, depths: &[f64], threshold_m: f64) -> Vec<Flood> {
    let mut floods: Vec<Flood> = Vec::new();
    for (minute, depth) in (1..).zip(depths) {
        let open = floods.last_mut().filter(|flood| flood.end_min.is_none());
        match open {
            Some(flood) if *depth < threshold_m => flood.end_min = Some(minute),
            Some(flood) if *depth > flood.peak_m => {
                (flood.peak_m, flood.peak_min) = (*depth, minute)
            }
            None if *depth >= threshold_m => floods.push(Flood {
                point: name.to_owned(),
                threshold_m,
                onset_min: minute,
                end_min: None,
                peak_m: *depth,
                peak_min: minute,
            }),
            Some(_) | None => {}
        }
    }
    floods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floods_begin_and_end_at_their_depth_and_one_may_outlast_the_storm() {
        let depths = [0.0, 0.1, 0.2, 0.3, 0.1, 0.0, 0.16, 0.17];
        let flood = |onset_min, end_min, peak_m, peak_min| Flood {
            point: "WL001".to_owned(),
            threshold_m: 0.15,
            onset_min,
            end_min,
            peak_m,
            peak_min,
        };
        let found = floods("WL001", &depths, 0.15);
        assert_eq!(found, [flood(3, Some(5), 0.3, 4), flood(7, None, 0.17, 8)]);
        assert_eq!(floods("WL001", &depths, 0.5), []);
    }
}
