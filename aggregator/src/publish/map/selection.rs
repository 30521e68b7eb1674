//! Which features of the flood map are wanted: those in a box, and those of a district.

use geo::{BoundingRect, Coord, Geometry, Intersects, LineString, Point, Rect};
use shared::{ids::FeatureId, lonlat::LonLat};

use crate::network::{City, LayerName, PlainFeature, shape};

/// What the box may be.
const BOX: &str = "bbox is west,south,east,north in degrees, like 121.4,31.1,121.5,31.3";

/// Most districts that are told to somebody who asks for another.
const TOLD: usize = 30;

/// Which features are wanted. The default is all of them.
#[derive(Debug, Default)]
pub struct Selection {
    /// None: wherever they are. Two where the box goes over the antimeridian.
    boxes: Vec<Rect>,
    district: Option<District>,
}

#[derive(Debug)]
struct District {
    id: FeatureId,
    area: Vec<Geometry>,
}

/// What was asked for cannot be selected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unselectable {
    #[error("`{0}` is no box: {BOX}")]
    Box(String),
    #[error("there is no district `{asked}`; there are {}", known(.there_are))]
    District {
        asked: String,
        there_are: Vec<String>,
    },
}

fn known(there_are: &[String]) -> String {
    match there_are {
        [] => "none in this city".to_owned(),
        all if all.len() > TOLD => format!("{} in the layer districts", all.len()),
        all => all.join(", "),
    }
}

impl Selection {
    /// What a box and a district, as they were asked for, select of a city. Whom sees one district
    /// only (`own`) does not learn which others there are.
    ///
    /// # Errors
    /// The box is none, or the city has no such district.
    pub fn new(
        city: &City,
        own: Option<&FeatureId>,
        bbox: Option<&str>,
        district: Option<&str>,
    ) -> Result<Self, Unselectable> {
        let district = district.map(|id| District::of(city, own, id));
        Ok(Self {
            boxes: bbox.map(boxes).transpose()?.unwrap_or_default(),
            district: district.transpose()?,
        })
    }

    /// Whether a place is wanted, of the district that it names if it names one.
    pub fn takes_point(&self, at: LonLat, named: Option<&FeatureId>) -> bool {
        self.takes(
            &Point::new(at.lon(), at.lat()).into(),
            named.map(FeatureId::as_str),
        )
    }

    /// Whether a line of at least two positions is wanted.
    pub fn takes_line(&self, line: &[LonLat]) -> bool {
        let coordinates = line.iter().map(|at| (at.lon(), at.lat()));
        self.takes(&coordinates.collect::<LineString>().into(), None)
    }

    /// Whether a feature that is only shown is wanted.
    pub fn takes_plain(&self, layer: LayerName, feature: &PlainFeature) -> bool {
        let named = feature.properties.get("district").and_then(|v| v.as_str());
        // Neighbours touch a district, and are not of it.
        let named = Some(feature.id.as_str())
            .filter(|_| layer == LayerName::Districts)
            .or(named);
        if self.boxes.is_empty() && named.is_some() {
            return self.district.as_ref().is_none_or(|d| d.is(named));
        }
        self.takes(&shape(&feature.geometry), named)
    }

    fn takes(&self, shape: &Geometry, named: Option<&str>) -> bool {
        let in_box = self.boxes.is_empty() || self.boxes.iter().any(|b| meets(*b, shape));
        let of_district = |district: &District| match named {
            Some(_) => district.is(named),
            None => district.area.iter().any(|area| area.intersects(shape)),
        };
        in_box && self.district.as_ref().is_none_or(of_district)
    }
}

/// Whether a shape lies in a box at least in part; most shapes are told by their own boxes.
fn meets(wanted: Rect, shape: &Geometry) -> bool {
    let around = shape.bounding_rect();
    around.is_some_and(|around| wanted.intersects(&around)) && wanted.intersects(shape)
}

impl District {
    fn of(city: &City, own: Option<&FeatureId>, asked: &str) -> Result<Self, Unselectable> {
        let layer = city.shown.get(&LayerName::Districts);
        let shown = layer.map_or(&[][..], Vec::as_slice);
        let named = city.points.iter().filter_map(|p| p.district.as_ref());
        let mut there_are: Vec<&str> = shown
            .iter()
            .map(|district| &district.id)
            .chain(named)
            .filter(|id| own.is_none_or(|own| own == *id))
            .map(FeatureId::as_str)
            .collect();
        there_are.sort_unstable();
        there_are.dedup();
        let id = asked.parse().ok();
        let id = id.filter(|id: &FeatureId| there_are.contains(&id.as_str()));
        let Some(id) = id else {
            return Err(Unselectable::District {
                asked: asked.to_owned(),
                there_are: there_are.into_iter().map(str::to_owned).collect(),
            });
        };
        let drawn = shown.iter().filter(|district| district.id == id);
        let area = drawn.map(|district| shape(&district.geometry));
        Ok(Self {
            area: area.collect(),
            id,
        })
    }

