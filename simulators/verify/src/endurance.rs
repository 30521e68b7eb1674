//! Endurance: accidents by the thousand, one kind after the other, and one table at the end.
//!
//! Each row is a test of the workspace, which does a little of the same whenever all tests run. Here
//! it is given a number from [`ROWS`], or the one that the environment has under that name: with
//! `FLOOD_KILLS=1000000 cargo verify endurance` it goes on for days. A test prints its row of the
//! table; a row that is missing, a test that failed, a figure that is not zero and a start that takes
//! too long fail the step, after all others have run.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

use crate::command::{Held, cargo, say, succeed};

/// What every row holds; a dash stands for what a test does not look at.
const HEAD: &str = "\
| | count | lost | doubled | floods hidden | slowest start (s) | damages not named |
| --- | --- | --- | --- | --- | --- | --- |";

/// Where the figures that must be zero stand in a row, and where the slowest start does.
const ZERO: [usize; 4] = [2, 3, 4, 6];
const START: usize = 5;
const SLOWEST_START_S: f64 = 5.0;
const CELLS: usize = 7;

/// One test that prints a row.
struct Row {
    /// The package's folder and the test target in it, and what the test's name holds.
    target: (&'static str, &'static str),
    name: &'static str,
    /// What says how much of it is done, and how much is.
    count: (&'static str, u32),
}

const ROWS: [Row; 9] = [
    row(
        "simulators",
        "endurance",
        "an_agent_killed",
        ("FLOOD_KILLS", 1_000),
    ),
    row(
        "simulators",
        "endurance",
        "an_aggregator_killed",
        ("FLOOD_KILLS", 1_000),
    ),
    row(
        "simulators",
        "endurance",
        "through_mosquitto_over_tls",
        ("FLOOD_KILLS", 200),
    ),
    row(
        "agent",
        "spool",
        "whatever_happens_to_a_file",
        ("FLOOD_DAMAGES", 1_000),
    ),
    row(
        "aggregator",
        "store",
        "a_damaged_store_opens",
        ("FLOOD_DAMAGES", 1_000),
    ),
    row(
        "simulators",
        "endurance",
        "a_line_cut",
        ("FLOOD_CUTS", 1_000),
    ),
    row(
        "simulators",
        "simulation",
        "whatever_a_storm_breaks",
        ("FLOOD_STORMS", 1_000),
    ),
    row(
        "simulators",
        "endurance",
        "whatever_the_agents_clock",
        ("FLOOD_JUMPS", 200),
    ),
    row(
        "simulators",
        "endurance",
        "whatever_the_aggregators_clock",
        ("FLOOD_JUMPS", 200),
    ),
];

const fn row(
    package: &'static str,
    target: &'static str,
    name: &'static str,
    count: (&'static str, u32),
) -> Row {
    Row {
        target: (package, target),
        name,
        count,
    }
}

/// Runs all rows and prints the table.
pub fn endurance() -> Result<Held, String> {
    succeed(&mut cargo(&["build", "--workspace", "--bins"]))?;
    let (mut table, mut wrong) = (vec![HEAD.to_owned()], Vec::new());
    for row in ROWS {
        let begun = Instant::now();
        let (rows, ended) = run(&row)?;
        let what = format!("{} {}", row.target.1, row.name);
        say(&format!("{what}: {} s", begun.elapsed().as_secs()));
        if !ended {
            wrong.push(format!("{what} failed"));
        }
        if rows.is_empty() {
            wrong.push(format!("{what} printed no row"));
        }
        for row in rows {
            wrong.extend(findings(&row));
            table.push(row);
        }
    }
    say(&format!("\n{}\n", table.join("\n")));
    if wrong.is_empty() {
        Ok(Held::Whole)
    } else {
        Err(wrong.join("; "))
    }
}

/// Runs a test in the foreground; the rows that it printed, and whether it passed.
fn run(row: &Row) -> Result<(Vec<String>, bool), String> {
    let (package, target) = row.target;
    let mut test = cargo(&["test", "--workspace", "--test", target]);
    test.args(["--", "--nocapture", "--test-threads=1", row.name]);
    let (variable, count) = row.count;
    if std::env::var_os(variable).is_none() {
        test.env(variable, count.to_string());
    }
    say(&format!("\n-- {package}: {target} {}", row.name));
    printed(&mut test)
}

/// Passes on what a program prints, and keeps the rows in it.
fn printed(program: &mut Command) -> Result<(Vec<String>, bool), String> {
    let name = program.get_program().display().to_string();
    let failed = |e: std::io::Error| format!("{name}: {e}");
    let mut child = program.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut rows = Vec::new();
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|out| BufReader::new(out).lines())
    {
        let line = line.map_err(failed)?;
        say(&line);
        rows.extend(row_in(&line).map(str::to_owned));
    }
    let status = child.wait().map_err(failed)?;
    Ok((rows, status.success()))
}

/// The row in a line, which the name of a test may precede that has printed nothing before.
fn row_in(line: &str) -> Option<&str> {
    let printed = match line.split_once(" ... ") {
        Some((test, printed)) if test.starts_with("test ") => printed,
        _ => line,
    };
    printed.starts_with("| ").then_some(printed)
}

/// What is wrong in a row.
fn findings(row: &str) -> Vec<String> {
    let inner = row.trim().trim_start_matches('|').trim_end_matches('|');
    let cells: Vec<_> = inner.split('|').map(str::trim).collect();
    let [what, ..] = cells.as_slice() else {
        return vec![];
    };
    if cells.len() != CELLS {
        return vec![format!("not a row of {CELLS} cells: {row}")];
    }
    let cell = |place: &usize| cells.get(*place).copied().unwrap_or_default();
    let is_zero = |place: &usize| matches!(cell(place), "0" | "–");
    let is_in_time = match cell(&START) {
        "–" => true,
        seconds => seconds.parse::<f64>().is_ok_and(|s| s <= SLOWEST_START_S),
    };
    if ZERO.iter().all(is_zero) && is_in_time {
        vec![]
    } else {
        vec![format!("{what}: {row}")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_good_only_with_zeros_and_a_start_in_time() {
        let good = "| kills | 1000 | 0 | 0 | 0 | 0.31 | – |";
        assert_eq!(findings(good), Vec::<String>::new());
        assert_eq!(findings(&good.replace("0.31", "–")), Vec::<String>::new());
        for bad in [
            "| kills | 1000 | 1 | 0 | 0 | 0.31 | – |",
            "| kills | 1000 | 0 | 2 | 0 | 0.31 | – |",
            "| kills | 1000 | 0 | 0 | 3 | 0.31 | – |",
            "| kills | 1000 | 0 | 0 | 0 | 5.01 | – |",
            "| kills | 1000 | 0 | 0 | 0 | 0.31 | 1 |",
            "| kills | 1000 | 0 | 0 | 0 | soon | – |",
            "| kills | 1000 | 0 | 0 |",
        ] {
            assert_eq!(findings(bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn rows_are_taken_out_of_what_a_program_prints() {
        let script = "echo 'test a::b ... | a | 1 |'; echo 'so far: | b |'; echo '| c |'; exit 3";
        let printed = printed(Command::new("sh").args(["-c", script]));
        assert_eq!(
            printed,
            Ok((vec!["| a | 1 |".to_owned(), "| c |".to_owned()], false))
        );
    }
}
