//! What of one snapshot is seen, and by whom: the one place where readers' views are filtered.
//!
//! Keys are the same in every area: a page that is given a wider one finds its points again.

use std::collections::HashSet;

use shared::ids::{PointId, TruckId};

use super::view::{self, AgentView, GaugeView, OrderView, PlanView, PointView, TruckView};
use crate::{
    network::{City, LayerName, PlainFeature},
    orders::Order,
    people::{Lists, Sight},
    world::{GaugeIndex, PointIndex, Snapshot, TruckIndex},
};

/// What of a snapshot is seen.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub snapshot: &'a Snapshot,
    part: Option<Part<'a>>,
}

/// What is seen where not all is.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    sight: &'a Sight,
    lists: Lists,
    trucks: &'a [TruckIndex],
}

/// The trucks that are seen from an area: its own, those that stand in it, and those that are sent
/// into it or should be.
#[must_use]
pub fn trucks(snapshot: &Snapshot, sight: &Sight) -> Vec<TruckIndex> {
    let recommended = snapshot.plan.iter().flat_map(|p| &p.recommendations);
    let here = recommended.filter(|r| sight.has_point(&r.point));
    let should_come: HashSet<&TruckId> = here.map(|r| &r.truck).collect();
    let is_seen = |(place, id): (usize, &TruckId)| {
        let place = TruckIndex::from_usize(place);
        let facts = snapshot.trucks.get(place.index())?;
        let is_sent = facts
            .order
            .as_ref()
            .map(|(_, point)| sight.has_point(point));
        let is_seen = sight.owns(place)
            || is_sent == Some(true)
            || should_come.contains(id)
            || sight.is_in(facts.position);
        is_seen.then_some(place)
    };
    let ids = snapshot.city.trucks.iter().map(|t| &t.id);
    ids.enumerate().filter_map(is_seen).collect()
}

