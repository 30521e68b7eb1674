//! How much water stands in a sag at a given depth.

/// A storage curve: depth in metres to volume in cubic metres, rising.
///
/// Between its pairs it bends as sags do, which widen upwards: monotone piecewise cubic interpolation
/// (Fritsch and Carlson 1980; slopes by Fritsch and Butland 1984, as in PCHIP). On straight lines between few
/// pairs the water would rise and fall up to twice as fast, or half as fast, as it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Storage {
    curve: Vec<Pair>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair {
    depth_m: f64,
    volume_m3: f64,
    /// The surface of the water at that depth.
    surface_m2: f64,
}

/// A depth is found to a billionth of its piece.
const HALVINGS: u32 = 30;

/// At its ends a sag is at least this share as wide as between there and the next pair.
const LEAST_SURFACE: f64 = 0.1;

/// Why pairs are not a storage curve.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StorageError {
    #[error("a storage curve needs at least two [depth_m, volume_m3] pairs")]
    TooShort,
    #[error("depth and volume must both rise from pair to pair, from [0, 0] on; see pair {0}")]
    NotRising(usize),
}

impl Storage {
    /// # Errors
    /// Fewer than two pairs, a first pair other than [0, 0], or pairs that do not rise.
    pub fn new(pairs: &[(f64, f64)]) -> Result<Self, StorageError> {
        if pairs.len() < 2 {
            return Err(StorageError::TooShort);
        }
        if pairs.first() != Some(&(0.0, 0.0)) {
            return Err(StorageError::NotRising(1));
        }
        for (index, pair) in pairs.windows(2).enumerate() {
            let [(d0, v0), (d1, v1)] = pair else { continue };
            if !(d1 > d0 && v1 > v0 && d1.is_finite() && v1.is_finite()) {
                return Err(StorageError::NotRising(index + 2));
            }
        }
        Ok(Self::through(pairs))
    }

    /// A sag of an ordinary street, of some 1,000 m² where it is waded through: an assumption for
    /// points of which no curve is known.
    #[must_use]
    pub fn typical() -> Self {
        Self::through(&[
            (0.0, 0.0),
            (0.15, 50.0),
            (0.5, 400.0),
            (1.0, 1_100.0),
            (4.0, 6_000.0),
        ])
    }

    fn through(pairs: &[(f64, f64)]) -> Self {
        let surfaces = surfaces(pairs);
        let pair = |(&(depth_m, volume_m3), surface_m2)| Pair {
            depth_m,
            volume_m3,
            surface_m2,
        };
        Self {
            curve: pairs.iter().zip(surfaces).map(pair).collect(),
        }
    }

    /// The last pair: the greatest depth that it describes, in metres, and its volume.
    #[must_use]
    pub fn deepest(&self) -> (f64, f64) {
        let last = self.curve.last();
        last.map_or((0.0, 0.0), |pair| (pair.depth_m, pair.volume_m3))
    }

    /// Volume at a depth; below zero it is zero, above the curve its last slope goes on.
    #[must_use]
    pub fn volume_m3(&self, depth_m: f64) -> f64 {
        if depth_m <= 0.0 {
            return 0.0;
        }
        let bend = self.bend(|above| above.depth_m >= depth_m);
        bend.map_or_else(
            |last| last.volume_m3 + last.surface_m2 * (depth_m - last.depth_m),
            |bend| bend.volume_m3(depth_m),
        )
    }

    /// Depth at a volume.
    #[must_use]
    pub fn depth_m(&self, volume_m3: f64) -> f64 {
        if volume_m3 <= 0.0 {
            return 0.0;
        }
        let bend = self.bend(|above| above.volume_m3 >= volume_m3);
        bend.map_or_else(
            |last| last.depth_m + (volume_m3 - last.volume_m3) / last.surface_m2,
            |bend| bend.depth_m(volume_m3),
        )
    }

    /// The piece up to the first pair that is high enough, or the last pair where none is.
    fn bend(&self, is_high_enough: impl Fn(&Pair) -> bool) -> Result<Bend, Pair> {
        let pieces = self.curve.windows(2).filter_map(|pair| match pair {
            [below, above] => Some(Bend {
                below: *below,
                above: *above,
            }),
            _ => None,
        });
        let mut last = None;
        for piece in pieces {
            if is_high_enough(&piece.above) {
                return Ok(piece);
            }
            last = Some(piece.above);
        }
        // A curve has two pairs at least.
        Err(last.unwrap_or(Pair {
            depth_m: 0.0,
            volume_m3: 0.0,
            surface_m2: 1.0,
        }))
    }
}

