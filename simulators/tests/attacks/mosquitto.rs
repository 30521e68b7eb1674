//! A mosquitto by the rules that the aggregator writes: at its door the same is refused as at the embedded
//! broker's, plain and over TLS.
//!
//! Where the embedded broker sends somebody away who lies, mosquitto takes what he says and brings it to
//! nobody; where it refuses a subscription, mosquitto takes it and brings him nothing.

use std::fs;

use shared::{bundle::Papers, tls::Tls};
use simulators::lab::{BrokerChoice, Lab, until};

use super::{
    forged::{ANY, all_through, counted, forged_batch, forged_health, observations},
    gate::{bundle, foreign, papers},
};
use crate::{
    DEADLINE, ONE_AT_A_TIME, SOME, VICTIM,
    attacker::{Attacker, Said, Within},
    harbour, nothing_lost_nothing_twice,
};

const LIAR: &str = "gw-02";

#[tokio::test(flavor = "multi_thread")]
async fn mosquitto_refuses_by_the_written_rules_what_the_embedded_broker_refuses() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let lab = harbour(BrokerChoice::Guarded, true).await;
    is_attacked(lab, None, "mosquitto by the written rules").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_mosquitto_refuses_what_the_embedded_broker_refuses() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let lab = harbour(BrokerChoice::GuardedTls, true).await;
    let authority = papers(lab.work(), VICTIM).authority;
    let tls = Tls::believing_aggregator(&authority).expect("TLS");
    by_others_papers(&lab, &tls).await;
    is_attacked(lab, Some(tls), "mosquitto by the written rules over TLS").await;
}

/// Who comes over TLS with anything but his own password, or without TLS.
async fn by_others_papers(lab: &Lab, tls: &Tls) {
    let (at, work) = (lab.broker.address(), lab.work());
    let by = |papers: &Papers| Tls::by(papers).expect("TLS");
    let (his, others) = (papers(work, VICTIM), papers(work, LIAR));
    let made = Papers {
        // Of somebody who believes in this authority, and shows what another one has given him.
        authority: his.authority.clone(),
        ..foreign(work)
    };
    let password = bundle(work, LIAR).key.password();
    let refused = [
        ("by another's papers", VICTIM, by(&others), None),
        (
            "by another's papers and password",
            VICTIM,
            by(&others),
            Some(&*password),
        ),
        ("under a name that nobody has", "gw-99", by(&his), None),
        ("by papers that he made himself", VICTIM, by(&made), None),
        (
            "by another's password",
            VICTIM,
            tls.clone(),
            Some(&*password),
        ),
    ];
    for (how, name, tls, password) in refused {
        let attacker = Attacker::new(name).password(password).tls(tls);
        assert_eq!(attacker.come(at).await.err(), Some(Said::Refused), "{how}");
    }
    let own = bundle(work, VICTIM).key.password();
    let plain = Attacker::new(VICTIM).password(Some(&own)).come(at).await;
    assert_eq!(plain.err(), Some(Said::Refused), "without TLS");
}

/// What is refused at the door, what an enrolled liar says and nobody hears, and a kill that loses nothing.
async fn is_attacked(mut lab: Lab, tls: Option<Tls>, what: &str) {
    lab.until_served(SOME).await.expect("readings");
    let at = lab.broker.address();
    let somebody = |name: &str, password: Option<&str>| {
        let attacker = Attacker::new(name).password(password);
        match &tls {
            Some(tls) => attacker.tls(tls.clone()),
            None => attacker,
        }
    };
    for (name, password) in [
        ("somebody", None),
        (VICTIM, None),
        (VICTIM, Some("")),
        (VICTIM, Some("c2VjcmV0")),
    ] {
        let said = somebody(name, password).come(at).await.err();
        assert_eq!(said, Some(Said::Refused), "{name} {password:?}");
    }
    lab.aggregator.kill();
    lab.until_served(SOME)
        .await
        .expect("the agents go on reading");
    lab.start_aggregator().await.expect("started again");
    let password = bundle(lab.work(), LIAR).key.password();
    for will in ["ack", "state", "cmd"] {
        let will = format!("flood/v1/{will}/{VICTIM}");
        let liar = somebody(LIAR, Some(&password)).will(&will);
        // It takes a will that it brings to nobody when the line fails, as here.
        drop(liar.come(at).await.expect("let in"));
    }
    let liar = somebody(LIAR, Some(&password)).come(at).await;
    lies(&mut lab, liar.expect("let in")).await;
    lab.until_served(SOME).await.expect("readings");
    assert_eq!(counted(&lab, "forged").await, 0, "nothing came so far");
    nothing_lost_nothing_twice(lab, what).await;
}

/// Mosquitto takes from one who is enrolled what it does not bring to anybody.
async fn lies(lab: &mut Lab, mut liar: Within) {
    let [ack, state] = ["ack", "state"].map(|t| format!("flood/v1/{t}/{VICTIM}"));
    for filter in [&*ack, "flood/v1/obs/+/+", "flood/v1/order/+", "$SYS/#", "#"] {
        // It looks whether one may hear something when there is something to hear.
        assert_eq!(liar.subscribe(filter).await, Said::Taken, "{filter}");
    }
    lab.until_served(SOME).await.expect("readings");
    liar.publish(&ack, all_through(ANY, 1)).await;
    let mode = lab.clock.mode();
    liar.publish(&state, forged_health(mode)).await;
    liar.publish(&observations().to_string(), forged_batch(ANY, mode))
        .await;
    liar.publish("flood/v1/order/pt-1", b"{}".to_vec()).await;
    let is_own = |topic: &String| topic.ends_with("/gw-02");
    assert!(liar.heard.iter().all(is_own), "{:?}", liar.heard);
    let agents = lab.client.agents().await.expect("agents");
    assert!(agents.iter().any(|agent| agent.online), "{agents:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_revoked_leaves_mosquitto_once_the_rules_are_written_anew() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut lab = harbour(BrokerChoice::GuardedTls, true).await;
    lab.until_served(SOME).await.expect("readings");
    let (at, his) = (lab.broker.address(), bundle(lab.work(), LIAR));
    lab.revoke(LIAR).await.expect("revoked");
    lab.write_rules().await.expect("rules");
    let log = lab.work().join("mosquitto.log");
    let is_refused = async || {
        let said = fs::read_to_string(&log).unwrap_or_default();
        // Whoever it refuses it calls unknown.
        said.contains(&format!("Client {LIAR} disconnected")) && said.contains("not authorised")
    };
    until("a refusal when he comes again", DEADLINE, is_refused)
        .await
        .expect("his connection was ended");
    let tls = Tls::by(&his.papers.expect("papers")).expect("TLS");
    let password = his.key.password();
    let liar = Attacker::new(LIAR).password(Some(&password)).tls(tls);
    assert_eq!(liar.come(at).await.err(), Some(Said::Refused));
}
