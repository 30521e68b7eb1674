//! Files that hold a secret: believed only where nobody else can read or replace them, and never
//! reached through a link.
//!
//! A secret's place is a path, or `credential:NAME`: the file NAME of those that systemd hands over
//! (`LoadCredential=`), which root keeps and the program's own user cannot otherwise read.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use nix::{
    fcntl::OFlag,
    sys::stat::{Mode, umask},
    unistd::Uid,
};

/// What a place begins with whose file systemd hands over.
const HANDED: &str = "credential:";
/// What systemd puts before the names of a folder's files: `LoadCredential=flood:FOLDER`.
const OF_FOLDER: &str = "flood_";
/// A key and a chain of certificates are a few KiB.
const LARGEST: u64 = 256 * 1024;

/// Why a secret is not taken from where it is. It repeats nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error(
        "systemd hands over no `{name}`: it must be in the folder that the unit's LoadCredential= \
         names, /etc/flood/secrets, when the unit starts"
    )]
    NotHanded { name: String },
    #[error("`credential:{name}` is no file's name")]
    Name { name: String },
    #[error("{} cannot be read", file.display())]
    Io { file: PathBuf, source: io::Error },
    #[error("{} is a link: name the file that it leads to", file.display())]
    Link { file: PathBuf },
    #[error("{} is no file of at most {LARGEST} bytes", file.display())]
    Kind { file: PathBuf },
    #[error(
        "others than its owner may use {} (mode {mode:03o}): chmod 600 {}",
        file.display(), file.display()
    )]
    Open { file: PathBuf, mode: u32 },
    #[error(
        "{} belongs to user {owner}, who may change it: chown {us} {}",
        file.display(), file.display()
    )]
    Owner { file: PathBuf, owner: u32, us: u32 },
}

/// The text of a secret file.
///
/// # Errors
/// It cannot be read, others may read or replace it, or it is a link. The message names the file and
/// what helps.
pub fn read(place: &Path) -> Result<String, SecretError> {
    let handed = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let file = file_of(place, handed.as_deref())?;
    let is_handed = handed.is_some_and(|folder| file.starts_with(folder));
    let io = |source| SecretError::Io {
        file: file.clone(),
        source,
    };
    let mut opened = open(&file)?;
    let about = opened.metadata().map_err(io)?;
    let (mode, owner, us) = (about.mode() & 0o777, about.uid(), Uid::effective().as_raw());
    if !about.is_file() || about.len() > LARGEST {
        return Err(SecretError::Kind { file });
    }
    // systemd gives the user access by a list, which stands in the group's place.
    if mode & if is_handed { 0o007 } else { 0o077 } != 0 {
        return Err(SecretError::Open { file, mode });
    }
    if owner != 0 && owner != us {
        return Err(SecretError::Owner { file, owner, us });
    }
    let mut text = String::new();
    opened.read_to_string(&mut text).map_err(io)?;
    Ok(text)
}

/// What this program writes is for its own user only, whatever it was started with.
pub fn write_for_nobody_else() {
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
}

/// Opens a file, but no link, and waits for nobody at the other end of a pipe.
fn open(file: &Path) -> Result<File, SecretError> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(file);
    let file = file.to_owned();
    opened.map_err(|source| {
        if source.raw_os_error() == Some(nix::errno::Errno::ELOOP as i32) {
            SecretError::Link { file }
        } else {
            SecretError::Io { file, source }
        }
    })
}

/// Where a place is, with the folder of what systemd hands over.
fn file_of(place: &Path, handed: Option<&Path>) -> Result<PathBuf, SecretError> {
    let Some(name) = place.to_str().and_then(|text| text.strip_prefix(HANDED)) else {
        return Ok(place.to_owned());
    };
    if name.is_empty() || name.contains('/') || name == ".." {
        let name = name.to_owned();
        return Err(SecretError::Name { name });
    }
    let found = handed.and_then(|folder| {
        let names = [name.to_owned(), format!("{OF_FOLDER}{name}")];
        let files = names.iter().map(|name| folder.join(name));
        files.into_iter().find(|file| file.exists())
    });
    found.ok_or_else(|| SecretError::NotHanded {
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::{
        env::temp_dir,
        fs,
        os::unix::fs::{PermissionsExt as _, chown, symlink},
    };

    use super::*;
    use crate::error::chain;

    fn told(place: &Path) -> String {
        read(place).unwrap_or_else(|error| chain(&error))
    }

    /// A folder for one test; its name holds the process, so that two runs do not meet.
    fn folder(name: &str) -> PathBuf {
        let folder = temp_dir().join(format!("flood-secret-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("made");
        folder
    }

    #[test]
    fn a_secret_is_read_only_where_nobody_else_may_use_it() {
        let folder = folder("modes");
        let file = folder.join("gw.bundle");
        fs::write(&file, "s3cret").expect("written");
        let allow =
            |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("set");
        for mode in [0o644, 0o640, 0o604, 0o660, 0o602] {
            allow(mode);
            let (said, shown) = (told(&file), file.display());
            let wanted = format!("(mode {mode:03o}): chmod 600 {shown}");
            assert!(said.ends_with(&wanted) && said.contains("others"), "{said}");
        }
        allow(0o400);
        assert_eq!(told(&file), "s3cret");
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn a_link_a_pipe_and_a_strangers_file_are_refused_by_name() {
        let folder = folder("links");
        let (file, link) = (folder.join("key"), folder.join("link"));
        fs::write(&file, "s3cret").expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
        symlink(&file, &link).expect("linked");
        assert!(told(&link).ends_with("link is a link: name the file that it leads to"));
        assert!(told(&folder).contains("is no file of at most"));
        // Only root can give a file away.
        if chown(&file, Some(65_534), None).is_ok() {
            let said = told(&file);
            assert!(said.contains("belongs to user 65534"), "{said}");
        }
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_systemd_hands_over_is_found_by_its_name_or_as_one_of_a_folder() {
        let folder = folder("handed");
        for name in ["own", "flood_gw.bundle"] {
            fs::write(folder.join(name), "s3cret").expect("written");
        }
        let found = |place: &str| {
            let file = file_of(Path::new(place), Some(&folder));
            file.map_or_else(|e| e.to_string(), |f| f.display().to_string())
        };
        let shown = |name: &str| folder.join(name).display().to_string();
        assert_eq!(found("credential:own"), shown("own"));
        assert_eq!(found("credential:gw.bundle"), shown("flood_gw.bundle"));
        assert_eq!(found("/etc/flood/gw.bundle"), "/etc/flood/gw.bundle");
        assert!(found("credential:gone").starts_with("systemd hands over no `gone`"));
        for name in ["", "..", "../passwd"] {
            assert!(found(&format!("credential:{name}")).ends_with("is no file's name"));
        }
        let none = file_of(Path::new("credential:own"), None);
        assert!(matches!(none, Err(SecretError::NotHanded { .. })));
        fs::remove_dir_all(folder).expect("removed");
    }
}
