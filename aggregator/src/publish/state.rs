//! The state document and its deltas.
//!
//! Lists absent from a delta are unchanged; an element replaces the one with the same id.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use shared::{
    clock::Mode,
    ids::{GaugeId, TruckId},
    time::Timestamp,
};
use utoipa::ToSchema;

use super::{
    map::Head,
    redraw::Redraw,
    seen::Seen,
    view::{self, AgentView, CityView, GaugeView, OrderView, PlanView, PointView, TruckView},
};
use crate::{
    counters::Counts,
    schema,
    world::{GaugeIndex, Snapshot, TruckIndex},
};

/// The whole state, or what changed of it.
///
/// Lists absent from a delta are unchanged; an element replaces the one with the same id. An order
/// that has ended is told when it ends, and leaves the state within an hour after. `seq` grows with every delta; the whole state contains all deltas up to its own.
///
/// Whom sees a part of the city only is told of that part, and of lists that are not for him nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = State)]
pub(crate) struct StateView<'a> {
    seq: u64,
    #[schema(value_type = schema::Instant)]
    now: Timestamp,
    #[schema(value_type = schema::Mode)]
    mode: Mode,
    /// Storm seconds per real second.
    speed: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    city: Option<CityView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<GaugeView>)]
    gauges: Option<Vec<&'a RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    points: Option<Vec<PointView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trucks: Option<Vec<TruckView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    plan: Option<PlanView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    orders: Option<Vec<OrderView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    agents: Option<Vec<AgentView<'a>>>,
    /// Gauges that no layer knows, and how many observations each gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = BTreeMap<schema::Id, u64>)]
    unknown_gauges: Option<&'a BTreeMap<GaugeId, u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    counters: Option<&'a Counts>,
    /// Trucks that are no longer seen: they left the part of the city that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<schema::Id>)]
    gone_trucks: Option<Vec<&'a TruckId>>,
}

/// Every gauge's view as JSON: the state, its deltas and the map all hold it, and it changes only
/// when the gauge does.
#[derive(Debug, Default)]
pub struct GaugeTexts {
    texts: Vec<Box<RawValue>>,
    /// Where in each the rest begins after what never changes and the map writes otherwise.
    rests: Vec<usize>,
}

impl GaugeTexts {
    /// The text of one gauge.
    #[must_use]
    pub fn get(&self, gauge: GaugeIndex) -> Option<&RawValue> {
        self.texts.get(gauge.index()).map(|text| &**text)
    }

    /// All texts, in the order of the gauges.
    pub fn iter(&self) -> impl Iterator<Item = &RawValue> {
        self.texts.iter().map(|text| &**text)
    }

    /// What every text holds after its id, key and name.
    pub fn rests(&self) -> impl Iterator<Item = &str> {
        let texts = self.texts.iter().zip(&self.rests);
        texts.map(|(text, rest)| text.get().get(*rest..).unwrap_or_default())
    }

    /// Writes what changed; everything if nothing was written yet.
    pub fn write<'a>(
        &mut self,
        snapshot: &Snapshot,
        changed: impl IntoIterator<Item = &'a GaugeIndex>,
    ) {
        if self.texts.len() != snapshot.gauges.len() {
            self.texts = view::gauges(snapshot).map(|gauge| text(&gauge)).collect();
            self.rests = view::gauges(snapshot).map(|gauge| rest(&gauge)).collect();
            return;
        }
        for key in changed.into_iter().map(|gauge| gauge.index()) {
            let described = snapshot.city.gauges.get(key);
            if let (Some(old), Some(described), Some(facts)) =
                (self.texts.get_mut(key), described, snapshot.gauges.get(key))
            {
                *old = text(&GaugeView::new(key, described, facts));
            }
        }
    }
}

fn text(gauge: &GaugeView) -> Box<RawValue> {
    to_raw_value(gauge).expect("plain data is JSON")
}

fn rest(gauge: &GaugeView) -> usize {
    let GaugeView { id, key, name, .. } = gauge;
    let (id, key) = (id.as_str(), *key);
    Head { id, key, name }.length()
}

/// The whole state.
#[must_use]
pub fn document(snapshot: &Snapshot, texts: &GaugeTexts) -> Vec<u8> {
    let mut view = empty(snapshot);
    view.city = Some(CityView::new(snapshot));
    view.gauges = Some(texts.iter().collect());
    view.points = Some(view::points(snapshot).collect());
    view.trucks = Some(view::trucks(snapshot).collect());
    view.plan = snapshot.plan.as_deref().map(PlanView::from);
    view.orders = Some(view::present_orders(snapshot).collect());
    view.agents = Some(view::agents(snapshot).collect());
    view.unknown_gauges = Some(&snapshot.unknown_gauges);
    written(&view)
}

