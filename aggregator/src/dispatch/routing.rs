//! Ways over the road network: for every destination the quickest way from every junction, found
//! once by Dijkstra's algorithm from the destination backwards. A way is then looked up, not
//! searched, so that a plan may ask for every truck and every point.
//!
//! Where the network does not reach, the answer is a straight line and says so.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use rstar::{RTree, primitives::GeomWithData};
use shared::lonlat::LonLat;

use super::roads::{Drive, RoadClass, Route, RoutedBy, straight_line};

/// A stretch of road as the city describes it.
#[derive(Debug, Clone)]
pub struct Road {
    pub vertices: Vec<LonLat>,
    pub class: RoadClass,
    pub oneway: bool,
}

/// Farther from the nearest junction than this, a place is not on the network.
const REACH_M: f64 = 3_000.0;

type Node = u32;
type Junction = GeomWithData<[f64; 2], Node>;

/// The road network with the ways to its destinations.
#[derive(Debug, Default)]
pub struct Roads {
    places: Vec<LonLat>,
    near: RTree<Junction>,
    /// Length of a degree of longitude in degrees of latitude, in this city.
    shrink: f64,
    ways: HashMap<Key, Ways>,
}

/// Nodes times destinations that ways are kept for, 12 bytes each: 600 MB. Destinations beyond it
/// get straight lines, and their recommendations say so.
const MAX_WAYS: usize = 50_000_000;

/// The way from one node towards one destination.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// Milliseconds to the destination; 49 days where no way leads.
    millis: u32,
    metres: f32,
    /// The next node; the destination itself has none.
    next: Node,
}

const NO_WAY: Way = Way {
    millis: u32::MAX,
    metres: 0.0,
    next: NOWHERE,
};
const NOWHERE: Node = Node::MAX;

/// The quickest ways from every node to one destination.
#[derive(Debug)]
struct Ways(Vec<Way>);

/// A place to a metre: vertices that are meant to be one are one.
type Key = (i64, i64);

#[expect(clippy::cast_possible_truncation, reason = "degrees times 1e5")]
fn key(at: LonLat) -> Key {
    (
        (at.lon() * 1e5).round() as i64,
        (at.lat() * 1e5).round() as i64,
    )
}

#[derive(Debug, Clone, Copy)]
struct Arc {
    /// Where one comes from, as the search runs backwards.
    from: Node,
    millis: u32,
    metres: f32,
}

impl Roads {
    /// Builds the network and finds all ways to `destinations`.
    #[must_use]
    pub fn new(roads: &[Road], destinations: impl IntoIterator<Item = LonLat>) -> Self {
        let mut nodes: HashMap<Key, Node> = HashMap::new();
        let mut places: Vec<LonLat> = Vec::new();
        let mut into: Vec<Vec<Arc>> = Vec::new();
        let mut node = |at: LonLat, into: &mut Vec<Vec<Arc>>| {
            *nodes.entry(key(at)).or_insert_with(|| {
                places.push(at);
                into.push(Vec::new());
                Node::try_from(places.len() - 1).unwrap_or(Node::MAX)
            })
        };
        for road in roads {
            for pair in road.vertices.windows(2) {
                let [a, b] = pair else { continue };
                let (from, to) = (node(*a, &mut into), node(*b, &mut into));
                let millis = clipped(road.class.drive_ms(a.distance_m(*b)));
                #[expect(clippy::cast_possible_truncation, reason = "metres of a street")]
                let metres = a.distance_m(*b) as f32;
                let mut join = |from: Node, to: Node| {
                    if let Some(arcs) = into.get_mut(to as usize) {
                        arcs.push(Arc {
                            from,
                            millis,
                            metres,
                        });
                    }
                };
                join(from, to);
                if !road.oneway {
                    join(to, from);
                }
            }
        }
        let shrink = places.first().map_or(1.0, |p| p.lat().to_radians().cos());
        let junction = |(at, node): (&LonLat, Node)| GeomWithData::new(flat(*at, shrink), node);
        let near = RTree::bulk_load(places.iter().zip(0..).map(junction).collect());
        let mut built = Self {
            places,
            near,
            shrink,
            ways: HashMap::new(),
        };
        let most = MAX_WAYS / built.places.len().max(1);
        for to in destinations.into_iter().take(most) {
            if let Some(end) = built.junction(to) {
                built.ways.insert(key(to), Ways::to(end, &into));
            }
        }
        built
    }

    /// How far and how long it is to a destination.
    #[must_use]
    pub fn drive(&self, from: LonLat, to: LonLat) -> Drive {
        self.find(from, to)
            .map_or_else(|| straight_line(from, to).drive, |(drive, _, _)| drive)
    }

    /// The way to a destination.
    #[must_use]
    pub fn route(&self, from: LonLat, to: LonLat) -> Route {
        let Some((drive, start, ways)) = self.find(from, to) else {
            return straight_line(from, to);
        };
        let mut points = vec![from];
        let mut at = Some(start);
        while let Some(node) = at {
            points.extend(self.places.get(node as usize));
            at = ways
                .from(node)
                .map(|way| way.next)
                .filter(|next| *next != NOWHERE);
        }
        points.push(to);
        Route { points, drive }
    }

