//! Clocks that jump, on either side.
//!
//! What is stored under the wrong time is stored. What was refused as too old, by a clock further ahead
//! than history is kept, must be back once the clock is right, as it is in the end. What got the time of
//! an aggregator whose clock was days ahead is kept aside until then, and counts as kept.

use std::time::Instant;

use simulators::{
    console::say,
    lab::{FakeClock, LabSetup},
};

use super::{ONE_AT_A_TIME, dice, floods, harbour, number_from, progress, row::Row};

/// Readings between two jumps; sixteen gauges are read once in a second, all at about the same time.
const BETWEEN: std::ops::Range<u64> = 1..40;

/// From a second to forty days, to either side; one jump in three sets the clock right.
fn jump(dice: &mut fastrand::Rng) -> i64 {
    const LEAST_MS: f64 = 1e3;
    const MOST_MS: f64 = 40.0 * 86_400e3;
    if dice.u8(..3) == 0 {
        return 0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "forty days are less than 2^52 ms"
    )]
    let span = (LEAST_MS * (MOST_MS / LEAST_MS).powf(dice.f64())) as i64;
    if dice.bool() { span } else { -span }
}

/// Whose clock jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Agents,
    Aggregator,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_agents_clock_says_nothing_is_lost_or_hidden() {
    jumps(Side::Agents, Row::new("jump of the agents' clock")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_aggregators_clock_says_nothing_is_lost_or_hidden() {
    jumps(Side::Aggregator, Row::new("jump of the aggregator's clock")).await;
}

async fn jumps(side: Side, mut row: Row) {
    let _turn = ONE_AT_A_TIME.lock().await;
    let (mut dice, all) = (dice(row.what), number_from("FLOOD_JUMPS", 2));
    let folder = tempfile::tempdir().expect("a folder");
    let clock = FakeClock::new(folder.path()).expect("a clock");
    let of = |whose| (side == whose).then(|| clock.clone());
    let mut lab = harbour::start(LabSetup {
        agents_clock: of(Side::Agents),
        aggregators_clock: of(Side::Aggregator),
        ..harbour::in_real_time()
    })
    .await;
    while row.count < all {
        clock.set(jump(&mut dice)).expect("the clock is set");
        row.count += 1;
        // One jump in ten is found at a start.
        if side == Side::Aggregator && dice.u8(..10) == 0 {
            lab.aggregator.kill();
            let begun = Instant::now();
            lab.start_aggregator().await.expect("started again");
            row.started(begun.elapsed());
        }
        if side == Side::Agents && dice.u8(..10) == 0 {
            let agent = dice.usize(..lab.agents.len());
            let agent = lab.agents.get_mut(agent).expect("an agent");
            agent.stop().await.expect("stops");
            agent.start().expect("started again");
        }
        // As soon as it has jumped, when something of the new time has come, and later.
        let mut most = 0;
        for more in [0, 1, dice.u64(BETWEEN)] {
            lab.until_served(more).await.expect("readings");
            most = floods::hidden(&lab).await.expect("a state").max(most);
        }
        row.hidden += most;
        progress("jumps", row.count, all, &row);
    }
    clock.set(0).expect("the clock is set");
    lab.until_served(BETWEEN.end).await.expect("readings");
    lab.drain().await.expect("everything served is counted in");
    let counters = lab.client.counters().await.expect("counters");
    let mut store = lab.finish().await.expect("a store");
    let aside = lab.kept_aside().await.expect("what is kept aside");
    let is_aside: usize = aside.values().map(Vec::len).sum();
    for (gauge, more) in aside {
        store.entry(gauge).or_default().extend(more);
    }
    let delivery = lab.delivery_by_value(&store);
    (row.lost, row.doubled) = (delivery.lost, delivery.doubled);
    let of = |name: &str| counters.get(name).copied().unwrap_or(0);
    say(format!(
        "jumps: {} served, {} kept, {is_aside} of them aside; {} came as if from the future, {} were too \
         old, {} of them readmitted",
        delivery.served,
        delivery.stored,
        of("future"),
        of("too-old"),
        of("readmitted"),
    ));
    row.judge(&mut lab, &delivery);
}
