//! What a storm does to the sags of a city while no truck pumps: depths by minute.

use std::collections::BTreeMap;

use crate::{
    catchment::{Pond, PondShape},
    evaluate::{
        bridge::Bridge,
        input::{Input, Sag},
    },
    recording::city_layers,
};

/// Depths in m from minute 1 on, by the names of sags.
pub(super) type Levels = BTreeMap<String, Vec<f64>>;

/// By EPA SWMM.
///
/// # Errors
/// It cannot be run, or fails.
pub(super) fn simulated(python: &str, input: &Input<'_>) -> anyhow::Result<Levels> {
    let mut bridge = Bridge::start(python, &input.text())?;
    let mut levels = Levels::new();
    for minute in 0.. {
        let off = input.outages.iter().filter(|o| o.holds(minute));
        let off: Vec<&str> = off.map(|o| o.point.as_str()).collect();
        let Some(depths) = bridge.minute(&BTreeMap::new(), &off)? else {
            break;
        };
        for (name, depth) in depths {
            levels.entry(name).or_default().push(depth);
        }
    }
    Ok(levels)
}

/// By the simulators' own reservoirs, where there is no SWMM.
pub(super) fn reckoned(input: &Input<'_>) -> Levels {
    let of = |sag: &Sag| {
        let rain = sag.rain.as_ref().and_then(|name| input.rains.get(name));
        let outages = input.outages.iter().filter(|o| o.point == sag.name);
        let outages: Vec<_> = outages.collect();
        let mut pond = Pond::new(shape(sag));
        let minutes = rain.into_iter().flatten().enumerate();
        let depths = minutes.map(|(minute, mm_per_h)| {
            let fails = outages.iter().any(|o| o.holds(minute));
            pond.drain_works(if fails { 0.0 } else { 1.0 });
            for _ in 0..6 {
                pond.step(10.0, *mm_per_h, 0.0);
            }
            pond.depth_m()
        });
        // What fell in the last minute shows in the one after.
        let depths: Vec<f64> = depths.collect();
        let last = depths.len().saturating_sub(1);
        (sag.name.clone(), depths.into_iter().take(last).collect())
    };
    input.sags.iter().map(of).collect()
}

fn shape(sag: &Sag) -> PondShape {
    let typical = city_layers::curve(sag.setting());
    let storage = typical.map(|(depth, volume)| (depth, volume * sag.storage_factor));
    PondShape {
        catchment_ha: sag.catchment_ha,
        runoff: sag.paved,
        drain_m3h: sag.drain_m3s * 3600.0,
        drain_share: 1.0,
        initial_loss_mm: 1.5,
        delay_min: 0.3 * concentration_min(sag),
        storage: storage.to_vec(),
    }
}

/// How long it takes until water from all of a paved catchment comes together, in minutes, by the kinematic
/// wave at 60 mm/h (6.99 (L n)^0.6 / (i^0.4 S^0.3), L in m and i in mm/h).
fn concentration_min(sag: &Sag) -> f64 {
    const ROUGHNESS: f64 = 0.014;
    let length_m = sag.catchment_ha * 10_000.0 / sag.width_m;
    6.99 * (length_m * ROUGHNESS).powf(0.6) / (60.0_f64.powf(0.4) * sag.slope.powf(0.3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::input::Outage;

    fn sag(name: &str, slope: f64) -> Sag {
        Sag {
            name: name.to_owned(),
            is_underpass: true,
            rain: Some("RG01".to_owned()),
            catchment_ha: 3.0,
            paved: 0.8,
            slope,
            width_m: 170.0,
            drain_m3s: 0.6,
            storage_factor: 1.0,
        }
    }

    #[test]
    fn flat_ground_answers_later_and_a_failed_pump_leaves_the_water() {
        let sags = [sag("WL001", 0.02), sag("WL002", 0.002), sag("WL003", 0.02)];
        let rain: Vec<f64> = (0..200)
            .map(|minute| if minute < 40 { 140.0 } else { 0.0 })
            .collect();
        let outages = [Outage {
            point: "WL003".to_owned(),
            off_min: 30,
            on_min: 150,
        }];
        let levels = reckoned(&Input {
            sags: &sags,
            rains: &BTreeMap::from([("RG01".to_owned(), rain)]),
            outages: &outages,
        });
        let first = |name: &str| levels[name].iter().position(|depth| *depth > 0.15);
        let last = |name: &str| levels[name].iter().rposition(|depth| *depth > 0.15);
        assert_eq!(levels["WL001"].len(), 199);
        assert!(first("WL001") < first("WL002"), "{:?}", first("WL002"));
        assert!(last("WL003") > Some(140) && last("WL001") < Some(140));
    }
}
