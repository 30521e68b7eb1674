//! What devices and local brokers send, read as the agent reads it and used for nothing: for those who
//! try it with anything. Pure.

use std::hint::black_box;

use super::{
    decode,
    framing::{Framing, Heard, Question},
    mqtt::payload,
};
use crate::config::{WordFormat, WordOrder, WordType};

/// Bytes that came back over a line: in both framings, after a question for as many registers as the first
/// byte says. What is an answer is read as a number in every format.
pub fn line(bytes: &[u8]) {
    let Some((count, came)) = bytes.split_first() else {
        return;
    };
    let body = [1, 3, 0, 0, 0, *count];
    for (head, framing) in [(&[0, 1, 0, 0, 0, 6][..], Framing::Tcp), (&[], Framing::Rtu)] {
        let Some(question) = Question::new([head, &body].concat(), 7, framing) else {
            continue;
        };
        if let Heard::Answer(frame) = question.hear(came) {
            numbers(&frame);
        }
        black_box((question.is_numbered(came), question.describe(came)));
    }
    numbers(came);
}

fn numbers(bytes: &[u8]) {
    let words = bytes.chunks_exact(2).filter_map(|two| two.first_chunk());
    let words: Vec<u16> = words
        .map(|two: &[u8; 2]| u16::from_be_bytes(*two))
        .collect();
    for word_type in [
        WordType::U16,
        WordType::I16,
        WordType::U32,
        WordType::I32,
        WordType::F32,
    ] {
        for order in [WordOrder::Big, WordOrder::Little] {
            let format = WordFormat { word_type, order };
            black_box(decode::decode(
                &words,
                format,
                0.001,
                -1.0,
                &[-9999.0, f64::NAN],
            ));
        }
    }
}

/// A payload of a local gauge.
pub fn reading(payload: &[u8]) {
    black_box(payload::decode(payload).map_err(|why| why.sort()).is_ok());
}
