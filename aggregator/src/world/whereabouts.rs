//! Where a truck is believed to be. A receiver without a fix tells of the ocean, one between houses
//! of the next district: neither takes the truck out of the plan.

use serde::{Deserialize, Serialize};
use shared::{lonlat::LonLat, time::Timestamp};

use crate::network::City;

/// A truck this far from all that the city describes is elsewhere only by its receiver's word.
const BEYOND_M: f64 = 200_000.0;

/// No truck is faster (144 km/h).
const FASTEST_M_PER_S: f64 = 40.0;

/// A position is never better than this.
const BLUR_M: f64 = 300.0;

/// The middle of the city and how far it reaches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    middle: Option<LonLat>,
    radius_m: f64,
}

impl Reach {
    /// Around all points and the homes of all trucks.
    pub fn of(city: &City) -> Self {
        let points = city.points.iter().map(|p| p.position);
        let places: Vec<LonLat> = points.chain(city.trucks.iter().map(|t| t.home)).collect();
        let middle = places.get(places.len() / 2).copied();
        let distances = middle
            .into_iter()
            .flat_map(|middle| places.iter().map(move |place| middle.distance_m(*place)));
        Self {
            middle,
            radius_m: distances.fold(0.0, f64::max) + BEYOND_M,
        }
    }

    fn has(&self, place: LonLat) -> bool {
        let from = |middle: LonLat| middle.distance_m(place);
        self.middle
            .is_none_or(|middle| from(middle) <= self.radius_m)
    }
}

type Seen = (Timestamp, LonLat);

/// Where a truck is, by its reports in their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Whereabouts {
    believed: Option<Seen>,
    /// The newest position, if it is not believed.
    doubted: Option<Seen>,
}

impl Whereabouts {
    /// Takes the position of a report. One that no truck could have come to is doubted until another
    /// confirms it.
    pub(super) fn take(&mut self, seen: Seen, reach: &Reach) {
        let is_near = |known: &Seen| is_within_reach(*known, seen);
        let is_plausible = self.believed.as_ref().is_none_or(is_near)
            || self.doubted.as_ref().is_some_and(is_near);
        if reach.has(seen.1) && is_plausible {
            *self = Self {
                believed: Some(seen),
                doubted: None,
            };
        } else {
            self.doubted = Some(seen);
        }
    }

    /// The newest position that is believed; none before the first.
    #[must_use]
    pub fn position(&self) -> Option<LonLat> {
        self.believed.map(|(_, position)| position)
    }

    /// Whether the newest report tells of a place where the truck cannot be.
    #[must_use]
    pub fn is_doubted(&self) -> bool {
        self.doubted.is_some()
    }
}

fn is_within_reach((before, from): Seen, (at, to): Seen) -> bool {
    let driven_s = at.seconds_since(before).max(0.0);
    from.distance_m(to) <= BLUR_M + FASTEST_M_PER_S * driven_s
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(second: i64, lon: f64, lat: f64) -> Seen {
        let at = Timestamp::from_millis(second * 1_000);
        (at, LonLat::new(lon, lat).expect("a position"))
    }

    /// A city of one place.
    fn reach() -> Reach {
        Reach {
            middle: Some(seen(0, 121.5, 31.2).1),
            radius_m: BEYOND_M,
        }
    }

    fn after(reports: &[Seen]) -> Whereabouts {
        let mut whereabouts = Whereabouts::default();
        for report in reports {
            whereabouts.take(*report, &reach());
        }
        whereabouts
    }

    #[test]
    fn a_receiver_without_a_fix_moves_no_truck_to_the_ocean() {
        let lost = after(&[seen(0, 0.0, 0.0)]);
        assert_eq!((lost.position(), lost.is_doubted()), (None, true));
        let home = seen(0, 121.5, 31.2);
        let lost = after(&[home, seen(10, 0.0, 0.0), seen(20, 0.0, 0.0)]);
        assert_eq!((lost.position(), lost.is_doubted()), (Some(home.1), true));
        let found = seen(30, 121.501, 31.2);
        let found_again = after(&[home, seen(10, 0.0, 0.0), found]);
        assert_eq!(found_again.position(), Some(found.1));
        assert!(!found_again.is_doubted());
    }

    #[test]
    fn a_jump_is_believed_when_another_report_confirms_it() {
        let (home, far) = (seen(0, 121.5, 31.2), seen(10, 121.7, 31.2));
        assert_eq!(after(&[home, far]).position(), Some(home.1));
        let there = seen(20, 121.7, 31.201);
        assert_eq!(after(&[home, far, there]).position(), Some(there.1));
        let elsewhere = seen(20, 121.9, 31.2);
        assert_eq!(after(&[home, far, elsewhere]).position(), Some(home.1));
    }

    #[test]
    fn a_truck_that_drives_is_where_it_says() {
        let drive = [0, 10, 20].map(|s: i64| seen(s, 121.5 + 0.003 * s as f64 / 10.0, 31.2));
        let last = drive.last().map(|(_, position)| *position);
        assert_eq!(after(&drive).position(), last);
        let an_hour_later = seen(3_620, 122.5, 31.2);
        let mut whereabouts = after(&drive);
        whereabouts.take(an_hour_later, &reach());
        assert_eq!(whereabouts.position(), Some(an_hour_later.1));
    }
}
