//! Nothing lost, nothing twice: what the gauges served against what the store holds. Pure.
//!
//! Readings are paired by value and time, so that on a plateau one loss and one doubling do not
//! cancel and a wrong time does not pass. An MQTT gauge stamps its reading itself: the store must
//! hold that very time. A Modbus reading is stamped by the agent once the answer is there, a moment
//! after it was served: [`Lateness`] says how long that moment may be. Stored observations without
//! a value (a poll that failed) were never served and are left out.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use shared::{ids::GaugeId, time::Timestamp};

use super::{Field, StoreExport};
use crate::gauge::Served;

/// The comparison of one gauge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GaugeDeliveryCount {
    pub served: usize,
    pub stored: usize,
    /// Served, but not in the store.
    pub lost: usize,
    /// In the store, but not served, or stored twice.
    pub doubled: usize,
}

/// The comparison of all gauges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryCount {
    pub served: usize,
    pub stored: usize,
    pub lost: usize,
    pub doubled: usize,
    /// Only the gauges with something lost or doubled.
    pub wrong: BTreeMap<GaugeId, GaugeDeliveryCount>,
}

/// How long after it was served a reading may be stamped, per gauge, in milliseconds of storm time.
/// A gauge that is not listed stamps its readings itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lateness(BTreeMap<GaugeId, i64>);

/// What a busy machine may put between an answer and its stamp, in real time. Measured with eight
/// programs on two cores: 99 in 100 stamps within 2 ms, the last of 5350 at 148 ms, which at 240 times
/// the storm's speed is already more than half an interval of a minute. A machine that is also building
/// something gets more.
const BUSY: Duration = Duration::from_secs(1);
/// Readings are paired one to one, so that a late stamp is not taken for a doubling; but a stamp
/// later than so many intervals is no stamp of that reading.
const MOST_INTERVALS: i64 = 3;

impl Lateness {
    /// Of the gauges of a field in a storm at this speed.
    ///
    /// Half an interval tells the readings of one gauge apart. Where the storm runs so fast that
    /// half an interval is less than a busy machine's delay, that delay counts.
    #[must_use]
    pub(super) fn of(field: &Field, speed: f64) -> Self {
        let units = field.gateways.iter().flat_map(|g| &g.modbus);
        let late = units
            .flat_map(|line| line.units.values())
            .map(|gauge| (gauge.id.clone(), late_ms(gauge.interval_s, speed)));
        Self(late.collect())
    }

    fn ms(&self, gauge: &GaugeId) -> i64 {
        self.0.get(gauge).copied().unwrap_or(0)
    }
}

fn late_ms(interval_s: u32, speed: f64) -> i64 {
    let interval = i64::from(interval_s) * 1000;
    #[expect(clippy::cast_possible_truncation, reason = "speeds are 3600 at most")]
    let busy = (BUSY.as_secs_f64() * 1000.0 * speed) as i64;
    busy.clamp(interval / 2, MOST_INTERVALS * interval)
}

/// Compares every gauge.
#[must_use]
pub(super) fn compare(
    served: &BTreeMap<GaugeId, Vec<Served>>,
    store: &StoreExport,
    lateness: &Lateness,
) -> DeliveryCount {
    let mut total = DeliveryCount::default();
    let ids = served
        .keys()
        .chain(store.keys().filter(|id| !served.contains_key(*id)));
    for id in ids {
        let one = compare_one(served, store, lateness, id).0;
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

impl DeliveryCount {
    /// Whether everything arrived exactly once.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.lost + self.doubled == 0
    }
}

/// The lost readings of a gauge that it served outside all of these spans of real time.
#[must_use]
pub(super) fn lost_outside(
    served: &BTreeMap<GaugeId, Vec<Served>>,
    store: &StoreExport,
    lateness: &Lateness,
    gauge: &GaugeId,
    spans: &[(Timestamp, Timestamp)],
) -> usize {
    let (_, lost) = compare_one(served, store, lateness, gauge);
    let is_within = |s: &&Served| {
        spans
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&s.real))
    };
    lost.len() - lost.iter().filter(is_within).count()
}

