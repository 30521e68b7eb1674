//! Load: many agents' batches at once, to find out how much an aggregator takes.
//!
//! Each simulated agent has one connection, publishes batches at QoS 1 and holds no more than its
//! window until the commit acknowledgement (`flood/v1/ack/<agent>`) comes, as the real one does.
//! Only acknowledged observations count.

mod args;
mod city;
mod latency;
mod sender;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rumqttc::EventLoop;
use serde::Serialize;
use tokio::{task::JoinSet, time::Instant};

pub use args::LoadArgs;
pub(crate) use city::write as write_city;
pub(crate) use latency::{Latencies, LatencySummary};
pub(crate) use sender::{agent_name, example_batch};

use self::{latency::AckLatencies, sender::Sender};
use crate::{
    console::{say, write_report},
    lab::resolve,
};

/// What a load run measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LoadReport {
    pub agents: u32,
    pub batch: u32,
    pub window: usize,
    pub seconds: f64,
    pub published: u64,
    pub acknowledged: u64,
    pub observations_per_second: f64,
    /// Until all were connected and heard acknowledgements.
    pub connecting_seconds: f64,
    /// Batches without an acknowledgement at the end.
    pub unacknowledged_batches: u64,
    pub connection_errors: u64,
    pub puback: LatencySummary,
    pub commit: LatencySummary,
}

/// How often batches that are due are sent.
const TICK: Duration = Duration::from_millis(10);
const PROGRESS: Duration = Duration::from_secs(5);
/// The last acknowledgements may take this long.
const TAIL: Duration = Duration::from_secs(15);
/// All agents may take this long to connect, thousands with TLS.
const CONNECTING: Duration = Duration::from_secs(60);

type SharedSender = Arc<Mutex<Sender>>;

/// Runs `flood-sim load`; tells whether every batch was acknowledged.
///
/// # Errors
/// A broker that cannot be reached, or a report that cannot be written.
pub async fn run(args: LoadArgs) -> anyhow::Result<bool> {
    if let Some(folder) = &args.write_city {
        write_city(folder, args.agents * args.batch, 0)?;
        say(format!(
            "{} gauges: {}",
            args.agents * args.batch,
            folder.display()
        ));
        return Ok(true);
    }
    let report = measure(&args).await?;
    print(&report);
    if let Some(file) = &args.report {
        write_report(file, &report)?;
    }
    Ok(report.unacknowledged_batches == 0)
}

/// Publishes and measures, and says how far it is.
///
/// # Errors
/// A broker that cannot be reached.
pub(crate) async fn measure(args: &LoadArgs) -> anyhow::Result<LoadReport> {
    let broker = resolve(&args.broker)?;
    let mut senders: Vec<SharedSender> = Vec::new();
    let latencies = Arc::new(AckLatencies::default());
    // Ends with this function, however that ends.
    let mut lines = JoinSet::new();
    for number in 0..args.agents {
        let sender = Sender::new(broker, args, number, latencies.clone());
        let (sender, line) = sender?;
        let sender = Arc::new(Mutex::new(sender));
        lines.spawn(drive(line, sender.clone()));
        senders.push(sender);
    }
    let connecting = Instant::now();
    ready(&senders).await?;
    let connecting = connecting.elapsed();
    say(format!(
        "{} agents are connected after {:.1} s; {} s of load",
        args.agents,
        connecting.as_secs_f64(),
        args.seconds
    ));
    let begun = Instant::now();
    let end = begun + Duration::from_secs(args.seconds);
    push(&senders, args, begun, end).await;
    let last = settle(&senders).await;
    lines.shutdown().await;
    Ok(summary(
        args,
        &senders,
        &latencies,
        (connecting, last.saturating_duration_since(begun)),
    ))
}

fn with<T>(sender: &SharedSender, act: impl FnOnce(&mut Sender) -> T) -> T {
    act(&mut sender.lock().unwrap_or_else(PoisonError::into_inner))
}

