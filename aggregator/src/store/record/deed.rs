//! An entry of the log of deeds. Key = its number, big-endian; value = version byte, postcard of
//! [`DeedV1`].

use serde::{Deserialize, Serialize};

use super::{Flaw, read, write};
use crate::audit::{Entry, Hash};

#[derive(Serialize, Deserialize)]
struct DeedV1<'a> {
    hash: [u8; 32],
    line: &'a str,
}

/// Writes an entry over what `value` held.
pub fn write_value(value: &mut Vec<u8>, entry: &Entry) -> Result<(), Flaw> {
    let form = DeedV1 {
        hash: *entry.hash.bytes(),
        line: &entry.line,
    };
    write(value, &form)
}

/// Reads an entry back from its key and value. Whether it is what was entered is not looked at.
pub fn decode(key: &[u8], value: &[u8]) -> Result<Entry, Flaw> {
    let number = u64::from_be_bytes(key.try_into().map_err(|_| Flaw::Key)?);
    let form: DeedV1<'_> = read(value)?;
    Ok(Entry {
        number,
        hash: Hash::new(form.hash),
        line: form.line.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use shared::time::Timestamp;

    use super::*;
    use crate::{
        audit::{Deed, What},
        principal::Principal,
        store::record::golden::check,
    };

    #[test]
    fn its_bytes_are_what_they_were() {
        let deed = Deed {
            by: Principal::Truck("truck-3".parse().expect("id")),
            from: Some("2001:db8::7".parse().expect("an address")),
            what: What::AccountChanged,
            subject: "张".to_owned(),
            before: None,
            after: Some("{\"role\":\"viewer\"}".to_owned()),
        };
        let (previous, at) = (
            Hash::new([0xab; 32]),
            Timestamp::from_millis(1_784_635_200_000),
        );
        let given = Entry::new(previous, 4_711, at, &deed, Some(70_000));
        let (key, mut value) = (given.number.to_be_bytes(), Vec::new());
        write_value(&mut value, &given).expect("encodes");
        check("deed-value", &value, &given, |value| decode(&key, value));
    }
}
