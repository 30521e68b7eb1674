//! One gateway behind a real broker that dies: all that its gauges served arrives, once.
//!
//! The agent is the one built for this machine, or the one that `FLOOD_AGENT` names: `cargo verify
//! arm` gives one for ARM under an emulator. Emulators do not know serial lines, so the gauges
//! hang on Modbus TCP and MQTT; other tests have Modbus RTU.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`; mosquitto
//! must be installed.

use std::{path::Path, sync::Arc, time::Duration};

use shared::clock::{Mode, ScaledClock, real_now};
use simulators::{
    lab::{BehindLink, BrokerChoice, GatewayPlan, Lab, Setup, say, spread},
    replay::{self, CitySource},
};

const SPEED: f64 = 240.0;
/// The storm's own minute at which the run begins: the first streets are about to flood.
const BEGIN_MINUTE: i64 = 50;
/// Readings in a stage of the run.
const SOME: u64 = 100;
/// Ten seconds are promised; an emulated program on a busy machine gets some more.
const RIGHT_AGAIN: Duration = Duration::from_secs(20);

async fn harbour() -> Lab {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/scenarios/harbour.toml");
    let (mut recording, _) = replay::load(&file, None).expect("the harbour scenario");
    recording.from = recording.from.plus_millis(BEGIN_MINUTE * 60_000);
    let CitySource::Folder(city) = recording.city.clone() else {
        unreachable!("the harbour has a city of its own");
    };
    let mut gateways = spread(&recording.instruments(), 1, SPEED);
    gateways.iter_mut().for_each(without_serial_lines);
    let setup = Setup {
        city,
        gateways,
        readings: Arc::new(recording.readings()),
        clock: ScaledClock {
            mode: Mode::Replay,
            origin: recording.from,
            started: real_now() + Duration::from_secs(3),
            speed: SPEED,
        },
        broker: BrokerChoice::Mosquitto,
        behind_link: BehindLink::Nobody,
        http: None,
        batch_seconds: 1.0,
        work: None,
    };
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
