//! The commands that read the log of deeds: verify and export. The aggregator may run: it is then asked
//! for its log.

use std::{
    fs,
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use shared::time::Timestamp;

use crate::{
    audit::{Entry, Format, Hash, Head, Heads, NotAHead, PublicKey, Verification},
    config::read_config,
    notary::{self, Folder},
    store::{self, StoreError},
};

/// Verifies the log of deeds: that each follows on the one before, and that the signed heads, those of
/// other files too, agree with it.
///
/// # Errors
/// The log is not what was written, and which entry is the first; or it cannot be read.
pub fn verify(path: &Path, more: &[PathBuf], key: Option<PublicKey>) -> Result<()> {
    let data_dir = read_config(path)?.data_dir;
    let folder = Folder::below(&data_dir);
    let keys = match key {
        Some(key) => vec![key],
        None => folder.public()?,
    };
    let mut signed = Signed::default();
    signed.read(&folder.heads_path(), &folder.heads()?, &keys, true);
    for file in more {
        let text = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        signed.read(file, &String::from_utf8_lossy(&text), &keys, false);
    }
    if !more.is_empty() && signed.elsewhere == 0 {
        bail!(
            "no head in the files of --heads is of this log's key: the log was begun anew, or they are of \
             another machine"
        );
    }
    let mut verification = Verification::default();
    visit(&data_dir, &mut |entry| {
        verification.take(&entry);
        signed.heads.take(entry.number, entry.hash);
    })?;
    let mut out = BufWriter::new(io::stdout().lock());
    let told = tell(&mut out, &verification, signed, &keys);
    out.flush()?;
    told
}

fn tell(
    out: &mut impl Write,
    verification: &Verification,
    signed: Signed,
    keys: &[PublicKey],
) -> Result<()> {
    let (count, end) = (verification.count(), verification.end());
    if let Some(broken) = verification.broken() {
        bail!("the log of {count} deeds is not what was written: {broken}");
    }
    writeln!(
        out,
        "{count} deeds, each follows on the one before; the hash of the last is {}.",
        end.hash
    )?;
    if let Some(flaw) = signed.flaws.first() {
        bail!("{} of the heads do not count: {flaw}", signed.flaws.len());
    }
    let (agreeing, newest) = signed.heads.close(end.last)?;
    match newest {
        Some((at, number)) => writeln!(
            out,
            "{agreeing} signed heads agree, the newest of {at} with entry {number}; {} deeds came later.",
            end.last - number
        )?,
        None => writeln!(out, "No head was signed yet.")?,
    }
    if signed.of_others > 0 {
        let count = signed.of_others;
        writeln!(out, "{count} heads of other keys were passed over.")?;
    }
    for key in keys {
        writeln!(out, "Public key: {key}")?;
    }
    writeln!(
        out,
        "Who may write on this machine can write all of this anew. Keep the public key and the heads of the \
         system's log elsewhere, and verify with --key and --heads."
    )?;
    Ok(())
}

/// The heads that were found.
#[derive(Default)]
struct Signed {
    heads: Heads,
    flaws: Vec<String>,
    of_others: u64,
    /// Of this key, in other files than the machine's own.
    elsewhere: u64,
}

impl Signed {
    /// Reads a file. In the machine's own every line must be a head of its key; a system's log has other
    /// lines, and heads of other machines.
    fn read(&mut self, path: &Path, text: &str, keys: &[PublicKey], is_own: bool) {
        for (number, line) in (1..).zip(text.lines()) {
            let of = |head: &Head| {
                let mut all = keys.iter().map(|key| head.is_of(key));
                let first = all.next().unwrap_or(Err(NotAHead::OtherKey));
                all.fold(first, |one, other| if other.is_ok() { other } else { one })
            };
            let head = Head::find(line);
            let counts = head.is_some();
            let found = match head {
                Some(Ok(head)) => of(&head).map(|()| self.heads.add(&head)),
                Some(Err(e)) => Err(e),
                None if is_own => Err(NotAHead::Malformed),
                None => Ok(()),
            };
            match found {
                Ok(()) => self.elsewhere += u64::from(!is_own && counts),
                Err(NotAHead::OtherKey) if !is_own => self.of_others += 1,
                Err(e) => {
                    let path = path.display();
                    self.flaws.push(format!("{path}, line {number}: {e}"));
                }
            }
        }
    }
}

/// Writes the deeds of a span of time to standard output, and how the last line is verified to standard
/// error.
///
/// # Errors
/// The log cannot be read or standard output cannot be written.
pub fn export(
    path: &Path,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    format: Format,
) -> Result<()> {
    let data_dir = read_config(path)?.data_dir;
    let mut export = Export::new(BufWriter::new(io::stdout().lock()), format)?;
    let mut failed = None;
    visit(&data_dir, &mut |entry| {
        let at = entry.said().ok().map(|said| said.at);
        // One that cannot be read is not left out.
        let is_within =
            at.is_none_or(|at| from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to));
        if is_within && failed.is_none() {
            failed = export.write(&entry).err();
        }
    })?;
    let done = failed.map_or_else(|| export.finish(), Err);
    let (count, last) = done.context("standard output cannot be written")?;
    if let Some(hash) = last {
        writeln!(
            io::stderr(),
            "{count} deeds; the SHA-256 of the last one's line is {hash}"
        )?;
    }
    Ok(())
}

