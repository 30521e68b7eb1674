//! Scripts in, transcripts out: which truck is sent where, and why.
//!
//! A script names points and trucks, each with a place in kilometres east and north and what it
//! is, as words and numbers:
//!
//! `point wp-1 at 0,0 holds 600 gets 300` has 600 m³ standing; in the three members, weighing 0.3,
//! 0.5 and 0.2, nothing, 300 and 600 m³/h come in the next three hours. It counts as waterlogged
//! from 100 m³ on (`critical`) and as dry below 5 m³. More words: weight, room (for trucks),
//! depth, rising, rain, peak, closes (after minutes), verified.
//!
//! `truck pt-1 at 2,0 pumps 1000` is free; `stands wp-1` was sent there by the last plan;
//! `bound wp-1 ready 20` is under an order and pumps from then on; `out` is out of service;
//! `heard never` or `heard 30` (minutes ago) is of unknown place; `district north` is of a district.
//!
//! `road street 0,0 2,0 2,3` is driven both ways.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of scripts that stand in this file"
)]

use std::collections::HashMap;

use insta::assert_snapshot;
use shared::{ids::PointId, lonlat::LonLat, time::Timestamp};

use super::{
    super::{Against, Assigned, Heard, Reason, Recommendation, Unserved, UnservedCode},
    *,
};
use crate::{
    forecast::{Inflow, grid::PLANNED_STEPS},
    network::Road,
};

const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);

fn number(text: &str) -> f64 {
    text.parse()
        .unwrap_or_else(|_| panic!("`{text}` is no number"))
}

fn place(text: &str) -> LonLat {
    let (east, north) = text.split_once(',').expect("kilometres east, north");
    // At 60° north a degree of longitude is half as long as one of latitude.
    let (lon, lat) = (number(east) / 55.597, number(north) / 111.195);
    LonLat::new(10.0 + lon, 60.0 + lat).expect("near the city")
}

fn after(minutes: f64) -> Timestamp {
    NOW.plus_millis((minutes * 60_000.0) as i64)
}

/// The words after a point's or a truck's id: each has a value.
struct Words<'a>(HashMap<&'a str, &'a str>);

impl<'a> Words<'a> {
    fn new(words: &[&'a str]) -> Self {
        let pairs = words
            .chunks(2)
            .map(|pair| (pair[0], *pair.get(1).unwrap_or(&"")));
        Self(pairs.collect())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied().map(number)
    }

    fn id<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.parse().ok()
    }
}

fn reservoir(id: &str, words: &Words) -> Reservoir {
    let gets = words.number("gets").expect("an inflow");
    let member = |weight: f64, share: f64| Inflow {
        weight,
        m3h: vec![gets * share; PLANNED_STEPS],
    };
    Reservoir {
        id: id.parse().expect("id"),
        position: place(words.0["at"]),
        district: None,
        weight: words.number("weight").unwrap_or(1.0),
        depth_m: words.number("depth").unwrap_or(0.3),
        rate_m_per_h: words.number("rising"),
        rain_mm_per_h: words.number("rain"),
        volume_m3: words.number("holds").expect("a volume"),
        dry_m3: 5.0,
        critical_m3: words.number("critical").unwrap_or(100.0),
        members: vec![member(0.3, 0.0), member(0.5, 1.0), member(0.2, 2.0)],
        max_trucks: words.number("room").unwrap_or(2.0) as usize,
        peak: words.number("peak").map(|depth_m| (depth_m, after(25.0))),
        closes_at: words.number("closes").map(after),
        verified: words.number("verified").unwrap_or(0.0) as u64,
        in_doubt_minutes: words.number("doubted"),
    }
}

fn truck(id: &str, words: &Words) -> AssignableTruck {
    let assigned = match (words.id("bound"), words.0.contains_key("out")) {
        (_, true) => Assigned::OutOfService,
        (Some(point), _) => Assigned::Ordered {
            point,
            ready_minutes: words.number("ready").expect("minutes"),
        },
        _ => Assigned::Free {
            standing: words.id::<PointId>("stands"),
        },
    };
    let heard = match words.0.get("heard") {
        None => Heard::Lately,
        Some(&"never") => Heard::NotSince(None),
        Some(minutes) => Heard::NotSince(Some(after(-number(minutes)))),
    };
    AssignableTruck {
        id: id.parse().expect("id"),
        position: place(words.0["at"]),
        district: words.id("district"),
        capacity_m3h: words.number("pumps").expect("a capacity"),
        assigned,
        heard,
    }
}

