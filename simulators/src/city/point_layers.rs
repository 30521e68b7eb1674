//! Everything that stands at a point: gauges, waterlogging points, trucks, stations, shelters,
//! communities.

use serde_json::{Value, json};

use super::{
    feature::{Xy, named, point, round, with},
    land::{DISTRICTS, DemoDistrict, district_of, square},
    names::{NUMERALS, coined},
    places::PLACES,
    placing::{nearby, somewhere},
    water::{RIVERS, along},
};
use crate::rng::Rng;

/// Gauges at rivers and canals.
pub(super) const RIVER_GAUGES: usize = 93;
/// Rain gauges of the network, weather stations not counted.
pub(super) const RAIN_GAUGES: usize = 550;
/// Weather stations.
pub(super) const WEATHER_STATIONS: usize = 26;
/// Pump trucks.
pub(super) const PUMP_TRUCKS: usize = 116;
/// Pump stations.
pub(super) const PUMP_STATIONS: usize = 1418;
/// Shelters.
pub(super) const SHELTERS: usize = 736;
/// Communities.
pub(super) const COMMUNITIES: usize = 14_020;

const INTERVAL_S: u32 = 60;

fn short(district: &DemoDistrict) -> &str {
    district.zh.trim_end_matches("新区").trim_end_matches('区')
}

/// Depth gauge and rain gauges of the point with this number.
fn level_gauge(number: usize) -> String {
    format!("lg-{number:04}")
}

/// The gauges layer, and where its rain gauges stand.
pub(super) fn gauges(rng: &mut Rng) -> (Vec<Value>, Vec<(String, Xy)>) {
    let mut features = depth_gauges();
    features.extend(river_gauges(rng));
    let mut rain = Vec::new();
    for number in 1..=RAIN_GAUGES {
        let at = apart(rng, &rain);
        let district = district_of(at);
        let id = format!("rg-{number:04}");
        let (zh, en) = coined(number);
        let names = named(
            &format!("{}{zh}雨量站", short(district)),
            &format!("{} {en} rain gauge", district.en),
            Some(district.id),
        );
        let more = json!({"parameter": "rainfall-intensity", "interval_s": INTERVAL_S});
        features.push(point(&id, at, with(names, &more)));
        rain.push((id, at));
    }
    features.extend(weather_stations(rng));
    (features, rain)
}

/// The best of a few candidates: the one farthest from its neighbours.
fn apart(rng: &mut Rng, others: &[(String, Xy)]) -> Xy {
    const CANDIDATES: usize = 6;
    let room = |at: Xy| {
        others
            .iter()
            .map(|o| square(at, o.1))
            .fold(f64::MAX, f64::min)
    };
    let mut best = somewhere(rng, 0.5);
    for _ in 1..CANDIDATES {
        let next = somewhere(rng, 0.5);
        if room(next) > room(best) {
            best = next;
        }
    }
    best
}

fn depth_gauges() -> Vec<Value> {
    PLACES
        .iter()
        .enumerate()
        .map(|(index, (zh, en, _, at))| {
            let names = named(
                &format!("{zh}水尺"),
                &format!("{en} gauge"),
                Some(district_of(*at).id),
            );
            let more = json!({"parameter": "depth", "interval_s": INTERVAL_S});
            point(&level_gauge(index + 1), *at, with(names, &more))
        })
        .collect()
}

fn river_gauges(rng: &mut Rng) -> Vec<Value> {
    let per_river = RIVER_GAUGES.div_ceil(RIVERS.len());
    (0..RIVER_GAUGES)
        .zip(RIVERS.iter().cycle())
        .map(|(index, river)| {
            let order = index / RIVERS.len() + 1;
            let share = (order as f64 - 0.5 + rng.between(-0.2, 0.2)) / per_river as f64;
            let at = along(river.course, share);
            let names = named(
                &format!("{}{}号水位站", river.zh, order),
                &format!("{} level gauge {order}", river.en),
                Some(district_of(at).id),
            );
            // The Huangpu's warning level in the city is 4.55 m above Wusong zero; inland less.
            let alert = if index % RIVERS.len() == 0 {
                4.55 - 0.9 * (1.0 - share)
            } else {
                rng.between(3.2, 3.8)
            };
            let more = json!({"parameter": "water-level", "interval_s": INTERVAL_S,
                "datum": "Wusong", "alert_m": round(alert, 2)});
            point(
                &level_gauge(PLACES.len() + index + 1),
                at,
                with(names, &more),
            )
        })
        .collect()
}

