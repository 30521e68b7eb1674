//! A layer's geometry as one that can be reckoned with.

use geo::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon,
    Point, Polygon,
};
use geojson::{GeometryValue, Position};

/// A layer's geometry as one that can be reckoned with: by hand, because the conversion of `geojson`
/// brings five versions of `rstar` with it.
#[must_use]
pub fn shape(geometry: &GeometryValue) -> Geometry {
    let lines = |rings: &[Vec<Position>]| rings.iter().map(|ring| line(ring)).collect::<Vec<_>>();
    let polygon = |rings: &[Vec<Position>]| {
        let mut rings = lines(rings).into_iter();
        let outer = rings.next().unwrap_or_else(|| line(&[]));
        Polygon::new(outer, rings.collect())
    };
    match geometry {
        GeometryValue::Point { coordinates } => Point(coordinate(coordinates)).into(),
        GeometryValue::MultiPoint { coordinates } => {
            MultiPoint::new(coordinates.iter().map(|p| Point(coordinate(p))).collect()).into()
        }
        GeometryValue::LineString { coordinates } => line(coordinates).into(),
        GeometryValue::MultiLineString { coordinates } => {
            MultiLineString::new(lines(coordinates)).into()
        }
        GeometryValue::Polygon { coordinates } => polygon(coordinates).into(),
        GeometryValue::MultiPolygon { coordinates } => {
            MultiPolygon::new(coordinates.iter().map(|rings| polygon(rings)).collect()).into()
        }
        GeometryValue::GeometryCollection { geometries } => {
            let shapes = geometries.iter().map(|part| shape(&part.value));
            Geometry::GeometryCollection(GeometryCollection(shapes.collect()))
        }
    }
}

fn line(positions: &[Position]) -> LineString {
    positions.iter().map(coordinate).collect()
}

fn coordinate(position: &Position) -> Coord {
    let at = |axis| position.as_slice().get(axis).copied().unwrap_or(f64::NAN);
    Coord { x: at(0), y: at(1) }
}
