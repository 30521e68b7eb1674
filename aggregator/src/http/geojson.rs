//! The flood map, described: features whose properties are a kind and the views.

#![expect(
    dead_code,
    reason = "described, never made: the map is written as text"
)]

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{Object, ObjectBuilder, Type},
    },
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
    Gauge(GaugeProperties),
    Point(PointProperties),
    Truck(TruckProperties),
    Route(RouteProperties<'a>),
    Layer(LayerProperties),
}

/// Properties of a gauge on the flood map.
#[derive(Serialize)]
struct GaugeProperties;

impl PartialSchema for GaugeProperties {
    fn schema() -> RefOr<Schema> {
        on_the_map(
            "Properties of a gauge on the flood map.",
            kind_of_gauges(),
            GaugeView::schema(),
        )
    }
}

impl ToSchema for GaugeProperties {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        GaugeView::schemas(schemas);
    }
}

/// Properties of a waterlogging point on the flood map.
#[derive(Serialize)]
struct PointProperties;

impl PartialSchema for PointProperties {
    fn schema() -> RefOr<Schema> {
        on_the_map(
            "Properties of a waterlogging point on the flood map.",
            kind_of_points(),
            PointView::schema(),
        )
    }
}

impl ToSchema for PointProperties {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        PointView::schemas(schemas);
    }
}

/// Properties of a pump truck on the flood map.
#[derive(Serialize)]
struct TruckProperties;

impl PartialSchema for TruckProperties {
    fn schema() -> RefOr<Schema> {
        on_the_map(
            "Properties of a pump truck on the flood map.",
            kind_of_trucks(),
            TruckView::schema(),
        )
    }
}

impl ToSchema for TruckProperties {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        TruckView::schemas(schemas);
    }
}

/// A view as it is on the map: its kind comes first, and both names are texts.
fn on_the_map(about: &str, kind: RefOr<Schema>, view: RefOr<Schema>) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(view)) = view else {
        return view;
    };
    let text = || Object::with_type(Type::String);
    let start = ObjectBuilder::new()
        .description(Some(about))
        .property("kind", kind)
        .required("kind");
    let properties = view.properties.into_iter();
    let described = properties.fold(start, |all, (name, schema)| match name.as_str() {
        "name" => all.property("name", text()).property("name_en", text()),
        _ => all.property(name, schema),
    });
    let required = view.required.into_iter();
    let described = required.fold(described, |all, name| match name.as_str() {
        "name" => all.required("name").required("name_en"),
        _ => all.required(name),
    });
    RefOr::T(described.into())
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
