//! The arguments of `flood-sim storms`.

use std::path::PathBuf;

use crate::evaluate::bridge::Engine;

/// Write a seeded city of underpasses and streets and storms over it, to evaluate by
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  flood-sim storms city-7 --seed 7
  flood-sim evaluate --truth city-7 --split tune

Another seed is another city: other places, catchments, drains, storage and rain gauges, and other storms.
The folder is laid out as `flood-sim evaluate --truth` wants it: sites.geojson, and for each storm NAME.inp,
NAME_rain_mmph.csv, NAME_level_m.csv (by EPA SWMM, no truck pumping) and NAME_truth.json. A name says what
a storm is for: train… to learn from, tune… to tune by, test… to judge by.")]
pub struct StormsArgs {
    /// The folder; files of an earlier run are replaced, other storms in it are refused
    pub folder: PathBuf,
    /// The same seed writes the same city and the same rain anywhere
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Storms: of six, one to learn from, two to tune by and three to judge by
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub storms: u16,
    /// Waterlogging points
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=999))]
    pub points: u16,
    /// Minutes of each storm [default: until four hours after the last rain]
    #[arg(long, value_parser = clap::value_parser!(u16).range(30..=1440))]
    pub minutes: Option<u16>,
    /// Let each catchment have the rain of its own place instead of its gauge's
    #[arg(long)]
    pub rain_between_gauges: bool,
    #[command(flatten)]
    pub engine: Engine,
}
