//! Orders: a dispatch that a dispatcher has confirmed, and its life.

use serde::{Deserialize, Serialize};
use shared::{
    clock::Mode,
    fleet::{OrderAction, TruckOrder, TruckReport, TruckState},
    ids::{OrderId, PointId, TruckId},
    lonlat::LonLat,
    time::Timestamp,
};

use crate::principal::{Act, Principal};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OrderState {
    /// Durable and sent, repeated until the truck reports it.
    Sent,
    /// The truck reported it.
    Received,
    /// The truck has packed up after pumping.
    Done,
    /// A dispatcher called the truck back.
    Recalled,
}

/// One truck to one point, confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub id: OrderId,
    pub truck: TruckId,
    pub point: PointId,
    pub issued_at: Timestamp,
    pub issued_by: Principal,
    pub state: OrderState,
    /// Who last changed it while it was open, if anybody did.
    pub changed: Option<Act>,
    /// Who ended it, if it has ended.
    pub ended: Option<Act>,
    /// When the truck was expected when the order was given.
    pub eta_at: Timestamp,
    /// The plan that it was confirmed from; `None` for one without a recommendation.
    pub plan: Option<u64>,
    pub route: Vec<LonLat>,
}

impl OrderState {
    /// Whether the truck is still bound by an order in this state.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Sent | Self::Received)
    }
}

impl Order {
    /// Whether the truck is still bound by it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.state.is_open()
    }

    /// The order after somebody changed its state.
    #[must_use]
    pub fn gone_over(mut self, to: OrderState, act: Act) -> Self {
        self.state = to;
        if to.is_open() {
            self.changed = Some(act);
        } else {
            self.ended = Some(act);
        }
        self
    }

    /// What the truck is told, by an aggregator in this mode.
    #[must_use]
    pub fn message(&self, mode: Mode) -> TruckOrder {
        let action = if self.state == OrderState::Recalled {
            OrderAction::Recall
        } else {
            OrderAction::Pump {
                point: self.point.clone(),
                route: self.route.clone(),
            }
        };
        let (order, truck) = (self.id.clone(), self.truck.clone());
        TruckOrder {
            order,
            truck,
            issued_at: self.issued_at,
            mode,
            action,
        }
    }

    /// The state after the truck's report; `None` where the report changes nothing.
    #[must_use]
    pub fn after(&self, report: &TruckReport) -> Option<OrderState> {
        let carries = report.order.as_ref() == Some(&self.id);
        match self.state {
            OrderState::Sent if carries => Some(OrderState::Received),
            // It carried the order and carries it no more: packed up, on its way home.
            OrderState::Received if !carries && report.state != TruckState::OutOfService => {
                Some(OrderState::Done)
            }
            _ => None,
        }
    }

    /// Whether the truck must be told (again): it has not reported what the order says.
    #[must_use]
    pub fn needs_sending(&self, report: Option<&TruckReport>) -> bool {
        let carries = report.is_some_and(|r| r.order.as_ref() == Some(&self.id));
        match self.state {
            OrderState::Sent => !carries,
            OrderState::Recalled => {
                carries && report.is_some_and(|r| r.state != TruckState::PackingUp)
            }
            OrderState::Received | OrderState::Done => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::units::CubicMetres;

    use super::*;

    fn order(state: OrderState) -> Order {
        Order {
            id: "o-1".parse().expect("id"),
            truck: "pt-1".parse().expect("id"),
            point: "wp-1".parse().expect("id"),
            issued_at: Timestamp::from_millis(0),
            issued_by: Principal::Anonymous,
            state,
            changed: None,
            ended: None,
            eta_at: Timestamp::from_millis(0),
            plan: None,
            route: Vec::new(),
        }
    }

    fn report(order: Option<&str>, state: TruckState) -> TruckReport {
        TruckReport {
            truck: "pt-1".parse().expect("id"),
            reported_at: Timestamp::from_millis(0),
            position: LonLat::new(121.0, 31.0).expect("valid"),
            state,
            order: order.map(|o| o.parse().expect("id")),
            pumped_m3: CubicMetres::ZERO,
        }
    }

    #[test]
    fn an_order_is_sent_until_reported_and_done_when_the_truck_lets_go() {
        let sent = order(OrderState::Sent);
        assert!(sent.needs_sending(None));
        assert!(sent.needs_sending(Some(&report(None, TruckState::Idle))));
        let carried = report(Some("o-1"), TruckState::Driving);
        assert_eq!(sent.after(&carried), Some(OrderState::Received));
        let received = order(OrderState::Received);
        assert!(!received.needs_sending(Some(&carried)));
        assert_eq!(
            received.after(&report(None, TruckState::Driving)),
            Some(OrderState::Done)
        );
        assert_eq!(received.after(&carried), None);
    }

    #[test]
    fn an_order_binds_its_truck_until_it_is_done_or_recalled() {
        let open = [OrderState::Sent, OrderState::Received].map(order);
        let ended = [OrderState::Done, OrderState::Recalled].map(order);
        assert!(open.iter().all(Order::is_open));
        assert!(!ended.iter().any(Order::is_open));
        let act = || Act {
            by: Principal::Anonymous,
            at: Timestamp::from_millis(60_000),
        };
        let received = order(OrderState::Sent).gone_over(OrderState::Received, act());
        assert_eq!((received.changed, received.ended), (Some(act()), None));
        let done = order(OrderState::Received).gone_over(OrderState::Done, act());
        assert_eq!((done.changed, done.ended), (None, Some(act())));
    }

    #[test]
    fn a_truck_that_carries_another_order_or_is_out_of_service_ends_nothing() {
        let other = report(Some("o-2"), TruckState::Driving);
        assert_eq!(order(OrderState::Sent).after(&other), None);
        let broken = report(None, TruckState::OutOfService);
        assert_eq!(order(OrderState::Received).after(&broken), None);
    }

    #[test]
    fn a_recall_is_repeated_until_the_truck_packs_up() {
        let recalled = order(OrderState::Recalled);
        assert!(recalled.needs_sending(Some(&report(Some("o-1"), TruckState::Pumping))));
        assert!(!recalled.needs_sending(Some(&report(Some("o-1"), TruckState::PackingUp))));
        assert!(matches!(
            recalled.message(Mode::Actual).action,
            OrderAction::Recall
        ));
    }
}
