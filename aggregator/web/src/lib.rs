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

/// The file at `path`, compressed where there is a compressed one and `accept_encoding` allows it.
#[must_use]
pub fn asset(path: &str, accept_encoding: &str) -> Option<Asset> {
    let plain = Dist::get(path)?;
    let mime = plain.metadata.mimetype().to_owned();
    let accepts = |name: &str| accept_encoding.split([',', ';']).any(|e| e.trim() == name);
    let small = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(name, _)| accepts(name))
        .find_map(|(name, ending)| Some((Dist::get(&format!("{path}{ending}"))?, Some(name))));
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
        let page = asset("index.html", "").expect("the page was built");
        assert!(page.mime.starts_with("text/html") && !page.immutable);
        assert!(asset("../Cargo.toml", "").is_none());
    }
}