/// As [`compare`], by value alone: where the clock that stamps is wrong, time says nothing. A loss
/// and a doubling cancel where they are of one gauge and one value.
#[must_use]
pub(super) fn compare_values(
    served: &BTreeMap<GaugeId, Vec<Served>>,
    store: &StoreExport,
) -> DeliveryCount {
    let at_one_time = |s: &Served| Served {
        at: Timestamp::default(),
        ..*s
    };
    let served = served
        .iter()
        .map(|(id, all)| (id.clone(), all.iter().map(at_one_time).collect()))
        .collect();
    let mut store = store.clone();
    for one in store.values_mut().flatten() {
        one.observed_at = Timestamp::default();
    }
    compare(&served, &store, &Lateness::default())
}

/// The comparison of a gauge, and the readings that it lost.
fn compare_one(
    served: &BTreeMap<GaugeId, Vec<Served>>,
    store: &StoreExport,
    lateness: &Lateness,
    gauge: &GaugeId,
) -> (GaugeDeliveryCount, Vec<Served>) {
    let mut by_value: BTreeMap<i64, (Vec<Served>, Vec<Timestamp>)> = BTreeMap::new();
    for one in served.get(gauge).into_iter().flatten() {
        by_value.entry(one.milli).or_default().0.push(*one);
    }
    for one in store.get(gauge).into_iter().flatten() {
        if let Some(milli) = one.milli {
            by_value.entry(milli).or_default().1.push(one.observed_at);
        }
    }
    let (mut count, mut all_lost) = (GaugeDeliveryCount::default(), Vec::new());
    for (mut served, mut stamps) in by_value.into_values() {
        served.sort_by_key(|s| s.at);
        stamps.sort_unstable();
        let (lost, doubled) = unpaired(&served, &stamps, lateness.ms(gauge));
        count.served += served.len();
        count.stored += stamps.len();
        count.lost += lost.len();
        count.doubled += doubled;
        all_lost.extend(lost);
    }
    (count, all_lost)
}

