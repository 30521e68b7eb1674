//! The gate before the embedded broker: mutual TLS, papers that are renewed, and a crowd at the door.
//!
//! The harbour's storm at 240 times its speed, over TLS only. Whatever others do at the door, what
//! gateways served must be in the store exactly once.

use std::{
    fs, io,
    net::SocketAddr,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use shared::{
    bundle::{Bundle, Papers},
    tls::Tls,
};
use simulators::lab::{BrokerChoice, FakeClock, Lab, Programs, until};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use crate::{
    DEADLINE, ONE_AT_A_TIME, SOME, VICTIM,
    attacker::{Attacker, Said},
    harbour, nothing_lost_nothing_twice,
};

const OTHER: &str = "gw-02";

pub fn bundle(work: &Path, name: &str) -> Bundle {
    let text = fs::read_to_string(work.join(format!("{name}.bundle"))).expect("a bundle");
    Bundle::parse(&text).expect("a bundle")
}

pub fn papers(work: &Path, name: &str) -> Papers {
    bundle(work, name).papers.expect("papers")
}

async fn agent_says(lab: &Lab, what: &str) {
    let log = lab.work().join(format!("{VICTIM}.log"));
    let is_said = async || fs::read_to_string(&log).is_ok_and(|log| log.contains(what));
    until(what, DEADLINE, is_said).await.expect("said");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_one_comes_in_by_ones_own_papers_only() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(BrokerChoice::Tls, true).await;
    lab.until_served(SOME).await.expect("readings");
    let (at, work) = (lab.broker.address(), lab.work().to_owned());
    let (his, others) = (papers(&work, VICTIM), papers(&work, OTHER));
    let foreign = Papers {
        // Of somebody who believes in another authority, and shows what that one has given him.
        authority: his.authority.clone(),
        ..foreign(&work)
    };
    let no_papers = Tls::believing_aggregator(&his.authority).expect("TLS");
    let by = |papers: &Papers| Tls::by(papers).expect("TLS");
    let password = bundle(&work, OTHER).key.password();
    let refused = [
        ("without papers", VICTIM, no_papers.clone(), None),
        (
            "with a wrong password",
            VICTIM,
            no_papers.clone(),
            Some(&*password),
        ),
        ("by another's papers", VICTIM, by(&others), None),
        (
            "by another's papers and password",
            VICTIM,
            by(&others),
            Some(&*password),
        ),
        ("under a name that nobody has", "gw-99", by(&his), None),
        ("by papers that he made himself", VICTIM, by(&foreign), None),
    ];
    for (how, name, tls, password) in refused {
        let attacker = Attacker::new(name).password(password).tls(tls);
        assert_eq!(attacker.come(at).await.err(), Some(Said::Refused), "{how}");
    }
    let plain = Attacker::new(VICTIM).come(at).await.err();
    assert_eq!(plain, Some(Said::Refused), "without TLS");
    let password = bundle(&work, VICTIM).key.password();
    let attacker = Attacker::new(VICTIM)
        .password(Some(&password))
        .tls(no_papers);
    assert!(attacker.come(at).await.is_ok(), "by his password over TLS");
    lab.aggregator.kill();
    lab.until_served(SOME)
        .await
        .expect("the agents go on reading");
    lab.start_aggregator().await.expect("started again");
    lab.until_served(SOME).await.expect("readings");
    let log = work.join(format!("{OTHER}.log"));
    let said = || fs::read_to_string(&log).expect("a log");
    let before = said().len();
    lab.revoke(OTHER).await.expect("revoked");
    let is_out = async || {
        let agents = lab.client.agents().await.unwrap_or_default();
        agents
            .iter()
            .any(|agent| agent.id.as_str() == OTHER && !agent.online)
    };
    until("the revoked one's being offline", DEADLINE, is_out)
        .await
        .expect("ended");
    let attacker = Attacker::new(OTHER).tls(by(&others)).come(at).await.err();
    assert_eq!(attacker, Some(Said::Refused), "by papers that were revoked");
    let since = said().split_off(before);
    assert!(!since.contains("close_notify"), "cut off: {since}");
}

/// Papers by another aggregator's authority.
pub fn foreign(city: &Path) -> Papers {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("other.toml");
    let (data, out) = (
        folder.path().join("data"),
        folder.path().join("gw-01.bundle"),
    );
    let (data_dir, city) = (data.display(), city.display());
    fs::write(
        &config,
        format!("data_dir = \"{data_dir}\"\ncity = \"{city}\"\n"),
    )
    .expect("written");
    let programs = Programs::find().expect("the programs");
    let mut enrol = Command::new(programs.aggregator);
    enrol.args(["enrol", VICTIM, "--out"]).args([&out, &config]);
    let done = enrol.output().expect("started");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    papers(folder.path(), VICTIM)
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_are_renewed_over_the_wire_even_after_their_end() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(BrokerChoice::Tls, true).await;
    let clock_folder = tempfile::tempdir().expect("a folder");
    let clock = FakeClock::new(clock_folder.path()).expect("libfaketime");
    let days = |days: i64| clock.set(days * 86_400_000).expect("set");
    for ago in [-60, -200] {
        lab.until_served(SOME).await.expect("readings");
        days(ago);
        lab.enrol_again(VICTIM, &clock).await.expect("enrolled");
        let until_then = papers(lab.work(), VICTIM).until;
        let agent = lab.agents.first_mut().expect("an agent");
        agent.kill();
        let log = lab.work().join(format!("{VICTIM}.log"));
        fs::remove_file(&log).expect("a log");
        let agent = lab.agents.first_mut().expect("an agent");
        agent.start().expect("started");
        agent_says(&lab, "the certificate was renewed").await;
        let kept = fs::read_to_string(lab.work().join(VICTIM).join("certificate"));
        let kept = kept.expect("the new certificate is kept");
        assert!(!kept.contains(&until_then.to_string()), "{kept}");
    }
    lab.until_served(SOME).await.expect("readings");
    nothing_lost_nothing_twice(lab, "papers that end").await;
}

/// What the other side of a line does until it ends it; how long that takes.
async fn until_ended(mut line: TcpStream) -> Duration {
    let began = Instant::now();
    let mut sink = [0; 256];
    // An error is an end too.
    while let Ok(1..) = line.read(&mut sink).await {}
    began.elapsed()
}

async fn connected(at: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(at).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_or_too_slowly_or_too_much_is_soon_gone_and_gateways_stay() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(BrokerChoice::Embedded, false).await;
    lab.until_served(SOME).await.expect("readings");
    let at = lab.broker.address();
    let mut crowd = JoinSet::new();
    for n in 0..700_u32 {
        crowd.spawn(async move {
            let mut line = connected(at).await.expect("a line");
            // Nothing; the first byte; all but the last byte.
            let begun = [
                &b""[..],
                &b"\x10"[..],
                &b"\x10\x0d\0\x04MQTT\x04\x02\0\x0f\0\x01"[..],
            ];
            let begun = begun[usize::try_from(n % 3).expect("small")];
            // Who is turned away at once cannot be told anything.
            let _ = line.write_all(begun).await;
            until_ended(line).await
        });
    }
    let lasted = timeout(DEADLINE, crowd.join_all())
        .await
        .expect("all are gone");
    let longest = lasted.iter().max().expect("some");
    assert!(*longest < Duration::from_secs(15), "{longest:?}");
    let mut large = connected(at).await.expect("a line");
    // A CONNECT of 256 MB.
    large
        .write_all(b"\x10\xff\xff\xff\x7f")
        .await
        .expect("written");
    assert!(until_ended(large).await < Duration::from_secs(5));
    let mut silent = connected(at).await.expect("a line");
    // Keep-alive of one second, and then nothing.
    let connect = b"\x10\x0d\0\x04MQTT\x04\x02\0\x01\0\x01a";
    silent.write_all(connect).await.expect("written");
    let lasted = until_ended(silent).await;
    let right = Duration::from_secs(1)..Duration::from_secs(3);
    assert!(right.contains(&lasted), "{lasted:?}");
    let agents = lab.client.agents().await.expect("agents");
    assert!(agents.iter().all(|agent| agent.online), "{agents:?}");
    lab.until_served(SOME).await.expect("readings");
    nothing_lost_nothing_twice(lab, "a crowd at the door").await;
}
