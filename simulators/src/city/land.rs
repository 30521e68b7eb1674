//! Where the land is, and which district a place belongs to.
//!
//! The outline is drawn by hand from well-known places; the districts on the mainland are the
//! cells of a power diagram around their real centres. It is a demo, not a survey.

use std::sync::LazyLock;

use geo::{Contains as _, Coord, LineString, MultiPolygon, Polygon};
use serde_json::Value;

use super::feature::{Xy, area, named};

/// People's Square, from which everything is measured.
pub(super) const CENTRE: Xy = (121.4737, 31.2304);
/// West, south, east, north.
pub(super) const BOUNDS: [f64; 4] = [120.85, 30.68, 122.0, 31.88];

const MAINLAND: [Xy; 36] = [
    (120.86, 31.1),
    (120.9, 31.01),
    (120.99, 31.01),
    (121.0, 30.95),
    (120.99, 30.9),
    (121.02, 30.83),
    (121.1, 30.78),
    (121.2, 30.76),
    (121.27, 30.69),
    (121.35, 30.72),
    (121.45, 30.78),
    (121.6, 30.83),
    (121.75, 30.85),
    (121.93, 30.855),
    (121.98, 30.9),
    (121.96, 30.95),
    (121.93, 31.0),
    (121.89, 31.08),
    (121.85, 31.15),
    (121.8, 31.23),
    (121.72, 31.3),
    (121.65, 31.345),
    (121.6, 31.37),
    (121.51, 31.4),
    (121.45, 31.435),
    (121.4, 31.46),
    (121.36, 31.49),
    (121.33, 31.505),
    (121.25, 31.48),
    (121.16, 31.44),
    (121.12, 31.37),
    (121.13, 31.31),
    (121.08, 31.29),
    (121.06, 31.22),
    (121.04, 31.15),
    (120.9, 31.14),
];
const CHONGMING: [Xy; 13] = [
    (121.2, 31.8),
    (121.28, 31.72),
    (121.4, 31.65),
    (121.55, 31.57),
    (121.7, 31.5),
    (121.86, 31.44),
    (121.97, 31.48),
    (121.95, 31.54),
    (121.8, 31.61),
    (121.6, 31.68),
    (121.45, 31.76),
    (121.33, 31.85),
    (121.23, 31.86),
];
const CHANGXING: [Xy; 6] = [
    (121.58, 31.43),
    (121.66, 31.385),
    (121.75, 31.34),
    (121.79, 31.35),
    (121.74, 31.395),
    (121.64, 31.45),
];
const HENGSHA: [Xy; 4] = [
    (121.8, 31.33),
    (121.86, 31.3),
    (121.88, 31.33),
    (121.83, 31.37),
];

/// A district: its names, its real centre, and how far it reaches beyond the bisector.
#[derive(Debug)]
pub(super) struct DemoDistrict {
    pub id: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    pub centre: Xy,
    reach: f64,
}

const fn district(
    id: &'static str,
    zh: &'static str,
    en: &'static str,
    centre: Xy,
    reach: f64,
) -> DemoDistrict {
    DemoDistrict {
        id,
        zh,
        en,
        centre,
        reach,
    }
}

/// The sixteen districts; the last is the islands.
pub(super) const DISTRICTS: [DemoDistrict; 16] = [
    district("d-01", "黄浦区", "Huangpu", (121.485, 31.222), 0.0),
    district("d-02", "徐汇区", "Xuhui", (121.437, 31.17), 0.0),
    district("d-03", "长宁区", "Changning", (121.395, 31.215), 0.0),
    district("d-04", "静安区", "Jing'an", (121.45, 31.26), 0.0),
    district("d-05", "普陀区", "Putuo", (121.39, 31.26), 0.0),
    district("d-06", "虹口区", "Hongkou", (121.49, 31.275), 0.0),
    district("d-07", "杨浦区", "Yangpu", (121.53, 31.285), 0.0),
    district("d-08", "闵行区", "Minhang", (121.4, 31.09), 0.0),
    district("d-09", "宝山区", "Baoshan", (121.41, 31.39), 0.002),
    district("d-10", "嘉定区", "Jiading", (121.255, 31.365), 0.0),
    // The Huangpu, not the bisector, bounds Pudong on the west.
    district("d-11", "浦东新区", "Pudong", (121.64, 31.18), 0.0163),
    district("d-12", "金山区", "Jinshan", (121.24, 30.81), 0.0),
    district("d-13", "松江区", "Songjiang", (121.22, 31.02), 0.0),
    district("d-14", "青浦区", "Qingpu", (121.08, 31.14), 0.0),
    district("d-15", "奉贤区", "Fengxian", (121.54, 30.91), 0.0),
    district("d-16", "崇明区", "Chongming", (121.55, 31.625), 0.0),
];

fn mainland_districts() -> impl Iterator<Item = &'static DemoDistrict> {
    DISTRICTS.iter().filter(|d| d.id != "d-16")
}

