//! The map page in a real browser, against the real aggregator under the harbour's storm.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command},
    time::{Duration, Instant},
};

use crate::command::{Held, flood_sim, free_address, succeed};

const FOLDER: &str = "aggregator/web";
/// A debug build on a busy machine takes its time to start.
const START: Duration = Duration::from_secs(60);

/// Installs the page's tools, checks its sources and its build, and drives it in Chromium.
pub fn page() -> Result<Held, String> {
    succeed(npm().args(["ci", "--no-audit", "--no-fund"]))?;
    let http = free_address()?;
    let mut storm = Storm::start(http)?;
    storm.until_ready(http)?;
    succeed(
        npm()
            .args(["run", "verify"])
            .env("FLOOD_URL", format!("http://{http}")),
    )
}

fn npm() -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(FOLDER);
    npm
}

/// A running replay. It is ended when dropped, and ends what it started.
struct Storm(Child);

impl Storm {
    fn start(http: SocketAddr) -> Result<Self, String> {
        let mut replay = flood_sim();
        replay
            .args(["replay", "configs/scenarios/harbour.toml", "--stay"])
            .args(["--speed", "60", "--http", &http.to_string()]);
        let child = replay.spawn().map_err(|e| format!("flood-sim: {e}"))?;
        Ok(Self(child))
    }

    fn until_ready(&mut self, http: SocketAddr) -> Result<(), String> {
        let begun = Instant::now();
        while !is_ready(http) {
            if let Ok(Some(status)) = self.0.try_wait() {
                return Err(format!("the replay ended with {status}"));
            }
            if begun.elapsed() > START {
                return Err(format!("{http} was not ready within {} s", START.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        // SIGTERM, so that it ends its own children.
        let asked = Command::new("kill").arg(self.0.id().to_string()).status();
        if asked.is_ok_and(|s| s.success()) {
            let _ = self.0.wait();
        }
    }
}

fn is_ready(http: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(http)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(
            format!("GET /readyz HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\r\n").as_bytes(),
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
