//! The features that change: gauges, waterlogging points, trucks, routes.

use serde::Serialize;
use shared::{ids::TruckId, time::Timestamp};

use super::write;
use crate::{
    network::LayerName,
    world::{PointView, TruckView, World},
};

/// Gauges with their newest observation.
pub fn gauges(world: &World) -> Vec<u8> {
    let mut out = Vec::new();
    let kind = LayerName::Gauges.kind();
    for (key, live) in world.gauges.iter().enumerate() {
        if let Some(text) = world.texts.get(key) {
            let (id, at) = (live.site.id.as_str(), live.site.position);
            write::written_point(&mut out, kind, id, at, text);
        }
    }
    out
}

/// Waterlogging points with their status and forecast.
pub fn points(world: &World, now: Timestamp) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, live) in world.points.iter().enumerate() {
        let view = PointView::new(key, live, world, now);
        let kind = LayerName::WaterloggingPoints.kind();
        write::point(
            &mut out,
            kind,
            live.site.id.as_str(),
            live.site.position,
            &view,
        );
    }
    out
}

/// Trucks where they are.
pub fn trucks(world: &World) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, live) in world.trucks.iter().enumerate() {
        let view = TruckView::new(key, live, world);
        let kind = LayerName::PumpTrucks.kind();
        write::point(
            &mut out,
            kind,
            live.site.id.as_str(),
            live.position(),
            &view,
        );
    }
    out
}

#[derive(Serialize)]
struct RouteView<'a> {
    truck: &'a TruckId,
    point: &'a str,
    /// Whether a dispatcher has confirmed it.
    ordered: bool,
}

/// Routes of open orders and of recommendations.
pub fn routes(world: &World) -> Vec<u8> {
    let mut out = Vec::new();
    for order in world
        .orders
        .values()
        .filter(|o| o.is_open() && o.route.len() > 1)
    {
        let (truck, point) = (&order.truck, order.point.as_str());
        let id = format!("route-{truck}");
        write::line(
            &mut out,
            "route",
            &id,
            &order.route,
            &RouteView {
                truck,
                point,
                ordered: true,
            },
        );
    }
    for (truck, point, route) in world.outlook.recommended_routes() {
        if route.len() > 1 && world.open_order(truck).is_none() {
            let id = format!("route-{truck}");
            let view = RouteView {
                truck,
                point: point.as_str(),
                ordered: false,
            };
            write::line(&mut out, "route", &id, route, &view);
        }
    }
    out
}
