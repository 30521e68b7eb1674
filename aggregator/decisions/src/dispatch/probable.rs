//! Which floods are to be planned for at all.

use std::collections::BTreeSet;

use shared::ids::PointId;

use super::{
    reservoir::probability_critical,
    situation::{Assigned, Situation},
};

/// Below this probability nobody is sent to a point, and below the second nobody goes on being sent. Trucks that
/// stand where no water comes are missed where it does; with a tenth they were there before it, in storms of EPA
/// SWMM, and there were enough of them left.
const PROBABLE: f64 = 0.1;
const STILL_PROBABLE: f64 = 0.07;

/// Below this probability a point gets one truck at most: a second one that waits beside it is the first one of
/// another point.
const SURE: f64 = 0.99;

impl Situation {
    /// What is to be decided now: improbable floods are left out, and those that are not sure yet get one truck
    /// at most. What it is worth to have trucks left when more is known, no plan of one moment sees.
    #[must_use]
    pub fn probable(mut self) -> Self {
        let trucks = self.trucks.iter();
        let expected: BTreeSet<PointId> = trucks
            .filter_map(|truck| match &truck.assigned {
                Assigned::Free { standing } => standing.clone(),
                _ => None,
            })
            .collect();
        self.reservoirs.retain_mut(|reservoir| {
            let probability = probability_critical(reservoir);
            if probability < SURE {
                reservoir.max_trucks = reservoir.max_trucks.min(1);
            }
            let enough = if expected.contains(&reservoir.id) {
                STILL_PROBABLE
            } else {
                PROBABLE
            };
            probability >= enough
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use shared::{lonlat::LonLat, time::Timestamp};

    use super::{
        super::situation::{AssignableTruck, Heard, Reservoir},
        *,
    };
    use crate::forecast::{Inflow, grid::PLANNED_STEPS};

    /// A point of which 100 m³ are critical, and that fills with a probability.
    fn reservoir(id: &str, probability: f64) -> Reservoir {
        let member = |weight, m3h| Inflow {
            weight,
            m3h: vec![m3h; PLANNED_STEPS],
        };
        Reservoir {
            id: id.parse().expect("id"),
            position: LonLat::new(121.0, 31.0).expect("valid"),
            district: None,
            weight: 1.0,
            depth_m: 0.0,
            rate_m_per_h: None,
            rain_mm_per_h: None,
            volume_m3: 0.0,
            dry_m3: 1.0,
            critical_m3: 100.0,
            members: vec![
                member(probability, 500.0),
                member(1.0 - probability, -500.0),
            ],
            max_trucks: 3,
            peak: None,
            closes_at: None,
            verified: 0,
            in_doubt_minutes: None,
        }
    }

    #[test]
    fn the_improbable_is_left_out_unless_somebody_is_expected_there_and_the_unsure_gets_one_truck()
    {
        let truck = |standing: &str| AssignableTruck {
            id: "pt-1".parse().expect("id"),
            position: LonLat::new(121.0, 31.0).expect("valid"),
            district: None,
            capacity_m3h: 1000.0,
            assigned: Assigned::Free {
                standing: Some(standing.parse().expect("id")),
            },
            heard: Heard::Lately,
        };
        let situation = |standing| Situation {
            now: Timestamp::from_millis(0),
            version: 1,
            reservoirs: vec![
                reservoir("wp-1", 1.0),
                reservoir("wp-2", 0.9),
                reservoir("wp-3", 0.08),
                reservoir("wp-4", 0.05),
            ],
            trucks: vec![truck(standing)],
        };
        let kept = |standing| {
            let reservoirs = situation(standing).probable().reservoirs.into_iter();
            let named = reservoirs.map(|r| (r.id.to_string(), r.max_trucks));
            named.collect::<Vec<_>>()
        };
        let of = |id: &str, most| (id.to_owned(), most);
        assert_eq!(kept("wp-1"), [of("wp-1", 3), of("wp-2", 1)]);
        assert_eq!(kept("wp-3"), [of("wp-1", 3), of("wp-2", 1), of("wp-3", 1)]);
        assert_eq!(kept("wp-4"), [of("wp-1", 3), of("wp-2", 1)]);
    }
}
