//! What never changes of the city.

use serde::Serialize;
use shared::{lonlat::LonLat, name::Name};
use utoipa::ToSchema;

use crate::{people::Sight, schema, world::Snapshot};

/// The city's constants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = City)]
pub struct CityView<'a> {
    #[schema(value_type = schema::Name)]
    pub name: &'a Name,
    /// Whom sees a part of the city only is told which.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub area: Option<AreaView<'a>>,
    pub time_zone: &'a str,
    pub datum: &'a str,
    #[schema(value_type = schema::LonLat)]
    pub centre: LonLat,
    /// West, south, east, north.
    #[schema(min_items = 4, max_items = 4)]
    pub bounds: [f64; 4],
}

/// The part of the city that is seen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Area)]
pub struct AreaView<'a> {
    /// `district/ID` or `district/ID/street/ID`.
    pub id: String,
    #[schema(value_type = schema::Name)]
    pub name: &'a Name,
}

impl<'a> CityView<'a> {
    #[must_use]
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let city = &*snapshot.city;
        Self {
            name: &city.name,
            area: None,
            time_zone: &city.time_zone,
            datum: &city.datum,
            centre: city.centre,
            bounds: city.bounds,
        }
    }

    /// What is seen from an area, with the area's own centre and bounds where its ground is known.
    #[must_use]
    pub fn of_part(snapshot: &'a Snapshot, sight: &'a Sight) -> Self {
        let whole = Self::new(snapshot);
        if sight.area().district().is_none() {
            return whole;
        }
        let bounds = sight.bounds().unwrap_or(whole.bounds);
        let [west, south, east, north] = bounds;
        let centre = LonLat::new(f64::midpoint(west, east), f64::midpoint(south, north));
        Self {
            area: Some(AreaView {
                id: sight.area().to_string(),
                name: sight.name(),
            }),
            centre: sight.bounds().and(centre.ok()).unwrap_or(whole.centre),
            bounds,
            ..whole
        }
    }
}