/// What changed.
#[must_use]
pub fn delta(snapshot: &Snapshot, texts: &GaugeTexts, redraw: &Redraw) -> Vec<u8> {
    let mut view = empty(snapshot);
    view.gauges = some(redraw.gauges.iter().filter_map(|g| texts.get(*g)));
    view.points = some(redraw.points.iter().filter_map(|point| {
        let key = point.index();
        let (described, facts) = (snapshot.city.points.get(key)?, snapshot.points.get(key)?);
        Some(PointView::new(key, described, facts))
    }));
    view.trucks = some(redraw.trucks.iter().filter_map(|truck| {
        let key = truck.index();
        let (described, facts) = (snapshot.city.trucks.get(key)?, snapshot.trucks.get(key)?);
        Some(TruckView::new(key, described, facts))
    }));
    let plan = snapshot.plan.as_deref().filter(|_| redraw.plan);
    view.plan = plan.map(PlanView::from);
    let orders = redraw.orders.iter();
    view.orders = some(orders.filter_map(|id| Some((&**snapshot.orders.get(id)?).into())));
    view.agents = some(redraw.agents.iter().filter_map(|id| {
        let (id, facts) = snapshot.agents.get_key_value(id)?;
        Some(AgentView::new(id, facts))
    }));
    view.unknown_gauges = redraw.unknown_gauges.then_some(&*snapshot.unknown_gauges);
    written(&view)
}

/// The state as it is seen from an area.
#[must_use]
pub fn document_of_part(seen: Seen<'_>) -> Vec<u8> {
    let texts: Vec<_> = seen.gauges().map(|gauge| text(&gauge)).collect();
    let mut view = empty(seen.snapshot);
    view.city = seen
        .sight()
        .map(|sight| CityView::of_part(seen.snapshot, sight));
    view.gauges = Some(texts.iter().map(|text| &**text).collect());
    view.points = Some(seen.points().collect());
    view.trucks = Some(seen.trucks().collect());
    view.plan = seen.plan();
    view.orders = Some(seen.present_orders().collect());
    view.agents = seen.has_upkeep().then(|| seen.agents().collect());
    view.unknown_gauges = seen.has_upkeep().then_some(&*seen.snapshot.unknown_gauges);
    written(&of_part(view, seen))
}

/// What changed of what is seen from an area, where these trucks were seen before.
#[must_use]
pub fn delta_of_part(seen: Seen<'_>, trucks_before: &[TruckIndex], redraw: &Redraw) -> Vec<u8> {
    let gauges = redraw.gauges.iter().filter_map(|gauge| seen.gauge(*gauge));
    let texts: Vec<_> = gauges.map(|gauge| text(&gauge)).collect();
    let mut view = empty(seen.snapshot);
    view.gauges = some(texts.iter().map(|text| &**text));
    view.points = some(redraw.points.iter().filter_map(|point| seen.point(*point)));
    let is_new = |truck: &TruckView<'_>| {
        let place = TruckIndex::from_usize(truck.key);
        redraw.trucks.contains(&place) || trucks_before.binary_search(&place).is_err()
    };
    view.trucks = some(seen.trucks().filter(is_new));
    let gone = trucks_before
        .iter()
        .filter(|truck| seen.truck(**truck).is_none());
    let described = |truck: &TruckIndex| seen.snapshot.city.trucks.get(truck.index());
    view.gone_trucks = some(gone.filter_map(described).map(|truck| &truck.id));
    view.plan = seen.plan().filter(|_| redraw.plan);
    let orders = redraw
        .orders
        .iter()
        .filter_map(|id| seen.snapshot.orders.get(id));
    let orders = orders.filter(|order| seen.has_order(order));
    view.orders = some(orders.map(|order| (&**order).into()));
    if seen.has_upkeep() {
        view.agents = some(redraw.agents.iter().filter_map(|id| {
            let (id, facts) = seen.snapshot.agents.get_key_value(id)?;
            Some(AgentView::new(id, facts))
        }));
        let unknown = &*seen.snapshot.unknown_gauges;
        view.unknown_gauges = redraw.unknown_gauges.then_some(unknown);
    }
    written(&of_part(view, seen))
}

fn of_part<'a>(mut view: StateView<'a>, seen: Seen<'a>) -> StateView<'a> {
    view.counters = view.counters.filter(|_| seen.has_upkeep());
    view
}

fn some<T>(elements: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let elements: Vec<T> = elements.collect();
    (!elements.is_empty()).then_some(elements)
}

/// A document of megabytes is written where it stays: growing would copy it again and again.
fn written(view: &StateView) -> Vec<u8> {
    /// What a gauge's text has around it, and what stands beside the gauges in most cities.
    const AROUND: (usize, usize) = (1, 64 * 1024);
    let gauges = view.gauges.iter().flatten();
    let gauges: usize = gauges.map(|text| text.get().len() + AROUND.0).sum();
    let mut out = Vec::with_capacity(gauges + AROUND.1);
    serde_json::to_writer(&mut out, view).expect("the state has no maps of odd keys");
    out
}

fn empty(snapshot: &Snapshot) -> StateView<'_> {
    StateView {
        seq: snapshot.seq,
        now: snapshot.at,
        mode: snapshot.mode,
        speed: snapshot.speed,
        city: None,
        gauges: None,
        points: None,
        trucks: None,
        plan: None,
        orders: None,
        agents: None,
        unknown_gauges: None,
        counters: Some(&snapshot.counts),
        gone_trucks: None,
    }
}
