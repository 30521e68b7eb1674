//! A waterlogging point: rain on its catchment runs off, the drain takes what it can, the rest
//! stands; pump trucks take from what stands.

/// What does not change about a point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PondShape {
    pub catchment_ha: f64,
    /// Share of the rain that runs off, 0–1.
    pub runoff: f64,
    /// What the drain takes when it is clean.
    pub drain_m3h: f64,
    /// Share of the drain that still works, 0–1.
    pub drain_share: f64,
    /// Rain that wets the ground before any runs off, in mm.
    pub initial_loss_mm: f64,
    /// Delay of each of the two runoff reservoirs, in minutes.
    pub delay_min: f64,
    /// Depth in m and volume in m³, both rising from 0.
    pub storage: Vec<(f64, f64)>,
}

/// The water of a point at one instant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pond {
    shape: PondShape,
    wetted_mm: f64,
    /// Water on its way in the two reservoirs, m³.
    on_the_way: [f64; 2],
    volume_m3: f64,
}

impl Pond {
    /// A dry point.
    #[must_use]
    pub(crate) fn new(shape: PondShape) -> Self {
        Self {
            shape,
            wetted_mm: 0.0,
            on_the_way: [0.0; 2],
            volume_m3: 0.0,
        }
    }

    /// Lets time pass under steady rain and pumping; steps should be short against the delay.
    /// Returns the volume that the pumps found, in m³.
    pub(crate) fn step(&mut self, seconds: f64, rain_mm_per_h: f64, pumps_m3h: f64) -> f64 {
        let hours = seconds / 3600.0;
        let shape = &self.shape;
        let fallen = rain_mm_per_h * hours;
        let lost = fallen.min((shape.initial_loss_mm - self.wetted_mm).max(0.0));
        self.wetted_mm += lost;
        // 1 mm on 1 ha is 10 m³.
        let running = (fallen - lost) * shape.runoff * shape.catchment_ha * 10.0;
        let share = 1.0 - (-seconds / 60.0 / shape.delay_min).exp();
        let [first, second] = &mut self.on_the_way;
        *first += running;
        let passed = *first * share;
        *first -= passed;
        *second += passed;
        let inflow = *second * share;
        *second -= inflow;
        let drained = shape.drain_m3h * shape.drain_share * hours;
        self.volume_m3 = (self.volume_m3 + inflow - drained).max(0.0);
        let pumped = (pumps_m3h * hours).min(self.volume_m3);
        self.volume_m3 -= pumped;
        pumped
    }

    /// From now on so much of the drain works, as a share.
    pub(crate) fn drain_works(&mut self, share: f64) {
        self.shape.drain_share = share;
    }

    /// Depth of the standing water in m, from the storage curve; above its end it goes on as steep
    /// as its last part.
    #[must_use]
    pub(crate) fn depth_m(&self) -> f64 {
        let below = self
            .shape
            .storage
            .windows(2)
            .find(|w| matches!(w, [_, (_, top)] if self.volume_m3 <= *top))
            .or_else(|| self.shape.storage.windows(2).last());
        match below {
            Some([(d0, v0), (d1, v1)]) if v1 > v0 => {
                d0 + (d1 - d0) * (self.volume_m3 - v0) / (v1 - v0)
            }
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pond() -> Pond {
        Pond::new(PondShape {
            catchment_ha: 3.0,
            runoff: 0.8,
            drain_m3h: 900.0,
            drain_share: 1.0,
            initial_loss_mm: 2.0,
            delay_min: 6.0,
            storage: vec![(0.0, 0.0), (0.15, 100.0), (0.5, 600.0), (1.5, 3000.0)],
        })
    }

    fn rain(pond: &mut Pond, minutes: u32, mm_per_h: f64, pumps_m3h: f64) -> f64 {
        (0..minutes * 6)
            .map(|_| pond.step(10.0, mm_per_h, pumps_m3h))
            .sum()
    }

    #[test]
    fn rain_within_the_drains_capacity_leaves_no_water() {
        let mut pond = pond();
        rain(&mut pond, 180, 30.0, 0.0);
        assert!(pond.depth_m() < 0.01);
    }

    #[test]
    fn a_drain_that_fails_leaves_the_water_until_it_works_again() {
        let mut pond = pond();
        pond.drain_works(0.0);
        rain(&mut pond, 180, 30.0, 0.0);
        let stood = pond.depth_m();
        assert!(stood > 0.3, "{stood}");
        pond.drain_works(1.0);
        rain(&mut pond, 180, 0.0, 0.0);
        assert!(pond.depth_m() < stood);
    }

    #[test]
    fn no_water_is_made_or_lost_on_the_way() {
        let mut pond = pond();
        rain(&mut pond, 60, 100.0, 0.0);
        rain(&mut pond, 60, 0.0, 0.0);
        // (100 − 2) mm on 3 ha at 0.8 is 2352 m³; the drain takes 900 m³/h less its dry minutes.
        let taken = 2352.0 - pond.volume_m3;
        assert!((1600.0..1800.0).contains(&taken), "{taken}");
    }

    #[test]
    fn pumps_take_what_stands_and_no_more() {
        let mut pond = pond();
        rain(&mut pond, 60, 100.0, 0.0);
        let stood = pond.volume_m3;
        let pumped = rain(&mut pond, 240, 0.0, 3000.0);
        assert!(pond.volume_m3.abs() < 1e-9 && pumped > 0.0 && pumped < stood + 400.0);
    }

    #[test]
    fn depth_follows_the_storage_curve_and_goes_on_above_its_end() {
        let mut pond = pond();
        for (volume, depth) in [(0.0, 0.0), (50.0, 0.075), (600.0, 0.5), (5400.0, 2.5)] {
            pond.volume_m3 = volume;
            assert!((pond.depth_m() - depth).abs() < 1e-9, "{volume}");
        }
    }
}