/// One in every district, the others at places that are known for theirs.
fn weather_stations(rng: &mut Rng) -> Vec<Value> {
    const KNOWN: [(&str, &str, Xy); 10] = [
        ("徐家汇", "Xujiahui", (121.4308, 31.1942)),
        ("虹桥机场", "Hongqiao Airport", (121.336, 31.198)),
        ("浦东机场", "Pudong Airport", (121.805, 31.145)),
        ("佘山", "Sheshan", (121.195, 31.097)),
        ("滴水湖", "Dishui Lake", (121.93, 30.9)),
        ("东滩", "Dongtan", (121.94, 31.51)),
        ("世博园", "Expo Park", (121.495, 31.183)),
        ("淀山湖", "Dianshan Lake", (120.99, 31.12)),
        ("吴淞", "Wusong", (121.49, 31.38)),
        ("长兴岛", "Changxing Island", (121.68, 31.395)),
    ];
    let own = DISTRICTS
        .iter()
        .map(|d| (short(d), d.en, nearby(rng, d.centre, 0.02)));
    own.chain(KNOWN)
        .take(WEATHER_STATIONS)
        .enumerate()
        .map(|(index, (zh, en, at))| {
            let names = named(
                &format!("{zh}气象站"),
                &format!("{en} weather station"),
                Some(district_of(at).id),
            );
            let more = json!({"parameter": "rainfall-intensity", "interval_s": INTERVAL_S,
                "weather_station": true});
            point(&format!("ws-{:02}", index + 1), at, with(names, &more))
        })
        .collect()
}

/// The waterlogging points layer.
pub(super) fn waterlogging_points(rng: &mut Rng, rain: &[(String, Xy)]) -> Vec<Value> {
    PLACES
        .iter()
        .enumerate()
        .map(|(index, (zh, en, setting, at))| {
            let number = index + 1;
            let catchment = round(rng.between(1.0, 6.0), 1);
            let runoff = round(rng.between(0.7, 0.9), 2);
            // The drains were built for 27 to 50 mm/h; 1 mm on 1 ha is 10 m³.
            let drain = (catchment * runoff * 10.0 * rng.between(27.0, 50.0)).round();
            let weight = match *setting {
                "tunnel" => 4 + rng.below(2),
                "underpass" => 3 + rng.below(3),
                _ => 1 + rng.below(3),
            };
            let more = json!({"type": setting, "level_gauge": level_gauge(number),
                "rain_gauges": nearest(rain, *at), "catchment_ha": catchment, "runoff": runoff,
                "drain_m3h": drain, "storage": storage(rng, setting), "weight": weight});
            let names = named(zh, en, Some(district_of(*at).id));
            point(&format!("wp-{number:03}"), *at, with(names, &more))
        })
        .collect()
}

fn nearest(rain: &[(String, Xy)], at: Xy) -> Vec<&str> {
    // A degree of longitude is 0.856 of a degree of latitude here; squares are enough to compare.
    let distance = |other: Xy| ((at.0 - other.0) * 0.856).powi(2) + (at.1 - other.1).powi(2);
    let mut near: Vec<&(String, Xy)> = rain.iter().collect();
    near.sort_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
    near.into_iter()
        .take(3)
        .map(|(id, _)| id.as_str())
        .collect()
}

