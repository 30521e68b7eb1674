//! Gauges that lie or fall silent in a storm. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::{gauge::Parameter, ids::GaugeId, time::Timestamp};

use super::{drawn, share_of};
use crate::{
    gauge::{Fault, FaultKind},
    rng::Rng,
};

/// Faults begin within these minutes of the storm and last so long.
const BEGIN_MIN: (f64, f64) = (20.0, 90.0);
const LASTS_MIN: (f64, f64) = (60.0, 180.0);

/// What is wrong with a gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::evaluate) enum Kind {
    Stuck,
    Drift,
    Offset,
    Spike,
    Silent,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Stuck,
        Self::Drift,
        Self::Offset,
        Self::Spike,
        Self::Silent,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Stuck => "stuck",
            Self::Drift => "drift",
            Self::Offset => "offset",
            Self::Spike => "spike",
            Self::Silent => "silent",
        }
    }
}

/// The fault of one gauge: spikes are several, anything else is one.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::evaluate) struct Seeded {
    pub kind: Kind,
    pub faults: Vec<Fault>,
}

impl Seeded {
    /// From when to when something is wrong.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let from = self.faults.iter().map(|fault| fault.from).min()?;
        let to = self.faults.iter().map(|fault| fault.to).max()?;
        Some((from, to))
    }
}

/// How far gauges of a parameter are wrong, in its unit: offsets and spikes, drifts per hour.
struct Sizes {
    offset: (f64, f64),
    spike: (f64, f64),
    drift: (f64, f64),
    falls_too: bool,
}

fn sizes(parameter: Parameter) -> Sizes {
    if parameter.is_rain() {
        Sizes {
            offset: (5.0, 40.0),
            spike: (80.0, 300.0),
            drift: (10.0, 60.0),
            falls_too: false,
        }
    } else {
        Sizes {
            offset: (0.1, 0.4),
            spike: (0.3, 1.5),
            drift: (0.1, 0.4),
            falls_too: true,
        }
    }
}

/// The faults of a share of the gauges, of those of depth and of those of rain.
pub(in crate::evaluate) fn seeded(
    share: f64,
    gauges: &[(GaugeId, Parameter)],
    origin: Timestamp,
    seed: u64,
) -> BTreeMap<GaugeId, Seeded> {
    let mut rng = Rng::new(seed, 21);
    let mut all = BTreeMap::new();
    for is_rain in [false, true] {
        let of_these: Vec<_> = gauges
            .iter()
            .filter(|(_, parameter)| parameter.is_rain() == is_rain)
            .cloned()
            .collect();
        let count = share_of(share, of_these.len());
        for (gauge, parameter) in drawn(&mut rng, &of_these, count) {
            let kind = *rng.pick(&Kind::ALL);
            let faults = faults(&mut rng, kind, &sizes(parameter), origin);
            all.insert(gauge, Seeded { kind, faults });
        }
    }
    all
}

fn faults(rng: &mut Rng, kind: Kind, sizes: &Sizes, origin: Timestamp) -> Vec<Fault> {
    let begin = rng.between(BEGIN_MIN.0, BEGIN_MIN.1);
    let end = begin + rng.between(LASTS_MIN.0, LASTS_MIN.1);
    let sign = if sizes.falls_too && rng.unit() < 0.5 {
        -1.0
    } else {
        1.0
    };
    let mut size = |(low, high): (f64, f64)| sign * rng.between(low, high);
    let kind = match kind {
        Kind::Silent => FaultKind::Silent,
        Kind::Stuck => FaultKind::Stuck,
        Kind::Offset => FaultKind::Offset {
            by: size(sizes.offset),
        },
        Kind::Drift => FaultKind::Drift {
            per_hour: size(sizes.drift),
        },
        Kind::Spike => {
            let spikes = 3 + rng.below(6);
            return (0..spikes)
                .map(|_| {
                    let minute = rng.between(begin, end);
                    let by = rng.between(sizes.spike.0, sizes.spike.1);
                    fault(FaultKind::Spike { by }, (minute, minute + 1.0), origin)
                })
                .collect();
        }
    };
    vec![fault(kind, (begin, end), origin)]
}

/// Of whole minutes: a spike shorter than the time between two readings would never be read.
#[expect(clippy::cast_possible_truncation, reason = "minutes of a storm")]
fn fault(kind: FaultKind, minutes: (f64, f64), origin: Timestamp) -> Fault {
    let at = |minute: f64| origin.plus_millis(minute.floor() as i64 * 60_000);
    Fault {
        kind,
        from: at(minutes.0),
        to: at(minutes.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gauges() -> Vec<(GaugeId, Parameter)> {
        let depth = (0..60).map(|n| (format!("wl{n}"), Parameter::Depth));
        let rain = (0..20).map(|n| (format!("rg{n}"), Parameter::RainfallIntensity));
        depth
            .chain(rain)
            .map(|(id, parameter)| (id.parse().expect("id"), parameter))
            .collect()
    }

    #[test]
    fn so_many_gauges_of_either_kind_are_wrong_and_always_the_same() {
        let origin = Timestamp::default();
        let drawn = seeded(0.1, &gauges(), origin, 5);
        let rain = drawn
            .keys()
            .filter(|g| g.as_str().starts_with("rg"))
            .count();
        assert_eq!((drawn.len(), rain), (8, 2));
        assert_eq!(drawn, seeded(0.1, &gauges(), origin, 5));
        assert_ne!(drawn, seeded(0.1, &gauges(), origin, 6));
        assert!(seeded(0.0, &gauges(), origin, 5).is_empty());
    }

    #[test]
    fn every_kind_is_drawn_and_lies_within_the_storm() {
        let origin = Timestamp::default();
        let drawn = seeded(1.0, &gauges(), origin, 5);
        for kind in Kind::ALL {
            assert!(drawn.values().any(|s| s.kind == kind), "{}", kind.name());
        }
        for fault in drawn.values() {
            let (from, to) = fault.span().expect("it has a fault");
            assert!(from >= origin.plus_millis(20 * 60_000) && from < to);
            assert!(to <= origin.plus_millis(271 * 60_000));
            let is_spiky = fault.kind == Kind::Spike;
            assert_eq!(fault.faults.len() > 1, is_spiky);
        }
    }
}
