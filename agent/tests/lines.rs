//! What devices and gateways do that no specification has: every reading that can be had is had, the
//! right one is blamed, and what is wrong is said once.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use agent::{
    config,
    counters::Counters,
    faults::Faults,
    pulse::Pulse,
    source::{
        Delivery, Outcome,
        modbus::{Poller, PollerSetup},
    },
};
use shared::{clock::Clock, value::Value, wire::AgentFault};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

/// A question as a device sees it.
#[derive(Debug, Clone, Copy)]
struct Asked {
    transaction: u16,
    unit: u8,
    start: u16,
    count: u16,
    /// Since the connection was made.
    age: Duration,
}

impl Asked {
    /// The answer with these words.
    fn words(self, words: &[u16]) -> Vec<u8> {
        let bytes = u8::try_from(2 * words.len()).unwrap();
        let mut body = vec![self.unit, 3, bytes];
        body.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        framed(self.transaction, &body)
    }

    fn refused(self, exception: u8) -> Vec<u8> {
        framed(self.transaction, &[self.unit, 0x83, exception])
    }
}

fn framed(transaction: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&transaction.to_be_bytes()[..], &[0, 0], &length, body].concat()
}

/// A device on Modbus TCP that does what `answer` says; none is silence.
#[derive(Clone, Default)]
struct Device {
    idle_close: Option<Duration>,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<Mutex<(usize, usize)>>,
}

impl Device {
    async fn start(
        &self,
        answer: impl Fn(Asked) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (device, answer) = (self.clone(), Arc::new(answer));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (device, answer) = (device.clone(), Arc::clone(&answer));
                tokio::spawn(async move { device.serve(stream, &*answer).await });
            }
        });
        address
    }

    async fn serve(
        &self,
        mut stream: TcpStream,
        answer: &(dyn Fn(Asked) -> Option<Vec<u8>> + Sync),
    ) {
        let since = Instant::now();
        {
            let mut connections = self.connections.lock().unwrap();
            connections.0 += 1;
            connections.1 += 1;
        }
        let idle = self.idle_close.unwrap_or(PATIENCE);
        let mut q = [0; 12];
        while let Ok(Ok(_)) = timeout(idle, stream.read_exact(&mut q)).await {
            let word = |at: usize| u16::from_be_bytes([q[at], q[at + 1]]);
            let asked = Asked {
                transaction: word(0),
                unit: q[6],
                start: word(8),
                count: word(10),
                age: since.elapsed(),
            };
            self.asked.lock().unwrap().push(asked);
            if let Some(bytes) = answer(asked)
                && stream.write_all(&bytes).await.is_err()
            {
                break;
            }
        }
        self.connections.lock().unwrap().1 -= 1;
    }

    fn asked_for(&self, start: u16) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.start == start).count()
    }
}

