//! The line is cut again and again, and acknowledgements overtake each other.

use std::time::Duration;

use simulators::{
    console::say,
    lab::{Lab, LabSetup, until},
    link::{LinkFault, Shuffled},
};

use super::{ONE_AT_A_TIME, dice, floods, harbour, number_from, progress, row::Row};

/// An acknowledgement comes up to this much later: with a batch four times in a second, several are
/// on their way at once.
const LATEST: Duration = Duration::from_millis(600);

/// Readings between the return of the agents and the next cut, of some sixty in a second.
const BETWEEN: std::ops::Range<u64> = 1..40;
/// Readings while the line is cut.
const CUT_OFF: std::ops::Range<u64> = 1..15;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_line_cut_again_and_again_with_acknowledgements_out_of_order_loses_nothing() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut row = Row::new("cut of the line, acknowledgements reordered and doubled");
    let (mut dice, all) = (dice(row.what), number_from("FLOOD_CUTS", 3));
    let mut lab = harbour::start(LabSetup {
        shuffled: Some(LATEST),
        ..harbour::in_a_storm()
    })
    .await;
    while row.count < all || !is_shuffled(&lab) {
        lab.until_served(dice.u64(BETWEEN)).await.expect("readings");
        let link = lab.broker.link.as_ref().expect("a link");
        link.set(LinkFault::Cut);
        row.count += 1;
        let more = dice.u64(CUT_OFF);
        lab.until_served(more).await.expect("readings");
        let link = lab.broker.link.as_ref().expect("a link");
        link.set(LinkFault::None);
        let agents = lab.agents.len();
        until("the agents' return", PATIENCE, async || {
            link.connections() >= agents
        })
        .await
        .expect("they come back");
        row.hidden += floods::hidden(&lab).await.expect("a state");
        progress("cuts", row.count, all, &row);
    }
    let shuffled = shuffled(&lab);
    let store = lab.finish().await.expect("a store");
    let delivery = lab.delivery(&store);
    (row.lost, row.doubled) = (delivery.lost, delivery.doubled);
    say(format!(
        "cuts: {} served, {} stored; {shuffled:?}",
        delivery.served, delivery.stored
    ));
    row.judge(&mut lab, &delivery);
}

fn shuffled(lab: &Lab) -> Shuffled {
    lab.broker.shuffler.as_ref().expect("a shuffler").shuffled()
}

/// Whether any acknowledgement has been overtaken and any came twice; a few cuts may see none.
fn is_shuffled(lab: &Lab) -> bool {
    let Shuffled {
        overtaken, doubled, ..
    } = shuffled(lab);
    overtaken > 0 && doubled > 0
}
