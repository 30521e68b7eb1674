//! What goes wrong in the field: gauges that lie, gateways that are late or cut off, trucks that break down,
//! crews that do not do as they are told. Drawn from a seed, each storm its own, all of it off unless asked for.

mod crews;
mod faults;
mod gateways;

pub(super) use crews::Crews;
pub(super) use faults::{Kind, Seeded, seeded};
pub(super) use gateways::Gateways;

use serde::Serialize;

/// The troubles that were asked for.
#[derive(Debug, Clone, Serialize, clap::Args)]
#[command(next_help_heading = "What goes wrong (nothing unless said)")]
pub struct Troubles {
    /// Share of depth and of rain gauges that are stuck, drift, are offset, spike or fall silent in the storm
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub faulty: f64,
    /// Readings of three in ten gateways come so many minutes late
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=180))]
    pub late: u16,
    /// Share of gateways that are cut off for half an hour, after which all comes at once
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub outage: f64,
    /// Share of trucks that break down while they pump
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub breakdowns: f64,
    /// Share of orders that a crew ignores
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub disobey: f64,
    /// The forecaster is shown so many times the rain that falls; 0 shows it none
    #[arg(long, default_value_t = 1.0, value_parser = factor)]
    pub forecast_error: f64,
}

/// Where the draws of one storm begin: the same storm of a folder has the same troubles under every policy.
pub(super) fn seed_of(seed: u64, storm: &str) -> u64 {
    // FNV-1a, which is the same for ever.
    let mixed = storm
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
    mixed ^ seed
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|s| (0.0..=1.0).contains(s));
    share.ok_or_else(|| "must be a share from 0 to 1".to_owned())
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|f| (0.0..=10.0).contains(f));
    factor.ok_or_else(|| "must be a factor from 0 to 10".to_owned())
}

/// So many of `count` as a share of them is, by the nearest whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1 of a count"
)]
fn share_of(share: f64, count: usize) -> usize {
    (share * count as f64).round() as usize
}

/// So many of all, drawn without returning any.
fn drawn<T: Clone>(rng: &mut crate::rng::Rng, all: &[T], count: usize) -> Vec<T> {
    let mut left = all.to_vec();
    let count = count.min(left.len());
    (0..count)
        .map(|_| left.swap_remove(rng.below(left.len())))
        .collect()
}
