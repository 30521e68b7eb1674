//! Polling over real sockets and real pseudo-terminals: what is answered becomes a reading, what is
//! not becomes a failure, and an answer is never taken for that of another question.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "common/modbus_server.rs"]
mod modbus_server;

use std::{
    collections::HashMap,
    future::{Ready, ready},
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use agent::{
    config::{self, AgentConfig},
    counters::Counters,
    pulse::Pulse,
    source::{
        Delivery, Outcome,
        modbus::{Poller, PollerSetup},
    },
};
use shared::{clock::Clock, value::Value};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
    time::timeout,
};
use tokio_modbus::{ExceptionCode, Request, Response, SlaveRequest, server::Service};
use tokio_serial::{SerialPort as _, SerialStream};
use tokio_util::sync::{CancellationToken, DropGuard};

const PATIENCE: Duration = Duration::from_secs(20);

/// What the devices on a line do.
#[derive(Clone, Default)]
struct Devices {
    /// Unit id → its holding registers from 0.
    registers: Arc<Mutex<HashMap<u8, Vec<u16>>>>,
    /// Every read: unit, start, count.
    asked: Arc<Mutex<Vec<(u8, u16, u16)>>>,
}

impl Devices {
    fn set(&self, unit: u8, words: &[u16]) {
        self.registers.lock().unwrap().insert(unit, words.to_vec());
    }

    fn silence(&self, unit: u8) {
        self.registers.lock().unwrap().remove(&unit);
    }

    fn asked(&self) -> Vec<(u8, u16, u16)> {
        self.asked.lock().unwrap().clone()
    }
}

impl Service for Devices {
    type Request = SlaveRequest<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Option<Response>, ExceptionCode>>;

    fn call(&self, request: SlaveRequest<'static>) -> Self::Future {
        let Request::ReadHoldingRegisters(start, count) = request.request else {
            return ready(Err(ExceptionCode::IllegalFunction));
        };
        self.asked
            .lock()
            .unwrap()
            .push((request.slave, start, count));
        let registers = self.registers.lock().unwrap();
        let Some(words) = registers.get(&request.slave) else {
            return ready(Ok(None));
        };
        let words = words.get(usize::from(start)..usize::from(start + count));
        ready(match words {
            Some(words) => Ok(Some(Response::ReadHoldingRegisters(words.to_vec()))),
            None => Err(ExceptionCode::IllegalDataAddress),
        })
    }
}

/// A running poller and what it delivers.
struct PolledLine {
    counters: Arc<Counters>,
    deliveries: mpsc::Receiver<Delivery>,
    _stop: DropGuard,
}

impl PolledLine {
    fn start(config: &AgentConfig) -> Self {
        let counters = Arc::<Counters>::default();
        let (out, deliveries) = mpsc::channel(16);
        let stop = CancellationToken::new();
        let setup = PollerSetup {
            bus: config.modbus[0].clone(),
            clock: Clock::Real,
            counters: Arc::clone(&counters),
            faults: Arc::default(),
            beat: Pulse::default().beat("poll", PATIENCE),
            stop: stop.clone(),
        };
        tokio::spawn(Poller::new(setup, out).run());
        Self {
            counters,
            deliveries,
            _stop: stop.drop_guard(),
        }
    }

    /// The next outcome of a gauge that `wanted` accepts; others are passed over.
    async fn until(&mut self, gauge: &str, wanted: impl Fn(Outcome) -> bool) -> Outcome {
        let search = async {
            loop {
                let delivery = self.deliveries.recv().await.expect("the poller runs");
                let reading = delivery.readings.iter().find(|r| r.gauge.as_str() == gauge);
                if let Some(reading) = reading.filter(|r| wanted(r.outcome)) {
                    return reading.outcome;
                }
            }
        };
        timeout(PATIENCE, search)
            .await
            .unwrap_or_else(|_| panic!("{gauge} gave nothing wanted"))
    }

    async fn next(&mut self, gauge: &str) -> Outcome {
        self.until(gauge, |_| true).await
    }
}

fn number(milli: i64) -> Outcome {
    Outcome::Number(Value::from_milli(milli))
}

fn bus(connect: &str, settings: &str, gauges: &[(&str, u8, u16)]) -> AgentConfig {
    let mut text = format!(
        "agent = 'gw-01'\ndata_dir = 'd'\nuplink = {{ broker = 'mqtt://h' }}\n\
         [[modbus]]\nname = 'bus-a'\nconnect = '{connect}'\n{settings}\n"
    );
    for (gauge, unit, register) in gauges {
        text += &format!(
            "[[modbus.gauge]]\ngauge = '{gauge}'\nparameter = 'depth'\nunit_id = {unit}\n\
             register = {register}\ntype = 'i16'\nscale = 0.001\ninterval_s = 0.1\n\
             sentinels = [-32768]\n"
        );
    }
    config::parse(Path::new("test.toml"), &text).unwrap()
}

