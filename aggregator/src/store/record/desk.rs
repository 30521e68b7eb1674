//! What the desk keeps. Key = its text; value = version byte, postcard of [`DeskV1`].

use serde::{Deserialize, Serialize};

use super::{Flaw, read, write};

#[derive(Serialize, Deserialize)]
struct DeskV1<'a> {
    /// In a form of the desk's own.
    kept: &'a [u8],
}

/// Writes what is kept over what `value` held.
pub fn write_value(value: &mut Vec<u8>, kept: &[u8]) -> Result<(), Flaw> {
    write(value, &DeskV1 { kept })
}

/// Reads what is kept back from its key and value.
pub fn decode(key: &[u8], value: &[u8]) -> Result<(String, Vec<u8>), Flaw> {
    let key = std::str::from_utf8(key).map_err(Flaw::value)?;
    let form: DeskV1<'_> = read(value)?;
    Ok((key.to_owned(), form.kept.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::golden::check;

    #[test]
    fn its_bytes_are_what_they_were() {
        let given = ("account/张".to_owned(), vec![0, 1, 255]);
        let mut value = Vec::new();
        write_value(&mut value, &given.1).expect("encodes");
        check("desk-value", &value, &given, |value| {
            decode(given.0.as_bytes(), value)
        });
    }
}
