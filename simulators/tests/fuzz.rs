//! Every decoder that meets the network, with the kept corpora and thousands of things that are nearly what
//! is in them. `FLOOD_MUTATIONS` says how many of each; `cargo verify fuzz` gives each a million, guided by
//! what they reach in the code.

#[path = "../fuzz/src/decoders.rs"]
mod decoders;

use std::{fs, path::PathBuf};

use decoders::{ALL, Decoder};
use simulators::console::say;

/// Mutations of each decoder's corpus.
const MUTATIONS: u32 = 20_000;

/// Those that take more than some microseconds are given fewer.
const OF_SLOW: u32 = 2_000;

/// What the environment says, or else this.
fn mutations(default: u32) -> u32 {
    let said = std::env::var("FLOOD_MUTATIONS").ok();
    let said = said.map(|said| said.parse().expect("FLOOD_MUTATIONS is a number"));
    said.unwrap_or(default)
}

/// The kept inputs of a decoder, by name.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let root = env!("CARGO_MANIFEST_DIR");
    let folder: PathBuf = [root, "fuzz", "corpus", name].iter().collect();
    let entries = fs::read_dir(&folder).expect("every decoder has a corpus");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    files.sort();
    let read = |file: &PathBuf| fs::read(file).expect("an input");
    files.iter().map(read).collect()
}

/// One of the inputs, changed in one to four places.
fn mutated(random: &mut fastrand::Rng, inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.choice(inputs).cloned().unwrap_or_default();
    for _ in 0..random.u32(1..=4) {
        let at = random.usize(..=bytes.len());
        match random.u8(..6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.u8(..)),
            2 => {
                let other = random.choice(inputs).cloned().unwrap_or_default();
                let from = random.usize(..=other.len());
                bytes.truncate(at);
                bytes.extend(other.get(from..).unwrap_or_default());
            }
            3 => {
                let ends = [0, 0x7f, 0x80, 0xff, b'9', b'-', b'"', b'{'];
                let times = random.usize(1..=10);
                let one = random.choice(ends).unwrap_or_default();
                bytes.splice(at..at, std::iter::repeat_n(one, times));
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.u8(..8);
                }
            }
        }
    }
    bytes
}

fn try_all(decoders: &[Decoder], mutations: u32) {
    let seed = fastrand::u64(..);
    for (name, decoder) in decoders {
        say(format!("{name}: seed {seed}"));
        let mut random = fastrand::Rng::with_seed(seed);
        let inputs = corpus(name);
        assert!(!inputs.is_empty(), "{name} has a corpus");
        for input in &inputs {
            decoder(input);
        }
        for _ in 0..mutations {
            let input = mutated(&mut random, &inputs);
            // Said when it fails: by name and bytes.
            let told = Told(name, &input);
            decoder(&input);
            std::mem::forget(told);
        }
    }
}

/// Prints an input when it is dropped by a panic.
struct Told<'a>(&'a str, &'a [u8]);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        say(format!("{}: {}", self.0, self.1.escape_ascii()));
    }
}

fn is_slow(decoder: &Decoder) -> bool {
    decoder.0.starts_with("taken-") || decoder.0 == "http"
}

#[test]
fn whatever_comes_is_read_or_refused() {
    let quick: Vec<Decoder> = ALL.into_iter().filter(|d| !is_slow(d)).collect();
    try_all(&quick, mutations(MUTATIONS));
}

#[test]
fn whatever_is_believed_is_taken_or_refused() {
    let slow: Vec<Decoder> = ALL.into_iter().filter(is_slow).collect();
    try_all(&slow, mutations(OF_SLOW));
}
