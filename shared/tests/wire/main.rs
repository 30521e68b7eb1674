//! The wire: its bytes, pinned by files, and what is made of payloads that are none.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod bounds;
mod cases;
mod golden;
mod payloads;
