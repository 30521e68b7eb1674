//! Nothing known is forgotten: what was on the map at any moment can be printed again, byte for byte,
//! and a restart changes nothing but times.
//!
//! The harbour's storm at 240 times its speed; the aggregator is killed twice while it runs. What it
//! served as its state document at ten moments is compared with what `flood-aggregator at` prints.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`.

mod common;

use std::time::Duration;

use serde_json::{Map, Value};
use simulators::{
    console::say,
    lab::{Lab, until},
};
use tokio::sync::Mutex;

/// Eight programs at once on two cores would measure the machine, not the system.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Captures in each of the three lives of the aggregator.
const CAPTURES: [usize; 3] = [3, 3, 4];

/// Readings between two captures: no whole number of ticks, so that the moments are anywhere.
const BETWEEN: u64 = 37;

const DEADLINE: Duration = Duration::from_secs(60);

fn document(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("the state document is JSON")
}

fn moment(text: &str) -> String {
    let now = document(text)
        .remove("now")
        .expect("the time that it is of");
    now.as_str().expect("RFC 3339").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_moment_can_be_printed_again_byte_for_byte_across_two_restarts() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = Lab::start(common::harbour(2, common::FIRST_FLOODS))
        .await
        .expect("everything starts");
    let mut captured = Vec::new();
    for (life, captures) in CAPTURES.into_iter().enumerate() {
        if life > 0 {
            lab.aggregator.kill();
            lab.start_aggregator().await.expect("started again");
        }
        for _ in 0..captures {
            lab.until_served(BETWEEN).await.expect("readings");
            captured.push(lab.client.state_document().await.expect("a state"));
        }
    }
    let store = lab.finish().await.expect("a store");
    assert!(lab.delivery(&store).is_exact());

    captured.dedup();
    assert!(
        captured.len() >= 8,
        "{} different documents",
        captured.len()
    );
    for text in &captured {
        let moment = moment(text);
        let printed = lab.state_at(&moment).await.expect("a past state");
        assert!(
            printed == text.as_bytes(),
            "the state of {moment} was another\nserved  {text}\nprinted {}",
            String::from_utf8_lossy(&printed)
        );
    }
    say(format!(
        "{} moments printed again, byte for byte",
        captured.len()
    ));
}

/// Streets stand under water, the gateways have ended, and the clock is slow: between the last document
/// before a restart and the first after it nothing arrives, and no new forecast and no new plan is due.
const FLOODED: common::Part = common::Part {
    from_minute: 80,
    speed: 4.0,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_changes_nothing_but_times() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let setup = common::harbour(2, FLOODED);
    let mut lab = Lab::start(setup).await.expect("everything starts");
    let client = lab.client.clone();
    let plan = async || client.plan().await.ok().flatten();
    let sends_trucks = async || plan().await.is_some_and(|p| !p.recommendations.is_empty());
    until("a plan that sends trucks", DEADLINE, sends_trucks)
        .await
        .expect("streets are flooded");
    lab.drain().await.expect("everything served is counted in");
    for agent in &mut lab.agents {
        agent.stop().await.expect("an orderly end");
    }
    let version = plan().await.map(|p| p.version);
    let is_newer = async || plan().await.map(|p| p.version) != version;
    until("the next plan", DEADLINE, is_newer)
        .await
        .expect("a plan every minute");

    let before = document(&lab.client.state_document().await.expect("a state"));
    lab.aggregator.kill();
    lab.start_aggregator().await.expect("started again");
    let goes_on = async || {
        let now = client.get("/api/v1/state").await.unwrap_or_default();
        now["seq"].as_u64() > before["seq"].as_u64()
    };
    until("a publication after the restart", DEADLINE, goes_on)
        .await
        .expect("it goes on");
    let after = document(&lab.client.state_document().await.expect("a state"));
    lab.finish().await.expect("a store");

    let wet = |p: &&Value| p["status"] != "dry" && p["status"] != "unknown";
    let points = before["points"].as_array().expect("points");
    assert!(
        points.iter().filter(wet).count() > 1,
        "nothing is under water"
    );
    for (name, was) in &before {
        let (was, is) = (without_times(name, was), without_times(name, &after[name]));
        assert_eq!(was, is, "{name} is another after the restart");
    }
}

/// A member of the state without what only tells the time: instants, the number of the publication,
/// and that of the commits, since a start is itself written down.
fn without_times(name: &str, member: &Value) -> Value {
    if matches!(name, "seq" | "now") {
        return Value::Null;
    }
    let mut member = member.clone();
    if let Some(counters) = member.as_object_mut().filter(|_| name == "counters") {
        counters.remove("commits").expect("commits are counted");
    }
    strip(&mut member);
    member
}

fn strip(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(strip),
        Value::Object(members) => {
            members.retain(|name, _| !name.ends_with("_at") && name != "last_seen");
            members.values_mut().for_each(strip);
        }
        _ => {}
    }
}
