//! Only those who belong: the real programs, and somebody who reaches their broker.
//!
//! The harbour's storm at 240 times its speed. What gateways served must be in the store exactly once
//! whatever he does.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`.

mod attacker;
mod attacks;
mod common;

use std::time::Duration;

use simulators::{
    console::say,
    lab::{BrokerChoice, Lab, LabSetup},
};
use tokio::sync::Mutex;

/// Eight programs at once on two cores would measure the machine, not the system.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

const DEADLINE: Duration = Duration::from_secs(30);
const SOME: u64 = 200;
const VICTIM: &str = "gw-01";

async fn harbour(broker: BrokerChoice, enrolled: bool) -> Lab {
    let setup = LabSetup {
        broker,
        enrolled,
        ..common::harbour(2, common::FIRST_FLOODS)
    };
    Lab::start(setup).await.expect("everything starts")
}

async fn nothing_lost_nothing_twice(mut lab: Lab, what: &str) {
    let store = lab.finish().await.expect("a store");
    let delivery = lab.delivery(&store);
    say(format!(
        "{what}: {} served, {} lost",
        delivery.served, delivery.lost
    ));
    assert!(
        delivery.is_exact(),
        "{delivery:?}, kept in {}",
        lab.keep().display()
    );
}
