//! What the rain gauges saw in the last minutes.

use shared::{lonlat::LonLat, time::Timestamp};

use super::trend::Trend;
use crate::merge::{Rain, RainKind};

/// So many minutes of the past are looked at.
pub(super) const PAST_MINUTES: usize = 90;

/// The same in milliseconds.
pub const PAST_MS: i64 = 90 * MINUTE_MS;

/// A gauge that said nothing for longer tells nothing of now.
const NEWEST_MINUTES: usize = 15;

const MINUTE_MS: i64 = 60_000;

/// A place, in kilometres east and north of the middle of the city.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub east_km: f64,
    pub north_km: f64,
}

impl Place {
    /// Kilometres in a degree of latitude (mean radius of the Earth, 6,371 km).
    const KM_PER_DEGREE: f64 = 111.195;

    /// A position seen from a middle; the Earth is flat within a city.
    #[must_use]
    pub fn of(position: LonLat, middle: LonLat) -> Self {
        let shrink = middle.lat().to_radians().cos();
        Self {
            east_km: (position.lon() - middle.lon()) * Self::KM_PER_DEGREE * shrink,
            north_km: (position.lat() - middle.lat()) * Self::KM_PER_DEGREE,
        }
    }

    fn km2_to(self, other: Self) -> f64 {
        (self.east_km - other.east_km).powi(2) + (self.north_km - other.north_km).powi(2)
    }
}

/// Rain by minute, the newest last, in mm/h; `None` where the gauge said nothing.
pub type Series = [Option<f32>; PAST_MINUTES];

/// Rain of the last minutes at the gauges.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// When the newest minute ends.
    pub until: Timestamp,
    pub(super) gauges: Vec<(Place, Series)>,
    /// Of each of them: all places look at the same ones.
    pub(super) trends: Vec<Trend>,
}

impl Past {
    /// The minutes until a time of gauges that are not silent all along.
    pub fn new<'a>(
        until: Timestamp,
        gauges: impl Iterator<Item = (Place, RainKind, &'a Rain)>,
    ) -> Self {
        let seen = gauges.filter_map(|(place, kind, rain)| {
            let series = minutes(rain, kind, until);
            series
                .iter()
                .any(Option::is_some)
                .then_some((place, series))
        });
        let mut past = Self {
            until,
            gauges: seen.collect(),
            trends: Vec::new(),
        };
        let trend = |gauge| Trend::of(|ago| past.at(gauge, f64::from(ago)));
        past.trends = (0..past.gauges.len()).map(trend).collect();
        past
    }

    /// Whether no gauge said anything lately.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        (0..self.gauges.len()).all(|gauge| self.newest(gauge).is_none())
    }

    /// Whether any gauge saw so much rain, in mm/h, in the last hour.
    pub(super) fn fell_anywhere(&self, mm_per_h: f64) -> bool {
        let lately = |(_, series): &(Place, Series)| {
            let hour = series.iter().rev().take(60);
            hour.flatten().any(|rain| f64::from(*rain) >= mm_per_h)
        };
        self.gauges.iter().any(lately)
    }

    /// Rain at a gauge so many minutes ago, between two minutes a mean of both.
    pub(super) fn at(&self, gauge: usize, minutes_ago: f64) -> Option<f64> {
        let newest = (PAST_MINUTES - 1) as f64;
        if !(0.0..=newest).contains(&minutes_ago) {
            return None;
        }
        let (_, series) = self.gauges.get(gauge)?;
        let place = newest - minutes_ago;
        let share = place.fract();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to the number of minutes"
        )]
        let before = place as usize;
        let first = f64::from((*series.get(before)?)?);
        let second = series.get(before + 1).copied().flatten();
        let second = second.map_or(first, f64::from);
        Some(first + (second - first) * share)
    }

    /// The newest rain of a gauge that spoke lately.
    pub(super) fn newest(&self, gauge: usize) -> Option<f64> {
        (0..NEWEST_MINUTES).find_map(|ago| self.at(gauge, ago as f64))
    }

    /// Rain at a place so many minutes ago by the gauges around it, each weighed by the fourth power of
    /// its nearness; `None` where none said anything.
    #[must_use]
    pub fn around(&self, place: Place, minutes_ago: f64) -> Option<f64> {
        /// Nearer than this, gauges are at the place itself, in km².
        const HERE_KM2: f64 = 0.04;
        let (mut sum, mut weights) = (0.0, 0.0);
        for (gauge, (stands, _)) in self.gauges.iter().enumerate() {
            if let Some(rain) = self.at(gauge, minutes_ago) {
                let weight = (stands.km2_to(place) + HERE_KM2).powi(-2);
                sum += weight * rain;
                weights += weight;
            }
        }
        (weights > 0.0).then(|| sum / weights)
    }
}

/// A gauge's rain by the minutes until a time: what fell is spread over the time in which it fell.
fn minutes(rain: &Rain, kind: RainKind, until: Timestamp) -> Series {
    let mut sums = [(0.0_f64, 0.0_f64); PAST_MINUTES];
    let from = until.plus_millis(-PAST_MS);
    for fall in rain.falls(kind, until) {
        if fall.at <= from {
            break;
        }
        let end = fall.at.millis_since(from) as f64 / MINUTE_MS as f64;
        let begin = (end - fall.hours * 60.0).max(0.0);
        let mut at = begin;
        while at < end {
            let next = (at.floor() + 1.0).min(end);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 0 to the number of minutes"
            )]
            let minute = at.floor() as usize;
            if let Some((sum, share)) = sums.get_mut(minute) {
                *sum += fall.mm_per_h * (next - at);
                *share += next - at;
            }
            at = next;
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rain is told to a tenth of a millimetre"
    )]
    sums.map(|(sum, share)| (share > 0.0).then(|| (sum / share) as f32))
}

#[cfg(test)]
mod tests {
    use shared::gauge::Parameter;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * MINUTE_MS)
    }

    fn told(rain: &Rain, kind: RainKind, until: i64) -> Vec<Option<f32>> {
        minutes(rain, kind, at(until))[PAST_MINUTES - 6..].to_vec()
    }

    #[test]
    fn what_fell_is_spread_over_the_minutes_in_which_it_fell() {
        let mut rain = Rain::default();
        rain.observe(at(100), Some(0.0));
        rain.observe(at(105), Some(1.0));
        let kind = RainKind {
            parameter: Parameter::RainfallDepth,
            interval_s: 300,
        };
        assert_eq!(
            told(&rain, kind, 106),
            [12.0; 5]
                .map(Some)
                .into_iter()
                .chain([None])
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_intensity_is_that_of_its_minute_and_silence_is_not_dryness() {
        let rain: Rain = [(at(100), Some(6.0)), (at(101), Some(8.0)), (at(104), None)]
            .into_iter()
            .collect();
        let kind = RainKind {
            parameter: Parameter::RainfallIntensity,
            interval_s: 60,
        };
        assert_eq!(
            told(&rain, kind, 104),
            [None, Some(6.0), Some(8.0), None, None, None]
        );
    }
}