fn minutes(at: Timestamp) -> String {
    format!("{:.1} min", at.seconds_since(NOW) / 60.0)
}

fn reason(reason: &Reason) -> String {
    match reason {
        Reason::DepthNow { depth_m } => format!("{depth_m} m deep"),
        Reason::Rising { rate_m_per_h } => format!("rises {rate_m_per_h} m/h"),
        Reason::ForecastPeak { depth_m, at } => format!("peak {depth_m} m in {}", minutes(*at)),
        Reason::ReachesClosure { at } => format!("closes in {}", minutes(*at)),
        Reason::ImportantPlace { weight } => format!("weight {weight}"),
        Reason::NearestFree { eta_minutes } => format!("nearest free with {eta_minutes} min"),
        Reason::CapacityFits {
            capacity_m3h,
            inflow_m3h,
        } => format!("{capacity_m3h} m³/h against {inflow_m3h} m³/h"),
        Reason::HeavyRain { mm_per_h } => format!("{mm_per_h} mm/h of rain"),
    }
}

fn against(against: &Against) -> String {
    match against {
        Against::ArrivesAfterClosure { minutes } => format!("{minutes} min after closure"),
        Against::CannotWin {
            inflow_m3h,
            capacity_m3h,
        } => format!("{inflow_m3h} m³/h come, {capacity_m3h} m³/h go"),
        Against::DistrictLeftWithoutReserve { district } => format!("{district} has no reserve"),
        Against::StraightLineEstimate {} => "way estimated".to_owned(),
        Against::ForecastUnverified {} => "forecast unverified".to_owned(),
        Against::DepthInDoubt { minutes } => format!("depth of {minutes} min ago, in doubt"),
        Against::TruckNotHeard { since: None } => "never heard".to_owned(),
        Against::TruckNotHeard { since: Some(since) } => format!("last heard {}", minutes(*since)),
    }
}

fn recommended(r: &Recommendation) -> Vec<String> {
    let all = |words: Vec<String>| {
        if words.is_empty() {
            "nothing".to_owned()
        } else {
            words.join(", ")
        }
    };
    let at = |at: Option<Timestamp>| at.map_or("never".to_owned(), minutes);
    let other = |a: &super::super::Alternative| {
        let (truck, eta, regret) = (&a.truck, a.eta_minutes, a.regret_m3h);
        format!(
            "{truck} ({} m³/h) in {eta} min costs {regret} more",
            a.capacity_m3h
        )
    };
    let stands = if r.standing { " stands" } else { "" };
    vec![
        format!("{} → {}{stands}: saves {}", r.truck, r.point, r.saved_m3h),
        format!(
            "    {} min, {} m by {:?} over {} points, there {}, pumps {} m³/h from {} on",
            r.eta_minutes,
            r.distance_m,
            r.routed_by,
            r.route.len(),
            minutes(r.arrives_at),
            r.capacity_m3h,
            minutes(r.sets_up_until),
        ),
        format!(
            "    {} m³ then; dry in {}, without it {}",
            r.volume_on_arrival_m3,
            at(r.drained_at),
            at(r.drained_without_at)
        ),
        format!(
            "    for it: {}",
            all(r.reasons.iter().map(reason).collect())
        ),
        format!(
            "    against: {}",
            all(r.against.iter().map(against).collect())
        ),
        format!(
            "    instead: {}",
            all(r.alternatives.iter().map(other).collect())
        ),
    ]
}

