//! How the types of `shared` look in the OpenAPI document.
//!
//! `shared` is on gateways too and knows nothing of the API, so each of these stands in for the
//! type of the same name, as `#[schema(value_type = …)]` on the fields of views. Their tests hold
//! them to what serde writes.

#![expect(dead_code, reason = "described, never made")]

use serde::Serialize;
use shared::{clock::Mode as RunMode, gauge, quality};
use strum::VariantArray as _;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};

/// Identifies one of its kind.
#[derive(ToSchema)]
#[schema(pattern = "^[a-z0-9-]{1,63}$")]
pub struct Id(String);

/// `city`, `district/ID` or `district/ID/street/ID`.
#[derive(ToSchema)]
#[schema(pattern = "^(city|district/[a-z0-9-]{1,63}(/street/[a-z0-9-]{1,63})?)$")]
pub struct AreaPath(String);

/// How others know somebody: not by what is invisible alone.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 60,
    pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
)]
pub struct ShownName(String);

/// West, south, east and north in degrees, south not above north.
#[derive(ToSchema)]
#[schema(
    pattern = r"^ *-?0*(180(\.0+)?|(1[0-7][0-9]|[0-9]{1,2})(\.[0-9]+)?) *, *-?0*(90(\.0+)?|[0-8]?[0-9](\.[0-9]+)?) *, *-?0*(180(\.0+)?|(1[0-7][0-9]|[0-9]{1,2})(\.[0-9]+)?) *, *-?0*(90(\.0+)?|[0-8]?[0-9](\.[0-9]+)?) *$"
)]
pub struct BoundingBox(String);

/// RFC 3339, UTC, with milliseconds.
#[derive(ToSchema)]
#[schema(format = DateTime)]
pub struct Instant(String);

/// A name in the city's own language and in English.
#[derive(ToSchema)]
pub struct Name {
    zh: String,
    en: String,
}

/// WGS 84 longitude and latitude in degrees.
#[derive(ToSchema)]
pub struct LonLat(f64, f64);

/// Depth thresholds of a waterlogging point, in metres of water above ground.
#[derive(ToSchema)]
pub struct Thresholds {
    notice_m: f64,
    waterlogged_m: f64,
    closure_m: f64,
    severe_m: f64,
    /// A flag is lowered only this far below the threshold that raised it, and only after `hold_s`
    /// there.
    hysteresis_m: f64,
    /// Seconds.
    hold_s: f64,
}

/// What the data of a run may be taken for.
pub struct Mode;

impl PartialSchema for Mode {
    fn schema() -> RefOr<Schema> {
        let modes = [RunMode::Actual, RunMode::Exercise, RunMode::Replay];
        one_of(
            Type::String,
            "What the data of a run may be taken for.",
            modes,
        )
    }
}

impl ToSchema for Mode {}

/// What a gauge gives.
pub struct Parameter;

impl PartialSchema for Parameter {
    fn schema() -> RefOr<Schema> {
        let about = "What a gauge gives; its unit is fixed.";
        one_of(Type::String, about, gauge::Parameter::VARIANTS)
    }
}

impl ToSchema for Parameter {}

/// A QARTOD flag.
pub struct Quality;

impl PartialSchema for Quality {
    fn schema() -> RefOr<Schema> {
        use quality::Quality::{Fail, Missing, NotEvaluated, Pass, Suspect};
        let about = "QARTOD: pass 1, not evaluated 2, suspect 3, fail 4, missing 9.";
        let flags = [Pass, NotEvaluated, Suspect, Fail, Missing];
        one_of(Type::Integer, about, flags)
    }
}

impl ToSchema for Quality {}

/// A quality test.
pub struct QualityTest;

impl PartialSchema for QualityTest {
    fn schema() -> RefOr<Schema> {
        let about = "A quality test that a reading did not pass.";
        one_of(Type::String, about, quality::Test::VARIANTS)
    }
}

impl ToSchema for QualityTest {}

/// One of these values and no other.
pub fn one_of<T: Serialize>(
    kind: Type,
    about: &str,
    values: impl IntoIterator<Item = T>,
) -> RefOr<Schema> {
    let json = |value| serde_json::to_value(value).expect("a word or a number is JSON");
    ObjectBuilder::new()
        .schema_type(kind)
        .description((!about.is_empty()).then_some(about))
        .enum_values(Some(values.into_iter().map(json)))
        .into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json, to_value};
    use shared::{lonlat, name, waterlogging};

    use super::*;

    fn described<T: PartialSchema>() -> Json {
        to_value(T::schema()).expect("a schema is JSON")
    }

    #[test]
    fn objects_have_the_fields_that_are_written() {
        for (written, schema) in [
            (to_value(name::Name::default()), described::<Name>()),
            (
                to_value(waterlogging::Thresholds::default()),
                described::<Thresholds>(),
            ),
        ] {
            let written = written.expect("JSON");
            let mut fields: Vec<_> = written.as_object().expect("an object").keys().collect();
            fields.sort();
            let properties = schema["properties"].as_object().expect("properties");
            let mut named: Vec<_> = properties.keys().collect();
            named.sort();
            assert_eq!(fields, named);
            let required = schema["required"].as_array().expect("required");
            assert_eq!(required.len(), fields.len());
        }
    }

    #[test]
    fn a_position_is_two_numbers() {
        let at = lonlat::LonLat::new(121.5, 31.25).expect("a position");
        assert_eq!(to_value(at).expect("JSON"), json!([121.5, 31.25]));
        let schema = described::<LonLat>();
        assert_eq!(
            (&schema["minItems"], &schema["maxItems"]),
            (&json!(2), &json!(2))
        );
    }

    #[test]
    fn every_mode_and_every_flag_is_told() {
        let told = described::<Mode>()["enum"].clone();
        let modes: Vec<RunMode> = serde_json::from_value(told).expect("modes");
        for mode in &modes {
            // A new variant does not compile here: it belongs into the schema too.
            match mode {
                RunMode::Actual | RunMode::Exercise | RunMode::Replay => {}
            }
        }
        let told = described::<Quality>()["enum"].clone();
        let flags: Vec<quality::Quality> = serde_json::from_value(told).expect("flags");
        for flag in &flags {
            use quality::Quality::{Fail, Missing, NotEvaluated, Pass, Suspect};
            match flag {
                Pass | NotEvaluated | Suspect | Fail | Missing => {}
            }
        }
        assert_eq!((modes.len(), flags.len()), (3, 5));
    }
}
