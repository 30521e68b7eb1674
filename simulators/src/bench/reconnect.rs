//! All gateways come back at once, each with its papers over mutual TLS, after the aggregator was killed.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use serde::Serialize;

use super::{BenchArgs, rig};
use crate::{
    console::say,
    lab::BrokerChoice,
    load::{self, LoadArgs},
};

/// Within this time all must be served again.
pub(super) const GOAL: Duration = Duration::from_secs(30);

/// Observations in a batch: few, for it is the connections that are measured.
const BATCH: u32 = 10;

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct ReconnectBench {
    pub gateways: u32,
    /// Of each round, until all were connected and heard acknowledgements.
    pub seconds: Vec<f64>,
    /// Batches that nobody acknowledged, of all rounds.
    pub unacknowledged_batches: u64,
}

impl ReconnectBench {
    pub(super) fn meets_goal(&self) -> bool {
        let in_time = |seconds: &f64| *seconds <= GOAL.as_secs_f64();
        self.unacknowledged_batches == 0 && self.seconds.iter().all(in_time)
    }
}

/// Runs all rounds.
///
/// # Errors
/// A program is missing or fails.
pub(super) async fn run(args: &BenchArgs, work: &Path) -> anyhow::Result<ReconnectBench> {
    let city = work.join("reconnect-city");
    load::write_city(&city, args.gateways * BATCH, 0)?;
    let mut lab = rig::start(&city, BrokerChoice::Tls, &work.join("reconnect")).await?;
    say(format!("enrolling {} gateways", args.gateways));
    let bundles = rig::enrol(&lab, args.gateways).await?;
    let mut bench = ReconnectBench {
        gateways: args.gateways,
        seconds: Vec::new(),
        unacknowledged_batches: 0,
    };
    for round in 1..=args.rounds {
        say(format!(
            "round {round} of {}: all come at once",
            args.rounds
        ));
        lab.aggregator.kill();
        lab.start_aggregator().await.context("after a kill")?;
        let load = LoadArgs {
            broker: lab.broker.url(),
            agents: args.gateways,
            batch: BATCH,
            rate: Some(f64::from(args.gateways * BATCH)),
            seconds: 3,
            observations: None,
            window: 4,
            mode: rig::MODE,
            bundles: bundles.clone(),
            write_city: None,
            report: None,
        };
        let report = load::measure(&load).await?;
        bench.seconds.push(report.connecting_seconds);
        bench.unacknowledged_batches += report.unacknowledged_batches;
    }
    lab.aggregator.stop().await?;
    Ok(bench)
}
