//! One gateway behind a real broker that dies: all that its gauges served arrives, once.
//!
//! The agent is the one built for this machine, or the one that `FLOOD_AGENT` names: `cargo verify
//! arm` gives one for ARM under an emulator. Emulators do not know serial lines, so the gauges
//! hang on Modbus TCP and MQTT; other tests have Modbus RTU.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`; mosquitto
//! must be installed.

mod common;

use std::time::Duration;

use shared::clock::real_now;
use simulators::{
    console::say,
    lab::{BrokerChoice, GatewayPlan, Lab, LabSetup},
};

/// Readings in a stage of the run.
const SOME: u64 = 100;
/// Ten seconds are promised; an emulated program on a busy machine gets some more.
const RIGHT_AGAIN: Duration = Duration::from_secs(20);

async fn harbour() -> Lab {
    let mut setup = LabSetup {
        broker: BrokerChoice::Mosquitto,
        ..common::harbour(1, common::FIRST_FLOODS)
    };
    setup.gateways.iter_mut().for_each(without_serial_lines);
    Lab::start(setup).await.expect("everything starts")
}

fn without_serial_lines(plan: &mut GatewayPlan) {
    plan.tcp.append(&mut plan.rtu);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_delivers_everything_once_through_a_broker_that_dies() {
    let mut lab = harbour().await;
    lab.until_served(SOME).await.expect("readings");
    lab.until_map_is_right(real_now(), RIGHT_AGAIN)
        .await
        .expect("the values that were served");

    lab.broker.kill();
    lab.until_served(SOME)
        .await
        .expect("the agent goes on reading");
    lab.broker.restart().await.expect("started again");
    let took = lab
        .until_map_is_right(real_now(), RIGHT_AGAIN)
        .await
        .expect("the values that were served");

    // Ends only when the agent says that its spool is empty.
    let store = lab.finish().await.expect("a store");
    let delivery = lab.delivery(&store);
    say(format!(
        "{} served, {} stored, {} lost, {} doubled; map right {:.1} s after the broker's restart",
        delivery.served,
        delivery.stored,
        delivery.lost,
        delivery.doubled,
        took.as_secs_f64(),
    ));
    assert!(
        delivery.is_exact(),
        "{delivery:?}, kept in {}",
        lab.keep().display()
    );
}