/// Underpasses and tunnels are narrow bowls; on streets the water spreads.
fn storage(rng: &mut Rng, setting: &str) -> Vec<[f64; 2]> {
    let first = match setting {
        "underpass" | "tunnel" => rng.between(60.0, 160.0),
        _ => rng.between(150.0, 400.0),
    };
    let second = first * rng.between(4.5, 6.5);
    let third = second * rng.between(4.0, 5.5);
    vec![
        [0.0, 0.0],
        [0.15, first.round()],
        [0.5, second.round()],
        [1.5, third.round()],
    ]
}

/// The pump trucks layer: every district has one depot, its trucks stand side by side.
pub(super) fn pump_trucks(rng: &mut Rng) -> Vec<Value> {
    let depots: Vec<Xy> = DISTRICTS
        .iter()
        .map(|d| nearby(rng, d.centre, 0.008))
        .collect();
    DISTRICTS
        .iter()
        .zip(depots)
        .cycle()
        .take(PUMP_TRUCKS)
        .enumerate()
        .map(|(index, (district, depot))| {
            let slot = index / DISTRICTS.len();
            let at = (depot.0 + 0.00012 * slot as f64, depot.1);
            let (capacity, wading) =
                *rng.pick(&[(2000, 0.3), (2000, 0.35), (3000, 0.5), (6000, 0.8)]);
            let numeral = NUMERALS.get(slot).copied().unwrap_or("十");
            let names = named(
                &format!("{}{numeral}号泵车", short(district)),
                &format!("{} pump truck {}", district.en, slot + 1),
                Some(district.id),
            );
            let more = json!({"capacity_m3h": capacity, "wading_m": wading,
                "team": format!("{}排水抢险队", short(district))});
            point(&format!("pt-{:03}", index + 1), at, with(names, &more))
        })
        .collect()
}

/// A layer of `count` coined places; `describe` gives kind (zh, en) and what else is known.
fn coined_places(
    rng: &mut Rng,
    (prefix, width, count): (&str, usize, usize),
    describe: impl Fn(&mut Rng, usize) -> (String, String, Value),
) -> Vec<Value> {
    (1..=count)
        .map(|number| {
            let at = somewhere(rng, 0.6);
            let district = district_of(at);
            let (zh, en) = coined(number);
            let (kind_zh, kind_en, more) = describe(rng, number);
            let names = named(
                &format!("{}{zh}{kind_zh}", short(district)),
                &format!("{} {en} {kind_en}", district.en),
                Some(district.id),
            );
            point(
                &format!("{prefix}-{number:0width$}"),
                at,
                with(names, &more),
            )
        })
        .collect()
}

/// The pump stations layer.
pub(super) fn pump_stations(rng: &mut Rng) -> Vec<Value> {
    coined_places(rng, ("ps", 4, PUMP_STATIONS), |rng, _| {
        let capacity = 500 * (4 + rng.below(60));
        (
            "泵站".to_owned(),
            "pump station".to_owned(),
            json!({"capacity_m3h": capacity}),
        )
    })
}

/// The shelters layer.
pub(super) fn shelters(rng: &mut Rng) -> Vec<Value> {
    const KINDS: [(&str, &str); 4] = [
        ("小学", "primary school"),
        ("中学", "secondary school"),
        ("体育馆", "sports hall"),
        ("社区中心", "community centre"),
    ];
    coined_places(rng, ("sh", 4, SHELTERS), |rng, _| {
        let (zh, en) = rng.pick(&KINDS);
        let capacity = 50 * (2 + rng.below(30));
        (
            format!("{zh}安置点"),
            format!("{en} shelter"),
            json!({"capacity": capacity}),
        )
    })
}

/// The communities layer.
pub(super) fn communities(rng: &mut Rng) -> Vec<Value> {
    coined_places(rng, ("cm", 5, COMMUNITIES), |rng, number| {
        let order = number / 600;
        let households = 150 + rng.below(2400);
        let (zh, en) = match NUMERALS.get(order % 12) {
            Some(numeral) => (
                format!("{numeral}村"),
                format!("Village {}", order % 12 + 1),
            ),
            None => ("苑".to_owned(), "Court".to_owned()),
        };
        (zh, en, json!({"households": households}))
    })
}
