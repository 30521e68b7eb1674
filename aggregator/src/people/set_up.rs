//! Links for those who have the machine: the one of the first start, and one for whoever has locked
//! himself out.
//!
//! The store belongs to the running program, so a command leaves the fingerprint of a new link in a
//! file beside it, which the program takes up. Whoever can write there could change the store itself.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown},
    path::{Path, PathBuf},
};

use nix::fcntl::OFlag;

use super::Fingerprint;
use crate::authority::registry::write_secret;

/// Bytes of a file that is taken up.
const MOST: u64 = 128;

/// The two files.
#[derive(Debug, Clone)]
pub struct SetUpFiles {
    data_dir: PathBuf,
}

impl SetUpFiles {
    #[must_use]
    pub fn below(data_dir: &Path) -> Self {
        let data_dir = data_dir.to_owned();
        Self { data_dir }
    }

    /// Where the link of a first start stands.
    #[must_use]
    pub fn link(&self) -> PathBuf {
        self.data_dir.join("set-up-link")
    }

    fn wanted(&self) -> PathBuf {
        self.data_dir.join("set-up-link.wanted")
    }

    /// Writes the link for whoever may read files of the program.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn tell(&self, link: &str) -> io::Result<()> {
        write_secret(&self.link(), &format!("{link}\n"), true)
    }

    /// Removes the link, which is spent.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn forget(&self) -> io::Result<()> {
        absent_is_fine(fs::remove_file(self.link()))
    }

    /// Asks the program to make a link good.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn want(&self, of: &Fingerprint) -> io::Result<()> {
        let (wanted, beside) = (self.wanted(), self.data_dir.join("set-up-link.new"));
        write_secret(&beside, of.as_str(), true)?;
        // Root asks for a program that runs as somebody else.
        let (owner, about) = (fs::metadata(&self.data_dir)?, fs::metadata(&beside)?);
        if (about.uid(), about.gid()) != (owner.uid(), owner.gid()) {
            chown(&beside, Some(owner.uid()), Some(owner.gid()))?;
        }
        fs::rename(beside, wanted)
    }

    /// Whether a link still waits for the program.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.wanted().exists()
    }

    /// What a command has asked for; nothing where nothing was, or it is damaged.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn wanted_now(&self) -> io::Result<Option<Fingerprint>> {
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(self.wanted());
        let file = match opened {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut text = String::new();
        file.take(MOST).read_to_string(&mut text)?;
        Ok(text.trim().parse().ok())
    }

    /// It was taken up.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn taken(&self) -> io::Result<()> {
        absent_is_fine(fs::remove_file(self.wanted()))
    }
}

fn absent_is_fine(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The link of a secret: it stands behind the `#`, which browsers tell no server and no page of
/// another.
#[must_use]
pub fn link(base: &str, secret: &str) -> String {
    format!("{base}/#join={secret}")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_a_command_asks_for_is_taken_up_once_and_no_link_is_followed() {
        let data = tempfile::tempdir().expect("a folder");
        let files = SetUpFiles::below(data.path());
        assert_eq!(files.wanted_now().expect("read"), None);
        let of = Fingerprint::of("a secret");
        files.want(&of).expect("written");
        let about = fs::metadata(files.wanted()).expect("there");
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
        assert_eq!(files.wanted_now().expect("read"), Some(of));
        files.taken().expect("removed");
        assert!(!files.is_wanted());
        files.taken().expect("nothing to remove");
        let elsewhere = data.path().join("elsewhere");
        fs::write(&elsewhere, Fingerprint::of("x").as_str()).expect("written");
        std::os::unix::fs::symlink(&elsewhere, files.wanted()).expect("linked");
        assert!(files.wanted_now().is_err());
    }
}