/// Deeds being written.
struct Export<W: Write> {
    out: Out<W>,
    count: u64,
    last: Option<Hash>,
}

enum Out<W: Write> {
    Lines(W),
    Table(Box<csv::Writer<W>>),
}

const COLUMNS: [&str; 11] = [
    "number", "at", "by", "from", "what", "subject", "before", "after", "arrival", "previous",
    "hash",
];

impl<W: Write> Export<W> {
    fn new(out: W, format: Format) -> Result<Self> {
        let out = match format {
            Format::Jsonl => Out::Lines(out),
            Format::Csv => {
                let mut table = csv::Writer::from_writer(out);
                table.write_record(COLUMNS)?;
                Out::Table(Box::new(table))
            }
        };
        Ok(Self {
            out,
            count: 0,
            last: None,
        })
    }

    fn write(&mut self, entry: &Entry) -> Result<()> {
        match &mut self.out {
            Out::Lines(out) => writeln!(out, "{}", entry.line)?,
            Out::Table(table) => table.write_record(row(entry))?,
        }
        self.count += 1;
        self.last = Some(entry.hash);
        Ok(())
    }

    fn finish(self) -> Result<(u64, Option<Hash>)> {
        match self.out {
            Out::Lines(mut out) => out.flush()?,
            Out::Table(mut table) => table.flush()?,
        }
        Ok((self.count, self.last))
    }
}

fn row(entry: &Entry) -> [String; 11] {
    let (number, hash) = (entry.number.to_string(), entry.hash.to_string());
    let Ok(said) = entry.said() else {
        let mut row = [const { String::new() }; 11];
        let [first, .., last] = &mut row;
        (*first, *last) = (number, hash);
        return row;
    };
    let text = |text: Option<String>| text.map(|text| harmless(&text)).unwrap_or_default();
    [
        number,
        said.at.to_string(),
        harmless(&said.by),
        said.from.map(|from| from.to_string()).unwrap_or_default(),
        harmless(&said.what),
        harmless(&said.subject),
        text(said.before),
        text(said.after),
        said.arrival.map(|n| n.to_string()).unwrap_or_default(),
        said.previous.to_string(),
        hash,
    ]
}

