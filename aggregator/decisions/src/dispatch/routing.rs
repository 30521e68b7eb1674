//! Ways over the road network: for every destination the quickest way from every junction, found
//! once by Dijkstra's algorithm from the destination backwards. A way is then looked up, not
//! searched, so that a plan may ask for every truck and every point.
//!
//! Where the network does not reach, the answer is a straight line and says so.
//!
//! The search is our own: those of petgraph and pathfinding answer with a hash map per destination,
//! several times the twelve bytes a junction that are kept here.

#![expect(
    clippy::indexing_slicing,
    reason = "typed indices that the vectors gave out themselves"
)]

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use geo::{AffineOps, AffineTransform, LineString, Point, SimplifyIdx};
use oxc_index::{IndexVec, define_index_type};
use rstar::{RTree, primitives::GeomWithData};
use shared::lonlat::LonLat;

use super::drive::{Drive, Route, RoutedBy, drive_ms, straight_line};
use crate::network::Road;

/// Points of a route: keeps an order under 10 KiB.
const MAX_ROUTE_POINTS: usize = 200;

/// Farther from the nearest junction than this, a place is not on the network.
const REACH_M: f64 = 3_000.0;

/// Junctions times destinations that ways are kept for, 12 bytes each: 600 MB. Destinations beyond
/// it get straight lines, and their recommendations say so.
const MAX_WAYS: usize = 50_000_000;

/// What a route that is too long may first be simplified by, in degrees: a metre.
const LEAST_TOLERANCE: f64 = 1e-5;

define_index_type! {
    /// The number of a junction: a place where stretches of road begin or end.
    struct Junction = u32;
}

/// The road network with the ways to its destinations.
#[derive(Debug, Default)]
pub struct Roads {
    places: IndexVec<Junction, LonLat>,
    /// Junctions by their place on the plane.
    near: RTree<GeomWithData<Point, Junction>>,
    /// From degrees to degrees of latitude, in this city: near in them is near on the ground.
    plane: AffineTransform,
    ways: HashMap<Key, Ways>,
}

/// A place to a metre: vertices that are meant to be one are one.
type Key = (i64, i64);

#[expect(clippy::cast_possible_truncation, reason = "degrees times 1e5")]
fn key(at: LonLat) -> Key {
    (
        (at.lon() * 1e5).round() as i64,
        (at.lat() * 1e5).round() as i64,
    )
}

impl Roads {
    /// Builds the network and finds all ways to `destinations`.
    #[must_use]
    pub fn new(roads: &[Road], destinations: impl IntoIterator<Item = LonLat>) -> Self {
        let network = Network::new(roads);
        let places = network.places;
        let shrink = places.first().map_or(1.0, |p| p.lat().to_radians().cos());
        let plane = AffineTransform::scale(shrink, 1.0, Point::new(0.0, 0.0));
        let on_plane = |(junction, at): (Junction, &LonLat)| {
            GeomWithData::new(Point::from(*at).affine_transform(&plane), junction)
        };
        let near = RTree::bulk_load(places.iter_enumerated().map(on_plane).collect());
        let most = MAX_WAYS / places.len().max(1);
        let mut built = Self {
            places,
            near,
            plane,
            ways: HashMap::new(),
        };
        for to in destinations.into_iter().take(most) {
            if let Some(end) = built.junction(to) {
                built.ways.insert(key(to), Ways::to(end, &network.into));
            }
        }
        built
    }

    /// How far and how long it is to a destination.
    #[must_use]
    pub fn drive(&self, from: LonLat, to: LonLat) -> Drive {
        self.drive_between(&self.start(from), &self.end(to))
    }

    /// The way to a destination, of no more points than an order has room for.
    #[must_use]
    pub fn route(&self, from: LonLat, to: LonLat) -> Route {
        let (start, end) = (self.start(from), self.end(to));
        let Some((drive, junction, ways)) = find(&start, &end) else {
            return straight_line(from, to);
        };
        let mut points = vec![from];
        points.extend(ways.along(junction).map(|junction| self.places[junction]));
        points.push(to);
        Route {
            points: self.simplified(points),
            drive,
        }
    }

