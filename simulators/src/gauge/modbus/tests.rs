//! The servers, asked by a real Modbus client.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use shared::{clock::Clock, gauge::Parameter, ids::GaugeId, time::Timestamp};
use tokio::time::timeout;
use tokio_modbus::{
    client::{Context, rtu, tcp},
    prelude::*,
};

use super::{RtuBus, TcpBus};
use crate::gauge::{Device, Fault, FaultKind, Readings, ServedLog, SimGauge, Switch};

struct Fixed(f64);

impl Readings for Fixed {
    fn reading(&self, _: &GaugeId, _: Timestamp) -> Option<f64> {
        Some(self.0)
    }
}

fn device(
    id: &str,
    parameter: Parameter,
    value: f64,
    faults: &[FaultKind],
    log: &Arc<ServedLog>,
) -> Device {
    let always = |kind: &FaultKind| Fault {
        kind: *kind,
        from: Timestamp::from_millis(0),
        to: Timestamp::from_millis(i64::MAX),
    };
    let gauge = SimGauge {
        id: id.parse().expect("id"),
        parameter,
        interval_s: 60,
        faults: faults.iter().map(always).collect(),
    };
    Device::new(
        gauge,
        Clock::Real,
        Arc::new(Fixed(value)),
        log.clone(),
        Switch::default(),
    )
}

fn units(log: &Arc<ServedLog>) -> BTreeMap<u8, Device> {
    BTreeMap::from([
        (1, device("lg-1", Parameter::Depth, 0.213, &[], log)),
        (
            2,
            device("lg-2", Parameter::Depth, 0.5, &[FaultKind::Silent], log),
        ),
        (
            3,
            device("rg-3", Parameter::RainfallIntensity, 58.13, &[], log),
        ),
        (4, device("lg-4", Parameter::Stage, -0.062, &[], log)),
        (
            5,
            device("lg-5", Parameter::Depth, 0.1, &[FaultKind::Sentinel], log),
        ),
    ])
}

async fn ask(context: &mut Context, unit: u8, start: u16, count: u16) -> Vec<u16> {
    context.set_slave(Slave(unit));
    let answer = context.read_holding_registers(start, count);
    timeout(Duration::from_secs(5), answer)
        .await
        .expect("in time")
        .expect("line")
        .expect("no exception")
}

async fn is_silent(context: &mut Context, unit: u8) -> bool {
    context.set_slave(Slave(unit));
    timeout(
        Duration::from_millis(150),
        context.read_holding_registers(0, 1),
    )
    .await
    .is_err()
}

async fn the_line_behaves(mut context: Context, log: &ServedLog) {
    assert_eq!(ask(&mut context, 1, 0, 5).await, [213, 0, 0, 1, 1264]);
    assert_eq!(ask(&mut context, 1, 0, 1).await, [213]);
    assert_eq!(
        ask(&mut context, 1, 2, 2).await,
        [0, 2],
        "asking for the count serves nothing"
    );
    assert_eq!(ask(&mut context, 3, 0, 1).await, [581]);
    assert_eq!(
        ask(&mut context, 4, 0, 1).await,
        [(-62_i16).cast_unsigned()]
    );
    assert_eq!(ask(&mut context, 5, 0, 2).await, [0x8000, 1]);
    let beyond = context.read_holding_registers(3, 3).await.expect("line");
    assert_eq!(beyond, Err(ExceptionCode::IllegalDataAddress));
    let served: Vec<_> = log
        .all()
        .into_iter()
        .map(|(id, list)| (id.to_string(), list.len()))
        .collect();
    let expected = [("lg-1", 2), ("lg-4", 1), ("lg-5", 1), ("rg-3", 1)];
    assert_eq!(served, expected.map(|(id, count)| (id.to_owned(), count)));
    assert!(
        is_silent(&mut context, 2).await,
        "a silent gauge does not answer"
    );
}

#[tokio::test]
async fn a_tcp_bus_answers_for_its_units_and_only_for_them() {
    let log = Arc::new(ServedLog::default());
    let bus = TcpBus::start(units(&log)).await.expect("bus");
    let context = tcp::connect_slave(bus.address, Slave(1))
        .await
        .expect("connect");
    the_line_behaves(context, &log).await;
    let mut other = tcp::connect_slave(bus.address, Slave(9))
        .await
        .expect("connect");
    assert!(is_silent(&mut other, 9).await, "nobody has unit 9");
}

#[tokio::test]
async fn an_rtu_bus_answers_on_its_pseudo_terminal_and_outlives_its_reader() {
    let log = Arc::new(ServedLog::default());
    let bus = RtuBus::start(units(&log)).expect("bus");
    let open = || {
        let port = tokio_serial::new(&bus.path, 115_200);
        rtu::attach_slave(
            tokio_serial::SerialStream::open(&port).expect("open"),
            Slave(1),
        )
    };
    the_line_behaves(open(), &log).await;
    assert_eq!(
        ask(&mut open(), 1, 0, 1).await,
        [213],
        "a second reader after the first"
    );
}
