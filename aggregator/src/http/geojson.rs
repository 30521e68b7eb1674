//! The flood map, described: features whose properties are the views, and a kind.

#![expect(
    dead_code,
    reason = "described, never made: the map is written as text"
)]

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema, schema::Type},
};

use crate::{
    network,
    publish::{
        map,
        view::{GaugeView, PointView, TruckView},
    },
    schema::one_of,
};

/// The flood map or a layer of it.
#[derive(ToSchema)]
pub struct FeatureCollection<'a> {
    #[schema(schema_with = type_of_collections)]
    r#type: (),
    features: Vec<Feature<'a>>,
}

/// Something on the flood map.
#[derive(ToSchema)]
pub struct Feature<'a> {
    #[schema(schema_with = type_of_features)]
    r#type: (),
    id: String,
    /// As RFC 7946 has it.
    #[schema(value_type = Object)]
    geometry: (),
    properties: Properties<'a>,
}

/// What is told of a feature, by its kind.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = FeatureProperties)]
enum Properties<'a> {
    Gauge(GaugeProperties<'a>),
    Point(PointProperties<'a>),
    Truck(TruckProperties<'a>),
    Route(RouteProperties<'a>),
    Layer(LayerProperties),
}

/// Properties of a gauge on the flood map.
#[derive(Serialize, ToSchema)]
struct GaugeProperties<'a> {
    #[schema(schema_with = kind_of_gauges)]
    kind: (),
    #[serde(flatten)]
    gauge: GaugeView<'a>,
}

/// Properties of a waterlogging point on the flood map.
#[derive(Serialize, ToSchema)]
struct PointProperties<'a> {
    #[schema(schema_with = kind_of_points)]
    kind: (),
    #[serde(flatten)]
    point: PointView<'a>,
}

/// Properties of a pump truck on the flood map.
#[derive(Serialize, ToSchema)]
struct TruckProperties<'a> {
    #[schema(schema_with = kind_of_trucks)]
    kind: (),
    #[serde(flatten)]
    truck: TruckView<'a>,
}

/// Properties of a route on the flood map.
#[derive(Serialize, ToSchema)]
struct RouteProperties<'a> {
    #[schema(schema_with = kind_of_routes)]
    kind: (),
    #[serde(flatten)]
    route: map::RouteView<'a>,
}

/// Properties of a feature of a layer that never changes: as in the city's file, with its kind and
/// both names.
#[derive(Serialize, ToSchema)]
struct LayerProperties {
    #[schema(schema_with = kind_of_others)]
    kind: (),
    name: String,
    name_en: String,
    /// Of a road, canal or sewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    class: Option<String>,
    #[serde(flatten)]
    #[schema(inline)]
    others: HashMap<String, Json>,
}

/// A layer of the flood map: `/layers/{layer}.geojson`.
pub struct LayerName;

impl PartialSchema for LayerName {
    fn schema() -> RefOr<Schema> {
        let about = "A layer of the flood map: /layers/{layer}.geojson.";
        let names = network::LayerName::ALL.map(network::LayerName::name);
        one_of(Type::String, about, names.into_iter().chain([map::ROUTES]))
    }
}

impl ToSchema for LayerName {}

fn word(words: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    one_of(Type::String, "", words)
}

fn type_of_collections() -> RefOr<Schema> {
    word(["FeatureCollection"])
}

fn type_of_features() -> RefOr<Schema> {
    word(["Feature"])
}

fn kind_of_gauges() -> RefOr<Schema> {
    word([network::LayerName::Gauges.kind()])
}

fn kind_of_points() -> RefOr<Schema> {
    word([network::LayerName::WaterloggingPoints.kind()])
}

fn kind_of_trucks() -> RefOr<Schema> {
    word([network::LayerName::PumpTrucks.kind()])
}

fn kind_of_routes() -> RefOr<Schema> {
    word([map::ROUTE])
}

fn kind_of_others() -> RefOr<Schema> {
    use network::LayerName::{Gauges, PumpTrucks, WaterloggingPoints};
    let live = [Gauges, WaterloggingPoints, PumpTrucks];
    let others = network::LayerName::ALL.into_iter();
    word(
        others
            .filter(|layer| !live.contains(layer))
            .map(network::LayerName::kind),
    )
}
