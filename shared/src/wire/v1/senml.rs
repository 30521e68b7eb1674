//! SenML (RFC 8428): what the records of a pack say once the base fields before them are resolved.
//!
//! What is not understood is refused: fields whose name ends in `_` must be (§ 4.4), and a version
//! above ours may mean anything (§ 4.3). Other unknown fields are passed over, as § 4.4 asks.

use serde_json::Value as Json;

use super::fields::Fields;
use crate::wire::FieldError;

/// The version of RFC 8428. Earlier ones are those of its drafts, and of its own examples.
const VERSION: u64 = 10;

/// What earlier records of a pack say for the later ones.
#[derive(Debug, Default)]
pub struct Base {
    name: String,
    time: f64,
    unit: Option<String>,
    value: Option<f64>,
    sum: Option<f64>,
    version: Option<u64>,
}

/// A record by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Base name and name.
    pub name: String,
    /// Its own unit, else the base unit.
    pub unit: Option<String>,
    /// Seconds since 1970, or since now where that is less than [`RELATIVE_BELOW`].
    pub time: f64,
    /// At most one of the four kinds of values (§ 4.2).
    pub value: Option<Given>,
    /// Base sum and sum.
    pub sum: Option<f64>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// `v`, with the base value added.
    Number(f64),
    /// `vs`.
    Text(String),
    /// `vb`.
    Boolean(bool),
    /// `vd`: base64.
    Data(String),
}

/// § 4.5.3: a time below 2^28 is relative to now.
pub const RELATIVE_BELOW: f64 = 268_435_456.0;

/// Whether a JSON value is a SenML record and no plain observation: it has a name.
pub fn is_senml(record: &Json) -> bool {
    record.get("n").is_some() || record.get("bn").is_some()
}

impl Base {
    /// The next record of the pack, resolved (§ 4.6). What it says for later ones is kept.
    ///
    /// # Errors
    /// The first field that is not understood.
    pub fn resolve(&mut self, record: &Json) -> Result<Resolved, FieldError> {
        let fields = Fields::of(record)?;
        if let Some(field) = fields.names().find(|name| name.ends_with('_')) {
            return Err(FieldError::MustUnderstand(field.to_owned()));
        }
        self.take(&fields)?;
        let name = fields.text("n")?.unwrap_or_default();
        let unit = fields.text("u")?.map(str::to_owned);
        // How soon the next will come (§ 4.2): nothing is decided on it, but a number it must be.
        fields.number("ut")?;
        Ok(Resolved {
            name: format!("{}{name}", self.name),
            unit: unit.or_else(|| self.unit.clone()),
            time: self.time + fields.number("t")?.unwrap_or_default(),
            value: self.value(&fields)?,
            sum: added(self.sum, fields.number("s")?),
        })
    }

    /// Takes over the base fields of a record: each holds from there on (§ 4.1).
    fn take(&mut self, fields: &Fields) -> Result<(), FieldError> {
        self.same_version(fields.whole("bver")?)?;
        if let Some(name) = fields.text("bn")? {
            name.clone_into(&mut self.name);
        }
        self.time = fields.number("bt")?.unwrap_or(self.time);
        self.unit = fields.text("bu")?.map(str::to_owned).or(self.unit.take());
        self.value = fields.number("bv")?.or(self.value);
        self.sum = fields.number("bs")?.or(self.sum);
        Ok(())
    }

    fn same_version(&mut self, version: Option<u64>) -> Result<(), FieldError> {
        let Some(version) = version else {
            return Ok(());
        };
        if !(1..=VERSION).contains(&version) {
            return Err(FieldError::SenMlVersion {
                found: version,
                known: VERSION,
            });
        }
        match self.version.replace(version) {
            Some(before) if before != version => Err(FieldError::SenMlVersions {
                before,
                after: version,
            }),
            _ => Ok(()),
        }
    }