/// Readings of one value without a stamp, and the number of stamps without a reading; both lists in
/// the order of time.
///
/// Every stamp, the latest first, takes the latest reading that is left and not after it. As all
/// may be late by the same span, no other pairing leaves fewer alone.
fn unpaired(served: &[Served], stamps: &[Timestamp], late_ms: i64) -> (Vec<Served>, usize) {
    let (mut lost, mut doubled) = (Vec::new(), 0);
    let mut left = served.iter().rev().peekable();
    for stamp in stamps.iter().rev() {
        while let Some(after) = left.next_if(|s| s.at > *stamp) {
            lost.push(*after);
        }
        if left
            .next_if(|s| stamp.millis_since(s.at) <= late_ms)
            .is_none()
        {
            doubled += 1;
        }
    }
    lost.extend(left);
    (lost, doubled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ExportedObservation;

    const LATE_MS: i64 = 30_000;

    fn id() -> GaugeId {
        "lg-1".parse().expect("id")
    }

    /// Readings by second of storm time; of real time it is the same one.
    fn served(readings: &[(i64, i64)]) -> BTreeMap<GaugeId, Vec<Served>> {
        let one = |(s, milli): &(i64, i64)| Served {
            at: Timestamp::from_millis(s * 1000),
            real: Timestamp::from_millis(s * 1000),
            milli: *milli,
        };
        BTreeMap::from([(id(), readings.iter().map(one).collect())])
    }

    fn store(readings: &[(i64, Option<i64>)]) -> StoreExport {
        let one = |(s, milli): &(i64, Option<i64>)| ExportedObservation {
            observed_at: Timestamp::from_millis(s * 1000),
            milli: *milli,
        };
        BTreeMap::from([(id(), readings.iter().map(one).collect())])
    }

    fn modbus() -> Lateness {
        Lateness(BTreeMap::from([(id(), LATE_MS)]))
    }

    fn mqtt() -> Lateness {
        Lateness::default()
    }

    fn lost_and_doubled(
        lateness: &Lateness,
        a: &[(i64, i64)],
        b: &[(i64, Option<i64>)],
    ) -> (usize, usize) {
        let delivery = compare(&served(a), &store(b), lateness);
        (delivery.lost, delivery.doubled)
    }

    #[test]
    fn the_same_readings_are_exact_whatever_failed_polls_lie_between() {
        let all = [(0, 1), (60, 2), (120, 2), (180, 3)];
        let stamped = [
            (1, Some(1)),
            (62, Some(2)),
            (100, None),
            (150, Some(2)),
            (180, Some(3)),
        ];
        assert_eq!(lost_and_doubled(&modbus(), &all, &stamped), (0, 0));
        let own = [(0, Some(1)), (60, Some(2)), (120, Some(2)), (180, Some(3))];
        assert_eq!(lost_and_doubled(&mqtt(), &all, &own), (0, 0));
    }

    #[test]
    fn lost_and_doubled_readings_are_counted_apart() {
        let all = [(0, 1), (60, 2), (120, 3)];
        let stamped = [(0, Some(1)), (120, Some(3)), (121, Some(3))];
        for lateness in [modbus(), mqtt()] {
            assert_eq!(lost_and_doubled(&lateness, &all, &stamped), (1, 1));
            assert_eq!(lost_and_doubled(&lateness, &all, &[]), (3, 0));
            assert_eq!(lost_and_doubled(&lateness, &[], &stamped), (0, 3));
        }
    }

    #[test]
    fn a_loss_and_a_doubling_on_a_plateau_do_not_cancel() {
        let all = [(0, 7), (60, 7), (120, 7), (180, 7)];
        for doubled in [
            [(0, Some(7)), (1, Some(7)), (120, Some(7)), (180, Some(7))],
            [(0, Some(7)), (59, Some(7)), (120, Some(7)), (180, Some(7))],
            [(0, Some(7)), (120, Some(7)), (121, Some(7)), (180, Some(7))],
        ] {
            for lateness in [modbus(), mqtt()] {
                assert_eq!(lost_and_doubled(&lateness, &all, &doubled), (1, 1));
            }
        }
    }

    #[test]
    fn a_wrong_time_is_a_loss_and_a_reading_never_served() {
        let all = [(0, 1), (60, 2)];
        let at = |s| [(0, Some(1)), (s, Some(2))];
        assert_eq!(lost_and_doubled(&mqtt(), &all, &at(61)), (1, 1));
        assert_eq!(lost_and_doubled(&modbus(), &all, &at(90)), (0, 0));
        assert_eq!(lost_and_doubled(&modbus(), &all, &at(91)), (1, 1), "late");
        assert_eq!(lost_and_doubled(&modbus(), &all, &at(59)), (1, 1), "early");
    }

    #[test]
    fn an_agent_that_polls_at_once_after_its_restart_is_understood() {
        let all = [(0, 7), (5, 7), (60, 7)];
        let stamped = [(6, Some(7)), (8, Some(7)), (61, Some(7))];
        assert_eq!(lost_and_doubled(&modbus(), &all, &stamped), (0, 0));
    }

    #[test]
    fn a_stamp_may_be_late_by_half_an_interval_or_a_busy_machine_within_bounds() {
        assert_eq!(late_ms(60, 1.0), 30_000);
        assert_eq!(late_ms(60, 100.0), 100_000);
        assert_eq!(late_ms(60, 3600.0), 180_000);
    }

    #[test]
    fn a_loss_is_explained_only_by_readings_served_just_before_the_kill() {
        let all = served(&[(0, 0), (60, 0), (120, 0), (180, 6), (240, 0)]);
        let kept = store(&[(0, Some(0)), (60, Some(0)), (240, Some(0))]);
        let outside = |spans: &[(i64, i64)]| {
            let at = |s: i64| Timestamp::from_millis(s * 1000);
            let spans: Vec<_> = spans.iter().map(|(a, b)| (at(*a), at(*b))).collect();
            lost_outside(&all, &kept, &modbus(), &id(), &spans)
        };
        assert_eq!(outside(&[(120, 180)]), 0);
        assert_eq!(outside(&[(120, 130), (170, 300)]), 0);
        assert_eq!(outside(&[(170, 300)]), 1, "one was served before");
        assert_eq!(outside(&[(0, 130)]), 1, "one was served after");
        assert_eq!(outside(&[]), 2);
    }

    #[test]
    fn by_value_alone_a_wrong_time_is_no_loss_and_a_missing_or_further_value_is() {
        let all = served(&[(0, 1), (60, 2), (120, 2)]);
        let compared = |kept: &[(i64, Option<i64>)]| {
            let count = compare_values(&all, &store(kept));
            (count.lost, count.doubled)
        };
        assert_eq!(
            compared(&[(9, Some(2)), (7, Some(2)), (8, Some(1))]),
            (0, 0)
        );
        assert_eq!(
            compared(&[(9, Some(2)), (7, Some(3)), (8, Some(1))]),
            (1, 1)
        );
    }
}
