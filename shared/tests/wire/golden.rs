//! The bytes of version 1, pinned: every message on every branch of its form is read from a file
//! and written to the same bytes again.
//!
//! The files are in `tests/golden`. They were written once and are never written again: a new
//! case is a new file, a new version a new folder beside `v1`. This one stays, because what was
//! once released decodes for ever.
//!
//! What a mutation of version 1 does: another type of one field does not compile, since its
//! conversion names it (`quality: u16` for `u8` in `v1/batch.rs`); with the conversion bent to fit,
//! the file at the ends of the ranges no longer decodes (`seq: u32`), or decodes to something else
//! (`sent_at: u64` for `i64`), or encodes to other bytes (`value: i64` for `Option<i64>`). Swapping
//! two fields, renaming a key or a variant, or giving it another number fails here too.

use std::{collections::BTreeSet, fmt::Debug, fs, path::PathBuf};

use shared::{
    error::chain,
    fleet::{TruckOrder, TruckReport},
    wire::{Acknowledgement, AgentHealth, Command, DecodeError, Envelope, decode_intake},
};

use crate::cases::{self, Case};

fn folder(message: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/golden/v1", message]
        .iter()
        .collect()
}

fn read(message: &str, file: &str) -> String {
    let path = folder(message).join(file);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every file has a case, so that none lies there unread.
fn no_file_without_a_case<T>(message: &str, ending: &str, cases: &[Case<T>]) {
    let entries = fs::read_dir(folder(message)).expect("the folder of the message");
    let names = entries.map(|e| {
        e.expect("an entry")
            .file_name()
            .into_string()
            .expect("UTF-8")
    });
    let found: BTreeSet<String> = names.filter(|name| name.ends_with(ending)).collect();
    let cases: BTreeSet<String> = cases.iter().map(|(n, _)| format!("{n}{ending}")).collect();
    assert_eq!(found, cases, "files and cases of {message}");
}

/// The bytes in a text of hexadecimal numbers; `#` begins a comment.
fn bytes(hex: &str) -> Vec<u8> {
    let lines = hex.lines().map(|l| l.split('#').next().unwrap_or_default());
    let byte = |text| u8::from_str_radix(text, 16).expect("two hexadecimal digits");
    lines.flat_map(str::split_whitespace).map(byte).collect()
}

fn hex(bytes: &[u8]) -> String {
    let bytes = bytes.iter().map(|b| format!("{b:02x}"));
    bytes.collect::<Vec<_>>().join(" ")
}

fn decoded<T>(what: &str, payload: &[u8], decode: impl Fn(&[u8]) -> Result<T, DecodeError>) -> T {
    decode(payload).unwrap_or_else(|e| panic!("{what} no longer decodes: {}", chain(&e)))
}

/// Reads and writes the JSON of every case.
fn json_is_pinned<T: PartialEq + Debug>(
    message: &str,
    cases: &[Case<T>],
    encode: impl Fn(&T) -> Vec<u8>,
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) {
    no_file_without_a_case(message, ".json", cases);
    for (name, value) in cases {
        let text = read(message, &format!("{name}.json"));
        let text = text.trim_end();
        assert_eq!(&decoded(name, text.as_bytes(), &decode), value, "{name}");
        let written = String::from_utf8(encode(value)).expect("JSON is UTF-8");
        assert_eq!(written, text, "{name}");
    }
}

/// Reads JSON that is written differently today.
fn json_is_still_read<T: PartialEq + Debug>(
    message: &str,
    cases: &[Case<T>],
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) {
    let message = format!("{message}/read");
    no_file_without_a_case(&message, ".json", cases);
    for (name, value) in cases {
        let text = read(&message, &format!("{name}.json"));
        assert_eq!(&decoded(name, text.as_bytes(), &decode), value, "{name}");
    }
}

#[test]
fn the_binary_form_of_a_batch_is_pinned() {
    let cases = cases::batches();
    no_file_without_a_case("batch", ".hex", &cases);
    for (name, batch) in &cases {
        let payload = bytes(&read("batch", &format!("{name}.hex")));
        assert_eq!(&decoded(name, &payload, Envelope::decode), batch, "{name}");
        assert_eq!(hex(&batch.encode()), hex(&payload), "{name}");
    }
}

#[test]
fn the_json_twin_of_a_batch_is_pinned() {
    let (encode, decode) = (Envelope::encode_json, Envelope::decode_json);
    json_is_pinned("batch", &cases::batches(), encode, decode);
    json_is_still_read("batch", &cases::batches_read(), decode);
}

#[test]
fn a_commit_acknowledgement_is_pinned() {
    let (encode, decode) = (Acknowledgement::encode, Acknowledgement::decode);
    json_is_pinned("ack", &cases::acks(), encode, decode);
    json_is_still_read("ack", &cases::acks_read(), decode);
}

#[test]
fn an_agents_health_is_pinned() {
    let (encode, decode) = (AgentHealth::encode, AgentHealth::decode);
    json_is_pinned("health", &cases::healths(), encode, decode);
    json_is_still_read("health", &cases::healths_read(), decode);
}

#[test]
fn a_command_is_pinned() {
    json_is_pinned(
        "command",
        &cases::commands(),
        Command::encode,
        Command::decode,
    );
}

#[test]
fn a_trucks_report_is_pinned() {
    let (encode, decode) = (TruckReport::encode, TruckReport::decode);
    json_is_pinned("truck-report", &cases::reports(), encode, decode);
    json_is_still_read("truck-report", &cases::reports_read(), decode);
}

#[test]
fn an_order_to_a_truck_is_pinned() {
    let (encode, decode) = (TruckOrder::encode, TruckOrder::decode);
    json_is_pinned("truck-order", &cases::orders(), encode, decode);
    json_is_still_read("truck-order", &cases::orders_read(), decode);
}

#[test]
fn what_third_parties_may_send_is_pinned() {
    let cases = cases::intake();
    no_file_without_a_case("intake", ".json", &cases);
    for (name, observations) in &cases {
        let text = read("intake", &format!("{name}.json"));
        let got = decode_intake(text.as_bytes(), cases::NOW)
            .unwrap_or_else(|e| panic!("{name} no longer decodes: {}", chain(&e)));
        assert_eq!(&got, observations, "{name}");
    }
}
