//! The interoperability suites of Eclipse Paho, from a checkout whose folder `FLOOD_MQTT_SUITE` names.
//!
//! They are not of this project and under licences of their own, so they are neither copied nor fetched;
//! [`super::points`] holds the same points without them. Sessions last longer here than in the program, for
//! the suites wait for seconds before they come again.

use std::{collections::BTreeSet, path::PathBuf, process::Stdio, time::Duration};

use tokio::{process::Command, time::timeout};

use super::open::OpenBroker;

/// Longer than any test is away.
const SESSIONS: Duration = Duration::from_secs(60);

/// A suite takes two minutes.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs all tests of a suite and prints those that failed.
const RUNNER: &str = r##"
import importlib, sys, unittest
suite = importlib.import_module(sys.argv[1])
suite.host, suite.port, suite.topic_prefix = "127.0.0.1", int(sys.argv[2]), "client_test5/"
suite.topics = ("TopicA", "TopicA/B", "Topic/C", "TopicA/C", "/TopicA")
suite.wildtopics = ("TopicA/+", "+/C", "#", "/#", "/+", "+/+", "TopicA/#")
suite.nosubscribe_topics = ("test/nosubscribe",)
tests = unittest.defaultTestLoader.loadTestsFromTestCase(suite.Test)
result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2).run(tests)
for test, _ in result.failures + result.errors:
    print("\nfailed", test.id().rsplit(".")[-1])
print("\nran", result.testsRun)
"##;

/// Tests of what is not had here, with how CONNACK says so.
const NOT_HAD_IN_3: &[(&str, &str)] = &[(
    "test_retained_messages",
    "3.1.1 has no word for it; nothing is kept for those who come later",
)];
const NOT_HAD_IN_5: &[(&str, &str)] = &[
    ("test_retained_message", "Retain Available: 0"),
    ("test_subscribe_options", "Retain Available: 0"),
    (
        "test_shared_subscriptions",
        "Shared Subscription Available: 0",
    ),
    (
        "test_server_topic_alias",
        "a server need not use aliases (3.1.2.11.5)",
    ),
];

/// The tests that failed, and how many there were.
async fn failed(suite: &str) -> (BTreeSet<String>, usize) {
    let folder = std::env::var_os("FLOOD_MQTT_SUITE").map(PathBuf::from);
    let folder = folder.expect("FLOOD_MQTT_SUITE is a checkout of paho.mqtt.testing");
    let broker = OpenBroker::start(SESSIONS).await;
    let mut python = Command::new("python3");
    python
        .args(["-c", RUNNER, suite, &broker.at.port().to_string()])
        .current_dir(folder.join("interoperability"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let running = python.spawn().expect("python3 starts");
    let done = timeout(PATIENCE, running.wait_with_output()).await;
    let done = done.expect("an end in time").expect("python3 runs");
    let said = String::from_utf8_lossy(&done.stdout);
    let of = |word: &str| {
        let lines = said.lines();
        let found = lines.filter_map(|line| line.strip_prefix(word));
        found.map(|rest| rest.trim().to_owned()).collect::<Vec<_>>()
    };
    let ran = of("ran ");
    let [ran] = ran.as_slice() else {
        panic!("the suite did not end: {said}");
    };
    let failed = of("failed ").into_iter().collect();
    (failed, ran.parse().expect("a number"))
}

async fn holds(suite: &str, not_had: &[(&str, &str)]) {
    let (failed, ran) = failed(suite).await;
    assert!(ran > not_had.len(), "{ran} tests");
    let expected = not_had.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(
        failed,
        expected.collect::<BTreeSet<_>>(),
        "of {ran} tests of {suite}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_for_3_1_1_finds_nothing_but_what_is_not_had() {
    holds("client_test", NOT_HAD_IN_3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_for_5_finds_nothing_but_what_connack_says() {
    holds("client_test5", NOT_HAD_IN_5).await;
}
