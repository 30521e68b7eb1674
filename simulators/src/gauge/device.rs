//! One gauge as a device: it answers, counts and writes down what it gave.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use shared::{clock::Clock, time::Timestamp};

use super::{
    GaugeAnswer, Readings, ServedLog, SimGauge, answer::answer, register, register::Coding,
};

/// Whether the gauges of a field are powered. All fall silent at once when it is switched off,
/// so that what was served can be counted while the rest of the line drains.
#[derive(Debug, Clone)]
pub struct Switch(Arc<AtomicBool>);

impl Default for Switch {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Switch {
    /// Powers the gauges.
    pub fn on(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Makes every gauge silent.
    pub fn off(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    /// Whether the gauges are powered.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A gauge with what it needs to answer.
pub(crate) struct Device {
    gauge: SimGauge,
    clock: Clock,
    readings: Arc<dyn Readings>,
    log: Arc<ServedLog>,
    switch: Switch,
    served: AtomicU32,
}

impl Device {
    #[must_use]
    pub(crate) fn new(
        gauge: SimGauge,
        clock: Clock,
        readings: Arc<dyn Readings>,
        log: Arc<ServedLog>,
        switch: Switch,
    ) -> Self {
        Self {
            gauge,
            clock,
            readings,
            log,
            switch,
            served: AtomicU32::new(0),
        }
    }

    /// The instrument.
    #[must_use]
    pub(crate) fn gauge(&self) -> &SimGauge {
        &self.gauge
    }

    /// The clock it lives by.
    #[must_use]
    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// The five registers of the station, or `None` where it does not answer at all.
    ///
    /// `serves` says whether the request asks for the value: only then is a reading served.
    #[must_use]
    pub(crate) fn registers(&self, serves: bool) -> Option<[u16; register::COUNT as usize]> {
        let now = self.clock.now();
        let coding = Coding::of(self.gauge.parameter);
        let (word, status) = match self.answer(now) {
            GaugeAnswer::Silent => return None,
            GaugeAnswer::Sentinel => (coding.sentinel, 1),
            GaugeAnswer::Value(value) => (coding.word(value), 0),
        };
        let count = if serves {
            self.log
                .push(&self.gauge.id, now, coding.milli(word), status == 1);
            self.served.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
        } else {
            self.served.load(Ordering::Relaxed)
        };
        let [a, b, c, d] = count.to_be_bytes();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        Some([word, status, high, low, register::BATTERY])
    }

    /// The value to report at `at`, in thousandths, or `None` where nothing is reported.
    ///
    /// An MQTT gauge has no error word: with a sentinel fault it says nothing.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "clamped to ±1e9 units")]
    pub(crate) fn report(&self, at: Timestamp) -> Option<i64> {
        match self.answer(at) {
            GaugeAnswer::Silent | GaugeAnswer::Sentinel => None,
            GaugeAnswer::Value(value) => {
                let milli = (value.clamp(-1.0e9, 1.0e9) * 1000.0).round() as i64;
                self.log.push(&self.gauge.id, at, milli, false);
                Some(milli)
            }
        }
    }

    fn answer(&self, at: Timestamp) -> GaugeAnswer {
        if !self.switch.is_on() {
            return GaugeAnswer::Silent;
        }
        answer(
            &self.gauge.id,
            &self.gauge.faults,
            self.readings.as_ref(),
            at,
        )
    }
}
