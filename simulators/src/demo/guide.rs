//! What the demo tells people to look at.

use crate::{console::say, scenario::DesignedScenario};

/// Prints the guide; `url` is where the map is.
pub(super) fn print(scenario: &DesignedScenario, url: &str, speed: f64, auto: bool) {
    let trucks = if auto {
        "they are confirmed by themselves after four minutes of storm time."
    } else {
        "press \"exercise login\" at the top, confirm one: its truck drives, sets up and pumps, and
     the water falls."
    };
    say(format!(
        "
  {url}

  {} / {}: {} storm minutes, {speed} times as fast.
  1. Rain comes first, then points turn from grey to yellow, orange and red: click one for its
     hydrograph, its forecast and how good its forecasts have been.
  2. On the right, pump trucks are recommended with time of arrival, volume and reasons:
     {trucks}
  3. The list shows what needs attention; a gauge or gateway that falls silent is unknown, not dry.
  4. 中文 / English at the top right. The same as GeoJSON: {url}map.geojson
  Ctrl-C ends everything.
",
        scenario.title, scenario.title_en, scenario.minutes
    ));
}
