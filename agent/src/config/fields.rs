//! What every table of a configuration has: numbers within bounds, parsed texts, logins, addresses.

use std::{ops::RangeInclusive, path::PathBuf};

use shared::{
    broker::{BrokerUrl, BrokerUrlError},
    findings::Findings,
};
use toml::Spanned;

use super::settings::Login;

/// A number and where it stands in the file.
pub(super) type Placed = (f64, std::ops::Range<usize>);

/// Notes why an address is none; where it holds a login, which keys are for that.
pub(super) fn wrong_broker(
    broker: &Spanned<String>,
    place: &str,
    error: &BrokerUrlError,
    findings: &mut Findings<'_>,
) {
    let hint = match error {
        BrokerUrlError::Login => " and put the login into username and password_file",
        BrokerUrlError::Malformed(_) => "",
    };
    findings.add(Some(broker.span()), place, format!("broker: {error}{hint}"));
}

/// Notes where a broker is to be spoken to over TLS and nothing says whom to believe.
pub(super) fn believed(
    place: &str,
    written: &Spanned<String>,
    broker: Option<&BrokerUrl>,
    is_told: bool,
    findings: &mut Findings<'_>,
) {
    if broker.is_some_and(|broker| broker.tls) && !is_told {
        let message = "broker: mqtts:// needs to know whom to believe; add ca_file, the certificate of \
                       who says who the broker is";
        findings.add(Some(written.span()), place, message);
    }
}

/// A login, if there is a user name.
pub(super) fn login(
    place: &str,
    username: Option<&String>,
    password_file: Option<&Spanned<String>>,
    findings: &mut Findings<'_>,
) -> Option<Login> {
    if let (None, Some(file)) = (username, password_file) {
        findings.add(Some(file.span()), place, "password_file without username");
    }
    let password_file = password_file.map(|f| PathBuf::from(f.get_ref()));
    username.map(|name| Login {
        username: name.clone(),
        password_file,
    })
}

/// A number with its place in the file.
pub(super) fn of(value: Option<&Spanned<f64>>) -> Option<Placed> {
    value.map(|v| (*v.get_ref(), v.span()))
}

/// As [`of`], for whole numbers.
pub(super) fn whole(value: &Spanned<i64>) -> Placed {
    (*value.get_ref() as f64, value.span())
}

/// The number if it lies in `bounds`; otherwise the default, with an error noted.
pub(super) fn within(
    place: &str,
    name: &str,
    value: Option<Placed>,
    default: f64,
    bounds: RangeInclusive<f64>,
    findings: &mut Findings<'_>,
) -> f64 {
    match value {
        None => default,
        Some((number, _)) if bounds.contains(&number) => number,
        Some((number, span)) => {
            let (low, high) = (bounds.start(), bounds.end());
            findings.add(
                Some(span),
                place,
                format!("{name} = {number} is not from {low} to {high}"),
            );
            default
        }
    }
}

/// Parses a text into one of the system's own types.
pub(super) fn parsed<T, E>(
    text: &Spanned<String>,
    place: &str,
    findings: &mut Findings<'_>,
) -> Option<T>
where
    T: std::str::FromStr<Err = E>,
    E: std::fmt::Display,
{
    text.get_ref()
        .parse()
        .map_err(|e: E| findings.add(Some(text.span()), place, e))
        .ok()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a small positive number"
)]
pub(super) fn to_count(number: f64) -> usize {
    number as usize
}
