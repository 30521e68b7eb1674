//! What a plan must hold.

use shared::{lonlat::LonLat, time::Timestamp};

use super::{
    super::{
        Against, Assigned, Heard, SETUP_MINUTES,
        reservoir::{Pool, Pump},
    },
    *,
};
use crate::forecast::{Inflow, grid::PLANNED_STEPS};

fn cost(reservoir: &Reservoir, pumps: &[Pump]) -> f64 {
    Pool::of(reservoir).cost(&Flow::of(pumps))
}

fn inflow(net_m3h: f64) -> Inflow {
    Inflow {
        weight: 0.5,
        m3h: vec![net_m3h; PLANNED_STEPS],
    }
}

fn reservoir(n: usize, volume_m3: f64, net: f64) -> Reservoir {
    Reservoir {
        id: format!("wp-{n:02}").parse().expect("id"),
        position: LonLat::new(121.0 + n as f64 * 0.01, 31.0).expect("valid"),
        district: None,
        weight: 1.0,
        depth_m: 0.3,
        rate_m_per_h: None,
        rain_mm_per_h: None,
        volume_m3,
        dry_m3: 5.0,
        critical_m3: 100.0,
        members: vec![inflow(net), inflow(net / 2.0)],
        max_trucks: 2,
        peak: None,
        closes_at: None,
        verified: 0,
        in_doubt_minutes: None,
    }
}

fn truck(n: usize, capacity_m3h: f64) -> AssignableTruck {
    AssignableTruck {
        id: format!("pt-{n:02}").parse().expect("id"),
        position: LonLat::new(121.0 + n as f64 * 0.013, 31.01).expect("valid"),
        district: None,
        capacity_m3h,
        assigned: Assigned::Free { standing: None },
        heard: Heard::Lately,
    }
}

fn situation(reservoirs: usize, trucks: usize) -> Situation {
    Situation {
        now: Timestamp::from_millis(1_784_622_000_000),
        version: 1,
        reservoirs: (0..reservoirs)
            .map(|n| reservoir(n, 200.0 + 90.0 * n as f64, 300.0))
            .collect(),
        trucks: (0..trucks)
            .map(|n| truck(n, 1000.0 + 400.0 * n as f64))
            .collect(),
    }
}

#[test]
fn the_order_of_the_input_does_not_matter() {
    let straight = situation(7, 5);
    let mut reversed = straight.clone();
    reversed.reservoirs.reverse();
    reversed.trucks.reverse();
    assert_eq!(
        plan(&straight, &Roads::default()),
        plan(&reversed, &Roads::default())
    );
}

#[test]
fn dry_points_get_no_truck_and_points_in_need_are_served_or_explained() {
    let mut p = situation(6, 2);
    p.reservoirs.push(reservoir(20, 0.0, -100.0));
    let plan = plan(&p, &Roads::default());
    assert!(
        plan.recommendations
            .iter()
            .all(|r| r.point.as_str() != "wp-20")
    );
    let served: std::collections::BTreeSet<_> = plan
        .recommendations
        .iter()
        .map(|r| r.point.clone())
        .collect();
    assert_eq!(served.len() + plan.unserved.len(), 6);
    assert_eq!(plan.recommendations.len(), 2);
}

#[test]
fn the_bound_is_below_the_cost_of_every_plan() {
    // Two trucks, two points: all nine assignments by hand.
    let p = situation(2, 2);
    let plan = plan(&p, &Roads::default());
    let choices = [None, Some(0), Some(1)];
    let mut least = f64::INFINITY;
    for a in choices {
        for b in choices {
            let mut pumps = [Vec::new(), Vec::new()];
            let mut sending = 0.0;
            for (t, choice) in [a, b].into_iter().enumerate() {
                if let Some(s) = choice {
                    let drive =
                        Roads::default().drive(p.trucks[t].position, p.reservoirs[s].position);
                    sending += SEND_HOURS2 * p.trucks[t].capacity_m3h;
                    pumps[s].push(Pump {
                        ready_minutes: drive.minutes() + SETUP_MINUTES,
                        m3h: p.trucks[t].capacity_m3h,
                    });
                }
            }
            let water = cost(&p.reservoirs[0], &pumps[0]) + cost(&p.reservoirs[1], &pumps[1]);
            least = least.min(water + sending);
        }
    }
    assert!(plan.bound <= least + 0.1, "{} > {least}", plan.bound);
    assert!(
        plan.cost + plan.sending <= least * 1.05 + 0.1,
        "{} is far from {least}",
        plan.cost
    );
}

