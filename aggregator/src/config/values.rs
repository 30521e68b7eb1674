//! What every table of a configuration has: addresses and numbers within bounds.

use std::{net::SocketAddr, ops::RangeInclusive};

use shared::findings::Findings;
use toml::Spanned;

/// An address to listen on, or the default where none is written.
pub(super) fn address(
    text: Option<&Spanned<String>>,
    key: &str,
    default: SocketAddr,
    findings: &mut Findings<'_>,
) -> Option<SocketAddr> {
    let Some(text) = text else {
        return Some(default);
    };
    let found = text.get_ref();
    let address = found.parse().ok();
    if address.is_none() {
        let message = format!(
            "`{found}` is not an address to listen on; write IP:port, like {default}, or 0.0.0.0:{} to be reached from outside",
            default.port()
        );
        findings.add(Some(text.span()), key, message);
    }
    address
}

/// Whether two listeners would want the same port.
pub(super) fn meet(a: SocketAddr, b: SocketAddr) -> bool {
    let any = |s: SocketAddr| s.ip().is_unspecified();
    a.port() == b.port() && a.port() != 0 && (a.ip() == b.ip() || any(a) || any(b))
}

/// The number if it lies in `bounds`; otherwise the default, with an error noted.
pub(super) fn within(
    number: Option<&Spanned<i64>>,
    key: &str,
    bounds: RangeInclusive<i64>,
    default: u32,
    findings: &mut Findings<'_>,
) -> u32 {
    let Some(number) = number else {
        return default;
    };
    let found = *number.get_ref();
    if !bounds.contains(&found) {
        let (low, high) = (bounds.start(), bounds.end());
        let message = format!("is {found}; it must be from {low} to {high}");
        findings.add(Some(number.span()), key, message);
    }
    u32::try_from(found).unwrap_or(default)
}
