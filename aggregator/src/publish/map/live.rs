//! The features that change: gauges, waterlogging points, trucks, routes.

use serde::Serialize;
use shared::ids::{PointId, TruckId};
use utoipa::ToSchema;

use super::{
    selection::Selection,
    write::{self, Head},
};
use crate::{
    network::LayerName,
    publish::{seen::Seen, state::GaugeTexts},
    schema,
    world::Snapshot,
};

/// The property `kind` of its features.
pub const ROUTE: &str = "route";

/// Gauges with their newest observation.
pub fn gauges(snapshot: &Snapshot, texts: &GaugeTexts) -> Vec<u8> {
    /// What a feature has around its gauge's text, at most: two ids and the longest numbers.
    const AROUND: usize = 250;
    let bytes: usize = texts.iter().map(|text| text.get().len() + AROUND).sum();
    let mut out = Vec::with_capacity(bytes);
    let kind = LayerName::Gauges.kind();
    let described = snapshot.city.gauges.iter().enumerate();
    for ((key, gauge), rest) in described.zip(texts.rests()) {
        let head = Head {
            id: gauge.id.as_str(),
            key,
            name: &gauge.name,
        };
        write::point(&mut out, kind, gauge.position, &head, rest);
    }
    out
}

/// Those gauges that are seen and wanted.
pub fn some_gauges(seen: Seen<'_>, wanted: &Selection) -> Vec<u8> {
    let mut out = Vec::new();
    let kind = LayerName::Gauges.kind();
    for gauge in seen
        .gauges()
        .filter(|g| wanted.takes_point(g.position, None))
    {
        let head = Head {
            id: gauge.id.as_str(),
            key: gauge.key,
            name: gauge.name,
        };
        write::viewed(&mut out, kind, gauge.position, &head, &gauge);
    }
    out
}

/// Waterlogging points with their status and forecast.
pub fn points(seen: Seen<'_>, wanted: &Selection) -> Vec<u8> {
    let mut out = Vec::new();
    let kind = LayerName::WaterloggingPoints.kind();
    for point in seen
        .points()
        .filter(|p| wanted.takes_point(p.position, p.district))
    {
        let head = Head {
            id: point.id.as_str(),
            key: point.key,
            name: point.name,
        };
        write::viewed(&mut out, kind, point.position, &head, &point);
    }
    out
}

/// Trucks where they are.
pub fn trucks(seen: Seen<'_>, wanted: &Selection) -> Vec<u8> {
    let mut out = Vec::new();
    let kind = LayerName::PumpTrucks.kind();
    for truck in seen
        .trucks()
        .filter(|t| wanted.takes_point(t.position, None))
    {
        let head = Head {
            id: truck.id.as_str(),
            key: truck.key,
            name: truck.name,
        };
        write::viewed(&mut out, kind, truck.position, &head, &truck);
    }
    out
}

/// What is told of a route.
#[derive(Serialize, ToSchema)]
#[schema(as = Route)]
pub struct RouteView<'a> {
    #[schema(value_type = schema::Id)]
    truck: &'a TruckId,
    #[schema(value_type = schema::Id)]
    point: &'a PointId,
    /// Whether a dispatcher has confirmed it.
    ordered: bool,
}

/// Routes of open orders and of recommendations.
pub fn routes(seen: Seen<'_>, wanted: &Selection) -> Vec<u8> {
    let snapshot = seen.snapshot;
    let mut out = Vec::new();
    let mut add = |truck: &TruckId, point: &PointId, route: &[_], ordered: bool| {
        if route.len() > 1 && wanted.takes_line(route) {
            let (id, view) = (
                format!("route-{truck}"),
                RouteView {
                    truck,
                    point,
                    ordered,
                },
            );
            write::line(&mut out, ROUTE, &id, route, &view);
        }
    };
    let open = snapshot
        .orders
        .values()
        .filter(|o| o.is_open() && seen.has_order(o));
    for order in open {
        add(&order.truck, &order.point, &order.route, true);
    }
    let bound = |truck: &TruckId| {
        let mut trucks = snapshot.city.trucks.iter().zip(&snapshot.trucks);
        trucks.any(|(described, facts)| described.id == *truck && facts.order.is_some())
    };
    let recommended = snapshot.plan.iter().flat_map(|p| &p.recommendations);
    for r in recommended.filter(|r| seen.has_point(&r.point) && !bound(&r.truck)) {
        add(&r.truck, &r.point, &r.route, false);
    }
    out
}