async fn serve_tcp(devices: Devices) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    modbus_server::serve(listener, devices);
    address
}

/// A serial line: the devices' end and the path of the agent's end.
fn pty() -> (SerialStream, String) {
    let (devices, mut ours) = SerialStream::pair().unwrap();
    ours.set_exclusive(false).unwrap();
    let path = ours.name().expect("a pseudo-terminal has a name");
    (devices, path)
}

/// Devices on a serial line; `reply` gives the frame for a question, and how late it comes.
fn serve_rtu(
    mut end: SerialStream,
    mut reply: impl FnMut([u8; 8]) -> Option<(Duration, Vec<u8>)> + Send + 'static,
) {
    tokio::spawn(async move {
        let mut question = [0; 8];
        loop {
            // While the agent has its end closed, a pseudo-terminal gives errors.
            if end.read_exact(&mut question).await.is_err() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            } else if let Some((delay, frame)) = reply(question) {
                tokio::time::sleep(delay).await;
                let _ = end.write_all(&frame).await;
            }
        }
    });
}

/// An RTU frame: `body` and its checksum.
fn frame(body: &[u8]) -> Vec<u8> {
    let crc = body.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xA001
            } else {
                crc >> 1
            }
        })
    });
    [body, &crc.to_le_bytes()].concat()
}

/// The answer of a unit to a read of one register.
fn answer(unit: u8, word: u16) -> Vec<u8> {
    let [high, low] = word.to_be_bytes();
    frame(&[unit, 3, 2, high, low])
}

