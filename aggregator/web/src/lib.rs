//! The dispatchers' page, built into `dist` and embedded in the program. `cargo build` never needs
//! Node: `dist` is committed, and rebuilt with `npm run build` when the page changes.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "dist/"]
struct Dist;

/// A file of the page, ready to be served.
#[derive(Debug)]
pub struct Asset {
    pub bytes: Cow<'static, [u8]>,
    pub mime: String,
    /// Strong entity tag, quoted.
    pub etag: String,
    /// Whether its name changes with its content.
    pub immutable: bool,
    pub encoding: Option<&'static str>,
}

/// The content codings in which a file may be there, the smallest first.
pub const CODINGS: [&str; 2] = ["br", "gzip"];

/// The file at `path`, in the first of `codings` in which it is there, else as it is.
#[must_use]
pub fn asset(path: &str, codings: &[&'static str]) -> Option<Asset> {
    let plain = Dist::get(path)?;
    let mime = plain.metadata.mimetype().to_owned();
    let small = codings.iter().find_map(|coding| {
        let ending = if *coding == "gzip" { "gz" } else { coding };
        Some((Dist::get(&format!("{path}.{ending}"))?, Some(*coding)))
    });
    let (file, encoding) = small.unwrap_or((plain, None));
    let hash = file.metadata.sha256_hash();
    let tag = hash
        .iter()
        .take(16)
        .fold(0_u128, |tag, byte| (tag << 8) | u128::from(*byte));
    Some(Asset {
        bytes: file.data,
        mime,
        etag: format!("\"{tag:032x}\""),
        immutable: path.starts_with("assets/"),
        encoding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_there_and_a_stranger_is_not() {
        let page = asset("index.html", &[]).expect("the page was built");
        assert!(page.mime.starts_with("text/html") && !page.immutable);
        assert!(asset("../Cargo.toml", &[]).is_none());
    }

    #[test]
    fn a_file_is_sent_in_the_best_liked_coding_in_which_it_is_there() {
        for (codings, expected) in [
            (&[][..], None),
            (&["br", "gzip"], Some("br")),
            (&["gzip", "br"], Some("br")),
            (&["gzip"], None),
        ] {
            let page = asset("index.html", codings).expect("the page was built");
            assert_eq!(page.encoding, expected, "{codings:?}");
        }
    }
}