    fn value(&self, fields: &Fields) -> Result<Option<Given>, FieldError> {
        let kinds = ["v", "vs", "vb", "vd"];
        let mut given = kinds.into_iter().filter(|kind| fields.has(kind));
        let (first, second) = (given.next(), given.next());
        if let (Some(first), Some(second)) = (first, second) {
            return Err(FieldError::TwoValues { first, second });
        }
        let form = |field, expected, found: &Json| FieldError::Form {
            field,
            expected,
            found: super::fields::told(found),
        };
        let found = |field| fields.get(field).unwrap_or(&Json::Null);
        match first {
            None => Ok(self.value.map(Given::Number)),
            Some("v") => {
                let number = fields.number("v")?;
                let number = number.ok_or_else(|| form("v", "a number", &Json::Null))?;
                Ok(added(self.value, Some(number)).map(Given::Number))
            }
            Some("vb") => {
                let is = found("vb").as_bool();
                let is = is.ok_or_else(|| form("vb", "true or false", found("vb")))?;
                Ok(Some(Given::Boolean(is)))
            }
            Some(field) => {
                let text = found(field).as_str().map(str::to_owned);
                let text = text.ok_or_else(|| form(field, "a text", found(field)))?;
                Ok(Some(if field == "vs" {
                    Given::Text(text)
                } else {
                    Given::Data(text)
                }))
            }
        }
    }
}

