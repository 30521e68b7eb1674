//! kill -9, again and again.

use std::time::Duration;

use shared::{clock::real_now, ids::GaugeId, time::Timestamp};
use simulators::{
    console::say,
    lab::{BrokerChoice, Lab, LabSetup},
    link::LinkFault,
};

use super::{
    ONE_AT_A_TIME, dice, floods,
    harbour::{self, now, until_read},
    number_from, progress,
    row::Row,
};

/// So much later everything passes between agents and aggregator: a batch waits for its
/// acknowledgement a third of the time, so that a third of the kills come while it does.
const ON_ITS_WAY: LinkFault = LinkFault::Delay(Duration::from_millis(40));

/// Readings between two kills, of some sixty in a second.
const BETWEEN: std::ops::Range<u64> = 1..40;
/// The same where a program is killed while it starts.
const WHILE_IT_STARTS: std::ops::Range<u64> = 1..12;

/// Served so shortly before the kill, a reading may have been on the wire, in a socket's queue, in half a
/// frame, or with a thread that waited for its turn: it had not reached the agent's disk. Nine in ten of
/// these were served less than [`MOSTLY`] before; the rest is of a machine that is building something, on
/// which a thread has been seen to wait for more than a tenth of a second.
const ON_THE_WIRE: Duration = Duration::from_millis(250);
/// What passes between two processes that are not kept waiting.
const MOSTLY: Duration = Duration::from_millis(10);
/// What was served after the kill answered what the dead one had asked: a line's server, too, waits for
/// its turn.
const DYING: Duration = Duration::from_millis(250);
/// So long after a kill the next agent has taken over the connection to its field broker. The lab's one
/// (rmqtt) forgets now and then what it delivers meanwhile, with any client.
const TAKEN_OVER: Duration = Duration::from_millis(1500);
/// So many are lost so at most, for each kill; measured are a fifth to a half of one. An agent that kept
/// its open batch in memory would lose a round of all its Modbus gauges with most kills, which are six.
const EACH: u64 = 2;

/// An agent was killed.
struct Kill {
    begun: Timestamp,
    ended: Timestamp,
    /// All that it reads.
    gauges: Vec<GaugeId>,
    mqtt: Vec<GaugeId>,
}