/// The curve from one pair to the next.
struct Bend {
    below: Pair,
    above: Pair,
}

impl Bend {
    /// The cubic of Hermite with the volumes and surfaces of both ends.
    fn volume_m3(&self, depth_m: f64) -> f64 {
        let Self { below, above } = self;
        let height = above.depth_m - below.depth_m;
        let t = (depth_m - below.depth_m) / height;
        let (up, down) = (t * t * (3.0 - 2.0 * t), 1.0 - t);
        below.volume_m3
            + (above.volume_m3 - below.volume_m3) * up
            + height * t * down * (below.surface_m2 * down - above.surface_m2 * t)
    }

    /// It rises: the depth is found by halving.
    fn depth_m(&self, volume_m3: f64) -> f64 {
        let (mut low, mut high) = (self.below.depth_m, self.above.depth_m);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if self.volume_m3(middle) < volume_m3 {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }
}

/// Surfaces of the water at the pairs, in m²: within, the weighed harmonic mean of the slopes on both sides;
/// at the ends, what the two nearest slopes tell. None so great that the curve would fall.
fn surfaces(pairs: &[(f64, f64)]) -> Vec<f64> {
    let pieces = pairs.windows(2).filter_map(|pair| match pair {
        [(d0, v0), (d1, v1)] => Some((d1 - d0, (v1 - v0) / (d1 - d0))),
        _ => None,
    });
    let pieces: Vec<(f64, f64)> = pieces.collect();
    let end = |nearest: Option<&(f64, f64)>, next: Option<&(f64, f64)>| match (nearest, next) {
        (Some((h0, s0)), Some((h1, s1))) => {
            let told = ((2.0 * h0 + h1) * s0 - h0 * s1) / (h0 + h1);
            told.clamp(LEAST_SURFACE * s0, 3.0 * s0)
        }
        (Some((_, only)), None) => *only,
        (None, _) => 0.0,
    };
    let within = pieces.windows(2).filter_map(|two| match two {
        [(h0, s0), (h1, s1)] => {
            let (w0, w1) = (2.0 * h1 + h0, h1 + 2.0 * h0);
            Some((w0 + w1) / (w0 / s0 + w1 / s1))
        }
        _ => None,
    });
    let first = end(pieces.first(), pieces.get(1));
    let mut from_last = pieces.iter().rev();
    let last = end(from_last.next(), from_last.next());
    std::iter::once(first).chain(within).chain([last]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_and_volume_are_inverse_also_beyond_the_curve() {
        let storage = Storage::new(&[(0.0, 0.0), (0.2, 50.0), (1.0, 800.0)]).expect("valid");
        for depth in [0.0, 0.1, 0.2, 0.7, 1.0, 1.5] {
            assert!((storage.depth_m(storage.volume_m3(depth)) - depth).abs() < 1e-9);
        }
    }

    /// A sag whose surface widens evenly from 30 m² to 180 at 15 cm, 700 at 50 cm and 1,500 at 1 m, told by the
    /// volumes at those depths.
    #[test]
    fn between_few_pairs_the_surface_is_nearly_that_of_a_sag_that_widens() {
        let widens = [(0.0, 30.0), (0.15, 180.0), (0.5, 700.0), (1.0, 1500.0)];
        let volume = |depth: f64| {
            let pieces = widens.windows(2).map(|two| {
                let ((d0, a0), (d1, a1)) = (two[0], two[1]);
                let height = (depth.min(d1) - d0).max(0.0);
                height * (a0 + (a1 - a0) * height / (d1 - d0) / 2.0)
            });
            pieces.sum::<f64>()
        };
        let pairs = widens.map(|(depth, _)| (depth, volume(depth)));
        let storage = Storage::new(&pairs).expect("rises");
        for centimetres in 10..100 {
            let depth = f64::from(centimetres) / 100.0;
            let surface = |volume: &dyn Fn(f64) -> f64| volume(depth + 0.01) - volume(depth);
            let (told, truly) = (surface(&|d| storage.volume_m3(d)), surface(&volume));
            assert!(
                (told / truly - 1.0).abs() < 0.25,
                "{depth}: {told} of {truly}"
            );
        }
    }

    #[test]
    fn a_curve_that_falls_is_refused_with_the_pair() {
        let falling = Storage::new(&[(0.0, 0.0), (0.2, 50.0), (0.3, 40.0)]);
        assert_eq!(falling, Err(StorageError::NotRising(3)));
        assert_eq!(Storage::new(&[(0.0, 0.0)]), Err(StorageError::TooShort));
    }
}