/// A spreadsheet takes a text that begins so for something to compute, and somebody may have chosen it.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Visits the log, of the store or of the aggregator that uses it.
fn visit(data_dir: &Path, visit: &mut dyn FnMut(Entry)) -> Result<()> {
    let folder = data_dir.join("store");
    if !folder.exists() {
        bail!("there is no store at {}", folder.display());
    }
    match store::open(&folder) {
        Ok(store) => Ok(store.deeds(0, &mut |entry| {
            visit(entry);
            ControlFlow::Continue(())
        })?),
        Err(StoreError::InUse(_)) => notary::ask(&Folder::below(data_dir).door(), visit),
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::{
        audit::{Chain, Deed, Signing, What},
        principal::Principal,
    };

    const NOON: Timestamp = Timestamp::from_millis(1_784_635_200_000);

    fn log(subjects: &[&str]) -> (Vec<Entry>, Chain) {
        let mut end = Chain::default();
        let entries = subjects.iter().map(|subject| {
            let deed = Deed {
                by: Principal::Person("wang-li".parse().expect("id")),
                from: Some("10.0.0.9".parse().expect("an address")),
                what: What::DispatchAsked,
                subject: (*subject).to_owned(),
                before: None,
                after: Some("\"积水\", wp-3".to_owned()),
            };
            end.enter(&deed, NOON, Some(7))
        });
        (entries.collect(), end)
    }

    fn exported(entries: &[Entry], format: Format) -> (String, Hash) {
        let mut bytes = Vec::new();
        let mut export = Export::new(&mut bytes, format).expect("begun");
        for entry in entries {
            export.write(entry).expect("written");
        }
        let (count, last) = export.finish().expect("written");
        assert_eq!(count, entries.len() as u64);
        (String::from_utf8(bytes).expect("text"), last.expect("some"))
    }

    /// As the README has it: with nothing of this program.
    #[test]
    fn whoever_has_the_exported_lines_verifies_them_with_sha256sum() {
        let (entries, end) = log(&["truck pt-1", "truck pt-2", "truck pt-3"]);
        let (lines, last) = exported(&entries, Format::Jsonl);
        assert_eq!(last, end.hash);
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("deeds.jsonl"), lines).expect("written");
        let script = "n=$(wc -l < deeds.jsonl); i=1; while [ $i -lt $n ]; do \
                          hash=$(sed -n ${i}p deeds.jsonl | sha256sum | cut -c1-64); i=$((i + 1)); \
                          sed -n ${i}p deeds.jsonl | grep -q \"\\\"previous\\\":\\\"$hash\\\"\" || exit 1; \
                      done; sed -n ${n}p deeds.jsonl | sha256sum | cut -c1-64";
        let run = |script: &str| {
            let mut shell = Command::new("sh");
            let run = shell.args(["-c", script]).current_dir(folder.path());
            run.output().expect("a shell")
        };
        let whole = run(script);
        assert!(whole.status.success(), "{whole:?}");
        assert_eq!(
            String::from_utf8_lossy(&whole.stdout).trim(),
            end.hash.to_string()
        );
        run("sed -i 2s/pt-2/pt-9/ deeds.jsonl");
        assert!(!run(script).status.success(), "a line was changed");
    }

    #[test]
    fn a_table_has_a_row_for_each_deed_and_nothing_that_a_spreadsheet_computes() {
        let (entries, _) = log(&["=HYPERLINK(\"http://x\")"]);
        let (table, _) = exported(&entries, Format::Csv);
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let row = rows.records().next().expect("a row").expect("whole");
        let expected = [
            "1",
            "2026-07-21T12:00:00.000Z",
            "person wang-li",
            "10.0.0.9",
            "dispatch-asked",
            "'=HYPERLINK(\"http://x\")",
            "",
            "\"积水\", wp-3",
            "7",
        ];
        assert_eq!(row.iter().take(9).collect::<Vec<_>>(), expected);
        assert_eq!(row.len(), COLUMNS.len());
    }

    fn told(entries: &[Entry], own: &str, elsewhere: &str, key: &PublicKey) -> Result<String> {
        let (mut verification, mut signed) = (Verification::default(), Signed::default());
        let keys = [*key];
        signed.read(Path::new("heads"), own, &keys, true);
        signed.read(Path::new("syslog"), elsewhere, &keys, false);
        for entry in entries {
            verification.take(entry);
            signed.heads.take(entry.number, entry.hash);
        }
        let mut out = Vec::new();
        tell(&mut out, &verification, signed, &keys)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn a_log_is_whole_by_itself_and_by_the_heads_that_were_kept_elsewhere() {
        let (entries, _) = log(&["1", "2", "3"]);
        let signing = Signing::new(&[7; 32]);
        let key = signing.public();
        let head = |k: usize| {
            let end = Chain {
                last: entries[k - 1].number,
                hash: entries[k - 1].hash,
            };
            signing.sign(end, NOON).to_string()
        };
        let stranger = Signing::new(&[8; 32]).sign(Chain::default(), NOON);
        let syslog = format!(
            "10:00 gate ssh[7]: hello\n10:01 INFO head=\"{}\"\n{stranger}\n",
            head(3)
        );
        let whole = told(&entries, &head(2), &syslog, &key).expect("whole");
        assert!(
            whole.contains("2 signed heads agree") && whole.contains("3 deeds"),
            "{whole}"
        );
        assert!(whole.contains("1 heads of other keys"), "{whole}");

        let mut changed = entries.clone();
        changed[1].line = changed[1].line.replace("wp-3", "wp-4");
        for (entries, own, expected) in [
            (&changed[..], head(2), "entry 2 is not what was entered"),
            (&entries[..2], head(2), "the log ends with entry 2, and at"),
            (
                &entries[..],
                "nonsense".to_owned(),
                "heads, line 1: it is malformed",
            ),
            (
                &entries[..],
                stranger.to_string(),
                "another key than this one",
            ),
        ] {
            let told = told(entries, &own, &syslog, &key)
                .expect_err("broken")
                .to_string();
            assert!(told.contains(expected), "{told}");
        }
    }
}
