//! Engines of the spool, and the accidents that can be made to happen to each.

use agent::spool::{contract::Engine, frame, memory::MemoryEngine};
use shared::observation::Observation;

use crate::on_disk::OnDisk;

/// Where stores of one engine are made, and where accidents happen to them.
pub trait Place {
    fn new() -> Self;
    fn engine(&self) -> Box<dyn Engine>;
    /// The bytes of files within which so many may be held.
    fn files_for(held: u64) -> u64;
    /// What a power cut leaves. Of what was not synced it leaves the first changes, `kept` of them
    /// where that can be chosen.
    fn power_cut(&self, kept: usize) -> Self;
    /// The medium as it is now, apart from what becomes of this one.
    fn image(&self) -> Self;
    /// Flips a bit of a batch of the store, which is closed; it had that number in the last life.
    fn damage(&self, number: u64, batch: &[Observation]);
}

impl Place for OnDisk {
    fn new() -> Self {
        Self::new()
    }

    fn engine(&self) -> Box<dyn Engine> {
        Box::new(self.engine())
    }

    fn files_for(held: u64) -> u64 {
        5 * 1024 * 1024 + held.div_ceil(2) * 5
    }

    fn power_cut(&self, _: usize) -> Self {
        self.copied()
    }

    fn image(&self) -> Self {
        self.copied()
    }

    fn damage(&self, _: u64, batch: &[Observation]) {
        self.damage(&frame::encode(batch).unwrap());
    }
}

impl Place for MemoryEngine {
    fn new() -> Self {
        Self::default()
    }

    fn engine(&self) -> Box<dyn Engine> {
        Box::new(self.clone())
    }

    fn files_for(held: u64) -> u64 {
        held
    }

    fn power_cut(&self, kept: usize) -> Self {
        MemoryEngine::power_cut(self, kept)
    }

    fn image(&self) -> Self {
        MemoryEngine::image(self)
    }

    fn damage(&self, number: u64, _: &[Observation]) {
        assert!(MemoryEngine::damage(self, number));
    }
}
