//! A sag as the city's layer describes it, in a table that is quick to reckon with.

use crate::network::Storage;

/// Rungs of depth.
pub const RUNGS: usize = 40;

/// The deepest rung is at least this deep, in metres.
const LEAST_M: f64 = 2.0;

/// What a layer tells of a point, or what is assumed where it does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Sag {
    deepest_m: f64,
    pub(super) depths_m: [f64; RUNGS],
    pub(super) volumes_m3: [f64; RUNGS],
    /// Flow from 1 mm/h of rain over the catchment, in m³/h.
    pub per_mm: f64,
    /// What the drain takes when it is under water, in m³/h.
    pub drain_m3h: f64,
    /// How far the layer may be wrong about both: deviations of their logarithms.
    pub runoff_spread: f64,
    pub drain_spread: f64,
}

/// Layers of areas and capacities are wrong by a third.
const SPREAD: f64 = 0.35;

/// What is not known at all may be twice or half of what is assumed.
const UNKNOWN_SPREAD: f64 = 0.7;

/// A catchment of which nothing is known, in hectares: the middle of those that drain to one sag of a
/// street or an underpass.
const CATCHMENT_HA: f64 = 3.0;

/// Drains are built for so much rain over their catchment, in mm/h: what falls there once in one to three
/// years (GB 50014; 36.5 mm/h in Shanghai once a year).
const DESIGN_MM_PER_H: f64 = 40.0;

impl Sag {
    /// A sag of this storage, catchment (hectares), share that runs off (0–1) and drain (m³/h).
    #[must_use]
    pub fn new(
        storage: &Storage,
        catchment_ha: Option<f64>,
        runoff: f64,
        drain_m3h: Option<f64>,
    ) -> Self {
        let deepest_m = storage.deepest().0.max(LEAST_M);
        // Close together where little water decides.
        let depth = |rung: usize| deepest_m * (rung as f64 / (RUNGS - 1) as f64).powi(3);
        let depths_m = std::array::from_fn(depth);
        // 1 mm/h on 1 ha is 10 m³/h.
        let per_mm = catchment_ha.unwrap_or(CATCHMENT_HA) * runoff * 10.0;
        let spread = |known: bool| if known { SPREAD } else { UNKNOWN_SPREAD };
        Self {
            deepest_m,
            depths_m,
            volumes_m3: depths_m.map(|depth_m| storage.volume_m3(depth_m)),
            per_mm,
            drain_m3h: drain_m3h.unwrap_or(per_mm * DESIGN_MM_PER_H),
            runoff_spread: spread(catchment_ha.is_some()),
            drain_spread: spread(drain_m3h.is_some()),
        }
    }

    /// The volume at a depth, in m³.
    #[must_use]
    pub fn volume_m3(&self, depth_m: f64) -> f64 {
        let place = (depth_m.max(0.0) / self.deepest_m).cbrt() * (RUNGS - 1) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to the number of rungs"
        )]
        let below = (place as usize).min(RUNGS - 2);
        between(&self.depths_m, &self.volumes_m3, below, depth_m)
    }

    /// The depth of a volume, in m.
    #[must_use]
    pub fn depth_m(&self, volume_m3: f64) -> f64 {
        if volume_m3 <= 0.0 {
            return 0.0;
        }
        let below = self.below(volume_m3);
        between(&self.volumes_m3, &self.depths_m, below, volume_m3)
    }

    /// The depth of a rung, in m.
    pub(super) fn depth_of(&self, rung: usize) -> f64 {
        self.depths_m.get(rung).copied().unwrap_or_default()
    }

    /// The rung below a volume.
    pub(super) fn below(&self, volume_m3: f64) -> usize {
        let above = self.volumes_m3.partition_point(|v| *v < volume_m3);
        above.clamp(1, RUNGS - 1) - 1
    }
}

/// Between a rung and the next, and beyond the last on its line.
pub(super) fn between(xs: &[f64; RUNGS], ys: &[f64; RUNGS], below: usize, x: f64) -> f64 {
    let (Some([x0, x1]), Some([y0, y1])) = (xs.get(below..below + 2), ys.get(below..below + 2))
    else {
        return 0.0;
    };
    y0 + (y1 - y0) * (x - x0) / (x1 - x0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_curve_to_a_few_millimetres_and_goes_on_beyond_it() {
        let storage =
            Storage::new(&[(0.0, 0.0), (0.15, 16.0), (0.5, 170.0), (1.0, 720.0)]).expect("rises");
        let sag = Sag::new(&storage, Some(3.0), 0.8, Some(600.0));
        for depth in [0.0, 0.004, 0.05, 0.15, 0.3, 0.7, 1.5, 2.5] {
            let volume = sag.volume_m3(depth);
            let off = (storage.depth_m(volume) - depth).abs();
            assert!(off < 0.006, "{off} at {depth}");
            assert!((sag.depth_m(volume) - depth).abs() < 1e-9, "there and back");
        }
        assert!((sag.per_mm - 24.0).abs() < 1e-9);
    }
}