#[tokio::test]
async fn gauges_on_modbus_tcp_are_read_with_one_request_per_unit() {
    let devices = Devices::default();
    devices.set(1, &[250, 0, 0, 1_500]);
    devices.set(2, &[0x8000]);
    let address = serve_tcp(devices.clone()).await;
    let gauges = [("lg-1", 1, 0), ("lg-2", 1, 3), ("lg-3", 2, 0)];
    let mut line = PolledLine::start(&bus(&format!("tcp://{address}"), "", &gauges));
    assert_eq!(line.next("lg-1").await, number(250));
    assert_eq!(line.next("lg-2").await, number(1_500));
    assert_eq!(
        line.next("lg-3").await,
        Outcome::Sentinel(Value::from_milli(-32_768))
    );
    assert!(
        devices.asked().contains(&(1, 0, 4)),
        "{:?}",
        devices.asked()
    );
    assert_eq!(line.counters.failed_readings.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_refusal_is_a_failed_reading_and_the_others_go_on() {
    let devices = Devices::default();
    devices.set(1, &[250]);
    let address = serve_tcp(devices.clone()).await;
    let gauges = [("lg-1", 1, 0), ("lg-2", 1, 100)];
    let mut line = PolledLine::start(&bus(
        &format!("tcp://{address}"),
        "max_gap_words = 0",
        &gauges,
    ));
    assert_eq!(line.next("lg-2").await, Outcome::Failed);
    assert_eq!(line.next("lg-1").await, number(250));
    devices.set(1, &vec![7; 101]);
    assert_eq!(
        line.until("lg-2", |o| o != Outcome::Failed).await,
        number(7)
    );
}

#[tokio::test]
async fn a_silent_unit_costs_the_others_little_and_is_found_again() {
    let devices = Devices::default();
    devices.set(1, &[100]);
    let address = serve_tcp(devices.clone()).await;
    let settings = "timeout_ms = 50\nretries = 0\nprobe_max_seconds = 1";
    let gauges = [("lg-1", 1, 0), ("lg-2", 2, 0)];
    let mut line = PolledLine::start(&bus(&format!("tcp://{address}"), settings, &gauges));
    for _ in 0..30 {
        assert_eq!(line.next("lg-1").await, number(100));
    }
    let asked = devices.asked();
    let silent = asked.iter().filter(|(unit, ..)| *unit == 2).count();
    assert!(
        (3..=8).contains(&silent),
        "the silent unit was asked {silent} times in 3 s"
    );
    devices.set(2, &[42]);
    assert_eq!(
        line.until("lg-2", |o| o != Outcome::Failed).await,
        number(42)
    );
}

#[tokio::test]
async fn a_line_that_comes_back_is_read_again() {
    let devices = Devices::default();
    devices.set(1, &[5]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let settings = "probe_max_seconds = 0.5";
    let mut line = PolledLine::start(&bus(
        &format!("tcp://{address}"),
        settings,
        &[("lg-1", 1, 0)],
    ));
    assert_eq!(line.next("lg-1").await, Outcome::Failed);
    let listener = TcpListener::bind(address).await.unwrap();
    modbus_server::serve(listener, devices);
    assert_eq!(
        line.until("lg-1", |o| o != Outcome::Failed).await,
        number(5)
    );
}

#[tokio::test]
async fn gauges_on_a_serial_line_are_read_and_a_silent_one_does_not_garble_the_others() {
    let devices = Devices::default();
    devices.set(1, &[321]);
    devices.set(2, &[654]);
    let (end, path) = pty();
    let on_the_line = devices.clone();
    serve_rtu(end, move |question| {
        assert_eq!(
            frame(&question[..6]),
            question,
            "the agent's frames are well-formed"
        );
        let word = on_the_line.registers.lock().unwrap().get(&question[0])?[0];
        Some((Duration::ZERO, answer(question[0], word)))
    });
    let settings = "timeout_ms = 200\nretries = 0\nprobe_max_seconds = 1";
    let gauges = [("lg-1", 1, 0), ("lg-2", 2, 0)];
    let connect = format!("rtu://{path}?baud=115200&parity=none");
    let mut line = PolledLine::start(&bus(&connect, settings, &gauges));
    assert_eq!(line.next("lg-1").await, number(321));
    assert_eq!(line.next("lg-2").await, number(654));
    devices.silence(2);
    assert_eq!(
        line.until("lg-2", |o| o == Outcome::Failed).await,
        Outcome::Failed
    );
    for _ in 0..10 {
        assert_eq!(
            line.until("lg-1", |o| o != Outcome::Failed).await,
            number(321)
        );
    }
}

/// Answers that come after the agent has given up carry 9999; prompt ones 100. The agent must
/// never show 9999, although unit, function and length of a late answer fit the next question.
#[tokio::test]
async fn a_late_answer_is_never_taken_for_the_next_one() {
    let (end, path) = pty();
    let mut asked = 0_u32;
    serve_rtu(end, move |_| {
        asked += 1;
        let late = asked.is_multiple_of(3);
        let delay = Duration::from_millis(if late { 150 } else { 0 });
        Some((delay, answer(1, if late { 9_999 } else { 100 })))
    });
    let settings = "timeout_ms = 100\nretries = 1";
    let connect = format!("rtu://{path}?baud=115200");
    let mut line = PolledLine::start(&bus(&connect, settings, &[("lg-1", 1, 0)]));
    for _ in 0..15 {
        let outcome = line.next("lg-1").await;
        assert!(
            outcome == number(100) || outcome == Outcome::Failed,
            "{outcome:?}"
        );
    }
    assert!(
        line.counters.stale_bytes.load(Ordering::Relaxed) >= 7,
        "late answers were seen"
    );
}

#[tokio::test]
async fn an_answer_of_another_unit_of_another_length_or_with_a_bad_checksum_is_no_reading() {
    let (end, path) = pty();
    let short = answer(1, 7)[..3].to_vec();
    let mut bad_checksum = answer(1, 9_999);
    *bad_checksum.last_mut().unwrap() ^= 0x55;
    let long = frame(&[1, 3, 4, 0x27, 0x0F, 0x27, 0x0F]);
    let wrong = vec![
        answer(2, 9_999),
        short,
        long,
        bad_checksum,
        b"\x00\xFFnoise".to_vec(),
    ];
    let mut replies = wrong.into_iter();
    serve_rtu(end, move |_| {
        Some((
            Duration::ZERO,
            replies.next().unwrap_or_else(|| answer(1, 100)),
        ))
    });
    let settings = "timeout_ms = 100\nretries = 0\nprobe_max_seconds = 0.5";
    let connect = format!("rtu://{path}?baud=115200");
    let mut line = PolledLine::start(&bus(&connect, settings, &[("lg-1", 1, 0)]));
    let mut failed = 0;
    loop {
        match line.next("lg-1").await {
            Outcome::Failed => failed += 1,
            outcome => {
                assert_eq!(outcome, number(100));
                break;
            }
        }
    }
    assert!(failed >= 5, "{failed}");
}

#[tokio::test]
async fn rtu_frames_are_read_through_a_tcp_serial_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0; 8];
            while stream.read_exact(&mut question).await.is_ok() {
                stream.write_all(&answer(question[0], 77)).await.unwrap();
            }
        }
    });
    let connect = format!("rtu-over-tcp://{address}");
    let mut line = PolledLine::start(&bus(&connect, "", &[("lg-1", 4, 0)]));
    assert_eq!(line.next("lg-1").await, number(77));
    assert_eq!(line.next("lg-1").await, number(77));
}
