//! From the gauge to the aggregator through a real broker: nothing that is durable is lost,
//! whatever stops, and the newest goes first.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;
#[path = "common/line.rs"]
mod line;

use std::{collections::BTreeSet, path::Path};

use agent::{config, run};
use common::{Aggregator, Broker, LevelGauge, PATIENCE, Seen, agent_toml, free_port, with_gauge};
use line::{PUBACK, SUBACK, WatchedLine};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::timeout,
};

/// An agent in this process.
struct Agent {
    stop: oneshot::Sender<()>,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Agent {
    fn start(toml: &str) -> Self {
        let config = config::parse(Path::new("test.toml"), toml).unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(run::run(config, async {
            let _ = stopped.await;
        }));
        Self { stop, running }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.running)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

/// An agent that is quick, without a gauge yet.
fn quick_toml(data_dir: &Path, broker: u16) -> String {
    agent_toml(data_dir, broker, 0.05)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observation_travels_to_the_aggregator_and_a_stop_is_clean() {
    let (port, dir) = (free_port(), tempfile::tempdir().unwrap());
    let _broker = Broker::start(port);
    let mut aggregator = Aggregator::start(port).await;
    let toml = with_gauge(&quick_toml(dir.path(), port), LevelGauge::start().await);
    let agent = Agent::start(&toml);
    aggregator
        .until("ten batches are durable", |s| s.durable.through >= 10)
        .await;
    agent.stop().await;
    aggregator
        .until("the farewell", |s| {
            s.health.last().is_some_and(|h| !h.online)
        })
        .await;
    aggregator.look(|seen| {
        let last = seen.health.last().unwrap();
        assert_eq!(
            (last.spooled_batches, last.dropped),
            (0, 0),
            "the stop drained the spool"
        );
        let first = seen.envelopes.first().unwrap();
        assert_eq!(
            (first.agent.as_str(), first.seq, first.backfill),
            ("gw-01", 1, false)
        );
        assert!(
            seen.envelopes
                .iter()
                .all(|e| e.observations.iter().all(|o| o.value.is_some()))
        );
        assert!(!seen.durable.has_hole());
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_not_committed_is_published_again_and_kept_over_a_restart() {
    let (port, dir) = (free_port(), tempfile::tempdir().unwrap());
    let _broker = Broker::start(port);
    let mut aggregator = Aggregator::start(port).await;
    aggregator.commit(false);
    let toml = with_gauge(&quick_toml(dir.path(), port), LevelGauge::start().await);
    let agent = Agent::start(&toml);
    let repeated = |s: &common::Seen| {
        let mut once = BTreeSet::new();
        s.envelopes.iter().any(|e| !once.insert(e.seq))
    };
    aggregator.until("a repetition", repeated).await;
    agent.stop().await;
    let before = aggregator.look(|s| s.envelopes.iter().map(|e| e.seq).max().unwrap());
    let first_life = aggregator.look(|s| s.envelopes.last().unwrap().incarnation);
    aggregator.commit(true);
    let agent = Agent::start(&toml);
    let all =
        move |s: &common::Seen| s.durable.incarnation != first_life && s.durable.through > before;
    aggregator.until("the backlog of the last run", all).await;
    agent.stop().await;
    let incarnations: BTreeSet<u64> =
        aggregator.look(|s| s.envelopes.iter().map(|e| e.incarnation).collect());
    assert_eq!(incarnations.len(), 2, "every opening is a life of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_broker_was_killed_the_newest_goes_first_and_nothing_is_missing() {
    let (port, dir) = (free_port(), tempfile::tempdir().unwrap());
    let broker = Broker::start(port);
    let mut aggregator = Aggregator::start(port).await;
    let toml = with_gauge(&quick_toml(dir.path(), port), LevelGauge::start().await);
    let toml = toml
        .replace("reconnect_min_seconds = 0.1", "reconnect_min_seconds = 3")
        .replace("reconnect_max_seconds = 0.5", "reconnect_max_seconds = 4");
    let agent = Agent::start(&toml);
    aggregator
        .until("three batches are durable", |s| s.durable.through >= 3)
        .await;
    kill(broker).await;
    let (had, before) = aggregator.look(|s| (s.envelopes.len(), s.durable.through));
    let _broker = Broker::start(port);
    let after = move |s: &common::Seen| s.durable.through > before + 20 && !s.durable.has_hole();
    aggregator.until("the outage is made up for", after).await;
    agent.stop().await;
    aggregator.look(|seen| {
        let first = seen
            .envelopes
            .get(had..)
            .unwrap()
            .iter()
            .find(|e| e.seq > before)
            .unwrap();
        assert!(
            !first.backfill && first.seq > before + 10,
            "first after the outage: {}",
            first.seq
        );
        assert!(
            seen.envelopes.iter().any(|e| e.backfill),
            "the backlog is marked"
        );
        let times: Vec<_> = seen
            .envelopes
            .iter()
            .flat_map(|e| &e.observations)
            .collect();
        let distinct: BTreeSet<_> = times.iter().map(|o| o.observed_at).collect();
        assert!(distinct.len() as u64 >= seen.durable.through);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gauge_published_while_the_agent_was_away_is_not_lost() {
    let (port, dir) = (free_port(), tempfile::tempdir().unwrap());
    let _broker = Broker::start(port);
    let mut aggregator = Aggregator::start(port).await;
    let toml = with_local(&quick_toml(dir.path(), port), port);
    let agent = Agent::start(&toml);
    let mut gauge = Publisher::start(port);
    let has = |milli: i64| {
        move |s: &common::Seen| {
            let mut all = s.envelopes.iter().flat_map(|e| &e.observations);
            all.any(|o| o.value.is_some_and(|v| v.milli() == milli))
        }
    };
    // The first message may come before the subscription does; it is repeated until it is seen.
    while !aggregator.look(has(1_500)) {
        gauge.publish(r#"{"value": 1.5}"#).await;
    }
    agent.stop().await;
    gauge.publish("this is no reading").await;
    gauge
        .publish(r#"{"value": 2.5, "observed_at": "2026-07-21T08:31:00Z"}"#)
        .await;
    let agent = Agent::start(&toml);
    aggregator
        .until("the message kept by the local broker", has(2_500))
        .await;
    agent.stop().await;
    let agent = Agent::start(&toml);
    gauge.publish(r#"{"value": 3.5}"#).await;
    aggregator
        .until("a message after the restart", has(3_500))
        .await;
    agent.stop().await;
    let repeated = aggregator.look(|s| {
        let all = s.envelopes.iter().map(|e| (e.seq, &e.observations));
        let batches: BTreeSet<u64> = all
            .filter(|(_, o)| {
                o.iter()
                    .any(|o| o.value.is_some_and(|v| v.milli() == 2_500))
            })
            .map(|(seq, _)| seq)
            .collect();
        batches.len()
    });
    assert_eq!(
        repeated, 1,
        "what was durable was acknowledged and did not come again"
    );
}

fn with_local(toml: &str, broker: u16) -> String {
    format!(
        "{toml}[[mqtt]]\nname = 'local'\nbroker = 'mqtt://127.0.0.1:{broker}'\n[[mqtt.gauge]]\n\
         gauge = 'ws-01'\nparameter = 'rainfall-intensity'\ninterval_s = 3600\n"
    )
}

/// The different times at which a value was observed.
fn times_of(seen: &Seen, milli: i64) -> usize {
    let all = seen.envelopes.iter().flat_map(|e| &e.observations);
    let of_value = all.filter(|o| o.value.is_some_and(|v| v.milli() == milli));
    let times: BTreeSet<_> = of_value.map(|o| o.observed_at).collect();
    times.len()
}

/// Returns when the agent has read a message without a time of its own and not committed it: what
/// follows it, and is no reading, is acknowledged at once.
async fn read_and_not_committed(line: &mut WatchedLine, gauge: &mut Publisher) {
    line.passed(SUBACK, 1).await;
    gauge.publish(r#"{"value": 1.5}"#).await;
    gauge.publish("this is no reading").await;
    line.passed(PUBACK, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_stopped_between_reading_and_commit_delivers_a_timeless_message_once() {
    let (port, dir) = (free_port(), tempfile::tempdir().unwrap());
    let _broker = Broker::start(port);
    let mut aggregator = Aggregator::start(port).await;
    let mut line = WatchedLine::start(port).await;
    let quick = with_local(&quick_toml(dir.path(), port), line.port);
    let agent = Agent::start(&quick.replace("batch_seconds = 0.05", "batch_seconds = 10"));
    let mut gauge = Publisher::start(port);
    read_and_not_committed(&mut line, &mut gauge).await;
    agent.stop().await;
    let agent = Agent::start(&quick);
    gauge.publish(r#"{"value": 2.5}"#).await;
    let both = |s: &Seen| times_of(s, 1_500) > 0 && times_of(s, 2_500) > 0;
    aggregator.until("both messages", both).await;
    agent.stop().await;
    assert_eq!(aggregator.look(|s| times_of(s, 1_500)), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_of_the_local_line_between_reading_and_commit_delivers_a_timeless_message_once() {
    let (port, dir) = (free_port(), tempfile::tempdir().unwrap());
    let _broker = Broker::start(port);
    let mut aggregator = Aggregator::start(port).await;
    let mut line = WatchedLine::start(port).await;
    let toml = with_local(&quick_toml(dir.path(), port), line.port);
    let agent = Agent::start(&toml.replace("batch_seconds = 0.05", "batch_seconds = 10"));
    let mut gauge = Publisher::start(port);
    read_and_not_committed(&mut line, &mut gauge).await;
    line.cut();
    line.passed(SUBACK, 2).await;
    gauge.publish("this is no reading").await;
    // What the broker repeats comes before what is new.
    line.passed(PUBACK, 2).await;
    agent.stop().await;
    let agent = Agent::start(&toml);
    gauge.publish(r#"{"value": 2.5}"#).await;
    let both = |s: &Seen| times_of(s, 1_500) > 0 && times_of(s, 2_500) > 0;
    aggregator.until("both messages", both).await;
    agent.stop().await;
    assert_eq!(aggregator.look(|s| times_of(s, 1_500)), 1);
}

/// Returns when every connection is cut and the port is free.
async fn kill(mut broker: Broker) {
    let runtime = broker.runtime.take().unwrap();
    let dead = tokio::task::spawn_blocking(|| runtime.shutdown_timeout(PATIENCE));
    dead.await.unwrap();
}

/// A gauge that publishes by itself.
pub struct Publisher {
    client: AsyncClient,
    acknowledged: watch::Receiver<u64>,
}

impl Publisher {
    pub fn start(port: u16) -> Self {
        let (client, mut events) =
            AsyncClient::new(MqttOptions::new("ws-01", "127.0.0.1", port), 10);
        let (acknowledge, acknowledged) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if matches!(event, Event::Incoming(Packet::PubAck(_))) {
                    acknowledge.send_modify(|n| *n += 1);
                }
            }
        });
        Self {
            client,
            acknowledged,
        }
    }

    /// Returns when the broker has the message.
    pub async fn publish(&mut self, payload: &str) {
        self.acknowledged.mark_unchanged();
        self.client
            .publish("gauges/ws-01", QoS::AtLeastOnce, false, payload)
            .await
            .unwrap();
        timeout(PATIENCE, self.acknowledged.changed())
            .await
            .unwrap()
            .unwrap();
    }
}
