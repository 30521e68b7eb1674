//! To which district and street something belongs, as its layer says it.

use std::collections::{BTreeMap, BTreeSet};

use geo::Geometry;
use serde_json::{Map, Value as Json};
use shared::{ids::FeatureId, name::Name};

use super::{
    layer::{Read, Reader},
    shape::shape,
};

/// A street: the smallest part of a city with an office of its own (街道).
#[derive(Debug, Clone, PartialEq)]
pub struct Street {
    pub id: FeatureId,
    pub district: FeatureId,
    pub name: Name,
    pub ground: Geometry,
}

/// What a layer names of where something belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    pub district: Option<FeatureId>,
    pub street: Option<FeatureId>,
}

/// The districts and streets of which the city has layers. Where it has none, features may name any.
#[derive(Debug, Default)]
pub struct Grounds {
    districts: BTreeSet<String>,
    /// The district of each street.
    streets: BTreeMap<FeatureId, FeatureId>,
}

impl Grounds {
    pub fn new(districts: &BTreeSet<String>) -> Self {
        Self {
            districts: districts.clone(),
            streets: BTreeMap::new(),
        }
    }

    pub fn with_streets(mut self, streets: &[Street]) -> Self {
        let streets = streets.iter().map(|s| (s.id.clone(), s.district.clone()));
        self.streets.extend(streets);
        self
    }

    /// Reads what a feature names.
    pub fn named(&self, reader: &Reader) -> Read<Named> {
        let district = self.district(reader, reader.optional("district")?)?;
        let Some(street) = reader.optional::<FeatureId>("street")? else {
            let street = None;
            return Ok(Named { district, street });
        };
        let wrong = |message: String| reader.wrong(Some("street"), message);
        let Some(own) = &district else {
            return wrong(format!("street {street} is named without its `district`"));
        };
        match self.streets.get(&street) {
            None if self.streets.is_empty() => {}
            None => return wrong(format!("street {street} is not in streets.geojson")),
            Some(other) if other != own => {
                return wrong(format!(
                    "street {street} is of district {other}, not of {own}"
                ));
            }
            Some(_) => {}
        }
        let street = Some(street);
        Ok(Named { district, street })
    }

    fn district(&self, reader: &Reader, id: Option<FeatureId>) -> Read<Option<FeatureId>> {
        match &id {
            Some(id) if !self.districts.is_empty() && !self.districts.contains(id.as_str()) => {
                let message = format!("district {id} is not in districts.geojson");
                reader.wrong(Some("district"), message)
            }
            _ => Ok(id),
        }
    }

    /// What a feature that is only shown names and the city does not have: whoever sees a district only
    /// will not see it.
    pub fn complaint(&self, properties: &Map<String, Json>) -> Option<(&'static str, String)> {
        let text = |property| properties.get(property).and_then(|v| v.as_str());
        let unknown = |kind: &str, id: &str| {
            format!(
                "{kind} {id} is not in {kind}s.geojson; the feature is seen with the whole city only"
            )
        };
        let (district, street) = (text("district"), text("street"));
        let has_district = |id: &&str| self.districts.is_empty() || self.districts.contains(*id);
        if let Some(id) = district.filter(|id| !has_district(id)) {
            return Some(("district", unknown("district", id)));
        }
        let has_street = |id: &&str| self.streets.is_empty() || self.streets.contains_key(*id);
        let street = street.filter(|id| !has_street(id))?;
        Some(("street", unknown("street", street)))
    }

    /// Reads a street.
    pub fn street(&self, reader: &Reader) -> Read<Street> {
        let (id, name, ground) = (reader.id(), reader.name(), reader.geometry());
        let district = self.district(reader, Some(reader.required("district")?))?;
        let Some(district) = district else {
            return reader.wrong(Some("district"), "is missing");
        };
        Ok(Street {
            id: id?,
            district,
            name: name?,
            ground: shape(ground?),
        })
    }
}