    /// A place that drives begin at.
    pub(super) fn start(&self, at: LonLat) -> Start {
        Start {
            at,
            on: self.beside(at),
        }
    }

    /// A destination.
    pub(super) fn end(&self, at: LonLat) -> End<'_> {
        let ways = self.ways.get(&key(at));
        End {
            at,
            off: ways.and_then(|ways| Some((ways, self.beside(at)?.1))),
        }
    }

    /// How far and how long it is between the two: who asks for many finds each once.
    #[expect(clippy::unused_self, reason = "both are places on this network")]
    pub(super) fn drive_between(&self, start: &Start, end: &End) -> Drive {
        find(start, end).map_or_else(
            || straight_line(start.at, end.at).drive,
            |(drive, _, _)| drive,
        )
    }

    /// The nearest junction, and the way to it.
    fn beside(&self, at: LonLat) -> Option<(Junction, Drive)> {
        let junction = self.junction(at)?;
        Some((junction, straight_line(at, self.places[junction]).drive))
    }

    fn junction(&self, at: LonLat) -> Option<Junction> {
        let on_plane = Point::from(at).affine_transform(&self.plane);
        let junction = self.near.nearest_neighbor(&on_plane)?.data;
        (self.places[junction].distance_m(at) <= REACH_M).then_some(junction)
    }

    /// Leaves out, where there are too many, the points that the line misses least.
    fn simplified(&self, points: Vec<LonLat>) -> Vec<LonLat> {
        if points.len() <= MAX_ROUTE_POINTS {
            return points;
        }
        let line: LineString = points.iter().map(|at| Point::from(*at)).collect();
        let line = line.affine_transform(&self.plane);
        let mut tolerance = LEAST_TOLERANCE;
        loop {
            let kept = line.simplify_idx(tolerance);
            if kept.len() <= MAX_ROUTE_POINTS {
                return kept.into_iter().map(|index| points[index]).collect();
            }
            tolerance *= 2.0;
        }
    }
}

/// A place that drives begin at, with the way to its junction.
pub(super) struct Start {
    at: LonLat,
    on: Option<(Junction, Drive)>,
}

/// A destination, with all ways to its junction and the way from there.
pub(super) struct End<'a> {
    at: LonLat,
    off: Option<(&'a Ways, Drive)>,
}

/// The drive, the junction it begins at and the ways to the destination.
fn find<'a>(start: &Start, end: &End<'a>) -> Option<(Drive, Junction, &'a Ways)> {
    let ((junction, on), (ways, off)) = (start.on?, end.off?);
    let way = ways.from(junction)?;
    let drive = Drive {
        distance_m: on.distance_m + f64::from(way.metres) + off.distance_m,
        drive_ms: on.drive_ms + i64::from(way.millis) + off.drive_ms,
        by: RoutedBy::Roads,
    };
    Some((drive, junction, ways))
}

/// The road network as a graph.
#[derive(Default)]
struct Network {
    places: IndexVec<Junction, LonLat>,
    /// The stretches that lead to each junction, as the search runs backwards.
    into: IndexVec<Junction, Vec<Stretch>>,
    known: HashMap<Key, Junction>,
}

/// A straight piece of road, driven one way.
struct Stretch {
    from: Junction,
    millis: u32,
    metres: f32,
}

impl Network {
    fn new(roads: &[Road]) -> Self {
        let mut network = Self::default();
        for road in roads {
            for (a, b) in road.vertices.iter().zip(road.vertices.iter().skip(1)) {
                let metres = a.distance_m(*b);
                let millis = drive_ms(metres, road.class.storm_kmh());
                let (from, to) = (network.junction(*a), network.junction(*b));
                network.join(from, to, millis, metres);
                if !road.oneway {
                    network.join(to, from, millis, metres);
                }
            }
        }
        network
    }

    fn junction(&mut self, at: LonLat) -> Junction {
        *self.known.entry(key(at)).or_insert_with(|| {
            self.into.push(Vec::new());
            self.places.push(at)
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "metres of a street")]
    fn join(&mut self, from: Junction, to: Junction, millis: i64, metres: f64) {
        self.into[to].push(Stretch {
            from,
            millis: u32::try_from(millis).unwrap_or(u32::MAX),
            metres: metres as f32,
        });
    }
}

/// The way from one junction towards one destination.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// Milliseconds to the destination; 49 days where no way leads.
    millis: u32,
    metres: f32,
    /// The next junction; that of the destination is itself.
    next: Junction,
}

