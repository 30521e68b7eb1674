//! What a client says that it has and takes: `If-None-Match` and `Accept-Encoding` (RFC 9110).

use axum::http::{HeaderMap, HeaderName, header};

/// Whether the client has the version with this entity tag, compared weakly (RFC 9110 § 13.1.2).
pub fn has_version(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let wanted = opaque(tag);
    members(headers, &header::IF_NONE_MATCH).any(|known| known == "*" || opaque(known) == wanted)
}

/// Those of the offered content codings that the client takes, the one it likes best first; of
/// equals the one that is offered first. None where it likes the plain bytes better.
pub fn codings(headers: &HeaderMap, offered: &[&'static str]) -> Vec<&'static str> {
    let wishes: Vec<(&str, f32)> = members(headers, &header::ACCEPT_ENCODING)
        .map(|member| {
            let (coding, parameters) = member.split_once(';').unwrap_or((member, ""));
            (coding.trim(), quality(parameters))
        })
        .collect();
    let wish = |coding: &str| {
        let named = wishes.iter().find(|(c, _)| c.eq_ignore_ascii_case(coding));
        named.map(|(_, quality)| *quality)
    };
    let any = wish("*");
    // Unnamed, the plain bytes are taken but not asked for (RFC 9110 § 12.5.3).
    let plain = wish("identity").unwrap_or(0.0);
    let mut taken: Vec<(&'static str, f32)> = offered
        .iter()
        .map(|coding| (*coding, wish(coding).or(any).unwrap_or(0.0)))
        .filter(|(_, quality)| *quality > 0.0 && *quality >= plain)
        .collect();
    taken.sort_by(|a, b| b.1.total_cmp(&a.1));
    taken.into_iter().map(|(coding, _)| coding).collect()
}

/// The weight among a member's parameters: 1 where there is none, 0 where it is no number.
fn quality(parameters: &str) -> f32 {
    let weight = parameters.split(';').find_map(|parameter| {
        let (name, weight) = parameter.split_once('=')?;
        let is_weight = name.trim().eq_ignore_ascii_case("q");
        is_weight.then(|| weight.trim().parse().unwrap_or(0.0))
    });
    weight.unwrap_or(1.0)
}

/// The comma-separated members of a header, over all its lines. No entity tag of ours holds a comma.
fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|member| !member.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, lines: &[&str]) -> HeaderMap {
        let lines = lines.iter().map(|line| line.parse().expect("a header"));
        lines.map(|line| (name.clone(), line)).collect()
    }

    #[test]
    fn a_coding_is_sent_to_those_who_take_it_and_the_best_liked_first() {
        for (accepted, expected) in [
            ("gzip", &["gzip"][..]),
            ("br, gzip;q=0.5", &["br", "gzip"]),
            ("br;q=0.5, gzip;q=0.8", &["gzip", "br"]),
            ("br;q=0, gzip", &["gzip"]),
            ("gzip;q=0, br;q=0", &[]),
            ("gzip ; Q = 0", &[]),
            ("*", &["br", "gzip"]),
            ("*;q=0.1, br;q=0", &["gzip"]),
            ("GZIP", &["gzip"]),
            ("identity, gzip;q=0.5", &[]),
            ("identity;q=0, gzip;q=0.5", &["gzip"]),
            ("brotli, xgzip", &[]),
            ("gzip;q=nonsense", &[]),
            ("", &[]),
        ] {
            let headers = headers(header::ACCEPT_ENCODING, &[accepted]);
            assert_eq!(codings(&headers, &["br", "gzip"]), expected, "{accepted}");
        }
        let lines = headers(header::ACCEPT_ENCODING, &["br;q=0", "gzip"]);
        assert_eq!(codings(&lines, &["br", "gzip"]), ["gzip"]);
    }

    #[test]
    fn a_version_is_known_by_its_tag_among_others_weak_or_not_or_by_a_star() {
        for (known, expected) in [
            (&["W/\"7-3\""][..], true),
            (&["\"7-3\""], true),
            (&["\"x\", W/\"7-2\" , W/\"7-3\""], true),
            (&["\"7-2\"", "\"7-3\""], true),
            (&["*"], true),
            (&["W/\"7-2\""], false),
            (&["7-3"], false),
            (&["\"7-33\""], false),
        ] {
            let headers = headers(header::IF_NONE_MATCH, known);
            for tag in ["W/\"7-3\"", "\"7-3\""] {
                assert_eq!(has_version(&headers, tag), expected, "{known:?}");
            }
        }
    }
}
