//! One point and its run into the next hours.

use shared::{ids::PointId, time::Timestamp, waterlogging::Thresholds};

use super::{
    Drain, Forecast, Inflow, Method,
    calibration::Calibration,
    grid::{PLANNED_MINUTES, Step},
    memory::{PointMemory, Recent},
    rain::{Found, PAST_MS, Past, Place, coming},
    runs::{Asked, DRAWN, runs, runs_of},
    summary::Summary,
    water::{Learned, Minute, Sag},
};
use crate::{assess::STALE_INTERVALS, merge::RainKind, network::Lack};

/// A depth older than this is not known any more, unless its gauge is slower: then one that is as old as
/// would make the point unknown.
const SILENT_MS: i64 = 5 * 60_000;

/// What stands at a point is reckoned for so long after its gauge fell silent; then nobody knows.
const RECKONED_MS: i64 = 3 * 3_600_000;

/// The rate of rise is that since the newest depth that is this much older than the last.
const RISE_MS: i64 = 10 * 60_000;

/// Fading of a rise that is carried on without rain data, in minutes, with the weight of each member.
const RISE_FADES: [(f64, f64); 3] = [(5.0, 0.3), (20.0, 0.5), (60.0, 0.2)];

/// What came within the last minutes may still come late: what is learned of them is learned again.
const LATE_MINUTES: i64 = 2;

/// A drain is said to fail when that is this probable.
const FAILING: f64 = 0.7;

const MINUTE_MS: i64 = 60_000;

/// What the forecaster must know of a point.
#[derive(Debug, Clone, PartialEq)]
pub struct PointModel {
    pub id: PointId,
    pub sag: Sag,
    /// Where its rain falls: among its rain gauges, or at the point itself.
    pub place: Place,
    /// What is assumed or done without, told with every forecast.
    pub lacks: Vec<Lack>,
    pub thresholds: Thresholds,
    /// How often the depth is reported, in seconds.
    pub interval_s: u32,
}

/// A rain gauge of the network.
#[derive(Debug, Clone, PartialEq)]
pub struct RainGauge {
    pub id: shared::ids::GaugeId,
    pub kind: RainKind,
    pub place: Place,
}

impl PointModel {
    /// The point's forecast at `now`; `None` where nothing is known of its water any more.
    pub(super) fn forecast(
        &self,
        now: Timestamp,
        memory: &mut PointMemory,
        past: &Past,
        found: Option<Found>,
        calibration: &Calibration,
    ) -> Option<Forecast> {
        let (seen_at, depth_m) = memory.depths.newest()?;
        let silent_for = now.millis_since(seen_at);
        let is_silent = silent_for > self.silent_ms();
        if past.is_silent() {
            return (!is_silent).then(|| self.by_rise(seen_at, depth_m, memory, calibration));
        }
        if silent_for > RECKONED_MS {
            return None;
        }
        let learned = self.learn(past, memory);
        let rain = coming(past, self.place, found, PLANNED_MINUTES.into())?;
        let mut drawn = learned.drawn(DRAWN);
        if !is_silent {
            // What is seen is known better than any hypothesis has it.
            let volume_m3 = self.sag.volume_m3(depth_m);
            for hypothesis in &mut drawn {
                hypothesis.water.volume_m3 = volume_m3;
            }
        }
        let asked = Asked {
            notice_m: self.thresholds.notice_m,
            deep_m: self.thresholds.waterlogged_m,
        };
        let (runs, inflow) = runs(&self.sag, &drawn, &rain, memory.pumping_m3h, asked);
        let (basis_at, method) = if is_silent {
            (past.until, Method::Reckoned)
        } else {
            (seen_at, Method::Reservoir)
        };
        let summary = Summary {
            basis_at,
            method,
            thresholds: &self.thresholds,
            phase: memory.phase(),
            runs,
            inflow,
            calibration,
            verification: &memory.verification,
        };
        let round = |m3h: f64| (m3h * 10.0).round() / 10.0;
        Some(Forecast {
            lacks: self.lacks.clone(),
            drain: Some(Drain {
                takes_m3h: round(learned.drain_m3h(&self.sag)),
                of_m3h: round(self.sag.drain_m3h),
                is_failing: learned.failing() >= FAILING,
            }),
            ..summary.forecast()
        })
    }

