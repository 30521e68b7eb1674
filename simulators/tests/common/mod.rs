//! The harbour district in the minute in which its first streets are about to flood.

use std::{path::Path, time::Duration};

use shared::clock::real_now;
use simulators::{lab::LabSetup, replay};

/// Real time in which everything starts.
const LEAD: Duration = Duration::from_secs(3);

/// A part of the harbour's storm: from which of its own minutes, and how fast.
#[derive(Clone, Copy)]
pub struct Part {
    pub from_minute: i64,
    pub speed: f64,
}

/// The minutes in which the first streets flood, fast.
pub const FIRST_FLOODS: Part = Part {
    from_minute: 50,
    speed: 240.0,
};

/// A part of the harbour's storm behind so many gateways.
pub fn harbour(gateways: usize, part: Part) -> LabSetup {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/scenarios/harbour.toml");
    let scenario = replay::load(&file, None).expect("the harbour scenario");
    let mut recording = scenario.recording;
    recording.from = recording.from.plus_millis(part.from_minute * 60_000);
    let city = file.with_file_name("../city/harbour");
    replay::setup(&recording, city, gateways, real_now() + LEAD, part.speed)
}