fn left_out(why: UnservedCode) -> String {
    match why {
        UnservedCode::NoTruckLeft {
            trucks,
            capacity_m3h,
        } => format!("no truck left, {trucks} more of {capacity_m3h} m³/h would do"),
        UnservedCode::GainBelowSwitch {
            gain_m3h,
            sending_m3h,
        } => format!("a truck there saves {gain_m3h}, sending it costs {sending_m3h}"),
        UnservedCode::TooLate { minutes } => {
            format!("too late, none is ready before {minutes} min")
        }
        UnservedCode::NoRoom {} => "no truck may stand there".to_owned(),
    }
}

fn transcript(script: &str) -> String {
    let (mut reservoirs, mut trucks, mut roads) = (Vec::new(), Vec::new(), Vec::new());
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[0] {
            "point" => reservoirs.push(reservoir(words[1], &Words::new(&words[2..]))),
            "truck" => trucks.push(truck(words[1], &Words::new(&words[2..]))),
            "road" => roads.push(Road {
                vertices: words[2..].iter().map(|text| place(text)).collect(),
                class: serde_json::from_str(&format!("\"{}\"", words[1])).expect("a class"),
                oneway: false,
            }),
            _ => panic!("`{line}` is no line of a script"),
        }
    }
    let roads = Roads::new(&roads, reservoirs.iter().map(|r| r.position));
    let situation = Situation {
        now: NOW,
        version: 7,
        reservoirs,
        trucks,
    };
    let plan = plan(&situation, &roads);
    let mut lines = vec![format!(
        "plan {} for {} min: costs {} and sending {}, without it {}, none less than {}, gap {} %",
        plan.version,
        plan.horizon_minutes,
        plan.cost,
        plan.sending,
        plan.cost_without,
        plan.bound,
        plan.gap_percent
    )];
    lines.extend(plan.recommendations.iter().flat_map(recommended));
    let unserved = |u: &Unserved| format!("{} gets none: {}", u.point, left_out(u.code));
    lines.extend(plan.unserved.iter().map(unserved));
    lines.join("\n")
}