    /// The drive, the junction it begins at and the ways to the destination.
    fn find(&self, from: LonLat, to: LonLat) -> Option<(Drive, Node, &Ways)> {
        let ways = self.ways.get(&key(to))?;
        let start = self.junction(from)?;
        let way = ways.from(start)?;
        let on = straight_line(from, *self.places.get(start as usize)?).drive;
        let off = self.junction(to).and_then(|n| self.places.get(n as usize));
        let off = straight_line(*off?, to).drive;
        let drive = Drive {
            distance_m: on.distance_m + f64::from(way.metres) + off.distance_m,
            drive_ms: on.drive_ms + i64::from(way.millis) + off.drive_ms,
            by: RoutedBy::Roads,
        };
        Some((drive, start, ways))
    }

    fn junction(&self, at: LonLat) -> Option<Node> {
        let near = self.near.nearest_neighbor(&flat(at, self.shrink))?;
        let place = self.places.get(near.data as usize)?;
        (place.distance_m(at) <= REACH_M).then_some(near.data)
    }
}

/// Degrees of latitude, with those of longitude shrunk to their length: near in them is near on
/// the ground.
fn flat(at: LonLat, shrink: f64) -> [f64; 2] {
    [at.lon() * shrink, at.lat()]
}

fn clipped(millis: i64) -> u32 {
    u32::try_from(millis).unwrap_or(u32::MAX)
}

impl Ways {
    fn to(end: Node, into: &[Vec<Arc>]) -> Self {
        let mut ways = vec![NO_WAY; into.len()];
        let mut open = BinaryHeap::from([Reverse((0_u32, end))]);
        if let Some(way) = ways.get_mut(end as usize) {
            way.millis = 0;
        }
        while let Some(Reverse((millis, node))) = open.pop() {
            let Some(here) = ways.get(node as usize).copied() else {
                continue;
            };
            if millis > here.millis {
                continue;
            }
            for arc in into.get(node as usize).into_iter().flatten() {
                let through = Way {
                    millis: millis.saturating_add(arc.millis),
                    metres: here.metres + arc.metres,
                    next: node,
                };
                let Some(known) = ways.get_mut(arc.from as usize) else {
                    continue;
                };
                if through.millis < known.millis {
                    *known = through;
                    open.push(Reverse((through.millis, arc.from)));
                }
            }
        }
        Self(ways)
    }

    /// The way from a node; `None` where none leads.
    fn from(&self, node: Node) -> Option<Way> {
        let way = self.0.get(node as usize).copied()?;
        (way.millis != u32::MAX).then_some(way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: i32, y: i32) -> LonLat {
        LonLat::new(121.0 + f64::from(x) * 0.01, 31.0 + f64::from(y) * 0.01).expect("valid")
    }

    fn road(vertices: &[(i32, i32)], class: RoadClass, oneway: bool) -> Road {
        Road {
            vertices: vertices.iter().map(|(x, y)| at(*x, *y)).collect(),
            class,
            oneway,
        }
    }

    #[test]
    fn a_detour_over_a_fast_road_beats_a_short_slow_one() {
        let roads = [
            road(&[(0, 0), (1, 0), (2, 0), (3, 0)], RoadClass::Street, false),
            road(
                &[(0, 0), (0, 1), (1, 1), (2, 1), (3, 1), (3, 0)],
                RoadClass::Motorway,
                false,
            ),
        ];
        let roads = Roads::new(&roads, [at(3, 0)]);
        let route = roads.route(at(0, 0), at(3, 0));
        assert_eq!(route.drive.by, RoutedBy::Roads);
        assert!(route.points.contains(&at(1, 1)), "{:?}", route.points);
        assert_eq!(route.drive, roads.drive(at(0, 0), at(3, 0)));
        let street_m = at(0, 0).distance_m(at(3, 0));
        assert!(route.drive.drive_ms < RoadClass::Street.drive_ms(street_m));
        assert!(route.drive.distance_m > street_m);
    }

    #[test]
    fn a_oneway_road_is_driven_its_way_only() {
        let roads = [
            road(&[(0, 0), (3, 0)], RoadClass::Arterial, true),
            road(&[(3, 0), (3, 2), (0, 2), (0, 0)], RoadClass::Arterial, true),
        ];
        let roads = Roads::new(&roads, [at(0, 0), at(3, 0)]);
        let there = roads.route(at(0, 0), at(3, 0));
        let back = roads.route(at(3, 0), at(0, 0));
        assert!(!there.points.contains(&at(3, 2)) && back.points.contains(&at(3, 2)));
    }

    #[test]
    fn where_no_road_leads_the_line_is_straight_and_says_so() {
        let roads = [
            road(&[(0, 0), (1, 0)], RoadClass::Street, false),
            road(&[(50, 0), (51, 0)], RoadClass::Street, false),
        ];
        let roads = Roads::new(&roads, [at(1, 0)]);
        for (from, to) in [
            (at(50, 0), at(1, 0)),
            (at(0, 40), at(1, 0)),
            (at(0, 0), at(50, 0)),
        ] {
            assert_eq!(roads.route(from, to).drive.by, RoutedBy::StraightLine);
        }
        assert_eq!(
            Roads::default().drive(at(0, 0), at(1, 0)).by,
            RoutedBy::StraightLine
        );
    }
}
