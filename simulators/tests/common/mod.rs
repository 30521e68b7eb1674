//! The harbour district in the minute in which its first streets are about to flood.

use std::{path::Path, time::Duration};

use shared::clock::real_now;
use simulators::{lab::LabSetup, replay};

/// How fast the storm is played.
const SPEED: f64 = 240.0;
/// The storm's own minute at which a run begins.
const BEGIN_MINUTE: i64 = 50;
/// Real time in which everything starts.
const LEAD: Duration = Duration::from_secs(3);

/// The harbour's storm behind so many gateways.
pub fn harbour(gateways: usize) -> LabSetup {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/scenarios/harbour.toml");
    let scenario = replay::load(&file, None).expect("the harbour scenario");
    let mut recording = scenario.recording;
    recording.from = recording.from.plus_millis(BEGIN_MINUTE * 60_000);
    let city = file.with_file_name("../city/harbour");
    replay::setup(&recording, city, gateways, real_now() + LEAD, SPEED)
}
