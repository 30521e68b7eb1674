//! What the tests need from Debian, installed where that is allowed.

use std::{path::Path, process::Command};

use crate::command::{Held, say, succeed};

/// Debian packages and the file that shows each is there.
const PACKAGES: [(&str, &str); 12] = [
    ("mosquitto", "/usr/sbin/mosquitto"),
    ("mosquitto-clients", "/usr/bin/mosquitto_pub"),
    ("nginx-light", "/usr/sbin/nginx"),
    ("gdal-bin", "/usr/bin/ogrinfo"),
    ("chromium", "/usr/bin/chromium"),
    (
        "fonts-noto-cjk",
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    ),
    ("faketime", "/usr/bin/faketime"),
    ("file", "/usr/bin/file"),
    ("python3-pip", "/usr/bin/pip3"),
    ("python3-venv", "/var/lib/dpkg/info/python3-venv.list"),
    ("systemd", "/usr/bin/systemd-analyze"),
    ("qemu-user-static", "/usr/bin/qemu-aarch64-static"),
];

pub fn packages() -> Result<Held, String> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(_, file)| !Path::new(file).exists())
        .map(|(p, _)| *p)
        .collect();
    if missing.is_empty() {
        say("all there");
        return Ok(Held::Whole);
    }
    say(&format!("installing {}", missing.join(" ")));
    let update = Command::new("apt-get").args(["update", "-q"]).status();
    if !update.is_ok_and(|s| s.success()) {
        say("apt-get update failed; trying with the lists that are there");
    }
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install
        .args(["install", "-qy", "--no-install-recommends"])
        .args(&missing);
    succeed(&mut install).map_err(|e| {
        format!(
            "{e}; install by hand (as root): apt-get install {}",
            missing.join(" ")
        )
    })
}