impl<'a> Seen<'a> {
    /// All of it.
    #[must_use]
    pub const fn whole(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            part: None,
        }
    }

    /// What is seen from an area; `trucks` are those of `trucks()`.
    #[must_use]
    pub const fn part(
        snapshot: &'a Snapshot,
        sight: &'a Sight,
        lists: Lists,
        trucks: &'a [TruckIndex],
    ) -> Self {
        let part = Some(Part {
            sight,
            lists,
            trucks,
        });
        Self { snapshot, part }
    }

    fn lists(&self) -> Lists {
        self.part.map_or(Lists::ALL, |part| part.lists)
    }

    fn city(&self) -> &'a City {
        &self.snapshot.city
    }

    /// The area, unless all is seen.
    #[must_use]
    pub fn sight(&self) -> Option<&'a Sight> {
        self.part.map(|part| part.sight)
    }

    /// Whether a point of this id may be seen, if there is one.
    #[must_use]
    pub fn has_point(&self, id: &PointId) -> bool {
        self.part.is_none_or(|part| part.sight.has_point(id))
    }

    /// Whether a truck of this id may be seen, if there is one.
    #[must_use]
    pub fn has_truck(&self, id: &TruckId) -> bool {
        let Some(part) = self.part else { return true };
        let described = |place: &TruckIndex| self.city().trucks.get(place.index());
        let mut seen = part.trucks.iter().filter_map(described);
        seen.any(|truck| truck.id == *id)
    }

    /// Whether an order may be seen.
    #[must_use]
    pub fn has_order(&self, order: &Order) -> bool {
        self.lists().orders && self.has_point(&order.point)
    }

    /// A point, if it is seen.
    #[must_use]
    pub fn point(&self, place: PointIndex) -> Option<PointView<'a>> {
        let places = self.part.map(|part| part.sight.points());
        if places.is_some_and(|places| places.binary_search(&place).is_err()) {
            return None;
        }
        let key = place.index();
        let facts = self.snapshot.points.get(key)?;
        Some(PointView::new(key, self.city().points.get(key)?, facts))
    }

    /// The points that are seen, in the city's order.
    pub fn points(self) -> impl Iterator<Item = PointView<'a>> {
        let seen = self.part.map(|part| part.sight.points());
        let all = self.snapshot.points.len();
        places(seen, all, PointIndex::from_usize).filter_map(move |place| self.point(place))
    }

    /// A gauge, if it is seen.
    #[must_use]
    pub fn gauge(&self, place: GaugeIndex) -> Option<GaugeView<'a>> {
        let places = self.part.map(|part| part.sight.gauges());
        if places.is_some_and(|places| places.binary_search(&place).is_err()) {
            return None;
        }
        let key = place.index();
        let facts = self.snapshot.gauges.get(key)?;
        Some(GaugeView::new(key, self.city().gauges.get(key)?, facts))
    }

    /// The gauges that are seen, in the city's order.
    pub fn gauges(self) -> impl Iterator<Item = GaugeView<'a>> {
        let seen = self.part.map(|part| part.sight.gauges());
        let all = self.snapshot.gauges.len();
        places(seen, all, GaugeIndex::from_usize).filter_map(move |place| self.gauge(place))
    }

    /// A truck, if it is seen; by what it is bound only if that is seen too.
    #[must_use]
    pub fn truck(&self, place: TruckIndex) -> Option<TruckView<'a>> {
        let places = self.part.map(|part| part.trucks);
        if places.is_some_and(|places| places.binary_search(&place).is_err()) {
            return None;
        }
        let key = place.index();
        let facts = self.snapshot.trucks.get(key)?;
        let truck = TruckView::new(key, self.city().trucks.get(key)?, facts);
        let is_told = self.lists().orders && truck.point.is_none_or(|p| self.has_point(p));
        Some(if is_told {
            truck
        } else {
            truck.without_order()
        })
    }

    /// The trucks that are seen, in the city's order.
    pub fn trucks(self) -> impl Iterator<Item = TruckView<'a>> {
        let seen = self.part.map(|part| part.trucks);
        let all = self.snapshot.trucks.len();
        places(seen, all, TruckIndex::from_usize).filter_map(move |place| self.truck(place))
    }

    /// The present plan, or what of it is for points that are seen.
    #[must_use]
    pub fn plan(&self) -> Option<PlanView<'a>> {
        let plan = self.snapshot.plan.as_deref()?;
        Some(match self.part {
            None => plan.into(),
            Some(_) => PlanView::of_part(plan, |p| self.has_point(p), |t| self.has_truck(t)),
        })
    }

    /// All orders that are kept and seen.
    pub fn orders(self) -> impl Iterator<Item = OrderView<'a>> {
        let kept = self.snapshot.orders.values();
        kept.filter(move |order| self.has_order(order))
            .map(|order| (&**order).into())
    }

    /// Of these the present ones.
    pub fn present_orders(self) -> impl Iterator<Item = OrderView<'a>> {
        view::present_among(self.snapshot, move |order| self.has_order(order))
    }

    /// All agents; none for whom they are not.
    pub fn agents(self) -> impl Iterator<Item = AgentView<'a>> {
        let is_seen = self.has_upkeep();
        view::agents(self.snapshot).filter(move |_| is_seen)
    }

    /// Whether agents, unknown gauges and counters are seen.
    #[must_use]
    pub fn has_upkeep(&self) -> bool {
        self.lists().upkeep
    }

    /// The features that are seen of a layer that is only shown.
    pub fn shown(self, layer: LayerName) -> impl Iterator<Item = &'a PlainFeature> {
        let features = self.city().shown.get(&layer).map_or(&[][..], Vec::as_slice);
        let seen = self.part.map(|part| part.sight.shown(layer));
        places(seen, features.len(), |place| place).filter_map(|place| features.get(place))
    }
}

/// The places that are seen of a list, or all of them.
fn places<'a, Index: Copy + 'a>(
    seen: Option<&'a [Index]>,
    all: usize,
    index: impl Fn(usize) -> Index + 'a,
) -> Box<dyn Iterator<Item = Index> + 'a> {
    match seen {
        Some(seen) => Box::new(seen.iter().copied()),
        None => Box::new((0..all).map(index)),
    }
}
