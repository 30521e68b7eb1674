//! Engines of the spool, and the accidents that can be made to happen to each.

use agent::spool::{contract::Engine, memory::MemoryEngine};

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
    /// Makes the store, which is closed, such that it cannot be opened.
    fn corrupt(&self);
    /// Flips a bit of a frame of the store, which is closed.
    fn damage(&self, seq: u64);
    fn stores_set_aside(&self) -> u64;
}

impl Place for OnDisk {
    fn new() -> Self {
        Self::new()
    }

    fn engine(&self) -> Box<dyn Engine> {
        Box::new(self.engine())
    }

    fn files_for(held: u64) -> u64 {
        4 * 1024 * 1024 + held.div_ceil(2) * 5
    }

    fn power_cut(&self, _: usize) -> Self {
        self.copied()
    }

    fn corrupt(&self) {
        self.corrupt();
    }

    fn damage(&self, seq: u64) {
        self.damage(seq);
    }

    fn stores_set_aside(&self) -> u64 {
        self.set_aside().len() as u64
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

    fn corrupt(&self) {
        MemoryEngine::corrupt(self);
    }

    fn damage(&self, seq: u64) {
        assert!(MemoryEngine::damage(self, seq));
    }

    fn stores_set_aside(&self) -> u64 {
        MemoryEngine::stores_set_aside(self)
    }
}
