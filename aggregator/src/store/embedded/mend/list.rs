//! Short lists that are kept beside what they list, so that what is gone is missed: of the engine's
//! keyspaces, because the engine throws away every one whose name it cannot read, and of the saved
//! worlds. Shell.
//!
//! On disk: a line for each, its number and its name, and a last line with the CRC-32 of those.

use std::{collections::BTreeMap, io, path::Path};

use super::files;

/// Names by number.
pub type List = BTreeMap<u64, String>;

/// The list in a file; empty where there is none, an error of [`io::ErrorKind::InvalidData`] where it
/// is damaged.
///
/// # Errors
/// The medium, or see above.
pub fn read(path: &Path) -> io::Result<List> {
    match files::read(path) {
        Ok(bytes) => decode(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(List::new()),
        Err(e) => Err(e),
    }
}

/// Keeps a list.
///
/// # Errors
/// The medium.
pub fn write(path: &Path, list: &List) -> io::Result<()> {
    files::replace(path, encode(list).as_bytes())
}

fn encode(list: &List) -> String {
    let lines = list.iter().map(|(id, name)| format!("{id} {name}\n"));
    let text: String = lines.collect();
    let sum = crc32fast::hash(text.as_bytes());
    format!("{text}{sum:08x}\n")
}

fn decode(bytes: &[u8]) -> Option<List> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (lines, sum) = match text.rsplit_once('\n') {
        Some((lines, sum)) => (format!("{lines}\n"), sum),
        None => (String::new(), text),
    };
    if format!("{:08x}", crc32fast::hash(lines.as_bytes())) != sum {
        return None;
    }
    let list = lines.lines().map(|line| {
        let (id, name) = line.split_once(' ')?;
        Some((id.parse().ok()?, name.to_owned()))
    });
    list.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_with_any_bit_turned_or_any_byte_missing_is_none() {
        let list: List = [(1, "cursors-v1"), (12, "series-v1--2")]
            .map(|(id, name)| (id, name.to_owned()))
            .into();
        let bytes = encode(&list).into_bytes();
        assert_eq!(decode(&bytes), Some(list));
        assert_eq!(decode(encode(&List::new()).as_bytes()), Some(List::new()));
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            if let Some(byte) = other.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            assert_eq!(decode(&other), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(decode(bytes.get(..length).expect("shorter")), None);
        }
    }
}
