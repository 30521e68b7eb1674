//! The program itself: its exit codes, its words to systemd, and what `kill -9` leaves of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use agent::spool::{draft::Draft, frame};
use common::{Aggregator, Broker, LevelGauge, PATIENCE, agent_toml, free_port, with_gauge};
use shared::observation::Observation;
use tokio::{
    net::UnixDatagram,
    process::Child,
    time::{interval, timeout},
};

/// How often a file is looked at.
const LOOK: Duration = Duration::from_millis(5);
const SHORT: f64 = 0.05;
/// The longest window that may be configured: nothing is spooled before a kill.
const LONG: f64 = 10.0;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_flood-agent"))
}

fn check(files: &[&Path]) -> Output {
    program().arg("check").args(files).output().unwrap()
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../configs/agent")
        .join(name)
}

/// A configuration with one gauge, and where it lies.
fn config(dir: &Path, broker: u16, gauge: SocketAddr, batch_seconds: f64) -> PathBuf {
    let text = with_gauge(&agent_toml(&dir.join("data"), broker, batch_seconds), gauge);
    let file = dir.join("agent.toml");
    fs::write(&file, text).unwrap();
    file
}

fn run(config: &Path, envs: &[(&str, &str)]) -> Child {
    let mut command = tokio::process::Command::from(program());
    command.arg("run").arg(config).envs(envs.iter().copied());
    command
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn terminate(child: &Child) {
    let id = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn check_says_ok_with_a_summary_or_every_error_with_its_line() {
    let good = check(&[&shipped("first-gateway.toml"), &shipped("example.toml")]);
    assert!(
        good.status.success(),
        "{}",
        String::from_utf8_lossy(&good.stderr)
    );
    let said = String::from_utf8(good.stdout).unwrap();
    assert_eq!(
        said.lines().filter(|line| line.ends_with(": OK")).count(),
        2
    );

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gw.toml");
    fs::write(
        &file,
        "agent = 'gw'\ndata_dir = 'd'\n[uplink]\nbroker = 'x'\nwindow = 0\n",
    )
    .unwrap();
    let bad = check(&[&file]);
    assert_eq!(bad.status.code(), Some(1));
    let said = String::from_utf8(bad.stderr).unwrap();
    assert!(
        said.contains("gw.toml:4: [uplink]:") && said.contains("gw.toml:5: [uplink]:"),
        "{said}"
    );
}

#[test]
fn check_notes_a_secret_that_is_not_there_and_run_does_not_start_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let (file, secret) = (dir.path().join("gw.toml"), dir.path().join("secret"));
    let text = format!(
        "agent = 'gw'\ndata_dir = '{}'\n[uplink]\nbroker = 'mqtt://127.0.0.1:1'\n\
         username = 'gw'\npassword_file = '{}'\n[[mqtt]]\nname = 'l'\n\
         broker = 'mqtt://127.0.0.1:1'\n[[mqtt.gauge]]\ngauge = 'ws-1'\nparameter = 'depth'\n",
        dir.path().join("data").display(),
        secret.display()
    );
    fs::write(&file, text).unwrap();
    let checked = check(&[&file]);
    assert!(checked.status.success());
    let said = String::from_utf8(checked.stdout).unwrap();
    let note = format!(
        "the agent will not start here: password_file: {} cannot be read: No such file",
        secret.display()
    );
    assert!(said.contains(&note), "{said}");
    let ran = program().arg("run").arg(&file).output().unwrap();
    assert_eq!(ran.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let error = format!(
        "the password file is not taken: {} cannot be read",
        secret.display()
    );
    assert!(said.contains(&error), "{said}");

    fs::write(&secret, "s").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let said = String::from_utf8(check(&[&file]).stdout).unwrap();
    assert!(!said.contains("will not start"), "{said}");
}

#[test]
fn a_configuration_that_is_wrong_does_not_run() {
    let ran = program()
        .args(["run", "there-is-no-such-file.toml"])
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&ran.stderr).contains("there-is-no-such-file.toml cannot be read")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_of_readiness_life_and_stopping_and_sigterm_ends_with_0() {
    let dir = tempfile::tempdir().unwrap();
    let file = config(dir.path(), free_port(), LevelGauge::start().await, SHORT);
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let path = path.to_string_lossy().into_owned();
    let mut child = run(
        &file,
        &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "900000")],
    );
    for wanted in ["READY=1", "WATCHDOG=1", "WATCHDOG=1"] {
        heard(&socket, wanted).await;
    }
    terminate(&child);
    heard(&socket, "STOPPING=1").await;
    let ended = tokio::select! {
        ended = timeout(PATIENCE, child.wait()) => ended.unwrap().unwrap(),
        // The socket's queue is short, and systemd always reads.
        () = heard(&socket, "nothing like this") => unreachable!(),
    };
    assert_eq!(ended.code(), Some(0));
}