/// A running poller, what it delivers and what it says is wrong.
struct Line {
    faults: Arc<Faults>,
    deliveries: mpsc::Receiver<Delivery>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Line {
    /// Gauges by id, unit, register and interval in seconds.
    fn start(address: SocketAddr, settings: &str, gauges: &[(&str, u8, u16, f64)]) -> Self {
        let mut text = format!(
            "agent = 'gw-01'\ndata_dir = 'd'\nuplink = {{ broker = 'mqtt://h' }}\n\
             [[modbus]]\nname = 'bus-a'\nconnect = 'tcp://{address}'\n{settings}\n"
        );
        for (gauge, unit, register, interval) in gauges {
            text += &format!(
                "[[modbus.gauge]]\ngauge = '{gauge}'\nparameter = 'depth'\nunit_id = {unit}\n\
                 register = {register}\ntype = 'i16'\nscale = 0.001\ninterval_s = {interval:?}\n"
            );
        }
        let config = config::parse(Path::new("test.toml"), &text).unwrap();
        let (out, deliveries) = mpsc::channel(64);
        let (faults, stop) = (Arc::<Faults>::default(), CancellationToken::new());
        let setup = PollerSetup {
            bus: config.modbus[0].clone(),
            clock: Clock::Real,
            counters: Arc::<Counters>::default(),
            faults: Arc::clone(&faults),
            beat: Pulse::default().beat("poll", PATIENCE),
            stop: stop.clone(),
        };
        let running = tokio::spawn(Poller::new(setup, out).run());
        Self {
            faults,
            deliveries,
            stop,
            running,
        }
    }

    async fn next(&mut self, gauge: &str) -> Outcome {
        let search = async {
            loop {
                let delivery = self.deliveries.recv().await.expect("the poller runs");
                let reading = delivery.readings.iter().find(|r| r.gauge.as_str() == gauge);
                if let Some(reading) = reading {
                    return reading.outcome;
                }
            }
        };
        let found = timeout(PATIENCE, search).await;
        found.unwrap_or_else(|_| panic!("{gauge} gave nothing"))
    }

    async fn until(&mut self, gauge: &str, wanted: Outcome) {
        while self.next(gauge).await != wanted {}
    }

    fn wrong(&self) -> Vec<AgentFault> {
        self.faults.present()
    }
}

fn number(milli: i64) -> Outcome {
    Outcome::Number(Value::from_milli(milli))
}

#[tokio::test]
async fn a_gateway_that_closes_idle_connections_costs_no_reading_even_without_retries() {
    let device = Device {
        idle_close: Some(Duration::from_millis(30)),
        ..Device::default()
    };
    let address = device.start(|asked| Some(asked.words(&[100]))).await;
    let gauges = [("lg-1", 1, 0, 0.2), ("lg-2", 2, 0, 0.2)];
    let mut line = Line::start(address, "retries = 0", &gauges);
    for _ in 0..6 {
        assert_eq!(line.next("lg-1").await, number(100));
        assert_eq!(line.next("lg-2").await, number(100));
    }
    assert_eq!(line.wrong(), []);
}

#[tokio::test]
async fn a_probe_that_meets_a_connection_closed_meanwhile_finds_its_unit() {
    let off = Arc::new(Mutex::new(true));
    let device = Device {
        idle_close: Some(Duration::from_millis(100)),
        ..Device::default()
    };
    let is_off = Arc::clone(&off);
    let address = device
        .start(move |asked| {
            let is_silent = asked.unit == 1 && *is_off.lock().unwrap();
            (!is_silent).then(|| asked.words(&[7]))
        })
        .await;
    let gauges = [("lg-1", 1, 0, 0.3), ("lg-2", 2, 0, 0.3)];
    let settings = "timeout_ms = 50\nprobe_max_seconds = 0.5";
    let mut line = Line::start(address, settings, &gauges);
    for _ in 0..6 {
        assert_eq!(line.next("lg-1").await, Outcome::Failed);
    }
    let wrong = line.wrong();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(
        (&*wrong[0].kind, &*wrong[0].subject),
        ("unit", "unit 1 on bus-a")
    );
    *off.lock().unwrap() = false;
    line.until("lg-1", number(7)).await;
    assert_eq!(line.wrong(), []);
}

#[tokio::test]
async fn a_register_that_is_never_answered_starves_no_other_and_is_named() {
    let device = Device::default();
    let address = device
        .start(|asked| (asked.start < 10).then(|| asked.words(&[250])))
        .await;
    let gauges = [("lg-1", 1, 0, 0.6), ("lg-2", 1, 100, 0.1)];
    let mut line = Line::start(address, "timeout_ms = 50", &gauges);
    for _ in 0..5 {
        assert_eq!(line.next("lg-1").await, number(250));
    }
    assert!(device.asked_for(100) < 12, "{}", device.asked_for(100));
    let wrong = line.wrong();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    let subject = "holding register 100 of unit 1 on bus-a (lg-2)";
    assert_eq!(
        (&*wrong[0].kind, &*wrong[0].subject),
        ("registers", subject)
    );
}

#[tokio::test]
async fn every_gauge_of_a_dead_unit_fails_at_its_own_interval() {
    let device = Device::default();
    let address = device.start(|_| None).await;
    let gauges = [("lg-1", 1, 0, 1.0), ("lg-2", 1, 30, 0.2)];
    let mut line = Line::start(address, "timeout_ms = 50\nretries = 0", &gauges);
    let (mut slow, mut fast) = (0, 0);
    while slow < 4 {
        let delivery = timeout(PATIENCE, line.deliveries.recv()).await.unwrap();
        for reading in delivery.unwrap().readings {
            assert_eq!(reading.outcome, Outcome::Failed);
            match reading.gauge.as_str() {
                "lg-1" => slow += 1,
                _ => fast += 1,
            }
        }
    }
    assert!(fast > slow, "{fast} of the fast one");
}

#[tokio::test]
async fn a_busy_device_is_asked_again_within_the_poll() {
    let device = Device::default();
    let count = Arc::clone(&device.asked);
    let address = device
        .start(move |asked| {
            let is_first = count.lock().unwrap().len() % 2 == 1;
            Some(if is_first {
                asked.refused(6)
            } else {
                asked.words(&[321])
            })
        })
        .await;
    let mut line = Line::start(address, "retries = 0", &[("lg-1", 1, 0, 0.3)]);
    for _ in 0..4 {
        assert_eq!(line.next("lg-1").await, number(321));
    }
}

#[tokio::test]
async fn registers_that_are_refused_together_are_asked_apart_and_the_bad_one_is_named() {
    let device = Device::default();
    let address = device
        .start(|asked| {
            let there = [0, 4, 9];
            let mut wanted = asked.start..asked.start + asked.count;
            Some(if wanted.all(|register| there.contains(&register)) {
                asked.words(&[asked.start; 1])
            } else {
                asked.refused(2)
            })
        })
        .await;
    let gauges = [
        ("lg-1", 1, 0, 0.2),
        ("lg-2", 1, 4, 0.2),
        ("lg-3", 1, 6, 0.2),
        ("lg-4", 1, 9, 0.2),
    ];
    let mut line = Line::start(address, "", &gauges);
    for _ in 0..3 {
        assert_eq!(line.next("lg-1").await, number(0));
        assert_eq!(line.next("lg-2").await, number(4));
        assert_eq!(line.next("lg-4").await, number(9));
    }
    let wrong = line.wrong();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(
        wrong[0].subject,
        "holding register 6 of unit 1 on bus-a (lg-3)"
    );
    assert!(wrong[0].cause.contains("illegal data address"), "{wrong:?}");
}

#[tokio::test]
async fn a_device_that_wants_a_pause_after_a_connection_gets_it() {
    let device = Device::default();
    let address = device
        .start(|asked| (asked.age > Duration::from_millis(200)).then(|| asked.words(&[9])))
        .await;
    let settings = "timeout_ms = 100\nretries = 0\npause_after_connect_ms = 300";
    let mut line = Line::start(address, settings, &[("lg-1", 1, 0, 0.2)]);
    for _ in 0..3 {
        assert_eq!(line.next("lg-1").await, number(9));
    }
}

#[tokio::test]
async fn a_device_that_does_not_listen_at_first_is_read_with_the_second_try() {
    let device = Device::default();
    let address = device
        .start(|asked| (asked.age > Duration::from_millis(150)).then(|| asked.words(&[9])))
        .await;
    let settings = "timeout_ms = 200";
    let mut line = Line::start(address, settings, &[("lg-1", 1, 0, 0.3)]);
    for _ in 0..3 {
        assert_eq!(line.next("lg-1").await, number(9));
    }
    assert_eq!(device.connections.lock().unwrap().0, 1);
}

#[tokio::test]
async fn between_two_polls_the_line_is_left_to_others_where_that_is_wanted() {
    let device = Device::default();
    let address = device.start(|asked| Some(asked.words(&[9]))).await;
    let settings = "close_after_poll = true";
    let mut line = Line::start(address, settings, &[("lg-1", 1, 0, 0.3)]);
    for _ in 0..3 {
        assert_eq!(line.next("lg-1").await, number(9));
    }
    let connections = *device.connections.lock().unwrap();
    assert!(connections.0 >= 3 && connections.1 <= 1, "{connections:?}");
}

#[tokio::test]
async fn answers_with_transaction_zero_and_behind_those_of_others_are_read() {
    let device = Device::default();
    let address = device
        .start(|asked| {
            let other = framed(0, &[9, 3, 2, 0x27, 0x0F]);
            let own = framed(0, &[asked.unit, 3, 2, 0, 100]);
            Some([other, own].concat())
        })
        .await;
    let mut line = Line::start(address, "", &[("lg-1", 1, 0, 0.1)]);
    for _ in 0..3 {
        assert_eq!(line.next("lg-1").await, number(100));
    }
}

#[tokio::test]
async fn units_0_and_255_answer_on_tcp() {
    let device = Device::default();
    let address = device
        .start(|asked| [0, 255].contains(&asked.unit).then(|| asked.words(&[1])))
        .await;
    let gauges = [("lg-1", 0, 0, 0.1), ("lg-2", 255, 0, 0.1)];
    let mut line = Line::start(address, "", &gauges);
    assert_eq!(line.next("lg-1").await, number(1));
    assert_eq!(line.next("lg-2").await, number(1));
}

#[tokio::test]
async fn garbage_is_told_apart_from_silence_and_told_once() {
    let device = Device::default();
    let address = device
        .start(|asked| {
            Some(framed(
                asked.transaction,
                &[77, 3, 2, 0, asked.transaction.to_be_bytes()[1]],
            ))
        })
        .await;
    let settings = "timeout_ms = 50\nprobe_max_seconds = 0.5";
    let mut line = Line::start(address, settings, &[("lg-1", 1, 0, 0.1)]);
    for _ in 0..5 {
        assert_eq!(line.next("lg-1").await, Outcome::Failed);
    }
    let wrong = line.wrong();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].cause.contains("cannot be understood"), "{wrong:?}");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_device() {
    let device = Device::default();
    let address = device.start(|_| None).await;
    let line = Line::start(address, "timeout_ms = 60000", &[("lg-1", 1, 0, 0.1)]);
    while device.asked_for(0) == 0 {
        tokio::task::yield_now().await;
    }
    line.stop.cancel();
    let stopped = timeout(Duration::from_secs(5), line.running).await;
    stopped.expect("it stops at once").unwrap();
}
