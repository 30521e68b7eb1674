//! The arguments of `flood-sim evaluate`.

use std::path::PathBuf;

use anyhow::bail;

use super::{bridge::Engine, policy::Policy, split::Split, troubles::Troubles};

/// How good flags, forecasts and plans are, against a truth that shares nothing with them
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  flood-sim evaluate --truth data/swmm-shanghai-more --report more.json --html more.html
  flood-sim evaluate --truth data/swmm-shanghai-sim --scenario s2_p5 --trucks 60
  flood-sim evaluate --truth data/swmm-shanghai-more --learn train_p5 --policy plan --policy nearest
  flood-sim evaluate --truth city-7 --split tune --faulty 0.1 --outage 0.2 --breakdowns 0.1 --disobey 0.1

The truth is a folder of simulated storms: sites.geojson, and for each storm NAME_level_m.csv,
NAME_rain_mmph.csv, NAME_truth.json and, where it is there, NAME.inp. With `pip install pyswmm` the
trucks' pumps take water out of EPA SWMM while it runs (an input is written where there is none);
without it, out of the recorded water.

Warnings are judged by events: a flood that was warned of 10 to 30 minutes before it came is a hit; a
warning that no flood follows within 30 minutes is a false alarm. Water counts in weighted m³·h: the
importance of a point times its volume, and twice more what stands above the waterlogged depth.
A faulty gauge was found if its readings were flagged, or it or its point was held silent or in doubt, while
the fault lasted; a sound one was blamed if that was so at any time, but for a silence of its gateway.")]
pub struct EvaluateArgs {
    /// A folder of simulated storms
    #[arg(long)]
    pub truth: PathBuf,
    /// Only these storms (may be repeated) [default: those named test…, else all that are not learnt from]
    #[arg(long)]
    pub scenario: Vec<String>,
    /// Judge by the storms that are named for this
    #[arg(long, value_enum, conflicts_with = "scenario")]
    pub split: Option<Split>,
    /// Storms to learn from before the others are judged (may be repeated) [default: those named train…]
    #[arg(long)]
    pub learn: Vec<String>,
    /// Judge points that have learnt from no storm
    #[arg(long, conflicts_with = "learn")]
    pub cold: bool,
    /// Pump trucks of the city
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=500))]
    pub trucks: u16,
    /// How far areas, storage and drains in the city's layers may be wrong, as a share
    #[arg(long, default_value_t = 0.3)]
    pub layers_wrong: f64,
    /// Deviation of what depth gauges read, in metres
    #[arg(long, default_value_t = 0.003)]
    pub noise: f64,
    /// The same seed gives the same errors anywhere
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Who sends the trucks (may be repeated) [default: all]
    #[arg(long, value_enum)]
    pub policy: Vec<Policy>,
    /// Forecasts and flags only: no truck is sent
    #[arg(long, conflicts_with = "policy")]
    pub forecasts_only: bool,
    /// Write the figures as JSON
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Write plots as an HTML page
    #[arg(long)]
    pub html: Option<PathBuf>,
    #[command(flatten)]
    pub engine: Engine,
    #[command(flatten)]
    pub troubles: Troubles,
}

impl EvaluateArgs {
    /// Where the files are: in the folder, or in its `out`.
    pub(super) fn folder(&self) -> PathBuf {
        let out = self.truth.join("out");
        if out.join("sites.geojson").is_file() {
            out
        } else {
            self.truth.clone()
        }
    }

    pub(super) fn learnt_from(&self, known: &[String]) -> Vec<String> {
        if self.cold {
            return Vec::new();
        }
        if !self.learn.is_empty() {
            return self.learn.clone();
        }
        let to_learn_from = |name: &&String| Split::of(name) == Some(Split::Train);
        let train = known.iter().filter(to_learn_from);
        train
            .filter(|name| !self.scenario.contains(name))
            .cloned()
            .collect()
    }

    /// The storms to judge by.
    ///
    /// # Errors
    /// There are none, or not those that were asked for, or one that is to be learnt from too.
    pub(super) fn chosen(&self, known: &[String]) -> anyhow::Result<Vec<String>> {
        for name in self.scenario.iter().chain(&self.learn) {
            if !known.contains(name) {
                bail!(
                    "there is no storm {name} in {}; there are {}",
                    self.truth.display(),
                    known.join(", ")
                );
            }
        }
        let learnt_from = self.learnt_from(known);
        if let Some(both) = self.scenario.iter().find(|name| learnt_from.contains(name)) {
            bail!("{both} cannot be judged by after it was learnt from");
        }
        if !self.scenario.is_empty() {
            return Ok(self.scenario.clone());
        }
        let are_named = |split| known.iter().any(|name| Split::of(name) == Some(split));
        let wanted = self
            .split
            .or_else(|| are_named(Split::Test).then_some(Split::Test));
        let chosen: Vec<String> = known
            .iter()
            .filter(|name| match wanted {
                Some(split) => Split::of(name) == Some(split),
                None => Split::of(name) != Some(Split::Train),
            })
            .filter(|name| !learnt_from.contains(name))
            .cloned()
            .collect();
        if chosen.is_empty() {
            bail!("there is no storm to judge by in {}", self.truth.display());
        }
        Ok(chosen)
    }

    pub(super) fn policies(&self) -> Vec<Policy> {
        if self.forecasts_only {
            Vec::new()
        } else if self.policy.is_empty() {
            Policy::ALL.to_vec()
        } else {
            self.policy.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: EvaluateArgs,
    }

    fn args(more: &[&str]) -> EvaluateArgs {
        let line = ["evaluate", "--truth", "folder"];
        Line::parse_from(line.iter().chain(more)).args
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_judged_by_was_neither_learnt_from_nor_tuned_by() {
        let known = names(&["test2_p5", "train1_p5", "tune1_p3", "tune2_p8"]);
        let judged = |more: &[&str]| args(more).chosen(&known).expect("there are some");
        assert_eq!(args(&[]).learnt_from(&known), ["train1_p5"]);
        assert_eq!(judged(&[]), ["test2_p5"]);
        assert_eq!(judged(&["--cold"]), ["test2_p5"]);
        assert_eq!(judged(&["--split", "tune"]), ["tune1_p3", "tune2_p8"]);
        let learn_tune = ["--split", "tune", "--learn", "tune1_p3"];
        assert_eq!(judged(&learn_tune), ["tune2_p8"]);
        let both = args(&["--learn", "tune1_p3", "--scenario", "tune1_p3"]).chosen(&known);
        let refused = both.expect_err("refused").to_string();
        assert!(refused.contains("after it was learnt from"), "{refused}");
    }

    #[test]
    fn in_a_folder_that_says_nothing_of_tests_all_is_judged_that_is_not_learnt_from() {
        let known = names(&["a_p2", "b_p5", "train_p5"]);
        assert_eq!(args(&[]).chosen(&known).expect("some"), ["a_p2", "b_p5"]);
        assert!(args(&["--split", "test"]).chosen(&known).is_err());
    }
}