#[test]
fn an_ordered_truck_stays_and_counts() {
    let mut p = situation(1, 2);
    let point = p.reservoirs[0].id.clone();
    p.trucks[1].assigned = Assigned::Ordered {
        point,
        ready_minutes: 0.0,
    };
    let with_order = plan(&p, &Roads::default());
    assert!(
        with_order
            .recommendations
            .iter()
            .all(|r| r.truck.as_str() != "pt-01")
    );
    assert!(with_order.cost_without < plan(&situation(1, 2), &Roads::default()).cost_without);
}

#[test]
fn small_noise_does_not_move_a_standing_recommendation() {
    let mut p = situation(12, 8);
    let first = plan(&p, &Roads::default());
    for (n, truck) in p.trucks.iter_mut().enumerate() {
        let standing = first.of(&truck.id).map(|r| r.point.clone());
        truck.assigned = Assigned::Free { standing };
        truck.position = LonLat::new(truck.position.lon() + 1e-4 * n as f64, 31.01).expect("valid");
    }
    for (n, reservoir) in p.reservoirs.iter_mut().enumerate() {
        reservoir.volume_m3 *= if n % 2 == 0 { 1.02 } else { 0.98 };
    }
    let second = plan(&p, &Roads::default());
    for r in &first.recommendations {
        assert_eq!(second.of(&r.truck).map(|s| &s.point), Some(&r.point));
    }
}

#[test]
fn what_drains_without_a_truck_counts_its_equal_twin_beside_it() {
    let mut p = situation(1, 2);
    p.reservoirs[0].volume_m3 = 2000.0;
    p.trucks[1].position = p.trucks[0].position;
    p.trucks[1].capacity_m3h = p.trucks[0].capacity_m3h;
    let twins = plan(&p, &Roads::default());
    assert_eq!(twins.recommendations.len(), 2, "both are needed");
    p.trucks.truncate(1);
    let alone = plan(&p, &Roads::default());
    assert_eq!(
        twins.recommendations[0].drained_without_at,
        alone.recommendations[0].drained_at
    );
}

#[test]
fn a_truck_that_was_not_heard_lately_is_recommended_with_that_against_it() {
    let mut p = situation(1, 1);
    let since = Some(p.now);
    p.trucks[0].heard = Heard::NotSince(since);
    let plan = plan(&p, &Roads::default());
    let against = &plan.recommendations[0].against;
    assert!(against.contains(&Against::TruckNotHeard { since }));
}

#[test]
fn a_plan_can_be_saved_and_its_codes_carry_their_parameters() {
    let mut p = situation(3, 1);
    p.trucks[0].heard = Heard::NotSince(Some(p.now));
    let plan = plan(&p, &Roads::default());
    assert_eq!((plan.recommendations.len(), plan.unserved.len()), (1, 2));
    let bytes = rmp_serde::to_vec_named(&plan).expect("is data");
    assert_eq!(
        rmp_serde::from_slice::<Plan>(&bytes).expect("was written so"),
        plan
    );
    let unserved = serde_json::to_string(&plan.unserved[0]).expect("is data");
    assert_eq!(
        unserved,
        r#"{"point":"wp-00","code":"no-truck-left","params":{"trucks":2,"capacity_m3h":1000.0}}"#
    );
}