/// Which broker is between agents and aggregator, and whether they are enrolled.
async fn storm(broker: BrokerChoice) -> Lab {
    let setup = LabSetup {
        enrolled: broker.is_guarded(),
        broker,
        ..harbour::in_a_storm()
    };
    let lab = harbour::start(setup).await;
    lab.broker.link.as_ref().expect("a link").set(ON_ITS_WAY);
    lab
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_killed_again_and_again_loses_nothing_that_had_reached_it() {
    let row = Row::new("`kill -9` of an agent under load");
    kill_agents(row, BrokerChoice::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_mosquitto_over_tls_a_killed_agent_loses_nothing_that_had_reached_it() {
    let row = Row::new("`kill -9` of an agent, mosquitto over TLS between");
    kill_agents(row, BrokerChoice::GuardedTls).await;
}

async fn kill_agents(mut row: Row, broker: BrokerChoice) {
    let _turn = ONE_AT_A_TIME.lock().await;
    let (mut dice, all) = (dice(row.what), number_from("FLOOD_KILLS", 4));
    let mut lab = storm(broker).await;
    let mut kills = Vec::new();
    while row.count < all {
        lab.until_served(dice.u64(BETWEEN)).await.expect("readings");
        let victim = dice.usize(..lab.agents.len());
        loop {
            let agent = lab.agents.get_mut(victim).expect("an agent");
            let name = agent.name().to_owned();
            let begun = real_now();
            agent.kill();
            let mqtt = lab.field.mqtt_gauges(&name);
            let modbus = lab.field.modbus_gauges(&name);
            kills.push(Kill {
                begun,
                ended: real_now(),
                gauges: mqtt.iter().cloned().chain(modbus).collect(),
                mqtt,
            });
            row.count += 1;
            let since = now();
            let agent = lab.agents.get_mut(victim).expect("an agent");
            agent.start().expect("started again");
            if row.count == all || dice.u8(..5) > 0 {
                row.started(until_read(&mut lab, &name, since).await);
                break;
            }
            let more = dice.u64(WHILE_IT_STARTS);
            lab.until_served(more).await.expect("readings");
        }
        row.hidden += floods::hidden(&lab).await.expect("a state");
        progress("agents", row.count, all, &row);
    }
    let store = lab.finish().await.expect("a store");
    let delivery = lab.delivery(&store);
    let lost_before = |wire: Duration| {
        let lost = delivery.wrong.keys().map(|gauge| {
            let own = kills.iter().filter(|kill| kill.gauges.contains(gauge));
            let span = |kill: &Kill| {
                let is_of_mqtt = kill.mqtt.contains(gauge);
                let after = if is_of_mqtt { TAKEN_OVER } else { DYING };
                (kill.begun - wire, kill.ended + after)
            };
            let spans: Vec<_> = own.map(span).collect();
            lab.lost_outside(&store, gauge, &spans)
        });
        lost.sum::<usize>()
    };
    (row.lost, row.doubled) = (lost_before(ON_THE_WIRE), delivery.doubled);
    let at_a_kill = delivery.lost - row.lost;
    let all_mqtt: Vec<_> = kills.iter().flat_map(|kill| &kill.mqtt).collect();
    let of_mqtt = delivery.wrong.iter().filter(|(g, _)| all_mqtt.contains(g));
    say(format!(
        "agents: {} served, {} stored; {} lost at the instant of a kill, {} of them served more than \
         {} ms before it, and {} of them published to a field broker",
        delivery.served,
        delivery.stored,
        at_a_kill,
        lost_before(MOSTLY) - row.lost,
        MOSTLY.as_millis(),
        of_mqtt.map(|(_, count)| count.lost).sum::<usize>(),
    ));
    row.judge(&mut lab, &delivery);
    assert!(
        at_a_kill as u64 <= EACH * all,
        "{at_a_kill} lost in {all} kills"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregator_killed_again_and_again_loses_doubles_and_hides_nothing() {
    let row = Row::new("`kill -9` of the aggregator under load");
    kill_aggregator(row, BrokerChoice::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_mosquitto_over_tls_a_killed_aggregator_loses_doubles_and_hides_nothing() {
    let row = Row::new("`kill -9` of the aggregator, mosquitto over TLS between");
    kill_aggregator(row, BrokerChoice::GuardedTls).await;
}

async fn kill_aggregator(mut row: Row, broker: BrokerChoice) {
    let _turn = ONE_AT_A_TIME.lock().await;
    let (mut dice, all) = (dice(row.what), number_from("FLOOD_KILLS", 4));
    let mut lab = storm(broker).await;
    while row.count < all {
        lab.until_served(dice.u64(BETWEEN)).await.expect("readings");
        lab.aggregator.kill();
        row.count += 1;
        while row.count < all && dice.u8(..5) == 0 {
            lab.aggregator.start().expect("started again");
            let more = dice.u64(WHILE_IT_STARTS);
            lab.until_served(more).await.expect("readings");
            lab.aggregator.kill();
            row.count += 1;
        }
        let (since, _) = now();
        lab.start_aggregator().await.expect("started again");
        row.started(since.elapsed());
        row.hidden += floods::hidden(&lab).await.expect("a state");
        progress("aggregator", row.count, all, &row);
    }
    let store = lab.finish().await.expect("a store");
    let delivery = lab.delivery(&store);
    (row.lost, row.doubled) = (delivery.lost, delivery.doubled);
    say(format!(
        "aggregator: {} served, {} stored",
        delivery.served, delivery.stored
    ));
    row.judge(&mut lab, &delivery);
}
