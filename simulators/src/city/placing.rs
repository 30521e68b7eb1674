//! Where things are put: on land, off the river, mostly where people live.

use super::{
    feature::Xy,
    land::{BOUNDS, CENTRE, on_land},
    water::near_huangpu,
};
use crate::rng::Rng;

/// A place on land: mostly near the centre, as people live.
pub(super) fn somewhere(rng: &mut Rng, central: f64) -> Xy {
    let [west, south, east, north] = BOUNDS;
    loop {
        let at = if rng.unit() < central {
            (CENTRE.0 + 0.09 * rng.bell(), CENTRE.1 + 0.08 * rng.bell())
        } else {
            (rng.between(west, east), rng.between(south, north))
        };
        if on_land(at) && !near_huangpu(at) {
            return at;
        }
    }
}

/// A place within about `spread` degrees of another, on land.
pub(super) fn nearby(rng: &mut Rng, at: Xy, spread: f64) -> Xy {
    let near = (
        at.0 + rng.between(-spread, spread),
        at.1 + rng.between(-spread, spread),
    );
    if on_land(near) { near } else { at }
}
