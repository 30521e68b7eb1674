//! What of a city is seen from an area.
//!
//! Something lies in an area if its layer names the area's district and street; of what names none,
//! what stands on the area's ground as the layers of districts and streets draw it. With it is seen:
//!
//! - a gauge wherever it stands, if a point that is seen lives by it: by its depth or by its rain;
//! - a truck that belongs to the area, stands in it, is sent into it or should be. Whoever lent a
//!   truck must know that it is not there, and whoever waits for one where it is. By which order and
//!   to which point elsewhere it is sent is not told; where it stands is, for it is the area's own;
//! - roads, canals and sewers that cross the area: without them there is nothing to see the water on.
//!   For a street of which nobody drew the ground, those of its district.
//!
//! What is not known to lie in an area is seen by those alone who see the whole city.

use std::collections::{BTreeMap, HashSet};

use shared::{
    ids::{FeatureId, PointId},
    lonlat::LonLat,
    name::Name,
};

use super::{
    Area,
    ground::{Ground, Survey},
};
use crate::{
    network::{City, LayerName, PlainFeature},
    world::{GaugeIndex, PointIndex, TruckIndex},
};

/// What of a city is seen from an area; made once for each.
#[derive(Debug)]
pub struct Sight {
    area: Area,
    name: Name,
    /// None where nobody drew it, and for the whole city.
    ground: Option<Ground>,
    gauges: Vec<GaugeIndex>,
    points: Vec<PointIndex>,
    point_ids: HashSet<PointId>,
    /// Trucks that belong to the area.
    trucks: Vec<TruckIndex>,
    /// Of each layer that is only shown, the places in its list.
    shown: BTreeMap<LayerName, Vec<usize>>,
}

impl Sight {
    /// What is seen from an area. Of one that the city does not have, nothing.
    #[must_use]
    pub fn of(city: &City, area: &Area) -> Self {
        let survey = Survey::of(city, area);
        let points = indices(&city.points, PointIndex::from_usize, |p| {
            survey.has_place(p.district.as_ref(), p.street.as_ref(), p.position)
        });
        let seen = || points.iter().filter_map(|p| city.points.get(p.index()));
        let lived_by = seen().flat_map(|p| p.rain_gauges.iter().chain([&p.level_gauge]));
        let lived_by: HashSet<_> = lived_by.collect();
        let gauges = indices(&city.gauges, GaugeIndex::from_usize, |g| {
            lived_by.contains(&g.id)
                || survey.has_place(g.district.as_ref(), g.street.as_ref(), g.position)
        });
        let trucks = indices(&city.trucks, TruckIndex::from_usize, |t| {
            survey.has_place(t.district.as_ref(), t.street.as_ref(), t.home)
        });
        let layers = city.shown.iter().map(|(layer, features)| {
            let is_seen = |feature: &PlainFeature| survey.has_plain(*layer, feature);
            (*layer, indices(features, |place| place, is_seen))
        });
        Self {
            area: area.clone(),
            name: name(city, area),
            shown: layers.collect(),
            point_ids: seen().map(|p| p.id.clone()).collect(),
            ground: survey.ground(),
            gauges,
            points,
            trucks,
        }
    }

    #[must_use]
    pub const fn area(&self) -> &Area {
        &self.area
    }

    /// The name of the area for people.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// West, south, east and north of the area, where its ground is known.
    #[must_use]
    pub fn bounds(&self) -> Option<[f64; 4]> {
        self.ground.as_ref().map(Ground::bounds)
    }

    /// The points that are seen, in the city's order.
    #[must_use]
    pub fn points(&self) -> &[PointIndex] {
        &self.points
    }

    /// The gauges that are seen, in the city's order.
    #[must_use]
    pub fn gauges(&self) -> &[GaugeIndex] {
        &self.gauges
    }

    /// The places in its list of what is seen of a layer that is only shown.
    #[must_use]
    pub fn shown(&self, layer: LayerName) -> &[usize] {
        self.shown.get(&layer).map_or(&[], Vec::as_slice)
    }

    /// Whether a point of this id is seen. Of a point that does not exist none is.
    #[must_use]
    pub fn has_point(&self, point: &PointId) -> bool {
        self.point_ids.contains(point)
    }

    /// Whether a truck belongs to the area.
    #[must_use]
    pub fn owns(&self, truck: TruckIndex) -> bool {
        self.trucks.binary_search(&truck).is_ok()
    }

    /// Whether what stands there stands in the area, as far as its ground is known.
    #[must_use]
    pub fn is_in(&self, at: LonLat) -> bool {
        match &self.ground {
            Some(ground) => ground.has(at),
            None => self.area == Area::City,
        }
    }
}

