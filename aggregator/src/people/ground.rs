//! Where an area lies, as the layers of districts and streets draw it.

use geo::{BoundingRect, Geometry, Intersects, Point, Rect};
use shared::{ids::FeatureId, lonlat::LonLat};

use super::Area;
use crate::network::{City, LayerName, PlainFeature, Street, shape};

/// Layers that are only the ground on which something stands.
const UNDERFOOT: [LayerName; 3] = [LayerName::Roads, LayerName::Canals, LayerName::Sewers];

/// One or more shapes, with the boxes around them.
#[derive(Debug)]
pub struct Ground(Vec<(Rect, Geometry)>);

impl Ground {
    /// None of no shape.
    fn new(shapes: impl Iterator<Item = Geometry>) -> Option<Self> {
        let with_box = shapes.filter_map(|shape| Some((shape.bounding_rect()?, shape)));
        let shapes: Vec<_> = with_box.collect();
        (!shapes.is_empty()).then_some(Self(shapes))
    }

    fn meets(&self, other: &Geometry) -> bool {
        let Some(around) = other.bounding_rect() else {
            return false;
        };
        let mut near = self.0.iter().filter(|(r, _)| r.intersects(&around));
        near.any(|(_, shape)| shape.intersects(other))
    }

    /// Whether a place is on it.
    pub fn has(&self, at: LonLat) -> bool {
        self.meets(&Point::new(at.lon(), at.lat()).into())
    }

    /// West, south, east, north.
    pub fn bounds(&self) -> [f64; 4] {
        let (inf, none) = (f64::INFINITY, f64::NEG_INFINITY);
        let boxes = self.0.iter().map(|(r, _)| (r.min(), r.max()));
        boxes.fold([inf, inf, none, none], |[w, s, e, n], (low, high)| {
            [w.min(low.x), s.min(low.y), e.max(high.x), n.max(high.y)]
        })
    }
}

/// What an area holds, as it is found out.
#[derive(Debug)]
pub struct Survey<'a> {
    area: &'a Area,
    /// The ground of the district, and of the street if it is one.
    district: Option<Ground>,
    street: Option<Ground>,
}

impl<'a> Survey<'a> {
    pub fn of(city: &City, area: &'a Area) -> Self {
        let districts = city.shown.get(&LayerName::Districts).into_iter().flatten();
        let own = districts.filter(|f| Some(&f.id) == area.district());
        let is_own =
            |s: &&Street| Some(&s.id) == area.street() && Some(&s.district) == area.district();
        let streets = city.streets.iter().filter(is_own);
        Self {
            area,
            district: Ground::new(own.map(|f| shape(&f.geometry))),
            street: Ground::new(streets.map(|s| s.ground.clone())),
        }
    }

    /// The ground of the area itself.
    pub fn ground(self) -> Option<Ground> {
        match self.area {
            Area::City => None,
            Area::District(_) => self.district,
            Area::Street { .. } => self.street,
        }
    }

    /// Whether a place lies in the area whose layer names this of where it belongs.
    pub fn has_place(
        &self,
        district: Option<&FeatureId>,
        street: Option<&FeatureId>,
        at: LonLat,
    ) -> bool {
        let named = [district, street].map(|id| id.map(FeatureId::as_str));
        self.has(self.area, named, |ground| ground.has(at))
    }

    /// Whether a feature that is only shown lies in the area, or is the ground there.
    pub fn has_plain(&self, layer: LayerName, feature: &PlainFeature) -> bool {
        let text = |property| feature.properties.get(property).and_then(|v| v.as_str());
        let named = ["district", "street"].map(text);
        let meets = |ground: &Ground| ground.meets(&shape(&feature.geometry));
        match self.area.district() {
            Some(own) if layer == LayerName::Districts => *own == feature.id,
            Some(own) if UNDERFOOT.contains(&layer) && self.street.is_none() => {
                self.has(&Area::District(own.clone()), named, meets)
            }
            _ => self.has(self.area, named, meets),
        }
    }

    /// `stands_on` tells it of what names nothing.
    fn has(
        &self,
        area: &Area,
        [district, street]: [Option<&str>; 2],
        stands_on: impl Fn(&Ground) -> bool,
    ) -> bool {
        let in_district = |own: &FeatureId| match district {
            Some(named) => named == own.as_str(),
            None => self.district.as_ref().is_some_and(&stands_on),
        };
        match (area, street) {
            (Area::City, _) => true,
            (Area::District(own), _) => in_district(own),
            (
                Area::Street {
                    district: own,
                    street,
                },
                Some(named),
            ) => named == street.as_str() && in_district(own),
            // What stands on a street's ground stands on its district's.
            (Area::Street { district: own, .. }, None) => {
                district.is_none_or(|named| named == own.as_str())
                    && self.street.as_ref().is_some_and(&stands_on)
            }
        }
    }
}