static MAINLAND_OUTLINE: LazyLock<Polygon> = LazyLock::new(|| outline(&MAINLAND));
static ISLANDS: LazyLock<MultiPolygon> =
    LazyLock::new(|| MultiPolygon::new([&CHONGMING[..], &CHANGXING, &HENGSHA].map(outline).into()));

fn outline(ring: &[Xy]) -> Polygon {
    Polygon::new(LineString::from(ring.to_vec()), vec![])
}

/// Whether a place is on the mainland.
pub(super) fn on_mainland(at: Xy) -> bool {
    MAINLAND_OUTLINE.contains(&Coord::from(at))
}

/// Whether a place is on the mainland or one of the islands.
pub(super) fn on_land(at: Xy) -> bool {
    on_mainland(at) || ISLANDS.contains(&Coord::from(at))
}

/// Square of the distance in degrees.
pub(super) fn square(a: Xy, b: Xy) -> f64 {
    (a.0 - b.0).powi(2) + (a.1 - b.1).powi(2)
}

/// The district of a place; places off the mainland belong to the islands.
pub(super) fn district_of(at: Xy) -> &'static DemoDistrict {
    let [.., islands] = &DISTRICTS;
    if !on_mainland(at) {
        return islands;
    }
    let power = |d: &DemoDistrict| square(at, d.centre) - d.reach;
    mainland_districts()
        .min_by(|a, b| power(a).total_cmp(&power(b)))
        .unwrap_or(islands)
}

/// The districts layer.
pub(super) fn districts() -> Vec<Value> {
    DISTRICTS
        .iter()
        .map(|d| {
            let rings = if d.id == "d-16" {
                vec![CHONGMING.to_vec(), CHANGXING.to_vec(), HENGSHA.to_vec()]
            } else {
                vec![cell(d)]
            };
            area(d.id, &rings, Value::Object(named(d.zh, d.en, None)))
        })
        .collect()
}

/// Where from its centre a street of a district lies: its names, to the east or west, to the north or
/// south.
const QUARTERS: [(&str, &str, f64, f64); 4] = [
    ("东北", "North-East", 1.0, 1.0),
    ("东南", "South-East", 1.0, -1.0),
    ("西南", "South-West", -1.0, -1.0),
    ("西北", "North-West", -1.0, 1.0),
];

/// The streets layer: each district on the mainland has four, and each island is one.
pub(super) fn streets() -> Vec<Value> {
    let street = |d: &DemoDistrict, number: usize, zh: &str, en: &str, ring: Vec<Xy>| {
        let id = format!("s-{}{number:02}", d.id.trim_start_matches("d-"));
        area(&id, &[ring], Value::Object(named(zh, en, Some(d.id))))
    };
    let quarters = mainland_districts().flat_map(|d| {
        let (cell, (lon, lat)) = (cell(d), d.centre);
        (1..)
            .zip(QUARTERS)
            .map(move |(number, (zh, en, east, north))| {
                let half = clip(&cell, |p| (p.0 - lon) * east);
                let ring = clip(&half, |p| (p.1 - lat) * north);
                let zh = format!(
                    "{}{zh}街道",
                    d.zh.trim_end_matches("新区").trim_end_matches('区')
                );
                street(d, number, &zh, &format!("{} {en}", d.en), ring)
            })
    });
    let [.., islands] = &DISTRICTS;
    let each = [
        ("崇明岛", "Chongming Island", &CHONGMING[..]),
        ("长兴岛", "Changxing Island", &CHANGXING),
        ("横沙岛", "Hengsha Island", &HENGSHA),
    ];
    let each = (1..).zip(each);
    let each = each.map(|(number, (zh, en, ring))| street(islands, number, zh, en, ring.to_vec()));
    quarters.chain(each).collect()
}

/// The part of the mainland that is nearer, by power distance, to this district than to another.
fn cell(own: &DemoDistrict) -> Vec<Xy> {
    mainland_districts()
        .filter(|other| other.id != own.id)
        .fold(MAINLAND.to_vec(), |ring, other| cut(&ring, own, other))
}

/// Keeps what lies on the own side of the line between two.
fn cut(ring: &[Xy], own: &DemoDistrict, other: &DemoDistrict) -> Vec<Xy> {
    clip(ring, |p| {
        square(p, other.centre) - other.reach - square(p, own.centre) + own.reach
    })
}

/// One step of Sutherland–Hodgman: keeps what lies on the side of a line where `depth` is positive.
///
/// Own code: a power diagram is cut by half-planes, which the libraries' overlays do not know.
fn clip(ring: &[Xy], depth: impl Fn(Xy) -> f64) -> Vec<Xy> {
    let mut kept = Vec::with_capacity(ring.len() + 2);
    for (&a, &b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        let (from, to) = (depth(a), depth(b));
        if from >= 0.0 {
            kept.push(a);
        }
        if (from >= 0.0) != (to >= 0.0) {
            let share = from / (from - to);
            kept.push((a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1)));
        }
    }
    kept
}
