//! Ids from the names that recordings give to their stations.

/// An id from a name: lower-case letters and digits, everything else one hyphen.
#[must_use]
pub(super) fn slug(name: &str) -> String {
    let spaced: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_an_id() {
        assert_eq!(slug("PS. Katulampa (Hulu)"), "ps-katulampa-hulu");
        assert_eq!(slug("WL001"), "wl001");
    }
}
