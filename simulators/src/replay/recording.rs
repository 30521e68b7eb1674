//! A recording: gauges with their series, where they stand, and what is known of the truth.

use std::{collections::BTreeMap, path::PathBuf};

use shared::{
    gauge::Parameter,
    ids::{GaugeId, PointId},
    lonlat::LonLat,
    time::Timestamp,
};

use crate::gauge::{Fault, Readings, SimGauge};

/// A series of values in the parameter's unit, rising in time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    steps: Vec<(Timestamp, f64)>,
    hold_ms: i64,
}

/// A logger that says nothing for this many intervals is silent, not steady.
const HOLD_INTERVALS: i64 = 3;

impl Series {
    /// From pairs in any order; equal pairs count once.
    ///
    /// # Errors
    /// Two different values at one time; the time is returned.
    pub fn new(mut steps: Vec<(Timestamp, f64)>, interval_s: u32) -> Result<Self, Timestamp> {
        steps.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        steps.dedup();
        if let Some([a, _]) = steps.windows(2).find_map(|w| match w {
            [a, b] if a.0 == b.0 => Some([a, b]),
            _ => None,
        }) {
            return Err(a.0);
        }
        Ok(Self {
            steps,
            hold_ms: i64::from(interval_s) * 1000 * HOLD_INTERVALS,
        })
    }

    /// The last value at or before `at`, unless it is too old; before the first one, the first.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<f64> {
        let after = self.steps.partition_point(|(t, _)| *t <= at);
        let Some((time, value)) = after.checked_sub(1).and_then(|k| self.steps.get(k)) else {
            let (first, value) = self.steps.first()?;
            return (first.millis_since(at) <= self.hold_ms).then_some(*value);
        };
        (at.millis_since(*time) <= self.hold_ms).then_some(*value)
    }

    /// First and last time.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.steps.first()?.0, self.steps.last()?.0))
    }

    /// The same series with every value changed.
    #[must_use]
    pub fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        let steps = self.steps.iter().map(|(t, v)| (*t, change(*v))).collect();
        Self {
            steps,
            hold_ms: self.hold_ms,
        }
    }

    /// The middle value.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        let mut values: Vec<f64> = self.steps.iter().map(|(_, v)| *v).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    /// How many values it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A gauge of a recording.
#[derive(Debug, Clone)]
pub struct RecordedGauge {
    pub id: GaugeId,
    pub name: String,
    pub parameter: Parameter,
    pub interval_s: u32,
    pub position: LonLat,
    pub series: Series,
    pub faults: Vec<Fault>,
}

/// A waterlogging point of a generated city.
#[derive(Debug, Clone)]
pub struct RecordedPoint {
    pub id: PointId,
    pub name: String,
    /// `underpass` or `street`.
    pub setting: &'static str,
    pub position: LonLat,
    pub level_gauge: GaugeId,
    pub rain_gauges: Vec<GaugeId>,
    pub catchment_ha: f64,
    pub drain_m3h: f64,
}

/// The city that a recording is played in.
#[derive(Debug, Clone)]
pub enum CitySource {
    /// Layers made from the recording's own places.
    Generated {
        points: Vec<RecordedPoint>,
        trucks: usize,
    },
    /// A folder of layers that exists.
    Folder(PathBuf),
}

/// What must be flagged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// Nothing is known.
    Unknown,
    /// Exactly these points reach their waterlogged depth, first at these times.
    Floods(BTreeMap<PointId, Timestamp>),
}

/// A recorded storm, ready to be played.
#[derive(Debug, Clone)]
pub struct Recording {
    pub name: String,
    /// IANA name and offset of the place's time.
    pub time_zone: &'static str,
    pub utc_offset: &'static str,
    pub gauges: Vec<RecordedGauge>,
    pub city: CitySource,
    pub truth: Truth,
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Recording {
    /// The whole span of the series.
    #[must_use]
    pub fn span_of(gauges: &[RecordedGauge]) -> Option<(Timestamp, Timestamp)> {
        let spans: Vec<_> = gauges.iter().filter_map(|g| g.series.span()).collect();
        let from = spans.iter().map(|s| s.0).min()?;
        Some((from, spans.iter().map(|s| s.1).max()?))
    }

    /// The gauges as instruments.
    #[must_use]
    pub fn instruments(&self) -> Vec<SimGauge> {
        let instrument = |g: &RecordedGauge| SimGauge {
            id: g.id.clone(),
            parameter: g.parameter,
            interval_s: g.interval_s,
            faults: g.faults.clone(),
        };
        self.gauges.iter().map(instrument).collect()
    }

    /// What the gauges read, from the chosen start to the chosen end and steady beyond both.
    #[must_use]
    pub fn readings(&self) -> Playback {
        let series = self
            .gauges
            .iter()
            .map(|g| (g.id.clone(), g.series.clone()))
            .collect();
        Playback {
            series,
            from: self.from,
            to: self.to,
        }
    }
}

/// The series of a recording as readings.
#[derive(Debug)]
pub struct Playback {
    series: BTreeMap<GaugeId, Series>,
    from: Timestamp,
    to: Timestamp,
}

impl Readings for Playback {
    fn reading(&self, gauge: &GaugeId, at: Timestamp) -> Option<f64> {
        self.series.get(gauge)?.at(at.clamp(self.from, self.to))
    }
}

/// An id from a name: lower-case letters and digits, everything else one hyphen.
#[must_use]
pub fn slug(name: &str) -> String {
    let spaced: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(s: i64) -> Timestamp {
        Timestamp::from_millis(s * 1000)
    }

    #[test]
    fn a_series_is_steady_between_steps_and_silent_in_a_gap() {
        let steps = vec![(t(60), 1.0), (t(0), 0.5), (t(60), 1.0), (t(900), 3.0)];
        let series = Series::new(steps, 60).expect("no conflict");
        assert_eq!(series.len(), 3);
        assert_eq!(
            series.at(t(-10)),
            Some(0.5),
            "before the first value, the first"
        );
        assert_eq!(series.at(t(59)), Some(0.5));
        assert_eq!(series.at(t(60)), Some(1.0));
        assert_eq!(series.at(t(240)), Some(1.0));
        assert_eq!(series.at(t(241)), None, "older than three intervals");
        assert_eq!(series.at(t(900)), Some(3.0));
    }

    #[test]
    fn two_values_at_one_time_are_a_conflict() {
        assert_eq!(Series::new(vec![(t(0), 1.0), (t(0), 2.0)], 60), Err(t(0)));
    }

    #[test]
    fn a_name_becomes_an_id() {
        assert_eq!(slug("PS. Katulampa (Hulu)"), "ps-katulampa-hulu");
        assert_eq!(slug("WL001"), "wl001");
    }
}
