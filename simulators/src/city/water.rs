//! Rivers and canals: the well-known ones drawn by hand, and the grid of the polders around them.

use std::sync::LazyLock;

use geo::{Distance as _, Euclidean, Intersects as _, Line, LineString, Point};
use serde_json::{Value, json};

use super::{
    feature::{Xy, line, named, with},
    land::{CENTRE, on_land, square},
};
use crate::rng::Rng;

/// A watercourse drawn by hand.
#[derive(Debug)]
pub(super) struct Watercourse {
    pub zh: &'static str,
    pub en: &'static str,
    pub class: &'static str,
    pub course: &'static [Xy],
}

const fn river(
    zh: &'static str,
    en: &'static str,
    class: &'static str,
    course: &'static [Xy],
) -> Watercourse {
    Watercourse {
        zh,
        en,
        class,
        course,
    }
}

#[rustfmt::skip]
const HUANGPU: [Xy; 24] = [
    (121.02, 31.005), (121.1, 30.99), (121.22, 30.982), (121.3, 30.975), (121.38, 30.985),
    (121.45, 30.995), (121.487, 31.015), (121.487, 31.05), (121.472, 31.085), (121.466, 31.12),
    (121.459, 31.15), (121.462, 31.175), (121.476, 31.189), (121.497, 31.192), (121.51, 31.205),
    (121.5075, 31.222), (121.4955, 31.238), (121.5, 31.2475), (121.525, 31.25), (121.55, 31.257),
    (121.566, 31.275), (121.555, 31.31), (121.52, 31.345), (121.506, 31.395),
];

/// The rivers, the most important first.
#[rustfmt::skip]
pub(super) const RIVERS: [Watercourse; 20] = [
    river("黄浦江", "Huangpu River", "river", &HUANGPU),
    river(
        "苏州河",
        "Suzhou Creek",
        "river",
        &[
            (121.085, 31.262), (121.16, 31.272), (121.24, 31.27), (121.3, 31.25), (121.345, 31.226),
            (121.37, 31.218), (121.388, 31.223), (121.402, 31.24), (121.414, 31.23), (121.421, 31.222),
            (121.43, 31.238), (121.438, 31.252), (121.45, 31.25), (121.463, 31.242), (121.476, 31.246),
            (121.4915, 31.2455), (121.498, 31.2435),
        ],
    ),
    river(
        "淀浦河",
        "Dianpu River",
        "river",
        &[
            (121.0, 31.11), (121.07, 31.122), (121.13, 31.138), (121.22, 31.132), (121.3, 31.125),
            (121.38, 31.121), (121.43, 31.124), (121.465, 31.13),
        ],
    ),
    river(
        "蕰藻浜",
        "Wenzaobang",
        "river",
        &[
            (121.19, 31.3), (121.25, 31.312), (121.32, 31.325), (121.39, 31.343), (121.45, 31.365),
            (121.5, 31.383),
        ],
    ),
    river(
        "川杨河",
        "Chuanyang River",
        "river",
        &[
            (121.47, 31.135), (121.54, 31.155), (121.61, 31.175), (121.69, 31.19), (121.8, 31.198),
        ],
    ),
    river(
        "大治河",
        "Dazhi River",
        "river",
        &[
            (121.487, 31.03), (121.56, 31.022), (121.66, 31.018), (121.78, 31.01), (121.91, 30.99),
        ],
    ),
    river(
        "浦东运河",
        "Pudong Canal",
        "canal",
        &[
            (121.65, 31.33), (121.665, 31.25), (121.69, 31.17), (121.71, 31.09), (121.725, 31.015),
            (121.74, 30.93), (121.76, 30.87),
        ],
    ),
    river(
        "金汇港",
        "Jinhui Harbour Canal",
        "canal",
        &[
            (121.487, 31.0), (121.495, 30.95), (121.5, 30.88), (121.505, 30.815),
        ],
    ),
    river(
        "龙泉港",
        "Longquan Canal",
        "canal",
        &[
            (121.3, 30.97), (121.305, 30.9), (121.315, 30.82), (121.33, 30.73),
        ],
    ),
    river(
        "油墩港",
        "Youdun Canal",
        "canal",
        &[
            (121.185, 31.265), (121.175, 31.19), (121.168, 31.1), (121.16, 30.99),
        ],
    ),
    river(
        "拦路港",
        "Lanlu Canal",
        "canal",
        &[(120.95, 31.08), (120.985, 31.04), (121.02, 31.005)],
    ),
    river(
        "练祁河",
        "Lianqi River",
        "canal",
        &[
            (121.16, 31.385), (121.25, 31.383), (121.33, 31.4), (121.4, 31.43), (121.435, 31.44),
        ],
    ),
    river(
        "浏河",
        "Liuhe River",
        "river",
        &[(121.15, 31.432), (121.2, 31.455), (121.3, 31.49)],
    ),
    river(
        "蒲汇塘",
        "Puhuitang",
        "canal",
        &[
            (121.3, 31.13), (121.36, 31.15), (121.4, 31.165), (121.435, 31.18),
        ],
    ),
    river(
        "漕河泾",
        "Caohejing",
        "canal",
        &[
            (121.385, 31.172), (121.42, 31.165), (121.445, 31.16), (121.4595, 31.1525),
        ],
    ),
    river(
        "张家浜",
        "Zhangjiabang",
        "canal",
        &[
            (121.51, 31.214), (121.54, 31.217), (121.59, 31.212), (121.65, 31.214), (121.75, 31.222),
        ],
    ),
    river(
        "虹口港",
        "Hongkou Creek",
        "canal",
        &[
            (121.485, 31.285), (121.49, 31.27), (121.498, 31.258), (121.505, 31.2495),
        ],
    ),
    river(
        "杨树浦港",
        "Yangshupu Creek",
        "canal",
        &[
            (121.515, 31.3), (121.525, 31.28), (121.537, 31.265), (121.54, 31.2545),
        ],
    ),
    river(
        "新泾港",
        "Xinjing Creek",
        "canal",
        &[(121.36, 31.22), (121.362, 31.19), (121.366, 31.16)],
    ),
    river(
        "环岛运河",
        "Chongming Ring Canal",
        "canal",
        &[
            (121.28, 31.78), (121.4, 31.7), (121.55, 31.62), (121.7, 31.56), (121.88, 31.5),
        ],
    ),
];