/// The quickest ways from every junction to one destination.
#[derive(Debug)]
struct Ways(IndexVec<Junction, Way>);

impl Ways {
    fn to(end: Junction, into: &IndexVec<Junction, Vec<Stretch>>) -> Self {
        let none = Way {
            millis: u32::MAX,
            metres: 0.0,
            next: end,
        };
        let mut ways: IndexVec<Junction, Way> = into.iter().map(|_| none).collect();
        ways[end].millis = 0;
        let mut open = BinaryHeap::from([Reverse((0_u32, end))]);
        while let Some(Reverse((millis, junction))) = open.pop() {
            let here = ways[junction];
            if millis > here.millis {
                continue;
            }
            for stretch in &into[junction] {
                let through = Way {
                    millis: millis.saturating_add(stretch.millis),
                    metres: here.metres + stretch.metres,
                    next: junction,
                };
                let known = &mut ways[stretch.from];
                if through.millis < known.millis {
                    *known = through;
                    open.push(Reverse((through.millis, stretch.from)));
                }
            }
        }
        Self(ways)
    }

    /// The way from a junction; `None` where none leads.
    fn from(&self, junction: Junction) -> Option<Way> {
        let way = self.0[junction];
        (way.millis != u32::MAX).then_some(way)
    }

    /// The junctions from one that a way leads from to the destination's, both included.
    fn along(&self, start: Junction) -> impl Iterator<Item = Junction> {
        std::iter::successors(Some(start), |junction| {
            let next = self.0[*junction].next;
            (next != *junction).then_some(next)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::RoadClass;

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
        assert!(route.drive.drive_ms < drive_ms(street_m, RoadClass::Street.storm_kmh()));
        assert!(route.drive.distance_m > street_m);
    }

    #[test]
    fn the_ways_to_the_road_and_from_it_count_too() {
        let roads = [road(&[(0, 0), (3, 0)], RoadClass::Street, false)];
        let aside = |x: i32| LonLat::new(121.0 + f64::from(x) * 0.01, 31.001).expect("valid");
        let (from, to) = (aside(0), aside(3));
        let roads = Roads::new(&roads, [to]);
        let drive = roads.drive(from, to);
        let on_road = at(0, 0).distance_m(at(3, 0));
        let beside = [(from, at(0, 0)), (at(3, 0), to)].map(|(a, b)| straight_line(a, b).drive);
        // Within the rounding of the road to whole metres and milliseconds.
        let whole_m = on_road + beside.iter().map(|d| d.distance_m).sum::<f64>();
        assert!((drive.distance_m - whole_m).abs() < 1.0, "{drive:?}");
        let road_ms = drive_ms(on_road, RoadClass::Street.storm_kmh());
        let whole_ms = road_ms + beside.iter().map(|d| d.drive_ms).sum::<i64>();
        assert!((drive.drive_ms - whole_ms).abs() <= 2, "{drive:?}");
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

    #[test]
    fn a_long_route_keeps_its_shape_and_fits_in_an_order() {
        // North in a zigzag of a metre or two, then straight east.
        let north = (0..500).map(|n| {
            let aside = f64::from(n % 2) * 2e-5;
            LonLat::new(121.0 + aside, 31.0 + f64::from(n) * 1e-4).expect("valid")
        });
        let corner = LonLat::new(121.0, 31.05).expect("valid");
        let end = LonLat::new(121.1, 31.05).expect("valid");
        let road = Road {
            vertices: north.chain([corner, end]).collect(),
            class: RoadClass::Street,
            oneway: false,
        };
        let start = road.vertices[0];
        let route = Roads::new(&[road], [end]).route(start, end);
        assert!(route.points.len() <= MAX_ROUTE_POINTS);
        assert_eq!(
            (route.points.first(), route.points.last()),
            (Some(&start), Some(&end))
        );
        assert!(route.points.contains(&corner));
    }
}