    fn is(&self, named: Option<&str>) -> bool {
        named == Some(self.id.as_str())
    }
}

fn boxes(asked: &str) -> Result<Vec<Rect>, Unselectable> {
    let wrong = || Unselectable::Box(asked.to_owned());
    let numbers: Option<Vec<f64>> = asked.split(',').map(degrees).collect();
    let Some([west, south, east, north]) = numbers.as_deref() else {
        return Err(wrong());
    };
    let is_degrees = |lon: &f64, lat: &f64| lon.abs() <= 180.0 && lat.abs() <= 90.0;
    if !is_degrees(west, south) || !is_degrees(east, north) || south > north {
        return Err(wrong());
    }
    let rect = |west: f64, east: f64| {
        Rect::new(Coord { x: west, y: *south }, Coord { x: east, y: *north })
    };
    // RFC 7946 § 5.2: a box whose west is east of its east goes over the antimeridian.
    Ok(if west <= east {
        vec![rect(*west, *east)]
    } else {
        vec![rect(*west, 180.0), rect(-180.0, *east)]
    })
}

/// A decimal number: no exponent, no word, no bare point, as the API describes it.
fn degrees(text: &str) -> Option<f64> {
    let text = text.trim_matches(' ');
    let plain = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = plain.split_once('.').unwrap_or((plain, "0"));
    let is_number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let is_decimal = is_number(whole) && is_number(part);
    is_decimal.then(|| text.parse().ok()).flatten()
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

    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat::new(lon, lat).expect("a position")
    }

    #[test]
    fn a_box_takes_what_lies_in_it_at_least_in_part() {
        let city = harbour();
        let within =
            Selection::new(&city, None, Some("121.0, 31.0,121.2,31.1"), None).expect("a box");
        assert!(within.takes_point(at(121.1, 31.05), None));
        assert!(
            within.takes_point(at(121.0, 31.0), None),
            "its edge is in it"
        );
        assert!(!within.takes_point(at(121.3, 31.05), None));
        assert!(within.takes_line(&[at(120.9, 31.05), at(121.3, 31.05)]));
        // Its own box meets the one that is asked for, the line goes past it.
        assert!(!within.takes_line(&[at(120.9, 31.05), at(121.05, 31.2)]));
        let pacific = Selection::new(&city, None, Some("179,-1,-179,1"), None).expect("a box");
        assert!(pacific.takes_point(at(-179.5, 0.0), None));
        assert!(!pacific.takes_point(at(0.0, 0.0), None));
    }

    #[test]
    fn what_is_no_box_is_refused_with_what_is() {
        let city = harbour();
        for asked in [
            "",
            "1,2,3",
            "1,2,3,4,5,6",
            "a,b,c,d",
            "0,2,1,1",
            "0,0,999,1",
            "nan,0,1,1",
            "0,0,1e1,1",
            "0,0,+1,1",
            "0,0,1.,1",
            "0,0,-,1",
        ] {
            let refused = Selection::new(&city, None, Some(asked), None).expect_err(asked);
            assert_eq!(refused.to_string(), format!("`{asked}` is no box: {BOX}"));
        }
    }

    #[test]
    fn a_district_takes_what_names_it_and_else_what_lies_in_it() {
        let city = harbour();
        let districts = &city.shown[&LayerName::Districts];
        let mut taken = 0;
        for district in districts {
            let id = district.id.as_str();
            let own = Selection::new(&city, None, None, Some(id)).expect("a district of the city");
            assert!(own.takes_plain(LayerName::Districts, district));
            taken += districts
                .iter()
                .filter(|d| own.takes_plain(LayerName::Districts, d))
                .count();
            for point in &city.points {
                let expected = point.district.as_ref() == Some(&district.id);
                if point.district.is_some() {
                    assert_eq!(
                        own.takes_point(point.position, point.district.as_ref()),
                        expected
                    );
                }
            }
        }
        assert_eq!(taken, districts.len(), "no neighbour is of a district");
        let refused = Selection::new(&city, None, None, Some("atlantis")).expect_err("none such");
        let first = districts[0].id.as_str();
        assert!(refused.to_string().contains(first), "{refused}");
    }
}
