//! `flood-sim storms`: a city and storms of a seed's own, simulated by EPA SWMM, in a folder that
//! `flood-sim evaluate` can be given. What is tuned by one city's storms is judged by another's.

mod args;
mod city;
mod design;
mod levels;
mod truth;
mod write;

pub use args::StormsArgs;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, bail};

use super::input::{Input, Sag};
use crate::{console::say, recording::swmm};
use city::DrainedCity;
use design::Design;
use truth::Truth;

/// After the last rain it goes on for so long, in minutes.
const AFTERWARDS: usize = 240;

/// No storm is longer, in minutes.
const LONGEST: usize = 720;

/// Less is no rain, in mm/h.
const TRACE_MM_PER_H: f64 = 0.1;

/// Writes the city and its storms; `false` never.
///
/// # Errors
/// The folder holds other storms or cannot be written, or the simulation fails.
pub fn run(args: &StormsArgs) -> anyhow::Result<bool> {
    let city = DrainedCity::of(args.seed, args.points);
    let designs: Vec<Design> = (0..args.storms)
        .map(|number| Design::of(args.seed, number, &city))
        .collect();
    let folder = &args.folder;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    refuse_others(folder, &designs)?;
    let python = args.engine.python()?;
    say(format!(
        "city of seed {}: {} points ({} underpasses), {} rain gauges, {:.0} km wide; water by {}",
        args.seed,
        city.sags.len(),
        city.pumped().len(),
        city.gauges.len(),
        city.half_m / 500.0,
        by(python.as_deref()),
    ));
    let places = serde_json::to_string_pretty(&write::places(&city))?;
    write::file(folder, "sites.geojson", &places)?;
    for design in &designs {
        say(storm(args, &city, design, python.as_deref())?);
    }
    Ok(true)
}

fn by(python: Option<&str>) -> &'static str {
    if python.is_some() {
        "EPA SWMM"
    } else {
        "reservoirs of our own (no pyswmm)"
    }
}

/// Storms of another city would be judged by this one's places.
fn refuse_others(folder: &Path, designs: &[Design]) -> anyhow::Result<()> {
    let known = swmm::scenarios(folder)?;
    let other = known.iter().find(|k| designs.iter().all(|d| d.name != **k));
    if let Some(other) = other {
        bail!("{} holds another storm, {other}", folder.display());
    }
    Ok(())
}

/// Lets a storm come, writes it, and says what it did.
fn storm(
    args: &StormsArgs,
    city: &DrainedCity,
    design: &Design,
    python: Option<&str>,
) -> anyhow::Result<String> {
    let mut sags: Vec<Sag> = city.sags.iter().map(|placed| placed.of.clone()).collect();
    let mut rains = rains(city, design, args.minutes.map(usize::from));
    if args.rain_between_gauges {
        let minutes = rains.values().map(Vec::len).max().unwrap_or(0);
        for (sag, placed) in sags.iter_mut().zip(&city.sags) {
            let name = format!("R{}", sag.name);
            rains.insert(name.clone(), falls(design, placed.position, minutes));
            sag.rain = Some(name);
        }
    }
    let input = Input {
        sags: &sags,
        rains: &rains,
        outages: &design.outages,
    };
    let levels = match python {
        Some(python) => levels::simulated(python, &input)?,
        None => levels::reckoned(&input),
    };
    let gauges = city.gauges.iter().filter_map(|gauge| rains.get(&gauge.of));
    let truth = Truth::of(args.seed, design, gauges, &levels, by(python));
    let (folder, name) = (&args.folder, &design.name);
    write::file(folder, &format!("{name}.inp"), &input.text())?;
    write::tables(folder, name, &rains, city, &levels)?;
    let text = serde_json::to_string_pretty(&truth)?;
    write::file(folder, &format!("{name}_truth.json"), &text)?;
    Ok(format!("{name}: {} points flooded", truth.flooded()))
}

/// What falls at every rain gauge in every minute, in mm/h, until it is long over.
fn rains(
    city: &DrainedCity,
    design: &Design,
    minutes: Option<usize>,
) -> BTreeMap<String, Vec<f64>> {
    let most = minutes.map_or(LONGEST, |minutes| minutes + 1);
    let fallen = city.gauges.iter().map(|gauge| {
        let series = falls(design, gauge.position, most);
        (gauge.of.clone(), series)
    });
    let mut rains: BTreeMap<String, Vec<f64>> = fallen.collect();
    if minutes.is_none() {
        let last = |series: &Vec<f64>| series.iter().rposition(|mm| *mm > TRACE_MM_PER_H);
        let over = rains.values().filter_map(last).max().unwrap_or(0);
        for series in rains.values_mut() {
            series.truncate(over + AFTERWARDS);
        }
    }
    rains
}

fn falls(design: &Design, at: shared::lonlat::LonLat, minutes: usize) -> Vec<f64> {
    let falls = |minute: usize| design.storm.intensity_mm_per_h(at, minute as f64);
    (0..minutes).map(falls).collect()
}
