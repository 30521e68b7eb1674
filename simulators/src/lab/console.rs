//! The one place that writes for people: lines on standard output.

use std::io::Write;

/// Prints one line. A closed standard output (`flood-sim … | head`) is no error.
pub fn say(line: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", line.as_ref());
    let _ = out.flush();
}
