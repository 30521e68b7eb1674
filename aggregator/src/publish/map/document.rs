//! A JSON text in shared parts, plain or compressed.
//!
//! Most of a flood map never changes. In parts, a new version of it is a short list and not a copy
//! of megabytes, and every part is compressed once for all versions in which it occurs: deflate can
//! end on a whole byte (a sync flush) and go on with what was compressed elsewhere.

use std::{
    io::Write as _,
    sync::{Arc, LazyLock, OnceLock},
};

use bytes::Bytes;
use flate2::{Compression, write::DeflateEncoder};

/// A text that does not change; cheap to clone.
#[derive(Debug, Clone)]
pub struct Part(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    plain: Bytes,
    level: Compression,
    packed: OnceLock<Packed>,
}

#[derive(Debug)]
struct Packed {
    /// Whole deflate blocks, none of them the last.
    deflated: Bytes,
    crc: crc32fast::Hasher,
}

impl Part {
    /// A part of many versions: worth to be compressed well.
    pub fn fixed(plain: impl Into<Bytes>) -> Self {
        Self::new(plain.into(), Compression::default())
    }

    /// A part of one version: to be compressed fast.
    pub fn live(plain: impl Into<Bytes>) -> Self {
        Self::new(plain.into(), Compression::fast())
    }

    fn new(plain: Bytes, level: Compression) -> Self {
        Self(Arc::new(Inner {
            plain,
            level,
            packed: OnceLock::new(),
        }))
    }

    fn is_empty(&self) -> bool {
        self.0.plain.is_empty()
    }

    /// Compresses it now, so that nobody waits for that later.
    pub fn pack(&self) {
        self.packed();
    }

    fn packed(&self) -> &Packed {
        let Inner { plain, level, .. } = &*self.0;
        self.0.packed.get_or_init(|| {
            let mut encoder = DeflateEncoder::new(Vec::with_capacity(plain.len() / 4 + 32), *level);
            let written = encoder.write_all(plain).and_then(|()| encoder.flush());
            written.expect("memory takes everything");
            let mut crc = crc32fast::Hasher::new();
            crc.update(plain);
            Packed {
                deflated: std::mem::take(encoder.get_mut()).into(),
                crc,
            }
        })
    }
}

/// A text that consists of parts, and the tag of its version.
#[derive(Debug, Clone, Default)]
pub struct Document {
    parts: Vec<Part>,
    tag: String,
}

static HEAD: LazyLock<Part> =
    LazyLock::new(|| Part::fixed(&b"{\"type\":\"FeatureCollection\",\"features\":["[..]));
static COMMA: LazyLock<Part> = LazyLock::new(|| Part::fixed(&b","[..]));
static TAIL: LazyLock<Part> = LazyLock::new(|| Part::fixed(&b"]}"[..]));

/// A gzip file without name and time.
const GZIP_HEAD: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The last deflate block, which holds nothing.
const LAST_BLOCK: [u8; 2] = [3, 0];

impl Document {
    /// A FeatureCollection of comma-separated features; empty parts are left out.
    pub fn collection(features: impl IntoIterator<Item = Part>, tag: String) -> Self {
        let mut parts = vec![HEAD.clone()];
        for part in features.into_iter().filter(|p| !p.is_empty()) {
            if parts.len() > 1 {
                parts.push(COMMA.clone());
            }
            parts.push(part);
        }
        parts.push(TAIL.clone());
        Self { parts, tag }
    }

    /// A tag that stands for these features and nothing else.
    pub fn tag_of(features: &[u8]) -> String {
        format!("{:08x}-{}", crc32fast::hash(features), features.len())
    }

    /// Equal tags mean equal texts.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The text.
    #[must_use]
    pub fn plain(&self) -> Vec<Bytes> {
        self.parts.iter().map(|p| p.0.plain.clone()).collect()
    }

    /// The text as a gzip file (RFC 1952).
    #[must_use]
    pub fn gzip(&self) -> Vec<Bytes> {
        let mut crc = crc32fast::Hasher::new();
        let mut length = 0_u64;
        let mut chunks = vec![Bytes::from_static(GZIP_HEAD)];
        for part in &self.parts {
            let packed = part.packed();
            crc.combine(&packed.crc);
            length += part.0.plain.len() as u64;
            chunks.push(packed.deflated.clone());
        }
        let mut tail = LAST_BLOCK.to_vec();
        tail.extend_from_slice(&crc.finalize().to_le_bytes());
        // The length modulo 2^32, lowest byte first.
        tail.extend(length.to_le_bytes().into_iter().take(4));
        chunks.push(tail.into());
        chunks
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn features(parts: &[&'static str]) -> Document {
        let parts = parts.iter().map(|p| Part::live(p.as_bytes()));
        Document::collection(parts, "1".to_owned())
    }

    fn plain(document: &Document) -> String {
        String::from_utf8(document.plain().concat()).expect("text")
    }

    #[test]
    fn empty_parts_leave_no_comma() {
        assert_eq!(
            plain(&features(&["", "{\"a\":1}", "", "2,3", ""])),
            r#"{"type":"FeatureCollection","features":[{"a":1},2,3]}"#
        );
        assert_eq!(
            plain(&features(&[""])),
            r#"{"type":"FeatureCollection","features":[]}"#
        );
    }

    #[test]
    fn parts_that_were_compressed_alone_are_one_gzip_file_of_the_whole_text() {
        let long: &'static str = Box::leak("水位 0.31 m,".repeat(10_000).into_boxed_str());
        let document = features(&["1", long, "2"]);
        let packed = document.gzip().concat();
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&packed[..])
            .read_to_string(&mut unpacked)
            .expect("a gzip file with the right checksum and length");
        assert_eq!(unpacked, plain(&document));
        assert!(packed.len() < unpacked.len() / 50);
    }

    #[test]
    fn a_part_is_compressed_once_for_all_documents() {
        let part = Part::fixed("x".repeat(1000));
        let first = Document::collection([part.clone()], "1".to_owned()).gzip();
        let second = Document::collection([part, Part::live("y")], "2".to_owned()).gzip();
        assert_eq!(first[2].as_ptr(), second[2].as_ptr());
    }
}
