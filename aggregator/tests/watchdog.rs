//! The program itself and systemd's watchdog: it is fed while the store takes what is committed, and no
//! longer when the disk hangs.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    io::ErrorKind,
    os::unix::net::UnixDatagram,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// systemd's WatchdogSec in this test.
const LIMIT: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes to files wait while the file that `HANG` names is there: a disk that hangs.
const HANGING_DISK: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
static void disk(int fd) {
    struct stat s;
    const char *hang = getenv("HANG");
    if (!hang || fstat(fd, &s) || !S_ISREG(s.st_mode)) return;
    while (access(hang, F_OK) == 0) usleep(20000);
}
ssize_t write(int fd, const void *b, size_t n) { disk(fd); return syscall(SYS_write, fd, b, n); }
ssize_t writev(int fd, const struct iovec *v, int n) { disk(fd); return syscall(SYS_writev, fd, v, n); }
int fsync(int fd) { disk(fd); return syscall(SYS_fsync, fd); }
int fdatasync(int fd) { disk(fd); return syscall(SYS_fdatasync, fd); }
"#;

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_watchdog_is_fed_while_commits_are_made_and_not_while_the_disk_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let socket = UnixDatagram::bind(at("notify")).unwrap();
    let hang = at("hang");
    let _program = start(folder.path());
    assert!(is_told(&socket, "READY=1", PATIENCE));
    assert!(is_told(&socket, "WATCHDOG=1", PATIENCE));
    assert!(is_told(&socket, "WATCHDOG=1", PATIENCE));
    fs::write(&hang, "").unwrap();
    // Those that were sent before it hangs are heard out; systemd would act after the second silence.
    let silent = (0..20).any(|_| !is_told(&socket, "WATCHDOG=1", LIMIT));
    assert!(silent, "it is fed although nothing can be committed");
    fs::remove_file(&hang).unwrap();
    assert!(is_told(&socket, "WATCHDOG=1", PATIENCE));
}

fn start(folder: &Path) -> Program {
    let (source, hanging) = (folder.join("disk.c"), folder.join("disk.so"));
    fs::write(&source, HANGING_DISK).unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&hanging, &source])
        .status()
        .unwrap();
    assert!(compiled.success());
    let listen = || shared::net::free_address().unwrap();
    let city = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/city/harbour");
    let config = folder.join("aggregator.toml");
    let text = format!(
        "data_dir = '{}'\ncity = '{}'\n[http]\nlisten = '{}'\n[broker]\nembedded = '{}'\n",
        folder.join("data").display(),
        city.display(),
        listen(),
        listen()
    );
    fs::write(&config, text).unwrap();
    let program = Command::new(env!("CARGO_BIN_EXE_flood-aggregator"))
        .arg("run")
        .arg(&config)
        .env("NOTIFY_SOCKET", folder.join("notify"))
        .env("WATCHDOG_USEC", LIMIT.as_micros().to_string())
        .env("LD_PRELOAD", hanging)
        .env("HANG", folder.join("hang"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Program(program)
}

/// Whether systemd is told this, with no longer silence than `patience` before.
fn is_told(socket: &UnixDatagram, wanted: &str, patience: Duration) -> bool {
    socket.set_read_timeout(Some(patience)).unwrap();
    let mut buffer = [0; 256];
    loop {
        match socket.recv(&mut buffer) {
            Ok(length) => {
                let said = String::from_utf8_lossy(buffer.get(..length).unwrap()).into_owned();
                if said.contains(wanted) {
                    return true;
                }
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return false;
            }
            Err(e) => assert_eq!(e.kind(), ErrorKind::Interrupted, "{e}"),
        }
    }
}