#[test]
fn the_truck_that_saves_most_goes_and_the_next_is_named() {
    assert_snapshot!(transcript("
        point wp-1 at 0,0 holds 600 gets 300 depth 0.42 rising 0.3 rain 20 peak 0.61 weight 4
        point wp-2 at 8,0 holds 0 gets -50
        truck pt-1 at 2,0 pumps 1000
        truck pt-2 at 0,3 pumps 1000
        truck pt-3 at 1,0 pumps 200
    "), @"
    plan 7 for 180 min: costs 3980.3 and sending 60, without it 34185, none less than 4033.4, gap 0 %
    pt-1 → wp-1: saves 27937.6
        6.7 min, 2800 m by StraightLine over 2 points, there 6.7 min, pumps 1000 m³/h from 21.7 min on
        630.2 m³ then; dry in 59.0 min, without it 149.0 min
        for it: 0.42 m deep, rises 0.3 m/h, peak 0.61 m in 25.0 min, weight 4, 20 mm/h of rain, 1000 m³/h against 270 m³/h
        against: way estimated, forecast unverified
        instead: pt-3 (200 m³/h) in 3.4 min costs 1616.6 more
    pt-2 → wp-1: saves 2267.1
        10.1 min, 4200 m by StraightLine over 2 points, there 10.1 min, pumps 1000 m³/h from 25.1 min on
        645.4 m³ then; dry in 59.0 min, without it 141.0 min
        for it: 0.42 m deep, rises 0.3 m/h, peak 0.61 m in 25.0 min, weight 4, 20 mm/h of rain, 1000 m³/h against 270 m³/h
        against: way estimated, forecast unverified
        instead: pt-3 (200 m³/h) in 3.4 min costs 1118.6 more
    ");
}

#[test]
fn a_point_gets_no_more_trucks_than_it_has_room_and_need_for() {
    assert_snapshot!(transcript("
        point wp-1 at 0,0 holds 4000 gets 1500 room 2
        point wp-2 at 1,0 holds 300 gets 50 room 2
        point wp-3 at 2,0 holds 40 gets 30
        point wp-4 at 3,0 holds 40 gets 10
        truck pt-1 at 0,1 pumps 800
        truck pt-2 at 0,2 pumps 800
        truck pt-3 at 0,3 pumps 800
        truck pt-4 at 0,4 pumps 800
    "), @"
    plan 7 for 180 min: costs 37180 and sending 96, without it 57328.4, none less than 37032, gap 1.2 %
    pt-1 → wp-1: saves 8980.4
        3.4 min, 1400 m by StraightLine over 2 points, there 3.4 min, pumps 800 m³/h from 18.4 min on
        4075.6 m³ then; dry in never, without it never
        for it: 0.3 m deep, nearest free with 3.4 min
        against: way estimated, forecast unverified
        instead: nothing
    pt-2 → wp-1: saves 8571.7
        6.7 min, 2800 m by StraightLine over 2 points, there 6.7 min, pumps 800 m³/h from 21.7 min on
        4151.2 m³ then; dry in never, without it never
        for it: 0.3 m deep, nearest free with 6.7 min
        against: way estimated, forecast unverified
        instead: nothing
    pt-3 → wp-2: saves 2309.2
        10.6 min, 4427 m by StraightLine over 2 points, there 10.6 min, pumps 800 m³/h from 25.6 min on
        308 m³ then; dry in 53.0 min, without it never
        for it: 0.3 m deep, nearest free with 10.6 min, 800 m³/h against 45 m³/h
        against: way estimated, forecast unverified
        instead: nothing
    pt-4 → wp-3: saves 287
        15 min, 6260 m by StraightLine over 2 points, there 15.0 min, pumps 800 m³/h from 30.0 min on
        46.8 m³ then; dry in 35.0 min, without it never
        for it: 0.3 m deep, nearest free with 15 min, 800 m³/h against 27 m³/h
        against: way estimated, forecast unverified
        instead: nothing
    wp-4 gets none: no truck left, 2 more of 800 m³/h would do
    ");
}

#[test]
fn an_order_binds_its_truck_and_one_out_of_service_stays_out() {
    assert_snapshot!(transcript("
        point wp-1 at 0,0 holds 900 gets 200
        point wp-2 at 5,0 holds 300 gets 100
        truck pt-1 at 0,1 pumps 600 bound wp-1 ready 10
        truck pt-2 at 5,1 pumps 600 out
        truck pt-3 at 3,0 pumps 600 bound wp-9 ready 10
        truck pt-4 at 0,3 pumps 500
    "), @"
    plan 7 for 180 min: costs 4069 and sending 15, without it 6660.4, none less than 3631.7, gap 14.9 %
    pt-4 → wp-2: saves 2591.4
        19.6 min, 8161 m by StraightLine over 2 points, there 19.6 min, pumps 500 m³/h from 34.6 min on
        329.4 m³ then; dry in 113.0 min, without it never
        for it: 0.3 m deep, nearest free with 19.6 min, 500 m³/h against 90 m³/h
        against: way estimated, forecast unverified
        instead: nothing
    ");
}

#[test]
fn who_was_sent_there_stays_though_another_is_a_little_better() {
    assert_snapshot!(transcript("
        point wp-1 at 0,0 holds 600 gets 100 room 1
        truck pt-1 at 1.4,0 pumps 1000 stands wp-1
        truck pt-2 at 1.3,0 pumps 1000
        truck pt-3 at 1.2,0 pumps 1000 stands wp-9
    "), @"
    plan 7 for 180 min: costs 1007.2 and sending 15, without it 6048.8, none less than 1017.8, gap 0.1 %
    pt-1 → wp-1 stands: saves 5041.6
        4.7 min, 1960 m by StraightLine over 2 points, there 4.7 min, pumps 1000 m³/h from 19.7 min on
        607.1 m³ then; dry in 68.0 min, without it never
        for it: 0.3 m deep, 1000 m³/h against 90 m³/h
        against: way estimated, forecast unverified
        instead: pt-3 (1000 m³/h) in 4 min costs -21.8 more, pt-2 (1000 m³/h) in 4.4 min costs -11.1 more
    ");
}

#[test]
fn one_that_is_much_better_goes_in_its_place() {
    assert_snapshot!(transcript("
        point wp-1 at 0,0 holds 600 gets 100 room 1
        truck pt-1 at 1.4,0 pumps 1000 stands wp-1
        truck pt-2 at 0.3,0 pumps 1000
        truck pt-3 at 0.1,0 pumps 1000 stands wp-9
    "), @"
    plan 7 for 180 min: costs 1007.2 and sending 15, without it 6048.8, none less than 918.1, gap 2 %
    pt-1 → wp-1 stands: saves 5041.6
        4.7 min, 1960 m by StraightLine over 2 points, there 4.7 min, pumps 1000 m³/h from 19.7 min on
        607.1 m³ then; dry in 68.0 min, without it never
        for it: 0.3 m deep, 1000 m³/h against 90 m³/h
        against: way estimated, forecast unverified
        instead: pt-3 (1000 m³/h) in 0.3 min costs -135.4 more, pt-2 (1000 m³/h) in 1 min costs -115.1 more
    ");
}

#[test]
fn a_truck_that_saves_too_little_is_not_sent() {
    assert_snapshot!(transcript("
        point wp-1 at 0,0 holds 101 gets -40
        truck pt-1 at 36,0 pumps 1000
    "), @"
    plan 7 for 180 min: costs 166.3 and sending -0, without it 166.3, none less than 147.6, gap 100 %
    wp-1 gets none: too late, none is ready before 136 min
    ");
}

#[test]
fn what_speaks_against_is_told() {
    assert_snapshot!(transcript("
        point wp-1 at 0,0 holds 600 gets 900 closes 5 verified 3 rising 0.05 rain 15.9
        truck pt-1 at 4,0 pumps 500 district north heard 30
        truck pt-2 at 30,0 pumps 500 district south
    "), @"
    plan 7 for 180 min: costs 10954.7 and sending 30, without it 16038.8, none less than 10963, gap 0.4 %
    pt-1 → wp-1: saves 4435.7
        13.4 min, 5600 m by StraightLine over 2 points, there 13.4 min, pumps 500 m³/h from 28.4 min on
        781.4 m³ then; dry in never, without it never
        for it: 0.3 m deep, closes in 5.0 min, nearest free with 13.4 min
        against: 8.4 min after closure, north has no reserve, last heard -30.0 min, way estimated
        instead: nothing
    pt-2 → wp-1: saves 648.4
        100.8 min, 42000 m by StraightLine over 2 points, there 100.8 min, pumps 500 m³/h from 115.8 min on
        1358.7 m³ then; dry in never, without it never
        for it: 0.3 m deep, closes in 5.0 min, nearest free with 100.8 min
        against: 95.8 min after closure, south has no reserve, way estimated
        instead: nothing
    ");
}

#[test]
fn over_roads_the_way_is_known() {
    assert_snapshot!(transcript("
        road street 0,0 0,2 4,2
        road motorway 0,0 2,0 4,0 4,2
        point wp-1 at 0,0 holds 600 gets 300 verified 1
        truck pt-1 at 4,2 pumps 1000 heard never
        truck pt-2 at 0,2.5 pumps 400
        truck pt-3 at 0,40 pumps 900
    "), @"
    plan 7 for 180 min: costs 1208.6 and sending 42, without it 8546.3, none less than 1247.9, gap 0 %
    pt-1 → wp-1: saves 6920.8
        8 min, 6000 m by Roads over 6 points, there 8.0 min, pumps 1000 m³/h from 23.0 min on
        636 m³ then; dry in 84.0 min, without it never
        for it: 0.3 m deep, nearest free with 8 min, 1000 m³/h against 270 m³/h
        against: never heard
        instead: pt-3 (900 m³/h) in 134.4 min costs 3155.6 more
    pt-2 → wp-1: saves 416.8
        8.3 min, 2700 m by Roads over 4 points, there 8.3 min, pumps 400 m³/h from 23.3 min on
        637.6 m³ then; dry in 84.0 min, without it 144.0 min
        for it: 0.3 m deep, nearest free with 8.3 min, 400 m³/h against 270 m³/h
        against: nothing
        instead: pt-3 (900 m³/h) in 134.4 min costs 416.8 more
    ");
}