/// One connection: every event goes to its sender, which may publish at once what an
/// acknowledgement made room for.
async fn drive(mut line: EventLoop, sender: SharedSender) {
    loop {
        match line.poll().await {
            Ok(event) => with(&sender, |s| s.event(&event, Instant::now())),
            Err(error) => {
                tracing::warn!(%error, "connection to the broker lost");
                with(&sender, Sender::disconnected);
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

async fn ready(senders: &[SharedSender]) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !senders.iter().all(|s| with(s, |s| s.is_ready())) {
        anyhow::ensure!(
            begun.elapsed() < CONNECTING,
            "the broker does not answer every agent"
        );
        tokio::time::sleep(TICK).await;
    }
    Ok(())
}

async fn push(senders: &[SharedSender], args: &LoadArgs, begun: Instant, end: Instant) {
    let per_agent = args
        .rate
        .map(|rate| rate / f64::from(args.batch) / f64::from(args.agents));
    let most = args.observations.map_or(u64::MAX, |count| {
        count.div_ceil(u64::from(args.agents * args.batch))
    });
    let mut ticks = tokio::time::interval(TICK);
    let (mut told, mut told_count) = (begun, 0);
    while Instant::now() < end && !senders.iter().all(|s| with(s, |s| s.has_sent(most))) {
        ticks.tick().await;
        let now = Instant::now();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "batches of a run"
        )]
        let due = |phase: f64| {
            per_agent.map_or(u64::MAX, |rate| {
                ((now - begun).as_secs_f64() * rate + phase) as u64
            })
        };
        for (number, sender) in (0_u32..).zip(senders) {
            // Each in its own moment, as agents are.
            let phase = f64::from(number) / f64::from(args.agents);
            with(sender, |s| s.allow(due(phase).min(most), now));
        }
        if now - told >= PROGRESS {
            let count: u64 = senders.iter().map(|s| with(s, |s| s.acknowledged)).sum();
            let rate = per_second(count - told_count, now - told);
            say(format!(
                "{:>4.0} s  {rate:.0} observations/s acknowledged",
                (now - begun).as_secs_f64()
            ));
            (told, told_count) = (now, count);
        }
    }
    for sender in senders {
        with(sender, Sender::stop);
    }
}

/// Waits for the last acknowledgements; returns when the last one came.
async fn settle(senders: &[SharedSender]) -> Instant {
    let begun = Instant::now();
    while senders.iter().any(|s| with(s, |s| s.pending() > 0)) && begun.elapsed() < TAIL {
        tokio::time::sleep(TICK).await;
    }
    senders
        .iter()
        .filter_map(|s| with(s, |s| s.last_ack))
        .max()
        .unwrap_or(begun)
}

fn per_second(count: u64, span: Duration) -> f64 {
    count as f64 / span.as_secs_f64().max(1e-3)
}

fn summary(
    args: &LoadArgs,
    senders: &[SharedSender],
    latencies: &AckLatencies,
    (connecting, span): (Duration, Duration),
) -> LoadReport {
    let (mut published, mut acknowledged, mut missing, mut errors) = (0, 0, 0, 0);
    for sender in senders {
        with(sender, |s| {
            published += s.published;
            acknowledged += s.acknowledged;
            missing += s.pending() as u64 + s.given_up;
            errors += s.connection_errors;
        });
    }
    LoadReport {
        agents: args.agents,
        batch: args.batch,
        window: args.window,
        seconds: span.as_secs_f64(),
        published,
        acknowledged,
        observations_per_second: per_second(acknowledged, span),
        connecting_seconds: connecting.as_secs_f64(),
        unacknowledged_batches: missing,
        connection_errors: errors,
        puback: latencies.puback.summary(),
        commit: latencies.commit.summary(),
    }
}

fn print(report: &LoadReport) {
    say(format!(
        "{:.0} observations/s acknowledged ({} of {} published in {:.1} s; {} batches unacknowledged, {} connection errors)",
        report.observations_per_second,
        report.acknowledged,
        report.published,
        report.seconds,
        report.unacknowledged_batches,
        report.connection_errors,
    ));
    for (name, s) in [
        ("broker's PUBACK", &report.puback),
        ("commit acknowledgement", &report.commit),
    ] {
        say(format!(
            "{name}: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms ({} batches)",
            s.p50_ms, s.p99_ms, s.max_ms, s.count
        ));
    }
}