/// § 4.1: where only one of both is there, the other is nothing.
fn added(base: Option<f64>, own: Option<f64>) -> Option<f64> {
    match (base, own) {
        (Some(base), Some(own)) => Some(base + own),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::chain;

    fn resolve(pack: &str) -> Result<Vec<Resolved>, FieldError> {
        let records: Vec<Json> = serde_json::from_str(pack).expect("JSON");
        let mut base = Base::default();
        records.iter().map(|record| base.resolve(record)).collect()
    }

    /// Name, unit, time and value of every record.
    fn rows(pack: &str) -> Vec<(String, Option<String>, f64, Given)> {
        let resolved = resolve(pack).expect("a pack");
        let row = |r: Resolved| (r.name, r.unit, r.time, r.value.expect("a value"));
        resolved.into_iter().map(row).collect()
    }

    fn row(name: &str, unit: &str, time: f64, value: f64) -> (String, Option<String>, f64, Given) {
        let unit = (!unit.is_empty()).then(|| unit.to_owned());
        (name.to_owned(), unit, time, Given::Number(value))
    }

    const ONE_WIRE: &str = "urn:dev:ow:10e2073a01080063";

    #[test]
    fn a_single_data_point_is_as_in_5_1_1() {
        let pack = r#"[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]"#;
        assert_eq!(rows(pack), [row(ONE_WIRE, "Cel", 0.0, 23.1)]);
    }

    #[test]
    fn several_data_points_are_as_in_5_1_2() {
        let pack = r#"[
            {"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},
            {"n":"current","u":"A","v":1.2}
        ]"#;
        let expected = [
            row(&format!("{ONE_WIRE}:voltage"), "V", 0.0, 120.1),
            row(&format!("{ONE_WIRE}:current"), "A", 0.0, 1.2),
        ];
        assert_eq!(rows(pack), expected);

        let pack = r#"[
            {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,
             "bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},
            {"n":"current","t":-5,"v":1.2},
            {"n":"current","t":-1,"v":1.6},
            {"n":"current","v":1.7}
        ]"#;
        let (name, at) = ("urn:dev:ow:10e2073a0108006:current", 1_276_020_076.001);
        let expected = [
            row("urn:dev:ow:10e2073a0108006:voltage", "V", at, 120.1),
            row(name, "A", at - 5.0, 1.2),
            row(name, "A", at - 1.0, 1.6),
            row(name, "A", at, 1.7),
        ];
        assert_eq!(rows(pack), expected);
    }

    #[test]
    fn measurements_with_positions_are_resolved_as_in_5_1_4() {
        let pack = r#"[
            {"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":20},
            {"u":"lon","v":24.30621},
            {"u":"lat","v":60.07965},
            {"t":60,"v":20.3},
            {"u":"lon","t":60,"v":24.30622},
            {"u":"%EL","t":150,"v":98},
            {"t":180,"v":21.2}
        ]"#;
        let expected = [
            row(ONE_WIRE, "%RH", 1_320_067_464.0, 20.0),
            row(ONE_WIRE, "lon", 1_320_067_464.0, 24.30621),
            row(ONE_WIRE, "lat", 1_320_067_464.0, 60.07965),
            row(ONE_WIRE, "%RH", 1_320_067_524.0, 20.3),
            row(ONE_WIRE, "lon", 1_320_067_524.0, 24.30622),
            row(ONE_WIRE, "%EL", 1_320_067_614.0, 98.0),
            row(ONE_WIRE, "%RH", 1_320_067_644.0, 21.2),
        ];
        assert_eq!(rows(pack), expected);
    }

    #[test]
    fn several_kinds_of_values_are_as_in_5_1_5() {
        let pack = r#"[
            {"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},
            {"n":"label","vs":"Machine Room"},
            {"n":"open","vb":false},
            {"n":"nfc-reader","vd":"aGkgCg"}
        ]"#;
        let values: Vec<_> = rows(pack).into_iter().map(|row| row.3).collect();
        let expected = [
            Given::Number(23.1),
            Given::Text("Machine Room".to_owned()),
            Given::Boolean(false),
            Given::Data("aGkgCg".to_owned()),
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn a_collection_without_values_of_its_own_is_named_as_in_5_1_6() {
        let pack = r#"[
            {"bn":"2001:db8::2/","bt":1.320078429e+09,"n":"temperature","u":"Cel","v":25.2},
            {"n":"humidity","u":"%RH","v":30},
            {"bn":"2001:db8::1/","n":"temperature","u":"Cel","v":12.3},
            {"n":"humidity","u":"%RH","v":67}
        ]"#;
        let at = 1_320_078_429.0;
        let expected = [
            row("2001:db8::2/temperature", "Cel", at, 25.2),
            row("2001:db8::2/humidity", "%RH", at, 30.0),
            row("2001:db8::1/temperature", "Cel", at, 12.3),
            row("2001:db8::1/humidity", "%RH", at, 67.0),
        ];
        assert_eq!(rows(pack), expected);
    }

    #[test]
    fn base_values_and_base_sums_are_added_and_may_be_changed_and_stand_alone() {
        let pack = r#"[
            {"bn":"a/","n":"x","bv":1.0,"bs":100,"v":0.2,"s":5},
            {"n":"x"},
            {"n":"x","bv":2.0,"v":-0.5},
            {"n":"x","vs":"text"}
        ]"#;
        let resolved = resolve(pack).expect("a pack");
        let values: Vec<_> = resolved.iter().map(|r| r.value.clone()).collect();
        let expected = [
            Some(Given::Number(1.2)),
            Some(Given::Number(1.0)),
            Some(Given::Number(1.5)),
            Some(Given::Text("text".to_owned())),
        ];
        assert_eq!(values, expected);
        let sums: Vec<_> = resolved.iter().map(|r| r.sum).collect();
        assert_eq!(sums, [Some(105.0), Some(100.0), Some(100.0), Some(100.0)]);
    }

    #[test]
    fn what_is_not_understood_is_refused_by_its_field() {
        for (pack, expected) in [
            (
                r#"[{"n":"a","v":1,"datum_":"Wusong"}]"#,
                "`datum_` must be understood (RFC 8428 § 4.4) and is not",
            ),
            (
                r#"[{"n":"a","v":1,"bver":11}]"#,
                "`bver` is 11; versions from 1 to 10 are understood",
            ),
            (
                r#"[{"n":"a","v":1,"bver":0}]"#,
                "`bver` is 0; versions from 1 to 10 are understood",
            ),
            (
                r#"[{"n":"a","v":1,"bver":5},{"n":"a","v":1,"bver":10}]"#,
                "`bver` is 10, after 5 in an earlier record",
            ),
            (
                r#"[{"n":"a","v":1,"bver":"10"}]"#,
                "`bver` must be a whole number, not the text \"10\"",
            ),
            (
                r#"[{"n":"a","v":"0.5"}]"#,
                "`v` must be a number, not the text \"0.5\"",
            ),
            (r#"[{"n":"a","v":null}]"#, "`v` must be a number, not null"),
            (
                r#"[{"n":"a","v":1,"vs":"1"}]"#,
                "`v` and `vs` are given; a record has one value",
            ),
            (r#"[{"n":7,"v":1}]"#, "`n` must be a text, not 7"),
            (
                r#"[{"bn":"a","bt":"now","v":1}]"#,
                "`bt` must be a number, not the text \"now\"",
            ),
            (
                r#"[{"n":"a","vb":"yes"}]"#,
                "`vb` must be true or false, not the text \"yes\"",
            ),
            (r#"[{"n":"a","v":1},7]"#, "a record is an object, not 7"),
        ] {
            let refused = resolve(pack).expect_err(pack);
            assert_eq!(chain(&refused), expected);
        }
        assert!(resolve(r#"[{"n":"a","v":1,"bver":10.0,"colour":"blue","ut":60}]"#).is_ok());
    }
}
