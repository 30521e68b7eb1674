//! Frozen cases for the planner: the same number gives the same case anywhere and for ever.
//!
//! A case is a city of 30 by 30 km in a storm: waterlogging points of very different size and importance,
//! some under water already, some to be; members of the forecast that disagree about when and how much; trucks
//! at ten depots. The load says how much water comes for what the trucks can pump: at 0.3 most points are
//! served easily, at 4 most cannot be.

use aggregator::{
    dispatch::{AssignableTruck, Assigned, Heard, Reservoir, Situation},
    forecast::Inflow,
};
use shared::{lonlat::LonLat, time::Timestamp};

use crate::rng::Rng;

/// Steps of five minutes that plans look ahead.
const STEPS: u32 = 36;
pub(super) const STEP_MINUTES: f64 = 5.0;

/// Loads, in turn.
const LOADS: [f64; 4] = [0.3, 1.0, 2.0, 4.0];

/// Sizes of pump trucks in m³/h, the common ones of Chinese city fleets.
const TRUCKS_M3H: [f64; 4] = [1000.0, 1500.0, 3000.0, 1000.0];

const DEPOTS: usize = 10;

/// Half of the city's edge, in degrees of latitude and of longitude at 31° north: 15 km.
const REACH: (f64, f64) = (0.1349, 0.1574);

const CENTRE: (f64, f64) = (121.47, 31.23);

const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);

/// How large a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Size {
    pub trucks: usize,
    pub points: usize,
    pub members: usize,
}

/// What plans are measured by: a hundred trucks, as many points as a large city's list has, eight members.
pub const USUAL: Size = Size {
    trucks: 100,
    points: 64,
    members: 8,
};

/// A region of several cities.
pub const LARGE: Size = Size {
    trucks: 500,
    points: 1_000,
    members: 8,
};

/// The load of the case with this number.
#[must_use]
pub fn load(number: u64) -> f64 {
    usize::try_from(number)
        .ok()
        .and_then(|number| LOADS.get(number % LOADS.len()))
        .copied()
        .unwrap_or(1.0)
}

/// The case with this number.
#[must_use]
pub fn case(seed: u64, number: u64, size: Size) -> Situation {
    let mut rng = Rng::new(seed, number);
    let depots: Vec<LonLat> = (0..DEPOTS).map(|_| place(&mut rng)).collect();
    let storms: Vec<(f64, f64)> = (0..size.members)
        .map(|_| (0.4 * rng.bell(), 12.0 * rng.bell()))
        .collect();
    Situation {
        now: NOW,
        version: number,
        reservoirs: (0..size.points)
            .map(|n| reservoir(&mut rng, n, load(number), &storms))
            .collect(),
        trucks: (0..size.trucks)
            .map(|n| truck(&mut rng, n, &depots))
            .collect(),
    }
}

fn place(rng: &mut Rng) -> LonLat {
    let east = rng.between(-REACH.1, REACH.1);
    let north = rng.between(-REACH.0, REACH.0);
    LonLat::new(CENTRE.0 + east, CENTRE.1 + north).expect("within the city")
}

fn truck(rng: &mut Rng, number: usize, depots: &[LonLat]) -> AssignableTruck {
    AssignableTruck {
        id: format!("pt-{number:04}").parse().expect("an id"),
        position: *rng.pick(depots),
        district: None,
        capacity_m3h: *rng.pick(&TRUCKS_M3H),
        assigned: Assigned::Free { standing: None },
        heard: Heard::Lately,
    }
}

/// A point over which a cell of rain passes, seen by each member with an intensity and a time of its own:
/// of the storm's error half is common to the city.
fn reservoir(rng: &mut Rng, number: usize, load: f64, storms: &[(f64, f64)]) -> Reservoir {
    let size_m3h = load * 900.0 * (0.8 * rng.bell()).exp();
    let peak_minutes = rng.between(-30.0, 120.0);
    let width_minutes = rng.between(15.0, 45.0);
    let drain_m3h = size_m3h * rng.between(0.1, 0.6);
    let weight = f64::from(u8::try_from(1 + rng.below(5)).expect("five at most"));
    let standing_m3 = if rng.unit() < 0.5 {
        size_m3h * rng.between(0.05, 0.8)
    } else {
        0.0
    };
    let members = storms.iter().map(|(stronger, later)| {
        let strength = (stronger + 0.4 * rng.bell()).exp();
        let peak = peak_minutes + later + 8.0 * rng.bell();
        let net = |step: u32| {
            let minutes = (f64::from(step) + 0.5) * STEP_MINUTES;
            let from_peak = (minutes - peak) / width_minutes;
            size_m3h * strength * (-from_peak * from_peak).exp() - drain_m3h
        };
        Inflow {
            weight: 1.0 / storms.len() as f64,
            m3h: (0..STEPS).map(net).collect(),
        }
    });
    Reservoir {
        members: members.collect(),
        id: format!("wp-{number:04}").parse().expect("an id"),
        position: place(rng),
        district: None,
        weight,
        depth_m: 0.0,
        rate_m_per_h: None,
        rain_mm_per_h: None,
        volume_m3: standing_m3,
        dry_m3: 20.0,
        critical_m3: 100.0 * load.max(1.0),
        max_trucks: 3,
        peak: None,
        closes_at: None,
        verified: 1,
        in_doubt_minutes: None,
    }
}
