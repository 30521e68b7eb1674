//! Nothing lost, nothing twice: the real programs under a storm while parts of them are killed.
//!
//! A storm crosses the harbour district at 240 times its speed; two agents read sixteen gauges over
//! Modbus TCP, Modbus RTU and MQTT. What the gauges served is compared with the store at the end,
//! and the map must be right again within ten seconds of each recovery.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`.

mod common;

use std::time::Duration;

use shared::{clock::real_now, time::Timestamp};
use simulators::{
    console::say,
    gauge::Served,
    lab::{BehindLink, BrokerChoice, DeliveryCount, Lab, LabSetup},
    link::LinkFault,
};
use tokio::sync::Mutex;

/// Eight programs at once on two cores would measure the machine, not the system.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Served so shortly before the kill, a reading may have been on the wire, in a socket's queue or in
/// half a frame: it had not reached the agent. A loop between two processes takes a millisecond or
/// two; on two cores shared by eight programs it may wait for its turn a few times. Still only a
/// tenth of a batch: an agent that kept its open batch in memory alone would be found out.
const ON_THE_WIRE: Duration = Duration::from_millis(100);
/// What was served while the kill took effect.
const DYING: Duration = Duration::from_millis(50);
const RIGHT_AGAIN: Duration = Duration::from_secs(10);
/// About five real seconds of readings.
const SOME: u64 = 300;

async fn harbour(broker: BrokerChoice, behind_link: BehindLink) -> Lab {
    let setup = LabSetup {
        broker,
        behind_link,
        ..common::harbour(2, common::FIRST_FLOODS)
    };
    Lab::start(setup).await.expect("everything starts")
}

/// The map is right again within ten seconds from now.
async fn right_again(lab: &mut Lab, after: &str) {
    let took = lab
        .until_map_is_right(real_now(), RIGHT_AGAIN)
        .await
        .expect("a right map");
    say(format!(
        "map right {:.1} s after {after}",
        took.as_secs_f64()
    ));
}

/// Ends the run and expects every reading in the store exactly once.
async fn nothing_lost_nothing_twice(mut lab: Lab, what: &str) {
    let store = lab.finish().await.expect("a store");
    let delivery = lab.delivery(&store);
    tell(what, &delivery);
    assert!(
        delivery.is_exact(),
        "{delivery:?}, kept in {}",
        lab.keep().display()
    );
}

fn tell(what: &str, delivery: &DeliveryCount) {
    let DeliveryCount {
        served,
        stored,
        lost,
        doubled,
        ..
    } = delivery;
    say(format!(
        "{what}: {served} served, {stored} stored, {lost} lost, {doubled} doubled"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_killed_under_load_loses_nothing_that_had_reached_it() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(BrokerChoice::Embedded, BehindLink::Nobody).await;
    lab.until_served(SOME).await.expect("readings");
    let victim = lab.agents.first_mut().expect("an agent");
    let name = victim.name().to_owned();
    victim.kill();
    let killed = real_now();
    lab.until_served(SOME / 3)
        .await
        .expect("the other agent goes on");
    lab.agents
        .first_mut()
        .expect("an agent")
        .start()
        .expect("started again");
    right_again(&mut lab, "the agent's restart").await;
    lab.until_served(SOME).await.expect("readings");

    let store = lab.finish().await.expect("a store");
    let served = lab.field.log.all();
    let delivery = lab.delivery(&store);
    tell("agent killed", &delivery);
    let window = (killed - ON_THE_WIRE, killed + DYING);
    let may_lose = lab.field.modbus_gauges(&name);
    let served_then: usize = may_lose
        .iter()
        .map(|g| served.get(g).map_or(0, |l| between(l, window)))
        .sum();
    say(format!(
        "lost with the killed agent: {} of the {served_then} that may have been on the wire",
        delivery.lost
    ));
    assert_eq!(
        delivery.doubled,
        0,
        "{delivery:?}, kept in {}",
        lab.keep().display()
    );
    for gauge in delivery.wrong.keys() {
        let excused = may_lose.contains(gauge) && lab.lost_outside(&store, gauge, &[window]) == 0;
        assert!(
            excused,
            "{gauge}: {delivery:?}, kept in {}",
            lab.keep().display()
        );
    }
}

fn between(list: &[Served], (from, to): (Timestamp, Timestamp)) -> usize {
    list.iter()
        .filter(|s| from <= s.real && s.real <= to)
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregator_killed_under_load_loses_nothing_and_doubles_nothing() {
    aggregator_killed_twice(BrokerChoice::Embedded, "aggregator killed twice").await;
}

/// The broker lives on: it keeps the aggregator's session and sends again what the dead one had not
/// acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn an_aggregator_killed_behind_a_broker_of_its_own_loses_nothing_and_doubles_nothing() {
    let what = "aggregator killed twice behind mosquitto";
    aggregator_killed_twice(BrokerChoice::Mosquitto, what).await;
}

async fn aggregator_killed_twice(broker: BrokerChoice, what: &str) {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(broker, BehindLink::Nobody).await;
    for _ in 0..2 {
        lab.until_served(SOME).await.expect("readings");
        lab.aggregator.kill();
        lab.until_served(SOME)
            .await
            .expect("the agents go on reading");
        lab.start_aggregator().await.expect("started again");
        right_again(&mut lab, "the aggregator's restart").await;
    }
    nothing_lost_nothing_twice(lab, what).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_forgets_everything_it_had_acknowledged_loses_nothing() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(BrokerChoice::Mosquitto, BehindLink::Nobody).await;
    for _ in 0..2 {
        lab.until_served(SOME).await.expect("readings");
        lab.broker.kill();
        lab.until_served(SOME)
            .await
            .expect("the agents go on reading");
        lab.broker.restart().await.expect("started again");
        right_again(&mut lab, "the broker's restart").await;
    }
    nothing_lost_nothing_twice(lab, "broker killed twice").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_stalled_or_slow_loses_nothing() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(BrokerChoice::Embedded, BehindLink::Everybody).await;
    let slow = LinkFault::Delay(Duration::from_millis(60));
    for (fault, name) in [
        (LinkFault::Cut, "cut"),
        (LinkFault::Stall, "stall"),
        (slow, "slow line"),
    ] {
        lab.until_served(SOME / 2).await.expect("readings");
        lab.broker.link.as_ref().expect("a link").set(fault);
        lab.until_served(SOME)
            .await
            .expect("the agents go on reading");
        lab.broker
            .link
            .as_ref()
            .expect("a link")
            .set(LinkFault::None);
        right_again(&mut lab, name).await;
    }
    nothing_lost_nothing_twice(lab, "line cut, stalled, slow").await;
}
