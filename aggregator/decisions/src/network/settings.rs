//! `city.toml`: what belongs to the city as a whole, checked.

use std::path::Path;

use jiff::tz::{self, TimeZone};
use serde::{Deserialize, de::IgnoredAny};
use shared::{
    findings::{self, Findings, Wrong},
    lonlat::LonLat,
    name::Name,
    waterlogging::Thresholds,
};
use toml::Spanned;

use super::bounds::Bounds;

/// What `city.toml` says.
#[derive(Debug)]
pub struct Settings {
    pub name: Name,
    pub time_zone: String,
    pub datum: String,
    pub centre: LonLat,
    pub bounds: Bounds,
    pub thresholds: Thresholds,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    name_en: Option<String>,
    time_zone: Spanned<String>,
    datum: String,
    centre: Spanned<[f64; 2]>,
    bounds: Spanned<[f64; 4]>,
    thresholds: Option<Spanned<Thresholds>>,
    /// Earlier files have it. The time zone says it, so it is not read.
    #[serde(rename = "utc_offset")]
    _utc_offset: Option<IgnoredAny>,
}

/// Reads the text of a `city.toml`.
///
/// # Errors
/// Everything that is wrong with it, by line.
pub fn parse(file: &Path, text: &str) -> Result<Settings, Wrong> {
    let raw = findings::read_toml(file, text)?;
    let mut findings = Findings::new(file, text);
    let settings = check(raw, &mut findings);
    findings.finish(settings)
}

fn check(raw: Raw, findings: &mut Findings<'_>) -> Option<Settings> {
    let zone = raw.time_zone.get_ref();
    if !tz::db().is_definitively_empty() && TimeZone::get(zone).is_err() {
        let message = format!("`{zone}` is not a time zone; write one like Asia/Shanghai");
        findings.add(Some(raw.time_zone.span()), "time_zone", message);
    }
    let centre = LonLat::try_from(*raw.centre.get_ref())
        .map_err(|e| findings.add(Some(raw.centre.span()), "centre", e))
        .ok();
    let bounds = Bounds::new(*raw.bounds.get_ref())
        .map_err(|e| findings.add(Some(raw.bounds.span()), "bounds", e))
        .ok();
    let outside = centre.and_then(|at| bounds.as_ref()?.complaint(at));
    if let Some(complaint) = outside {
        findings.add(Some(raw.centre.span()), "centre", complaint);
    }
    let thresholds = raw.thresholds.as_ref().map(|t| (*t.get_ref(), t.span()));
    if let Some((Err(error), span)) = thresholds.clone().map(|(t, span)| (t.check(), span)) {
        findings.add(Some(span), "[thresholds]", error);
    }
    Some(Settings {
        name: Name::new(&raw.name, raw.name_en.as_deref()),
        centre: centre?,
        bounds: bounds?,
        thresholds: thresholds.map(|(t, _)| t).unwrap_or_default(),
        time_zone: raw.time_zone.into_inner(),
        datum: raw.datum,
    })
}
