//! What `flood-agent check` says about a configuration that holds. Pure.

use std::{fmt::Write as _, time::Duration};

use crate::{
    config::{AgentConfig, Endpoint, ModbusBus},
    source::reads::{RegisterRead, reads},
};

/// Time that a device is assumed to take for an answer.
const ANSWER: Duration = Duration::from_millis(20);
/// Bits of one character on a serial line: start, eight data, parity or stop, stop.
const BITS: f64 = 11.0;
/// A question has eight bytes in RTU; an answer five and two for each register.
const QUESTION_BYTES: u32 = 8;
const ANSWER_BYTES: u32 = 5;

/// A few lines for a human.
#[must_use]
pub fn summary(config: &AgentConfig) -> String {
    let gauges = config.gauges().count();
    let (lines, inputs) = (config.modbus.len(), config.mqtt.len());
    let mut text = format!(
        "{}: {gauges} gauge(s) on {lines} Modbus line(s) and {inputs} local broker(s), sent to {}",
        config.agent, config.uplink.broker
    );
    for bus in &config.modbus {
        let percent = bus_load(bus, config.clock.speed()) * 100.0;
        let (gauges, requests) = (bus.gauges.len(), reads(bus).len());
        let verdict = if percent > 80.0 {
            " — more than the line can carry for long"
        } else {
            ""
        };
        // Writing into a String cannot fail.
        let _ = write!(
            text,
            "\n  {} ({}): {gauges} gauge(s) in {requests} request(s), about {percent:.1} % of the line{verdict}",
            bus.name, bus.endpoint
        );
    }
    for input in &config.mqtt {
        let _ = write!(
            text,
            "\n  {} ({}): {} gauge(s)",
            input.name,
            input.broker,
            input.gauges.len()
        );
    }
    for hint in &config.hints {
        let _ = write!(text, "\n  note: {hint}");
    }
    text
}

/// The share of its time that a line is busy, 1 being all of it. `speed` is that of the clock.
#[must_use]
pub fn bus_load(bus: &ModbusBus, speed: f64) -> f64 {
    let share = |read: &RegisterRead| {
        let interval = Duration::from_millis(u64::try_from(read.interval_ms).unwrap_or(u64::MAX));
        on_the_line(bus, read).as_secs_f64() * speed / interval.as_secs_f64().max(0.001)
    };
    reads(bus).iter().map(share).sum()
}

fn on_the_line(bus: &ModbusBus, read: &RegisterRead) -> Duration {
    let bytes = f64::from(QUESTION_BYTES + ANSWER_BYTES + 2 * u32::from(read.count));
    let characters = match &bus.endpoint {
        Endpoint::Rtu(line) => Duration::from_secs_f64(bytes * BITS / f64::from(line.baud)),
        Endpoint::Tcp { .. } | Endpoint::RtuOverTcp { .. } => Duration::ZERO,
    };
    let silence = bus.endpoint.frame_silence() * 2;
    characters + silence + bus.turnaround + ANSWER
}
