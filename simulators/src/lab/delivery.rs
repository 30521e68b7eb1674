//! Nothing lost, nothing twice: what the gauges served against what the store holds. Pure.
//!
//! Values are compared in order, not times: the agent stamps a Modbus reading itself. Stored
//! observations without a value (a poll that failed) were never served and are left out.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::{ids::GaugeId, time::Timestamp};

use super::store::Store;
use crate::gauge::Served;

/// The comparison of one gauge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GaugeDelivery {
    pub served: usize,
    pub stored: usize,
    /// Served, but not in the store.
    pub lost: usize,
    /// In the store, but not served, or stored twice.
    pub doubled: usize,
}

/// The comparison of all gauges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Delivery {
    pub served: usize,
    pub stored: usize,
    pub lost: usize,
    pub doubled: usize,
    /// Only the gauges with something lost or doubled.
    pub wrong: BTreeMap<GaugeId, GaugeDelivery>,
}

/// Compares every gauge.
#[must_use]
pub fn compare(served: &BTreeMap<GaugeId, Vec<Served>>, store: &Store) -> Delivery {
    let mut total = Delivery::default();
    let ids = served
        .keys()
        .chain(store.keys().filter(|id| !served.contains_key(*id)));
    for id in ids {
        let one = compare_one(&served_values(served, id), &stored_values(store, id));
        total.served += one.served;
        total.stored += one.stored;
        total.lost += one.lost;
        total.doubled += one.doubled;
        if one.lost + one.doubled > 0 {
            total.wrong.insert(id.clone(), one);
        }
    }
    total
}

impl Delivery {
    /// Whether everything arrived exactly once.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.lost + self.doubled == 0
    }
}

/// Whether all that a gauge lost can be the readings it served from `from` to `to` (real time): the
/// store must hold exactly the served list without one block out of that span.
#[must_use]
pub fn lost_only_between(
    served: &BTreeMap<GaugeId, Vec<Served>>,
    store: &Store,
    gauge: &GaugeId,
    (from, to): (Timestamp, Timestamp),
) -> bool {
    let (all, kept) = (served_values(served, gauge), stored_values(store, gauge));
    let Some(lost) = all.len().checked_sub(kept.len()) else {
        return false;
    };
    let prefix = all.iter().zip(&kept).take_while(|(a, b)| a == b).count();
    let suffix = all
        .iter()
        .rev()
        .zip(kept.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let times = served.get(gauge).map_or(&[][..], Vec::as_slice);
    (0..=prefix).any(|start| {
        let block = times.get(start..start + lost).unwrap_or_default();
        block.len() == lost
            && all.len() - start - lost <= suffix
            && block.iter().all(|s| from <= s.real && s.real <= to)
    })
}

fn served_values(served: &BTreeMap<GaugeId, Vec<Served>>, id: &GaugeId) -> Vec<i64> {
    served
        .get(id)
        .map_or_else(Vec::new, |list| list.iter().map(|s| s.milli).collect())
}

fn stored_values(store: &Store, id: &GaugeId) -> Vec<i64> {
    store.get(id).map_or_else(Vec::new, |list| {
        list.iter().filter_map(|s| s.milli).collect()
    })
}

fn compare_one(served: &[i64], stored: &[i64]) -> GaugeDelivery {
    let common = common_in_order(served, stored);
    GaugeDelivery {
        served: served.len(),
        stored: stored.len(),
        lost: served.len() - common,
        doubled: stored.len() - common,
    }
}

/// Length of the longest common subsequence.
fn common_in_order(a: &[i64], b: &[i64]) -> usize {
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (
        a.get(prefix..).unwrap_or_default(),
        b.get(prefix..).unwrap_or_default(),
    );
    let suffix = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let a = a.get(..a.len() - suffix).unwrap_or_default();
    let b = b.get(..b.len() - suffix).unwrap_or_default();
    let mut row = vec![0_usize; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (k, y) in b.iter().enumerate() {
            let left = row.get(k).copied().unwrap_or(0);
            if let Some(cell) = row.get_mut(k + 1) {
                let above = *cell;
                *cell = if x == y {
                    diagonal + 1
                } else {
                    above.max(left)
                };
                diagonal = above;
            }
        }
    }
    prefix + suffix + row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::store::Stored;

    fn served(values: &[i64]) -> BTreeMap<GaugeId, Vec<Served>> {
        let at = |k: usize| Timestamp::from_millis(i64::try_from(k).expect("small") * 100);
        let one = |(k, milli): (usize, &i64)| Served {
            at: at(k),
            real: at(k),
            milli: *milli,
            sentinel: false,
        };
        BTreeMap::from([(
            "lg-1".parse().expect("id"),
            values.iter().enumerate().map(one).collect(),
        )])
    }

    fn store(values: &[Option<i64>]) -> Store {
        let one = |(k, milli): (i64, &Option<i64>)| Stored {
            observed_at: Timestamp::from_millis(k),
            milli: *milli,
            quality: 1,
        };
        BTreeMap::from([(
            "lg-1".parse().expect("id"),
            (0..).zip(values).map(one).collect(),
        )])
    }

    fn lost_and_doubled(a: &[i64], b: &[Option<i64>]) -> (usize, usize) {
        let delivery = compare(&served(a), &store(b));
        (delivery.lost, delivery.doubled)
    }

    #[test]
    fn the_same_values_in_the_same_order_are_exact_whatever_failed_polls_lie_between() {
        assert_eq!(
            lost_and_doubled(&[1, 2, 2, 3], &[Some(1), Some(2), None, Some(2), Some(3)]),
            (0, 0)
        );
    }

    #[test]
    fn lost_and_doubled_readings_are_counted_apart() {
        assert_eq!(
            lost_and_doubled(&[1, 2, 3, 4], &[Some(1), Some(3), Some(3), Some(4)]),
            (1, 1)
        );
        assert_eq!(lost_and_doubled(&[1, 2], &[]), (2, 0));
        assert_eq!(lost_and_doubled(&[], &[Some(7)]), (0, 1));
        assert_eq!(
            lost_and_doubled(&[1, 2], &[Some(2), Some(1)]),
            (1, 1),
            "order counts"
        );
    }

    #[test]
    fn a_loss_is_explained_only_by_readings_served_just_before_the_kill() {
        let (all, id) = (served(&[0, 0, 5, 6, 7, 0]), "lg-1".parse().expect("id"));
        let kept = store(&[Some(0), Some(0), Some(7), Some(0)]);
        let between = |from, to| {
            let span = (Timestamp::from_millis(from), Timestamp::from_millis(to));
            lost_only_between(&all, &kept, &id, span)
        };
        assert!(between(200, 300));
        assert!(!between(300, 500), "the 5 was served before");
    }
}