static HUANGPU_COURSE: LazyLock<LineString> = LazyLock::new(|| LineString::from(HUANGPU.to_vec()));

/// Whether a place is in or at the Huangpu, where nothing is built.
pub(super) fn near_huangpu(at: Xy) -> bool {
    const HALF_WIDTH: f64 = 0.0028;
    Euclidean.distance(&Point::from(at), &*HUANGPU_COURSE) < HALF_WIDTH
}

/// Whether the straight way from `a` to `b` would need a bridge over the Huangpu.
pub(super) fn crosses_huangpu(a: Xy, b: Xy) -> bool {
    Line::new(a, b).intersects(&*HUANGPU_COURSE)
}

/// A place along a course: `share` from 0 (spring) to 1 (mouth), counted in vertices.
pub(super) fn along(course: &[Xy], share: f64) -> Xy {
    let legs: Vec<(Xy, Xy)> = course
        .iter()
        .copied()
        .zip(course.iter().copied().skip(1))
        .collect();
    let mut left = share * legs.len() as f64;
    for (a, b) in &legs {
        if left <= 1.0 {
            return (a.0 + left * (b.0 - a.0), a.1 + left * (b.1 - a.1));
        }
        left -= 1.0;
    }
    course.last().copied().unwrap_or(CENTRE)
}

/// The canals layer.
pub(super) fn canals(rng: &mut Rng) -> Vec<Value> {
    let mut features = Vec::new();
    for river in &RIVERS {
        let id = format!("cn-{:04}", features.len() + 1);
        let fine = bends(rng, river.course);
        let class = json!({"class": river.class});
        features.push(line(
            &id,
            &fine,
            with(named(river.zh, river.en, None), &class),
        ));
    }
    for (index, course) in grid(rng).iter().enumerate() {
        let id = format!("cn-{:04}", features.len() + 1);
        let (zh, en) = super::names::coined(index * 7 + 3);
        let names = named(&format!("{zh}塘"), &format!("{en}tang"), None);
        features.push(line(&id, course, with(names, &json!({"class": "canal"}))));
    }
    features
}

/// Four parts per leg, each a little off the straight line; the drawn vertices stay.
fn bends(rng: &mut Rng, course: &[Xy]) -> Vec<Xy> {
    const OFF: f64 = 0.0006;
    let mut fine = Vec::new();
    for (a, b) in course.iter().zip(course.iter().skip(1)) {
        fine.push(*a);
        for share in [0.25, 0.5, 0.75] {
            fine.push((
                a.0 + share * (b.0 - a.0) + rng.between(-OFF, OFF),
                a.1 + share * (b.1 - a.1) + rng.between(-OFF, OFF),
            ));
        }
    }
    fine.extend(course.last());
    fine
}

/// Field canals every three kilometres outside the old town, cut where there is no land.
fn grid(rng: &mut Rng) -> Vec<Vec<Xy>> {
    const STEP: f64 = 0.03;
    let mut all = Vec::new();
    for upright in [true, false] {
        for row in 0..40 {
            let sway = rng.between(-0.008, 0.008);
            let mut run = Vec::new();
            for column in 0..80 {
                let (u, v) = (f64::from(row) * STEP + sway, f64::from(column) * STEP / 2.0);
                let wave = 0.004 * (v * 40.0 + f64::from(row)).sin();
                let (x, y) = if upright {
                    (u + wave, v)
                } else {
                    (v, u + wave)
                };
                let at = (120.85 + x, 30.68 + y);
                if on_land(at) && square(at, CENTRE) > 0.11_f64.powi(2) {
                    run.push(at);
                } else {
                    all.push(std::mem::take(&mut run));
                }
            }
            all.push(run);
        }
    }
    all.retain(|run| run.len() >= 4);
    all
}