fn indices<T, Index>(
    all: &[T],
    index: impl Fn(usize) -> Index,
    is_seen: impl Fn(&T) -> bool,
) -> Vec<Index> {
    let seen = all.iter().enumerate().filter(|(_, one)| is_seen(one));
    seen.map(|(place, _)| index(place)).collect()
}

/// All areas that a city has, with their names for people.
#[must_use]
pub fn areas(city: &City) -> BTreeMap<Area, Name> {
    let of_points = city.points.iter().map(|p| (&p.district, &p.street));
    let of_gauges = city.gauges.iter().map(|g| (&g.district, &g.street));
    let of_trucks = city.trucks.iter().map(|t| (&t.district, &t.street));
    let named = of_points.chain(of_gauges).chain(of_trucks);
    let mut all = vec![Area::City];
    for (district, street) in named {
        all.extend(district.clone().map(Area::District));
        all.extend(district.clone().zip(street.clone()).map(of_street));
    }
    let drawn = city.shown.get(&LayerName::Districts).into_iter().flatten();
    all.extend(drawn.map(|f| Area::District(f.id.clone())));
    let streets = city.streets.iter();
    all.extend(streets.map(|s| of_street((s.district.clone(), s.id.clone()))));
    all.sort_unstable();
    all.dedup();
    all.into_iter()
        .map(|area| (area.clone(), name(city, &area)))
        .collect()
}

fn of_street((district, street): (FeatureId, FeatureId)) -> Area {
    Area::Street { district, street }
}

/// The name for people; ids stand for what no layer names.
fn name(city: &City, area: &Area) -> Name {
    let Some(district) = area.district() else {
        return city.name.clone();
    };
    let mut drawn = city.shown.get(&LayerName::Districts).into_iter().flatten();
    let text = |f: &PlainFeature, property| f.properties.get(property)?.as_str().map(str::to_owned);
    let named = drawn
        .find(|f| f.id == *district)
        .and_then(|f| Some((text(f, "name")?, text(f, "name_en")?)));
    let (zh, en) = named.unwrap_or_else(|| (district.to_string(), district.to_string()));
    let Some(street) = area.street() else {
        return Name::new(&zh, Some(&en));
    };
    let mut streets = city.streets.iter();
    let named = streets.find(|s| s.id == *street && s.district == *district);
    let (street_zh, street_en) = named.map_or_else(
        || (street.to_string(), street.to_string()),
        |s| (s.name.zh.clone(), s.name.en.clone()),
    );
    Name::new(
        &format!("{zh} · {street_zh}"),
        Some(&format!("{en} · {street_en}")),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::network::read_city;

    fn harbour() -> City {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/city/harbour");
        read_city(&folder).expect("the example city")
    }

    fn sight(city: &City, area: &str) -> Sight {
        Sight::of(city, &area.parse().expect("an area"))
    }

    #[test]
    fn a_street_that_nobody_drew_has_what_names_it_and_the_roads_of_its_district() {
        let mut city = harbour();
        let street = "district/d-02/street/s-0201";
        let drawn = sight(&city, street);
        assert_eq!((drawn.points().len(), drawn.gauges().len()), (2, 4));
        let roads = drawn.shown(LayerName::Roads).len();
        city.streets.clear();
        let named = sight(&city, street);
        let all = sight(&city, "district/d-02").shown(LayerName::Roads).len();
        assert!(roads < all);
        assert_eq!(named.shown(LayerName::Roads).len(), all);
        assert!(
            named.has_point(&"wp-004".parse().expect("id")),
            "it names the street"
        );
        assert_eq!((named.points().len(), named.gauges().len()), (1, 2));
        assert_eq!(named.shown(LayerName::Shelters).len(), 0);
        assert_eq!(named.bounds(), None);
        assert!(
            !named.is_in(city.points[3].position),
            "nobody knows where it is"
        );
        assert_eq!(named.name().en, "East Harbour · s-0201");
    }

    #[test]
    fn the_whole_city_is_seen_from_itself() {
        let city = harbour();
        let whole = sight(&city, "city");
        assert_eq!(whole.points().len(), city.points.len());
        assert_eq!(whole.gauges().len(), city.gauges.len());
        for (layer, features) in &city.shown {
            assert_eq!(whole.shown(*layer).len(), features.len(), "{layer}");
        }
        assert!(whole.is_in(city.centre));
    }

    #[test]
    fn a_districts_outline_is_its_own() {
        let city = harbour();
        for area in ["district/d-01", "district/d-01/street/s-0102"] {
            assert_eq!(
                sight(&city, area).shown(LayerName::Districts),
                [0],
                "{area}"
            );
        }
    }
}
