//! The folder of those who were enrolled: one file each, for nobody else's eyes.
//!
//! Whoever may write there decides who belongs: the aggregator's own user, and root.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, chown},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use shared::{error::chain, ids::AgentId, time::Timestamp, wire::seal::Key};

use super::{Enrolled, PublicKey, Role};

/// What stands in one file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    role: Role,
    key: String,
    /// Of the certificate, DER in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    enrolled_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
}

/// Why somebody cannot be enrolled or revoked, or the folder not be read.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("{}: {}", path.display(), source)]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {why}", path.display())]
    Damaged { path: PathBuf, why: String },
    #[error("`{name}` is no name: {why}")]
    Name { name: String, why: String },
    #[error(
        "`{name}` was enrolled as {role} at {at}; --again gives a new key, and the old one ends"
    )]
    Known {
        name: String,
        role: Role,
        at: Timestamp,
    },
    #[error("nobody of the name `{0}` is enrolled")]
    Unknown(String),
    #[error("no random numbers can be had: {0}")]
    Random(String),
}

/// Files, their times and their lengths: whether anything was changed.
pub type Listing = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// What each file says, by the name of whom it is.
pub type Each = Vec<(String, Result<Enrolled, RegistryError>)>;

/// The folder.
#[derive(Debug, Clone)]
pub struct Registry {
    folder: PathBuf,
}

impl Registry {
    /// The one below an aggregator's data folder; it need not be there yet.
    #[must_use]
    pub fn below(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join("principals"),
        }
    }

    /// What is there, without reading it.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn listing(&self) -> Result<Listing, RegistryError> {
        let files = match fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Listing::new()),
            Err(e) => return Err(of(&self.folder)(e)),
        };
        let mut listing = Listing::new();
        for file in files {
            let file = file.map_err(of(&self.folder))?;
            let path = file.path();
            if path.extension().is_some_and(|e| e == "toml") {
                // Not what a link points to: a link is nobody's record.
                let about = file.metadata().map_err(of(&path))?;
                if about.is_file() {
                    listing.insert(path, (about.modified().ok(), about.len()));
                }
            }
        }
        Ok(listing)
    }

    /// Everybody who was enrolled.
    ///
    /// # Errors
    /// A file cannot be read, or is damaged.
    pub fn read(&self) -> Result<BTreeMap<String, Enrolled>, RegistryError> {
        let each = self.read_each()?.into_iter();
        each.map(|(name, read)| Ok((name, read?))).collect()
    }

    /// Everybody who was enrolled, by his name, and whose file is damaged.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn read_each(&self) -> Result<Each, RegistryError> {
        let paths = self.listing()?;
        let each = paths.keys().map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            (name.into_owned(), read(path))
        });
        Ok(each.collect())
    }

    /// Enrols somebody under a name that is not known yet, or, `again`, gives him another key.
    ///
    /// # Errors
    /// The name is none or known, or the folder cannot be written.
    pub fn enrol(
        &self,
        name: &str,
        role: Role,
        now: Timestamp,
        again: bool,
        public_key: Option<PublicKey>,
    ) -> Result<Enrolled, RegistryError> {
        let path = self.path(name)?;
        if let Some(known) = self.find(&path)?.filter(|_| !again) {
            return Err(RegistryError::Known {
                name: name.to_owned(),
                role: known.role,
                at: known.enrolled_at,
            });
        }
        let mut random = [0; 32];
        fill(&mut random)?;
        let enrolled = Enrolled {
            role,
            key: Key::new(random),
            public_key,
            enrolled_at: now,
            revoked_at: None,
        };
        self.write(&path, &enrolled)?;
        Ok(enrolled)
    }

    /// The aggregator's own login at a broker, made when it is first asked for.
    ///
    /// # Errors
    /// The name is somebody else's, or the folder cannot be written.
    pub fn own(&self, name: &str, now: Timestamp) -> Result<Enrolled, RegistryError> {
        match self.find(&self.path(name)?)? {
            Some(own) if own.role == Role::Aggregator => Ok(own),
            _ => self.enrol(name, Role::Aggregator, now, false, None),
        }
    }

    /// Revokes somebody. Returns what he was.
    ///
    /// # Errors
    /// He is not enrolled, or the folder cannot be written.
    pub fn revoke(&self, name: &str, now: Timestamp) -> Result<Enrolled, RegistryError> {
        let path = self.path(name)?;
        let Some(mut enrolled) = self.find(&path)? else {
            return Err(RegistryError::Unknown(name.to_owned()));
        };
        enrolled.revoked_at.get_or_insert(now);
        self.write(&path, &enrolled)?;
        Ok(enrolled)
    }

    /// Agents, trucks and sources have ids of one form.
    fn path(&self, name: &str) -> Result<PathBuf, RegistryError> {
        match name.parse::<AgentId>() {
            Ok(name) => Ok(self.folder.join(format!("{name}.toml"))),
            Err(e) => Err(RegistryError::Name {
                name: name.to_owned(),
                why: chain(&e),
            }),
        }
    }

    fn find(&self, path: &Path) -> Result<Option<Enrolled>, RegistryError> {
        let is_there = self.listing()?.contains_key(path);
        is_there.then(|| read(path)).transpose()
    }

    fn write(&self, path: &Path, enrolled: &Enrolled) -> Result<(), RegistryError> {
        make_folder(&self.folder)?;
        let record = Record {
            role: enrolled.role,
            key: enrolled.key.to_secret_text(),
            public_key: enrolled.public_key.as_ref().map(PublicKey::to_text),
            enrolled_at: enrolled.enrolled_at,
            revoked_at: enrolled.revoked_at,
        };
        let text = toml::to_string(&record).map_err(|e| RegistryError::Damaged {
            path: path.to_owned(),
            why: e.to_string(),
        })?;
        let beside = path.with_extension("new");
        write_secret(&beside, &text, true).map_err(of(&beside))?;
        give(&self.folder, &beside)?;
        fs::rename(&beside, path).map_err(of(path))?;
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(of(&self.folder))
    }
}

