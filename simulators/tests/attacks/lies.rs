//! Only those who belong: the real programs, and somebody who reaches their broker and lies.
//!
//! The harbour's storm at 240 times its speed. What gateways served must be in the store exactly once
//! whatever a stranger does, through the embedded broker and through one that refuses him nothing.

use std::fs;

use shared::wire::{Envelope, seal::unsealed};
use simulators::lab::{BrokerChoice, until};

use super::forged::{ANY, all_through, counted, forged_batch, forged_health, observations, topic};
use crate::{
    DEADLINE, ONE_AT_A_TIME, SOME, VICTIM,
    attacker::{Attacker, Said},
    attacks::by_hand,
    harbour, nothing_lost_nothing_twice,
};

/// A stranger at the embedded broker, where only those are believed who are enrolled.
#[tokio::test(flavor = "multi_thread")]
async fn where_all_are_enrolled_nobody_else_comes_in_and_nobody_takes_a_name() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(BrokerChoice::Embedded, true).await;
    lab.until_served(SOME).await.expect("readings");
    let at = lab.broker.address();
    for (name, password) in [
        ("somebody", None),
        (VICTIM, None),
        (VICTIM, Some("")),
        (VICTIM, Some("c2VjcmV0")),
    ] {
        let said = Attacker::new(name).password(password).come(at).await.err();
        assert_eq!(said, Some(Said::Refused), "{name} {password:?}");
    }
    let are_counted = async || counted(&lab, "forbidden").await == 4;
    until("a count of each", DEADLINE, are_counted)
        .await
        .expect("counted");
    let agents = lab.client.agents().await.expect("agents");
    assert!(agents.iter().all(|agent| agent.online), "{agents:?}");
    lab.until_served(SOME).await.expect("readings");
    nothing_lost_nothing_twice(lab, "a stranger before the door").await;
}

/// A stranger at the embedded broker of a district that has enrolled nobody yet.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_let_in_speaks_and_hears_only_for_himself() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(BrokerChoice::Embedded, false).await;
    lab.until_served(SOME).await.expect("readings");
    let at = lab.broker.address();
    for will in [
        "ack/VICTIM",
        "state/VICTIM",
        "order/pt-1",
        "cmd/VICTIM",
        "in/a",
    ] {
        let will = topic(&format!("flood/v1/{will}")).to_string();
        let said = Attacker::new("somebody").will(&will).come(at).await.err();
        assert_eq!(said, Some(Said::Refused), "a will on {will}");
    }
    let mut attacker = Attacker::new("somebody").come(at).await.expect("let in");
    for filter in [
        "#",
        "flood/v1/#",
        "flood/v1/ack/+",
        "flood/v1/+/gw-01",
        "flood/v1/obs/+/+",
        "$SYS/#",
    ] {
        let said = attacker.subscribe(filter).await;
        assert_eq!(said, Said::Refused, "{filter}");
    }
    assert_eq!(attacker.subscribe("flood/v1/order/+").await, Said::Taken);
    let mode = lab.clock.mode();
    let lies = [
        (observations(), forged_batch(ANY, mode)),
        (topic("flood/v1/state/VICTIM"), forged_health(mode)),
    ];
    for (topic, lie) in lies {
        let before = counted(&lab, "bad-topic").await;
        attacker.publish(&topic.to_string(), lie).await;
        let is_refused = async || counted(&lab, "bad-topic").await == before + 1;
        until("a lie that is counted", DEADLINE, is_refused)
            .await
            .expect("refused");
    }
    let down = [
        (
            topic("flood/v1/ack/VICTIM").to_string(),
            all_through(ANY, 1),
        ),
        ("flood/v1/order/pt-1".to_owned(), b"{}".to_vec()),
        // Nobody's, and heard by whoever hears all orders.
        ("flood/v1/order/PT-1".to_owned(), b"{}".to_vec()),
        ("flood/v1/order/+".to_owned(), b"{}".to_vec()),
        ("flood/v1/order/".to_owned(), b"{}".to_vec()),
    ];
    for (topic, lie) in down {
        // By hand: the client refuses to send what is no topic.
        let said = by_hand::published(at, "liar", &topic, &lie).await;
        assert_eq!(said, Said::Refused, "{topic}: disconnected");
    }
    let agents = lab.client.agents().await.expect("agents");
    assert!(agents.iter().all(|agent| agent.online), "{agents:?}");
    lab.until_served(SOME).await.expect("readings");
    nothing_lost_nothing_twice(lab, "a liar within").await;
}

/// A broker that refuses nobody anything, and an aggregator that is away: what lies on it was forged.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_in_the_middle_can_neither_acknowledge_nor_speak_for_a_gateway() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(BrokerChoice::Mosquitto, true).await;
    lab.until_served(SOME).await.expect("readings");
    let (at, mode) = (lab.broker.address(), lab.clock.mode());
    let mut attacker = Attacker::new("somebody").come(at).await.expect("let in");
    let mut listener = Attacker::new("listener").come(at).await.expect("let in");
    assert_eq!(listener.subscribe("flood/v1/#").await, Said::Taken);
    let overheard = listener.hear("flood/v1/state/").await;
    lab.aggregator.kill();
    let ack = topic("flood/v1/ack/VICTIM").to_string();
    let mut incarnation = ANY;
    // Nobody is there who could have committed what is acknowledged.
    for _ in 0..5 {
        let batch = listener.hear(&observations().to_string()).await;
        let batch = Envelope::decode(unsealed(&batch)).expect("a batch");
        incarnation = batch.incarnation;
        let lie = all_through(incarnation, batch.seq);
        attacker.publish(&ack, lie).await;
    }
    let is_said = async || {
        let log = fs::read_to_string(lab.work().join(format!("{VICTIM}.log")));
        log.is_ok_and(|log| log.contains("or commands that are not the aggregator's"))
    };
    until("the agent's word on it", DEADLINE, is_said)
        .await
        .expect("said");
    attacker
        .publish(&observations().to_string(), forged_batch(incarnation, mode))
        .await;
    attacker
        .publish(
            &topic("flood/v1/state/VICTIM").to_string(),
            forged_health(mode),
        )
        .await;
    // What a gateway said of itself does not pass for a truck's word.
    let elsewhere = format!("flood/v1/truck/{VICTIM}");
    attacker.publish(&elsewhere, overheard).await;
    lab.start_aggregator().await.expect("started again");
    let are_refused = async || counted(&lab, "forged").await >= 2;
    until("lies that are counted", DEADLINE, are_refused)
        .await
        .expect("refused");
    lab.until_served(SOME).await.expect("readings");
    nothing_lost_nothing_twice(lab, "a broker in the middle").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_revoked_is_heard_no_more_from_then_on() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(BrokerChoice::Embedded, true).await;
    lab.until_served(SOME).await.expect("readings");
    lab.revoke(VICTIM).await.expect("revoked");
    let is_refused = async || counted(&lab, "forbidden").await > 0;
    until("a refusal when it comes again", DEADLINE, is_refused)
        .await
        .expect("its connection was ended");
    let is_alone = async || {
        let agents = lab.client.agents().await.unwrap_or_default();
        let online: Vec<_> = agents.iter().filter(|agent| agent.online).collect();
        online.iter().all(|agent| agent.id.as_str() != VICTIM) && !online.is_empty()
    };
    until("its being offline", DEADLINE, is_alone)
        .await
        .expect("offline");
}
