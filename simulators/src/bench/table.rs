//! What was measured, for people.

use super::{
    agent::{AgentBench, AgentRun},
    ingest::{IngestBench, IngestRun, MachineLimits},
    map::{GOAL, MapBench},
    reconnect::{self, ReconnectBench},
    start_up::{StartUpBench, StartUpCase, StartUpRun},
};
use crate::console::say;

/// Tells the medians of the ingest runs and where the median run's time went.
pub(super) fn ingest(ingest: &IngestBench) {
    say("\nobservations per second, merged and durable (median, lowest to highest)");
    for broker in BROKERS {
        let runs = ingest.of(broker);
        if let (Some(low), Some(high), Some(median)) =
            (runs.first(), runs.last(), runs.get(runs.len() / 2))
        {
            row(broker, low, median, high);
        }
    }
    limit(ingest, "a log of the same bytes + fdatasync", |l| {
        l.append_log
    });
    limit(ingest, "a broker that only acknowledges", |l| l.puback);
    for broker in BROKERS {
        let runs = ingest.of(broker);
        if let Some(median) = runs.get(runs.len() / 2) {
            say(format!(
                "\nthe aggregator's CPU behind {broker} ({:.1} s, {:.0} MiB resident)",
                median.aggregator_cpu,
                mebibytes(median.resident_bytes)
            ));
            split(median);
        }
    }
}

const BROKERS: [&str; 3] = ["embedded", "embedded, TLS and seals", "mosquitto"];

fn row(broker: &str, low: &IngestRun, median: &IngestRun, high: &IngestRun) {
    let rate = |run: &IngestRun| run.load.observations_per_second;
    say(format!(
        "{broker:<36}{:>9.0}{:>20}  {:.1} batches per sync; CPU s: aggregator {:.1}, load {:.1}, broker {:.1}",
        rate(median),
        format!("({:.0}–{:.0})", rate(low), rate(high)),
        median.batches_per_commit,
        median.aggregator_cpu,
        median.load_cpu,
        median.broker_cpu,
    ));
    for (what, load) in [
        ("at full speed", &median.load),
        ("at 20,000/s", &median.steady),
    ] {
        say(format!(
            "  {what:<16}PUBACK p50 {:.1} ms, p99 {:.1} ms; commit acknowledgement p50 {:.1} ms, p99 {:.1} ms",
            load.puback.p50_ms, load.puback.p99_ms, load.commit.p50_ms, load.commit.p99_ms
        ));
    }
}

fn limit(ingest: &IngestBench, name: &str, of: impl Fn(&MachineLimits) -> f64) {
    let mut all: Vec<f64> = ingest.limits.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    if let (Some(low), Some(high), Some(median)) = (all.first(), all.last(), all.get(all.len() / 2))
    {
        say(format!(
            "{name:<36}{median:>9.0}{:>20}",
            format!("({low:.0}–{high:.0})")
        ));
    }
}

/// The store sorts and writes its tables on threads of this name.
const STORE_WORKER: &str = "fjall:worker";

fn split(run: &IngestRun) {
    let observations = run.merged.max(1.0);
    let line = |name: &str, cpu: f64, clock: Option<f64>| {
        let waited = clock.map_or(String::new(), |clock| {
            format!("{clock:>10.2} s on the clock")
        });
        say(format!(
            "  {name:<28}{cpu:>7.2} s {:>5.1} % {:>8.0} ns per observation{waited}",
            cpu / run.aggregator_cpu.max(1e-9) * 100.0,
            cpu / observations * 1e9,
        ));
    };
    let mut known = 0.0;
    for (name, clock, cpu) in &run.stages {
        line(name, *cpu, Some(*clock));
        known += cpu;
    }
    let background = run.threads.get(STORE_WORKER).copied().unwrap_or(0.0);
    line("the store's own threads", background, None);
    let rest = run.aggregator_cpu - known - background;
    line("all else: MQTT, HTTP, runtime", rest, None);
    let threads = run.threads.iter().filter(|(_, cpu)| **cpu >= 0.01);
    let threads: Vec<_> = threads.map(|(n, cpu)| format!("{n} {cpu:.2} s")).collect();
    say(format!("  by thread: {}", threads.join(", ")));
}