/// Makes a folder in the data folder that only its owner may enter.
///
/// # Errors
/// It cannot be made.
pub fn make_folder(folder: &Path) -> Result<(), RegistryError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(of(folder))?;
    give(folder, folder)
}

/// Makes a folder in the data folder, or a file in it, belong to whom the data folder belongs: root enrols
/// for an aggregator that runs as somebody else.
///
/// # Errors
/// It cannot be given away.
pub fn give(folder: &Path, path: &Path) -> Result<(), RegistryError> {
    let data = folder.parent().unwrap_or(folder);
    let owner = fs::metadata(data).map_err(of(data))?;
    let about = fs::metadata(path).map_err(of(path))?;
    if (about.uid(), about.gid()) == (owner.uid(), owner.gid()) {
        return Ok(());
    }
    chown(path, Some(owner.uid()), Some(owner.gid())).map_err(of(path))
}

/// Random bytes.
///
/// # Errors
/// The system has none.
pub fn fill(bytes: &mut [u8]) -> Result<(), RegistryError> {
    getrandom::fill(bytes).map_err(|e| RegistryError::Random(e.to_string()))
}

/// Writes a file that only its owner may read, whatever the umask; follows no link. `anew` replaces what
/// is there.
///
/// # Errors
/// It cannot be written, or is there.
pub fn write_secret(path: &Path, text: &str, anew: bool) -> io::Result<()> {
    if anew {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn read(path: &Path) -> Result<Enrolled, RegistryError> {
    let damaged = |why: String| RegistryError::Damaged {
        path: path.to_owned(),
        why,
    };
    let text = fs::read_to_string(path).map_err(of(path))?;
    // The parser's own error would quote the line, which may hold the key.
    let record: Record = toml::from_str(&text)
        .map_err(|_| damaged("role, key and enrolled_at are expected".to_owned()))?;
    Ok(Enrolled {
        role: record.role,
        key: record.key.parse().map_err(|e| damaged(chain(&e)))?,
        public_key: match &record.public_key {
            None => None,
            Some(text) => {
                let key = PublicKey::parse(text);
                Some(key.ok_or_else(|| damaged("its public key is damaged".to_owned()))?)
            }
        },
        enrolled_at: record.enrolled_at,
        revoked_at: record.revoked_at,
    })
}

fn of(path: &Path) -> impl FnOnce(io::Error) -> RegistryError {
    let path = path.to_owned();
    |source| RegistryError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);

    #[test]
    fn who_was_enrolled_is_known_until_he_is_revoked() {
        let data = tempfile::tempdir().expect("a folder");
        let registry = Registry::below(data.path());
        assert!(registry.read().expect("nobody yet").is_empty());
        let enrolled = registry.enrol("gw-07", Role::Agent, NOW, false, None);
        let enrolled = enrolled.expect("enrolled");
        let known = registry.read().expect("one");
        assert_eq!(known.get("gw-07"), Some(&enrolled));
        let error = registry.enrol("gw-07", Role::Truck, NOW, false, None);
        assert_eq!(
            error.expect_err("known").to_string(),
            "`gw-07` was enrolled as agent at 2026-07-21T08:20:00.000Z; --again gives a new key, and the \
             old one ends"
        );
        let again = registry
            .enrol("gw-07", Role::Agent, NOW, true, None)
            .expect("again");
        assert_ne!(again.key, enrolled.key);
        let revoked = registry.revoke("gw-07", NOW).expect("revoked");
        assert_eq!(revoked.revoked_at, Some(NOW));
        assert_eq!(registry.read().expect("one")["gw-07"], revoked);
        let unknown = registry.revoke("gw-08", NOW).expect_err("unknown");
        assert_eq!(
            unknown.to_string(),
            "nobody of the name `gw-08` is enrolled"
        );
        for name in ["", "../gw", "GW 7"] {
            assert!(registry.enrol(name, Role::Agent, NOW, false, None).is_err());
        }
    }

    #[test]
    fn what_root_enrols_belongs_to_the_aggregators_user() {
        let data = tempfile::tempdir().expect("a folder");
        // Only root can give a folder away; for others it is their own already.
        let given = chown(data.path(), Some(65_534), Some(65_534)).is_ok();
        let registry = Registry::below(data.path());
        let enrolled = registry.enrol("gw-07", Role::Agent, NOW, false, None);
        enrolled.expect("enrolled");
        let folder = data.path().join("principals");
        for path in [&folder, &folder.join("gw-07.toml")] {
            let uid = fs::metadata(path).expect("there").uid();
            let wanted = fs::metadata(data.path()).expect("there").uid();
            assert_eq!(
                (uid, given),
                (wanted, wanted == 65_534),
                "{}",
                path.display()
            );
        }
    }

    #[test]
    fn nobody_else_may_read_it_and_a_damaged_file_is_named_but_not_quoted() {
        let data = tempfile::tempdir().expect("a folder");
        let registry = Registry::below(data.path());
        registry
            .enrol("gw-07", Role::Agent, NOW, false, None)
            .expect("enrolled");
        let folder = data.path().join("principals");
        let path = folder.join("gw-07.toml");
        let mode = |path: &Path| {
            let about = fs::metadata(path).expect("there");
            about.permissions().mode() & 0o777
        };
        assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
        fs::write(&path, "role = \"agent\"\nkey = s3cret\n").expect("written");
        let error = registry.read().expect_err("damaged").to_string();
        assert!(error.contains("gw-07.toml: role, key and"), "{error}");
        assert!(!error.contains("s3cret"));
    }
}
