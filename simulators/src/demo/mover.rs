//! Moves the simulated city: every tick the trucks obey, drive and pump, the water follows, and
//! the trucks report.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use shared::{clock::Clock, ids::PointId, time::Timestamp};
use tokio::task::JoinHandle;

use crate::{
    fleet::{FleetLine, SimTruck},
    truth::Truth,
};

/// Real time between two moves of the city.
const TICK: Duration = Duration::from_millis(100);
/// Real milliseconds between two reports of a truck on duty, and of one that waits.
const REPORT_BUSY_MS: i64 = 1_000;
const REPORT_IDLE_MS: i64 = 20_000;

/// What the fleet has done so far.
#[derive(Debug, Default)]
pub(super) struct FleetTally {
    orders: AtomicU64,
    pumped_m3: AtomicU64,
}

impl FleetTally {
    /// Orders that trucks have taken.
    pub(super) fn orders(&self) -> u64 {
        self.orders.load(Ordering::Relaxed)
    }

    /// Whole cubic metres pumped.
    pub(super) fn pumped_m3(&self) -> u64 {
        self.pumped_m3.load(Ordering::Relaxed)
    }
}

/// What moves the simulated city; without it the city stands still.
pub(super) struct Mover {
    pub tally: Arc<FleetTally>,
    task: JoinHandle<()>,
}

impl Mover {
    /// Starts to move.
    #[must_use]
    pub(super) fn start(
        truth: Arc<Truth>,
        trucks: Vec<SimTruck>,
        line: FleetLine,
        clock: Clock,
    ) -> Self {
        let tally = Arc::new(FleetTally::default());
        let last = clock.now();
        let motion = Motion {
            truth,
            reported: vec![None; trucks.len()],
            trucks,
            line,
            last,
            pumped_m3: 0.0,
            tally: tally.clone(),
        };
        let task = tokio::spawn(run(motion, clock));
        Self { tally, task }
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(mut motion: Motion, clock: Clock) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        motion.step(clock.now(), clock.speed());
    }
}

struct Motion {
    truth: Arc<Truth>,
    trucks: Vec<SimTruck>,
    line: FleetLine,
    last: Timestamp,
    /// When each truck last reported.
    reported: Vec<Option<Timestamp>>,
    pumped_m3: f64,
    tally: Arc<FleetTally>,
}

impl Motion {
    fn step(&mut self, now: Timestamp, speed: f64) {
        while let Some(order) = self.line.next_order() {
            let truck = self.trucks.iter_mut().find(|t| *t.id() == order.truck);
            if let Some(truck) = truck {
                let was_idle = truck.report(now).order;
                truck.obey(&order);
                if truck.report(now).order != was_idle {
                    self.tally.orders.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        let seconds = now.seconds_since(self.last).max(0.0);
        self.last = now;
        for truck in &mut self.trucks {
            truck.step(seconds, |point| self.truth.depth_m(point));
        }
        self.pump(now);
        self.report(now, speed);
    }

    fn pump(&mut self, now: Timestamp) {
        let mut pumps: BTreeMap<PointId, f64> = BTreeMap::new();
        for (point, m3h) in self.trucks.iter().filter_map(SimTruck::pumps) {
            *pumps.entry(point.clone()).or_default() += m3h;
        }
        let found = self.truth.advance(now, &pumps);
        for truck in &mut self.trucks {
            let Some((point, m3h)) = truck.pumps() else {
                continue;
            };
            let all = pumps.get(point).copied().unwrap_or(m3h);
            let share = found.get(point).copied().unwrap_or(0.0) * m3h / all.max(1.0);
            self.pumped_m3 += share;
            truck.found(share);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a storm's water is far below 2^53 m³ and never negative"
        )]
        let whole = self.pumped_m3 as u64;
        self.tally.pumped_m3.store(whole, Ordering::Relaxed);
    }

    fn report(&mut self, now: Timestamp, speed: f64) {
        for (truck, reported) in self.trucks.iter().zip(&mut self.reported) {
            let pause_ms = if truck.is_idle() {
                REPORT_IDLE_MS
            } else {
                REPORT_BUSY_MS
            };
            let pause_s = pause_ms as f64 / 1000.0 * speed;
            if reported.is_none_or(|at| now.seconds_since(at) >= pause_s) {
                *reported = Some(now);
                self.line.report(&truck.report(now));
            }
        }
    }
}