async fn heard(socket: &UnixDatagram, wanted: &str) {
    let listen = async {
        let mut buffer = [0; 256];
        loop {
            let length = socket.recv(&mut buffer).await.unwrap();
            if String::from_utf8_lossy(buffer.get(..length).unwrap()).contains(wanted) {
                return;
            }
        }
    };
    timeout(PATIENCE, listen)
        .await
        .unwrap_or_else(|_| panic!("systemd was not told {wanted}"));
}

/// Killed while the aggregator commits nothing, so that everything must survive in the spool.
#[tokio::test(flavor = "multi_thread")]
async fn after_every_kill_what_was_durable_arrives_once_committed_and_no_number_means_two_things() {
    let (port, dir) = (free_port(), tempfile::tempdir().unwrap());
    let _broker = Broker::start(port);
    let mut aggregator = Aggregator::start(port).await;
    aggregator.commit(false);
    let file = config(dir.path(), port, LevelGauge::start().await, SHORT);
    for _ in 0..4 {
        let mut child = run(&file, &[]);
        let newest = |s: &common::Seen| s.envelopes.iter().map(|e| e.seq).max().unwrap_or(0);
        let before = aggregator.look(newest);
        aggregator
            .until("five batches more", |s| newest(s) >= before + 5)
            .await;
        child.kill().await.unwrap();
    }
    aggregator.commit(true);
    let newest = aggregator.look(|s| s.envelopes.iter().map(|e| e.seq).max().unwrap());
    let mut child = run(&file, &[]);
    aggregator
        .until("everything is durable", |s| s.durable.through > newest)
        .await;
    terminate(&child);
    assert_eq!(
        timeout(PATIENCE, child.wait())
            .await
            .unwrap()
            .unwrap()
            .code(),
        Some(0)
    );
    aggregator.look(|seen| {
        let mut batches: BTreeMap<(u64, u64), &Vec<Observation>> = BTreeMap::new();
        for envelope in &seen.envelopes {
            let key = (envelope.incarnation, envelope.seq);
            let first = batches.entry(key).or_insert(&envelope.observations);
            assert_eq!(
                *first, &envelope.observations,
                "batch {key:?} came with other content"
            );
        }
        let last_life = |(incarnation, _): &(u64, u64)| *incarnation == seen.durable.incarnation;
        let (last, earlier): (Vec<_>, Vec<_>) = batches.iter().partition(|(key, _)| last_life(key));
        for observation in earlier.iter().flat_map(|(_, batch)| batch.iter()) {
            let mut delivered = last.iter().flat_map(|(_, batch)| batch.iter());
            assert!(
                delivered.any(|o| o == observation),
                "{observation:?} was not sent again after the kill"
            );
        }
    });
}

/// Killed inside its first window, so that no reading is in the spool yet; a frame that the kill
/// cut in two lies behind the others.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_before_a_kill_arrives_after_it_though_no_batch_was_spooled() {
    let (port, dir) = (free_port(), tempfile::tempdir().unwrap());
    let _broker = Broker::start(port);
    let mut aggregator = Aggregator::start(port).await;
    let file = config(dir.path(), port, LevelGauge::start().await, LONG);
    let mut child = run(&file, &[]);
    let draft = until_drafted(&dir.path().join("data"), 10).await;
    child.kill().await.unwrap();
    let mut bytes = fs::read(&draft).unwrap();
    let read = frame::leading(&bytes).observations;
    let torn = frame::encode(&read).unwrap();
    bytes.extend_from_slice(torn.get(..torn.len() / 2).unwrap());
    fs::write(&draft, bytes).unwrap();
    assert!(aggregator.look(|s| s.envelopes.is_empty()));

    let mut child = run(&file, &[]);
    aggregator
        .until("what was read arrives", |s| !s.envelopes.is_empty())
        .await;
    let arrived = aggregator.look(|s| s.envelopes.first().unwrap().observations.clone());
    assert_eq!(arrived, read);
    terminate(&child);
    let ended = timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(0));
    let (_, left) = Draft::open(&dir.path().join("data")).unwrap();
    assert_eq!(left, [], "all of it is in the spool");
}

/// Waits until a draft holds so many observations; returns its file.
async fn until_drafted(data_dir: &Path, count: usize) -> PathBuf {
    let look = async {
        let mut looks = interval(LOOK);
        loop {
            looks.tick().await;
            for name in ["draft-a", "draft-b"] {
                let draft = data_dir.join(name);
                let bytes = fs::read(&draft).unwrap_or_default();
                if frame::leading(&bytes).observations.len() >= count {
                    return draft;
                }
            }
        }
    };
    timeout(PATIENCE, look)
        .await
        .expect("readings in the draft")
}
