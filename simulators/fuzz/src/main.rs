//! One decoder, called by libFuzzer with whatever it thinks of. `FLOOD_DECODER` says which.

#![no_main]

use std::sync::LazyLock;

use decoders::ALL;

mod decoders;

static DECODER: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = std::env::var("FLOOD_DECODER").unwrap_or_default();
    let named = ALL.iter().find(|(name, _)| *name == wanted);
    let names: Vec<_> = ALL.iter().map(|(name, _)| *name).collect();
    let (_, decoder) =
        named.unwrap_or_else(|| panic!("FLOOD_DECODER is one of {}", names.join(", ")));
    *decoder
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| DECODER(bytes));
