//! Tables of minutes: CSV with a row for every minute and a column for every place.

use std::path::Path;

use shared::findings::Wrong;

use crate::files;

/// The names of a table's columns, and every column as (minute, value).
pub(super) type MinuteTable = Vec<(String, Vec<(i64, f64)>)>;

/// Reads `minute,A,B,…`.
///
/// # Errors
/// A cell that is not a number, named by file and line.
pub(super) fn read(file: &Path) -> Result<MinuteTable, Wrong> {
    let mut reader = csv::Reader::from_reader(files::open(file)?);
    let headers = reader.headers().map_err(|e| files::wrong_csv(file, &e))?;
    if headers.get(0) != Some("minute") {
        return Err(files::wrong_at(
            file,
            1,
            "the first column must be `minute`",
        ));
    }
    let columns = headers.iter().skip(1);
    let mut table: MinuteTable = columns.map(|h| (h.to_owned(), vec![])).collect();
    for record in reader.records() {
        let record = record.map_err(|e| files::wrong_csv(file, &e))?;
        let line = record.position().map_or(0, csv::Position::line);
        let number = |cell: &str| {
            let number = cell.trim().parse::<f64>().ok().filter(|n| n.is_finite());
            number.ok_or_else(|| files::wrong_at(file, line, format!("`{cell}` is not a number")))
        };
        let minute = record.get(0).unwrap_or_default();
        let minute: i64 = minute.parse().map_err(|_| {
            files::wrong_at(file, line, format!("`{minute}` is not a whole minute"))
        })?;
        for ((_, column), cell) in table.iter_mut().zip(record.iter().skip(1)) {
            column.push((minute, number(cell)?));
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_cell_is_named_by_file_and_line() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("s_level_m.csv");
        std::fs::write(&file, "minute,A\n1,0.0\n2,wet\n").expect("written");
        let error = read(&file).expect_err("wet is not a number").to_string();
        assert!(
            error.ends_with("s_level_m.csv:3: `wet` is not a number"),
            "{error}"
        );
        std::fs::write(&file, "minute,A,B\n1,0.0\n").expect("written");
        assert!(
            read(&file)
                .expect_err("too short")
                .to_string()
                .contains("s_level_m.csv:2")
        );
    }
}
