//! Scripts of what happens on a local line, and what the machine says to each step.

use super::*;
use crate::config::GaugeSpec;
use shared::{gauge::Parameter, quality::Limits};

/// Storm time at line time 0.
const START: Timestamp = Timestamp::from_millis(1_784_622_000_000);
const FIRST_TIME: bool = false;
const AGAIN: bool = true;

/// A machine, and the line time.
struct Script {
    machine: ListenerMachine,
    line_ms: u64,
}

impl Script {
    /// Two gauges that publish every minute; nobody is connected.
    fn start() -> Self {
        let gauge = |id: &str| MqttGauge {
            spec: GaugeSpec {
                id: id.parse().expect("id"),
                parameter: Parameter::Depth,
                interval: Duration::from_secs(60),
                limits: Limits::default(),
                total: None,
            },
            topic: format!("gauges/{id}"),
        };
        Self {
            machine: ListenerMachine::new(&[gauge("ws-01"), gauge("ws-02")], |storm| storm),
            line_ms: 0,
        }
    }

    fn connected() -> Self {
        let mut script = Self::start();
        assert_eq!(script.connect(), "");
        script
    }

    fn after(&mut self, line: Duration) -> &mut Self {
        self.line_ms += u64::try_from(line.as_millis()).expect("short");
        self
    }

    fn step(&mut self, event: ListenerEvent) -> String {
        let now = Now {
            storm: START + Duration::from_millis(self.line_ms),
            line: Duration::from_millis(self.line_ms),
        };
        let actions = self.machine.step(now, event);
        actions.iter().map(told).collect::<Vec<_>>().join(", ")
    }

    fn connect(&mut self) -> String {
        self.step(ListenerEvent::Connected { session_kept: true })
    }

    /// A message of `ws-01`.
    fn says(&mut self, packet: u16, is_repetition: bool, payload: &str) -> String {
        self.message("gauges/ws-01", Some(packet), is_repetition, payload)
    }

    fn message(
        &mut self,
        topic: &str,
        packet: Option<u16>,
        is_repetition: bool,
        payload: &str,
    ) -> String {
        self.step(ListenerEvent::Message(Message {
            topic: topic.to_owned(),
            payload: payload.to_owned().into(),
            is_retained: false,
            is_repetition,
            packet: packet.map(PacketId),
        }))
    }

    /// What the broker has retained of `ws-01`.
    fn retained(&mut self, payload: &str) -> String {
        self.step(ListenerEvent::Message(Message {
            topic: "gauges/ws-01".to_owned(),
            payload: payload.to_owned().into(),
            is_retained: true,
            is_repetition: false,
            packet: Some(PacketId(1)),
        }))
    }

    fn durable(&mut self, token: u64) -> String {
        self.step(ListenerEvent::Answered(Answer::Durable(token)))
    }

    fn dropped(&mut self, token: u64) -> String {
        self.step(ListenerEvent::Answered(Answer::Dropped(token)))
    }
}