/// Tells how long a client waited for the map.
pub(super) fn map(map: &MapBench) {
    say(format!(
        "\nthe map of a city of {}, while {:.0} observations and {:.0} truck reports come in a second",
        map.city, map.observations_per_second, map.reports_per_second
    ));
    for run in &map.runs {
        let tick: f64 = run.stages.iter().map(|(_, _, cpu)| cpu).sum();
        say(format!(
            "{:<30}p50 {:>5.1} ms  p99 {:>5.1} ms  longest {:>6.1} ms  {:>7.2} MiB{}  {} of {} unchanged; CPU {:.2} s in {:.0} s ({:.2} s in stages)",
            run.what,
            run.latency.p50_ms,
            run.latency.p99_ms,
            run.latency.max_ms,
            mebibytes(run.body_bytes as u64),
            run.encoding
                .as_ref()
                .map_or(String::new(), |e| format!(" ({e})")),
            run.not_modified,
            run.latency.count,
            run.aggregator_cpu,
            run.seconds,
            tick,
        ));
    }
    let verdict = if map.meets_goal() { "met" } else { "missed" };
    say(format!(
        "goal: 99 of 100 within {} ms: {verdict} (other load: {:.0} observations a second)",
        GOAL.as_millis(),
        map.other_observations_per_second
    ));
}

/// Tells how soon the aggregator was back.
pub(super) fn start_up(start_up: &StartUpBench) {
    say("\nfrom the start to /readyz, in ms, after SIGKILL (median, lowest to highest)");
    for case in &start_up.cases {
        case_of(case);
    }
}

/// Tells how soon all gateways were back.
pub(super) fn reconnect(bench: &ReconnectBench) {
    let seconds: Vec<_> = bench.seconds.iter().map(|s| format!("{s:.1}")).collect();
    let verdict = if bench.meets_goal() { "met" } else { "missed" };
    say(format!(
        "\n{} gateways over mutual TLS, all at once after a kill: all served within {} s; {} batches not \
         acknowledged; goal {:.0} s: {verdict}",
        bench.gateways,
        seconds.join(", "),
        bench.unacknowledged_batches,
        reconnect::GOAL.as_secs_f64(),
    ));
}

/// Tells what an agent costs.
pub(super) fn agent(bench: &AgentBench) {
    say(format!(
        "\nan agent of {} gauges (medians); its program has {:.1} MiB",
        bench.gauges,
        mebibytes(bench.program_bytes)
    ));
    for (how, runs) in [("plain", &bench.plain), ("TLS and seals", &bench.tls)] {
        let median = |of: &dyn Fn(&AgentRun) -> f64| {
            let mut all: Vec<f64> = runs.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        say(format!(
            "{how:<44}{:>6.1} MiB resident, {:.1} MiB at most, CPU {:.2} s",
            median(&|run| mebibytes(run.resident_bytes)),
            median(&|run| mebibytes(run.peak_bytes)),
            median(&|run| run.cpu_seconds),
        ));
    }
}

fn case_of(case: &StartUpCase) {
    let line = |name: &str, of: &dyn Fn(&StartUpRun) -> f64, more: &str| {
        let mut all: Vec<f64> = case.runs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        if let (Some(low), Some(high), Some(median)) =
            (all.first(), all.last(), all.get(all.len() / 2))
        {
            let span = format!("({low:.0}–{high:.0})");
            say(format!("{name:<44}{median:>8.0}{span:>16}  {more}"));
        }
    };
    let runs = case.sorted();
    let Some(median) = runs.get(runs.len() / 2) else {
        return;
    };
    let name = format!("{} observations, {} gauges", case.observations, case.gauges);
    let verdict = if case.meets_goal() { "met" } else { "missed" };
    let more = format!(
        "goal {:.0}: {verdict}; CPU {:.1} s, {:.0} MiB resident, load average {:.1}",
        case.goal_ms,
        median.cpu_seconds,
        mebibytes(median.resident_bytes),
        median.load_average,
    );
    line(&name, &|r| r.ready_ms, &more);
    let more = format!("{:.0} MiB", mebibytes(median.needed_bytes));
    line("  reading the same bytes", &|r| r.read_ms, &more);
    line("  starting, and printing the version", &|r| r.idle_ms, "");
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
