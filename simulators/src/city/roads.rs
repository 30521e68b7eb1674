//! Roads, and the sewers under them.
//!
//! All ways run over one warped lattice, denser towards the centre. A vertex is a function of its
//! lattice node alone, so that ways that cross share it exactly, diagonals included.

use serde_json::{Value, json};

use super::{
    feature::{Xy, line, named, with},
    land::{CENTRE, on_land, square},
    names::{CITIES, PROVINCES, coined},
    water::{crosses_huangpu, near_huangpu},
};

/// A node of the lattice: columns to the east, rows to the north.
type LatticeNode = (i32, i32);

/// How far the lattice reaches from the centre, in nodes.
const REACH: i32 = 300;
/// Spacing of the nodes, about 290 m.
const STEP: Xy = (0.003, 0.0026);
/// Every 8th line is an arterial road; only those have bridges.
const ARTERIAL: i32 = 8;

/// A road before it becomes a feature.
struct Road {
    zh: String,
    en: String,
    class: &'static str,
    vertices: Vec<Xy>,
    /// Index of its line in the lattice; motorways have none.
    lattice: Option<i32>,
}

/// Where a node lies: turned a little against north, like the old town, and gently warped.
fn place((column, row): LatticeNode) -> Xy {
    const TURN: f64 = -0.12;
    let (u, v) = (f64::from(column), f64::from(row));
    let (sin, cos) = TURN.sin_cos();
    let warped = (
        u + 0.9 * (v * 0.13).sin() + 0.35 * (u * 0.9 + v * 0.7).sin(),
        v + 0.9 * (u * 0.11 + 1.0).sin() + 0.35 * (v * 0.8 - u * 0.6).cos(),
    );
    (
        CENTRE.0 + STEP.0 * (warped.0 * cos - warped.1 * sin),
        CENTRE.1 + STEP.1 * (warped.0 * sin + warped.1 * cos),
    )
}

/// Only every n-th line is built at a place.
fn sparsity(at: Xy) -> i32 {
    match square(at, CENTRE).sqrt() {
        d if d < 0.085 => 1,
        d if d < 0.19 => 2,
        d if d < 0.36 => 4,
        _ => ARTERIAL,
    }
}

/// Roads as features.
pub(super) fn roads() -> Vec<Value> {
    let mut ways = motorways();
    ways.extend(lattice_ways());
    ways.iter()
        .enumerate()
        .map(|(index, way)| {
            let properties = with(named(&way.zh, &way.en, None), &json!({"class": way.class}));
            line(&format!("rd-{:05}", index + 1), &way.vertices, properties)
        })
        .collect()
}

/// Sewers along the arterial roads of the built-up area.
pub(super) fn sewers() -> Vec<Value> {
    let built_up = |way: &Road| {
        way.vertices
            .iter()
            .any(|v| square(*v, CENTRE) < 0.25_f64.powi(2))
    };
    lattice_ways()
        .iter()
        .filter(|way| way.class == "arterial" && built_up(way))
        .enumerate()
        .map(|(index, way)| {
            let trunk = way.lattice.is_some_and(|l| l % (3 * ARTERIAL) == 0);
            let (class, zh, en) = if trunk {
                ("trunk", "总管", "trunk sewer")
            } else {
                ("main", "干管", "main sewer")
            };
            let names = named(
                &format!("{}{zh}", way.zh),
                &format!("{} {en}", way.en),
                None,
            );
            let properties = with(names, &json!({"class": class}));
            line(&format!("sw-{:04}", index + 1), &way.vertices, properties)
        })
        .collect()
}

fn lattice_ways() -> Vec<Road> {
    let mut ways = Vec::new();
    for upright in [true, false] {
        for index in -REACH..=REACH {
            for vertices in runs(upright, index) {
                let arterial = index % ARTERIAL == 0;
                let (zh, en) = street_name(upright, index, &vertices);
                ways.push(Road {
                    zh,
                    en,
                    class: if arterial { "arterial" } else { "street" },
                    vertices,
                    lattice: Some(index),
                });
            }
        }
    }
    ways
}

/// The built stretches of one line of the lattice, cut at water and where the grid thins out.
fn runs(upright: bool, index: i32) -> Vec<Vec<Xy>> {
    const LONGEST: usize = 48;
    let mut runs: Vec<Vec<Xy>> = Vec::new();
    let mut run: Vec<Xy> = Vec::new();
    let bridges = index % ARTERIAL == 0;
    for other in -REACH..=REACH {
        let at = place(if upright {
            (index, other)
        } else {
            (other, index)
        });
        let built = index % sparsity(at) == 0 && on_land(at) && (bridges || !near_huangpu(at));
        let cut = run
            .last()
            .is_some_and(|&last| !bridges && crosses_huangpu(last, at));
        if !built || cut {
            runs.push(std::mem::take(&mut run));
        }
        if built {
            run.push(at);
        }
        if run.len() >= LONGEST {
            // The next stretch begins where this one ends.
            runs.push(std::mem::replace(&mut run, vec![at]));
        }
    }
    runs.push(run);
    runs.retain(|run| run.len() >= 3);
    runs
}