/// `deliver ws-01=0.5@3000? #1`: value, milliseconds of storm time since the start with a question
/// mark where the time is unknown, token.
fn told(action: &ListenerAction) -> String {
    match action {
        ListenerAction::Deliver { readings, token } => {
            let reading = |r: &Reading| {
                let value = match r.outcome {
                    Outcome::Number(value) => value.units().to_string(),
                    Outcome::Sentinel(value) => format!("sentinel {}", value.units()),
                    Outcome::Failed => "failed".to_owned(),
                };
                let doubt = if r.stamp == Stamp::Unknown { "?" } else { "" };
                format!("{}={value}@{}{doubt}", r.gauge, r.at.millis_since(START))
            };
            let readings: Vec<_> = readings.iter().map(reading).collect();
            let token = token.map(|t| format!(" #{t}")).unwrap_or_default();
            format!("deliver {}{token}", readings.join(" "))
        }
        ListenerAction::Refuse(why) => format!("refuse: {why}"),
        ListenerAction::TimeUnreadable { gauge, found } => format!("no time of {gauge}: {found}"),
        ListenerAction::Acknowledge(PacketId(packet)) => format!("acknowledge {packet}"),
        ListenerAction::Reconnect => "reconnect".to_owned(),
        ListenerAction::EndReadings => "end readings".to_owned(),
        ListenerAction::TakeLeave => "take leave".to_owned(),
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_message_is_acknowledged_when_its_reading_is_durable_and_not_before() {
    let mut script = Script::connected();
    let delivered = script.after(SECOND).says(7, FIRST_TIME, "0.5");
    assert_eq!(delivered, "deliver ws-01=0.5@1000 #1");
    assert_eq!(script.step(ListenerEvent::Tick), "");
    assert_eq!(script.durable(1), "acknowledge 7");
    assert_eq!(script.durable(1), "", "once is enough");
}

#[test]
fn a_reading_has_the_time_that_it_gives_itself() {
    let said = r#"{"value": 0.5, "observed_at": "2026-07-21T08:20:00.250Z"}"#;
    let delivered = Script::connected().after(SECOND).says(7, FIRST_TIME, said);
    assert_eq!(delivered, "deliver ws-01=0.5@250 #1");
}

#[test]
fn a_message_that_nobody_waits_for_is_delivered_without_a_token() {
    let mut script = Script::connected();
    let delivered = script
        .after(SECOND)
        .message("gauges/ws-02", None, FIRST_TIME, "2");
    assert_eq!(delivered, "deliver ws-02=2@1000");
}

#[test]
fn what_is_no_reading_is_told_and_acknowledged() {
    let mut script = Script::connected();
    assert_eq!(
        script.says(7, FIRST_TIME, "mud"),
        "refuse: what ws-01 published is no reading, acknowledge 7"
    );
    assert_eq!(
        script.message("gauges/ws-09", Some(8), FIRST_TIME, "0.5"),
        "refuse: no gauge publishes on gauges/ws-09, acknowledge 8"
    );
    assert_eq!(
        script.message("gauges/ws-01", None, FIRST_TIME, "mud"),
        "refuse: what ws-01 published is no reading"
    );
}

#[test]
fn after_a_lost_line_a_repetition_is_the_same_reading_and_is_acknowledged_by_its_new_packet() {
    let mut script = Script::connected();
    script.says(7, FIRST_TIME, "0.5");
    assert_eq!(script.step(ListenerEvent::Lost), "");
    assert_eq!(script.after(SECOND).connect(), "");
    assert_eq!(script.says(3, AGAIN, "0.5"), "", "it is on its way already");
    assert_eq!(script.durable(1), "acknowledge 3");
}

#[test]
fn what_became_durable_while_the_line_was_down_is_acknowledged_when_it_comes_again() {
    let mut script = Script::connected();
    script.says(7, FIRST_TIME, "0.5");
    script.step(ListenerEvent::Lost);
    assert_eq!(script.durable(1), "", "there is nobody to tell");
    script.connect();
    assert_eq!(script.says(3, AGAIN, "0.5"), "acknowledge 3");
}

#[test]
fn a_broker_that_has_forgotten_us_repeats_nothing_and_equal_messages_are_new_ones() {
    let mut script = Script::connected();
    script.says(7, FIRST_TIME, "0.5");
    script.step(ListenerEvent::Lost);
    script.step(ListenerEvent::Connected {
        session_kept: false,
    });
    let delivered = script.after(SECOND).says(7, AGAIN, "0.5");
    assert_eq!(delivered, "deliver ws-01=0.5@1000 #2");
}

#[test]
fn a_dropped_reading_ends_the_connection_once_and_comes_again_with_its_first_time() {
    let mut script = Script::connected();
    script.after(SECOND).says(7, FIRST_TIME, "0.5");
    script.says(8, FIRST_TIME, "0.6");
    assert_eq!(script.dropped(1), "reconnect");
    assert_eq!(script.dropped(2), "", "it has ended already");
    script.after(SECOND).connect();
    assert_eq!(script.says(7, AGAIN, "0.5"), "deliver ws-01=0.5@1000 #3");
    assert_eq!(script.says(8, AGAIN, "0.6"), "deliver ws-01=0.6@1000 #4");
}

#[test]
fn a_gauge_that_is_not_heard_for_three_intervals_fails_once_per_such_span() {
    let mut script = Script::connected();
    let three = SECOND * 180;
    assert_eq!(script.after(three).step(ListenerEvent::Tick), "");
    let silent = "deliver ws-01=failed@180001 ws-02=failed@180001";
    let tick = Duration::from_millis(1);
    assert_eq!(script.after(tick).step(ListenerEvent::Tick), silent);
    assert_eq!(script.after(three).step(ListenerEvent::Tick), "");
    let delivered = script.message("gauges/ws-02", None, FIRST_TIME, "2");
    assert_eq!(delivered, "deliver ws-02=2@360001");
    let silent = script.after(tick).step(ListenerEvent::Tick);
    assert_eq!(silent, "deliver ws-01=failed@360002", "ws-02 was heard");
}

#[test]
fn a_gauge_that_says_that_it_has_no_reading_is_silent_all_the_same() {
    let mut script = Script::connected();
    let said = script
        .after(SECOND * 100)
        .says(7, FIRST_TIME, "{\"value\":null}");
    assert_eq!(said, "deliver ws-01=failed@100000 #1");
    let silent = script.after(SECOND * 81).step(ListenerEvent::Tick);
    assert_eq!(silent, "deliver ws-01=failed@181000 ws-02=failed@181000");
}

#[test]
fn gauges_are_missed_while_nobody_is_connected() {
    let silent = Script::start()
        .after(SECOND * 181)
        .step(ListenerEvent::Lost);
    assert_eq!(silent, "deliver ws-01=failed@181000 ws-02=failed@181000");
}

#[test]
fn a_stop_ends_the_readings_at_once_and_the_connection_after_the_last_receipt() {
    let mut script = Script::connected();
    script.says(7, FIRST_TIME, "0.5");
    script.says(8, FIRST_TIME, "0.6");
    assert_eq!(script.step(ListenerEvent::Stop), "end readings");
    assert!(!script.machine.is_listening());
    assert_eq!(script.says(9, FIRST_TIME, "0.7"), "", "left to the next");
    assert_eq!(script.durable(1), "acknowledge 7");
    assert_eq!(script.durable(2), "acknowledge 8, take leave");
    assert!(
        !script.machine.is_over(),
        "the broker has not read all of it"
    );
    assert_eq!(script.step(ListenerEvent::Lost), "");
    assert!(script.machine.is_over());
}

#[test]
fn a_stop_with_nothing_on_its_way_takes_leave_at_once_and_waits_for_the_broker_for_a_moment() {
    let mut script = Script::connected();
    assert_eq!(script.step(ListenerEvent::Stop), "end readings, take leave");
    assert_eq!(script.machine.wake_at(), Some(LEAVE));
    let tick = Duration::from_millis(1);
    script
        .after(LEAVE.saturating_sub(tick))
        .step(ListenerEvent::Tick);
    assert!(!script.machine.is_over());
    assert_eq!(script.after(tick).step(ListenerEvent::Tick), "");
    assert!(script.machine.is_over());
}

#[test]
fn a_stop_waits_for_receipts_that_do_not_come_only_so_long() {
    let mut script = Script::connected();
    script.after(SECOND).says(7, FIRST_TIME, "0.5");
    assert_eq!(script.machine.wake_at(), None);
    script.step(ListenerEvent::Stop);
    assert_eq!(script.machine.wake_at(), Some(SECOND + FAREWELL));
    let rest = Duration::from_millis(100);
    script.after(FAREWELL.saturating_sub(rest));
    assert_eq!(script.durable(1), "acknowledge 7, take leave");
    let patience = Some(SECOND + FAREWELL);
    assert_eq!(script.machine.wake_at(), patience, "all of it together");
    script.after(rest).step(ListenerEvent::Tick);
    assert!(script.machine.is_over());
}

#[test]
fn a_reading_that_was_dropped_during_a_stop_is_left_to_the_next_process() {
    let mut script = Script::connected();
    script.says(7, FIRST_TIME, "0.5");
    script.step(ListenerEvent::Stop);
    assert_eq!(script.dropped(1), "take leave");
}

#[test]
fn a_stop_without_a_connection_is_over_at_once_and_misses_no_gauge() {
    let mut script = Script::start();
    let stopped = script.after(SECOND * 181).step(ListenerEvent::Stop);
    assert_eq!(stopped, "end readings");
    assert!(script.machine.is_over());
    assert_eq!(script.step(ListenerEvent::Stop), "");
    assert_eq!(script.machine.wake_at(), None);
}

#[test]
fn what_waited_in_the_brokers_queue_has_no_time_and_what_comes_after_a_calm_is_of_now() {
    let mut script = Script::connected();
    assert_eq!(script.says(7, FIRST_TIME, "0.5"), "deliver ws-01=0.5@0? #1");
    assert_eq!(script.after(SECOND).durable(1), "acknowledge 7");
    let soon = Duration::from_millis(5);
    let delivered = script.after(soon).says(8, FIRST_TIME, "0.6");
    assert_eq!(
        delivered, "deliver ws-01=0.6@1005? #2",
        "the window was full"
    );
    let delivered = script.after(SECOND).says(9, FIRST_TIME, "0.7");
    assert_eq!(delivered, "deliver ws-01=0.7@2005 #3");
    let own = r#"{"value": 0.5, "observed_at": "2026-07-21T08:20:00.250Z"}"#;
    script.step(ListenerEvent::Lost);
    script.connect();
    assert_eq!(script.says(1, FIRST_TIME, own), "deliver ws-01=0.5@250 #4");
}

#[test]
fn what_the_broker_retained_is_given_once_with_its_doubt_and_the_gauge_stays_silent() {
    let mut script = Script::connected();
    let retained = script.after(SECOND).retained("0.62");
    assert_eq!(retained, "deliver ws-01=0.62@1000? #1");
    script.step(ListenerEvent::Lost);
    script.after(SECOND * 100).connect();
    assert_eq!(script.retained("0.62"), "acknowledge 1", "nothing new");
    let mut restarted = Script::start();
    restarted.machine.restore(&script.machine.retained());
    restarted.connect();
    assert_eq!(restarted.retained("0.62"), "acknowledge 1", "known");
    assert!(restarted.retained("0.7").starts_with("deliver"));
    let silent = script.after(SECOND * 80).step(ListenerEvent::Tick);
    assert_eq!(silent, "deliver ws-01=failed@181000 ws-02=failed@181000");
}

#[test]
fn a_time_that_cannot_be_read_costs_the_reading_its_time_and_is_told() {
    let said = r#"{"value": 0.5, "observed_at": "yesterday"}"#;
    let delivered = Script::connected().after(SECOND).says(7, FIRST_TIME, said);
    let expected = "no time of ws-01: \"yesterday\", deliver ws-01=0.5@1000? #1";
    assert_eq!(delivered, expected);
}
