//! The systemd units: how much of the machine a program could reach that was taken over, as
//! `systemd-analyze security` reckons it without a running systemd.

use std::{path::Path, process::Command};

use crate::command::{Held, say};

const ANALYZE: &str = "/usr/bin/systemd-analyze";

/// Units, and the exposure that each may have, in tenths. The agent's is higher: it needs serial lines.
const UNITS: [(&str, u32); 2] = [
    ("agent/packaging/flood-agent.service", 15),
    ("aggregator/packaging/flood-aggregator.service", 10),
];

/// No unit is more exposed than it was.
///
/// # Errors
/// One is, or cannot be read.
pub fn units() -> Result<Held, String> {
    if !Path::new(ANALYZE).exists() {
        return Ok(Held::Except(format!("exposure: there is no {ANALYZE}")));
    }
    for (unit, most) in UNITS {
        say(&judged(Path::new(unit), most)?);
    }
    Ok(Held::Whole)
}

/// The verdict on a unit.
fn judged(unit: &Path, most: u32) -> Result<String, String> {
    let output = Command::new(ANALYZE)
        .args(["security", "--offline=true", "--no-pager"])
        .arg(format!("--threshold={most}"))
        .arg(unit)
        .output()
        .map_err(|e| format!("{ANALYZE}: {e}"))?;
    let told = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let (unit, why) = (unit.display(), String::from_utf8_lossy(&output.stderr));
        let (whole, tenth) = (most / 10, most % 10);
        return Err(format!(
            "{unit} may be exposed {whole}.{tenth} at most\n{told}{why}"
        ));
    }
    let verdict = told.lines().last().unwrap_or_default();
    Ok(verdict.trim_start_matches(['→', ' ']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_is_more_exposed_than_it_may_be_is_refused() {
        if !Path::new(ANALYZE).exists() {
            return;
        }
        for (unit, most) in UNITS {
            let unit = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../..")
                .join(unit);
            let verdict = judged(&unit, most).expect("as exposed as it may be");
            assert!(verdict.starts_with("Overall exposure level"), "{verdict}");
            let error = judged(&unit, most - 1).expect_err("more exposed than that");
            assert!(error.contains("at most"), "{error}");
        }
    }
}