/// Provinces north–south, cities east–west; beyond the tables, coined names.
fn street_name(upright: bool, index: i32, vertices: &[Xy]) -> (String, String) {
    let count = usize::try_from(index.unsigned_abs()).expect("at most REACH");
    let table: &[(&str, &str)] = if upright { &PROVINCES } else { &CITIES };
    let (zh, en) = match table.get(count) {
        Some((zh, en)) if index >= 0 => ((*zh).to_owned(), (*en).to_owned()),
        _ => coined(count * 2 + usize::from(upright) + if index < 0 { 310 } else { 0 }),
    };
    if index % ARTERIAL != 0 {
        return (format!("{zh}路"), format!("{en} Road"));
    }
    let middle = vertices.get(vertices.len() / 2).copied().unwrap_or(CENTRE);
    let offset = if upright {
        middle.1 - CENTRE.1
    } else {
        middle.0 - CENTRE.0
    };
    let part = match (upright, offset) {
        (_, o) if o.abs() < 0.05 => ("中", "(M)"),
        (true, o) if o > 0.0 => ("北", "(N)"),
        (true, _) => ("南", "(S)"),
        (false, o) if o > 0.0 => ("东", "(E)"),
        (false, _) => ("西", "(W)"),
    };
    (format!("{zh}{}路", part.0), format!("{en} Road {}", part.1))
}

/// Ring roads: names, and half the width in nodes.
const RINGS: [(&str, &str, i32); 4] = [
    ("内环高架路", "Inner Ring Elevated Road", 18),
    ("中环路", "Middle Ring Road", 30),
    ("S20外环高速", "S20 Outer Ring Expressway", 50),
    ("G1503绕城高速", "G1503 Ring Expressway", 108),
];
/// Radial roads: names, first node, step from node to node, and how many steps.
const RADIALS: [(&str, &str, LatticeNode, LatticeNode, i32); 11] = [
    ("延安高架路", "Yan'an Elevated Road", (-50, 0), (1, 0), 68),
    (
        "南北高架路",
        "North-South Elevated Road",
        (0, -50),
        (0, 1),
        100,
    ),
    (
        "G2京沪高速",
        "G2 Beijing-Shanghai Expressway",
        (-34, 34),
        (-1, 1),
        90,
    ),
    (
        "G60沪昆高速",
        "G60 Shanghai-Kunming Expressway",
        (-34, -34),
        (-1, -1),
        110,
    ),
    (
        "G50沪渝高速",
        "G50 Shanghai-Chongqing Expressway",
        (-50, 0),
        (-1, 0),
        160,
    ),
    (
        "S4沪金高速",
        "S4 Shanghai-Jinshan Expressway",
        (-8, -50),
        (0, -1),
        160,
    ),
    (
        "S2沪芦高速",
        "S2 Shanghai-Luchao Harbour Expressway",
        (34, -34),
        (1, -1),
        110,
    ),
    ("S1迎宾高速", "S1 Airport Expressway", (50, -8), (1, 0), 90),
    ("S20外环隧道", "S20 Outer Ring Tunnel", (18, 0), (1, 0), 40),
    (
        "S5沪嘉高速",
        "S5 Shanghai-Jiading Expressway",
        (-24, 50),
        (-1, 1),
        50,
    ),
    (
        "G40沪陕高速",
        "G40 Shanghai-Xi'an Expressway",
        (48, 24),
        (0, 1),
        150,
    ),
];

/// Ring roads are octagons of the lattice, the radial ones start at a ring.
fn motorways() -> Vec<Road> {
    let mut ways = Vec::new();
    for (zh, en, half) in RINGS {
        push_motorway(&mut ways, (zh, en), &octagon(half));
    }
    for (zh, en, from, step, length) in RADIALS {
        let nodes: Vec<LatticeNode> = (0..=length)
            .map(|k| (from.0 + k * step.0, from.1 + k * step.1))
            .collect();
        push_motorway(&mut ways, (zh, en), &nodes);
    }
    ways
}

/// Adds the stretches on land; only G40 goes on over the Yangtze, by tunnel and bridge.
fn push_motorway(ways: &mut Vec<Road>, (zh, en): (&str, &str), nodes: &[LatticeNode]) {
    let sea = zh.starts_with("G40");
    let mut places: Vec<Xy> = nodes.iter().map(|n| place(*n)).collect();
    if sea {
        while places.last().is_some_and(|at| !on_land(*at)) {
            places.pop();
        }
    }
    for stretch in places
        .split(|at| !sea && !on_land(*at))
        .filter(|s| s.len() >= 3)
    {
        ways.push(Road {
            zh: zh.to_owned(),
            en: en.to_owned(),
            class: "motorway",
            vertices: stretch.to_vec(),
            lattice: None,
        });
    }
}

/// A closed octagon around the centre, node by node.
fn octagon(half: i32) -> Vec<LatticeNode> {
    const TURNS: [LatticeNode; 8] = [
        (0, 1),
        (-1, 1),
        (-1, 0),
        (-1, -1),
        (0, -1),
        (1, -1),
        (1, 0),
        (1, 1),
    ];
    let corner = half * 3 / 5;
    let straight = 2 * (half - corner);
    let mut at = (half, corner - half);
    let mut nodes = vec![at];
    for step in TURNS {
        let count = if step.0 != 0 && step.1 != 0 {
            corner
        } else {
            straight
        };
        for _ in 0..count {
            at = (at.0 + step.0, at.1 + step.1);
            nodes.push(at);
        }
    }
    nodes
}
