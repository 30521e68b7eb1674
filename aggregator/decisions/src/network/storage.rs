//! How much water stands in a sag at a given depth.

/// A storage curve: depth in metres to volume in cubic metres, piecewise linear, rising.
#[derive(Debug, Clone, PartialEq)]
pub struct Storage {
    curve: Vec<(f64, f64)>,
}

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
        Ok(Self {
            curve: pairs.to_vec(),
        })
    }

    /// A sag of an ordinary street, of some 1,000 m² where it is waded through: an assumption for
    /// points of which no curve is known.
    #[must_use]
    pub fn typical() -> Self {
        Self {
            curve: vec![
                (0.0, 0.0),
                (0.15, 50.0),
                (0.5, 400.0),
                (1.0, 1_100.0),
                (4.0, 6_000.0),
            ],
        }
    }

    /// The last pair: the greatest depth that it describes, in metres, and its volume.
    #[must_use]
    pub fn deepest(&self) -> (f64, f64) {
        self.curve.last().copied().unwrap_or_default()
    }

    /// Volume at a depth; below zero it is zero, above the curve its last slope goes on.
    #[must_use]
    pub fn volume_m3(&self, depth_m: f64) -> f64 {
        interpolate(&self.curve, depth_m, |p| *p)
    }

    /// Depth at a volume.
    #[must_use]
    pub fn depth_m(&self, volume_m3: f64) -> f64 {
        interpolate(&self.curve, volume_m3, |(depth, volume)| (*volume, *depth))
    }
}

fn interpolate(curve: &[(f64, f64)], x: f64, axes: impl Fn(&(f64, f64)) -> (f64, f64)) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let mut y = 0.0;
    for pair in curve.windows(2) {
        let [from, to] = pair else { continue };
        let ((x0, y0), (x1, y1)) = (axes(from), axes(to));
        y = y0 + (y1 - y0) * (x - x0) / (x1 - x0);
        if x <= x1 {
            break;
        }
    }
    y
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

    #[test]
    fn a_curve_that_falls_is_refused_with_the_pair() {
        let falling = Storage::new(&[(0.0, 0.0), (0.2, 50.0), (0.3, 40.0)]);
        assert_eq!(falling, Err(StorageError::NotRising(3)));
        assert_eq!(Storage::new(&[(0.0, 0.0)]), Err(StorageError::TooShort));
    }
}
