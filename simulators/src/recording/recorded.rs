//! A recording: gauges with their series, where they stand, and what is known of the truth.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use shared::{
    findings::Wrong,
    gauge::Parameter,
    ids::{GaugeId, PointId},
    lonlat::LonLat,
    time::Timestamp,
};

use super::RecordedSeries;
use crate::{
    files,
    gauge::{Fault, Readings, SimGauge},
};

/// A gauge of a recording.
#[derive(Debug, Clone)]
pub struct RecordedGauge {
    pub id: GaugeId,
    pub name: String,
    pub parameter: Parameter,
    pub interval_s: u32,
    pub position: LonLat,
    pub series: RecordedSeries,
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
    /// So many times as much stands at a depth as in a typical place of its setting.
    pub storage_factor: f64,
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

/// A recorded storm, ready to be played.
#[derive(Debug, Clone)]
pub struct Recording {
    pub name: String,
    /// IANA name and offset of the place's time.
    pub time_zone: &'static str,
    pub utc_offset: &'static str,
    pub gauges: Vec<RecordedGauge>,
    pub city: CitySource,
    /// Exactly these points reach their waterlogged depth, first at these times; `None` where
    /// nothing is known.
    pub floods: Option<BTreeMap<PointId, Timestamp>>,
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Recording {
    /// The whole span of the gauges' series, which were read from `source`.
    ///
    /// # Errors
    /// None of them has a value.
    pub fn span_of(
        gauges: &[RecordedGauge],
        source: &Path,
    ) -> Result<(Timestamp, Timestamp), Wrong> {
        let spans = || gauges.iter().filter_map(|g| g.series.span());
        let from = spans().map(|(first, _)| first).min();
        let to = spans().map(|(_, last)| last).max();
        from.zip(to)
            .ok_or_else(|| files::wrong(source, "there are no values"))
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

    /// The gauges that are recorded at other steps than they are read at, by both in seconds.
    #[must_use]
    pub fn otherwise_recorded(&self) -> BTreeMap<(u32, u32), Vec<GaugeId>> {
        let mut otherwise = BTreeMap::<_, Vec<GaugeId>>::new();
        for gauge in &self.gauges {
            let step = gauge.series.usual_step_s();
            if let Some(step) = step.filter(|step| *step != gauge.interval_s) {
                let gauges = otherwise.entry((step, gauge.interval_s)).or_default();
                gauges.push(gauge.id.clone());
            }
        }
        otherwise
    }

    /// How many readings the gauges are asked for and have, from the chosen start to the chosen end.
    #[must_use]
    pub fn due(&self) -> u64 {
        let due = |g: &RecordedGauge| g.series.due(self.from, self.to, g.interval_s);
        self.gauges.iter().map(due).sum()
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
    series: BTreeMap<GaugeId, RecordedSeries>,
    from: Timestamp,
    to: Timestamp,
}

impl Readings for Playback {
    fn reading(&self, gauge: &GaugeId, at: Timestamp) -> Option<f64> {
        self.series.get(gauge)?.at(at.clamp(self.from, self.to))
    }
}
