//! A bill of materials in CycloneDX 1.6: the same parts as in the notices, for machines. Pure.
//!
//! Own code, because cargo-cyclonedx knows crates only, and half of what the aggregator ships is a page.

use serde_json::{Value, json};

use super::notice::{Part, used_under};

/// The bill of a program.
///
/// # Errors
/// A part's licence may not be shipped.
pub fn composed(program: &str, parts: &[Part]) -> Result<String, String> {
    let mut components = Vec::new();
    for part in parts {
        let used = used_under(&part.expression)?;
        components.push(json!({
            "type": "library",
            "bom-ref": purl(part),
            "name": part.name,
            "version": part.version,
            "purl": purl(part),
            "licenses": [{ "expression": used.join(" AND ") }],
        }));
    }
    let bill: Value = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": {
            "type": "application",
            "bom-ref": program,
            "name": program,
            "version": env!("CARGO_PKG_VERSION"),
            "licenses": [{ "expression": "Apache-2.0 OR MIT" }],
        }},
        "components": components,
    });
    serde_json::to_string_pretty(&bill).map_err(|e| e.to_string())
}

/// A package URL; the scope's sign is written as `%40`.
fn purl(part: &Part) -> String {
    let name = part.name.replace('@', "%40");
    format!("pkg:{}/{name}@{}", part.kind, part.version)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_part_stands_in_the_bill_with_its_url_and_the_licence_in_use() {
        let part = |name: &str, kind| Part {
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            expression: "MIT OR Apache-2.0".to_owned(),
            home: String::new(),
            authors: String::new(),
            texts: BTreeMap::new(),
            kind,
        };
        let parts = [part("bytes", "cargo"), part("@a/b", "npm")];
        let text = composed("flood-agent", &parts).expect("composed");
        let bill: Value = serde_json::from_str(&text).expect("JSON");
        let urls: Vec<&str> = bill["components"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|c| c["purl"].as_str())
            .collect();
        assert_eq!(urls, ["pkg:cargo/bytes@1.2.3", "pkg:npm/%40a/b@1.2.3"]);
        assert!(text.contains("\"expression\": \"Apache-2.0\""));
    }
}