    fn silent_ms(&self) -> i64 {
        let stale = i64::from(self.interval_s) * i64::from(STALE_INTERVALS) * 1000;
        SILENT_MS.max(stale)
    }

    /// Learns from the minutes since the last time, and again from the last ones; what is known now.
    fn learn(&self, past: &Past, memory: &mut PointMemory) -> Learned {
        let oldest = past.until.plus_millis(-PAST_MS);
        let mut learned = memory
            .learned
            .take()
            .unwrap_or_else(|| Learned::nothing(oldest, &self.sag, seed(&self.id)));
        // After a pause, or by a clock that was set: what was in between nobody knows.
        if learned.at < oldest || learned.at > past.until {
            learned.begin_again(oldest);
        }
        let settled = past.until.plus_millis(-LATE_MINUTES * MINUTE_MS);
        self.pass(&mut learned, past, memory, settled);
        let mut now = learned.clone();
        memory.learned = Some(learned);
        self.pass(&mut now, past, memory, past.until);
        now
    }

    fn pass(&self, learned: &mut Learned, past: &Past, memory: &PointMemory, until: Timestamp) {
        while learned.at.plus_millis(MINUTE_MS) <= until {
            let end = learned.at.plus_millis(MINUTE_MS);
            let ago = past.until.millis_since(end) as f64 / MINUTE_MS as f64;
            let depth = memory.depths.until(end).next();
            let minute = Minute {
                mm_per_h: past.around(self.place, ago).unwrap_or(0.0),
                pumped_m3h: memory.pumping_m3h,
                depth_m: depth.filter(|(at, _)| *at > learned.at).map(|(_, d)| d),
            };
            learned.pass(&self.sag, minute);
        }
    }

    /// The forecast without rain data: the change of the last minutes goes on for a while.
    fn by_rise(
        &self,
        basis_at: Timestamp,
        depth_m: f64,
        memory: &PointMemory,
        calibration: &Calibration,
    ) -> Forecast {
        let rise_m3h = self.rise_m3h(&memory.depths).unwrap_or(0.0);
        let faded = |step: Step, minutes: f64| rise_m3h * (-step.minutes() / minutes).exp();
        let inflow = RISE_FADES.map(|(minutes, weight)| Inflow {
            weight,
            m3h: Step::planned().map(|step| faded(step, minutes)).collect(),
        });
        let summary = Summary {
            basis_at,
            method: Method::RateOfRise,
            thresholds: &self.thresholds,
            phase: memory.phase(),
            runs: runs_of(
                &self.sag,
                depth_m,
                memory.pumping_m3h,
                &inflow,
                self.thresholds.notice_m,
            ),
            inflow: inflow.into(),
            calibration,
            verification: &memory.verification,
        };
        Forecast {
            lacks: self.lacks.clone(),
            ..summary.forecast()
        }
    }

    fn rise_m3h(&self, depths: &Recent) -> Option<f64> {
        let (newest, depth_m) = depths.newest()?;
        let (before, depth_before_m) = depths.until(newest.plus_millis(-RISE_MS)).next()?;
        let rise_m3 = self.sag.volume_m3(depth_m) - self.sag.volume_m3(depth_before_m);
        Some(rise_m3 / (newest.seconds_since(before) / 3600.0))
    }
}

/// A number that follows from an id: each point throws its own dice, and the same ones anywhere (FNV-1a).
fn seed(id: &PointId) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    id.as_str()
        .as_bytes()
        .iter()
        .fold(0xCBF2_9CE4_8422_2325, step)
}
