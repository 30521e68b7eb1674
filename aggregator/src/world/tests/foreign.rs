//! What somebody says again, or says too much of.

use shared::quality::Quality;

use super::script::{BEGIN, SECOND, Script, health, observation};
use crate::world::{AgentFacts, Input};

fn facts(script: &Script, agent: &str) -> Option<AgentFacts> {
    let snapshot = script.world.snapshot();
    snapshot.agents.get(agent).map(|facts| (**facts).clone())
}

fn spooled(script: &Script) -> Option<u64> {
    let health = facts(script, "gw-01")?.health?;
    Some(health.spooled_batches)
}

#[test]
fn an_older_word_of_an_agent_that_lives_sets_nothing_back() {
    let mut script = Script::begin();
    let said = |script: &mut Script, at, online, batches| {
        let mut health = health("gw-01", at, online);
        health.spooled_batches = batches;
        script.step(Input::Health(health));
    };
    script.tick_after(60);
    let (now, before) = (script.now, BEGIN.plus_millis(SECOND));
    said(&mut script, now, true, 7);
    said(&mut script, before, true, 99);
    assert_eq!(spooled(&script), Some(7), "said again by somebody");
    said(&mut script, before, false, 99);
    let is_online = |script: &Script| facts(script, "gw-01").map(|f| f.online);
    assert_eq!(
        is_online(&script),
        Some(false),
        "a will is as old as its connection"
    );
    assert_eq!(spooled(&script), Some(7));
    said(&mut script, now.plus_millis(1), true, 8);
    assert_eq!(
        (is_online(&script), spooled(&script)),
        (Some(true), Some(8))
    );
    script.tick_after(120);
    said(&mut script, before, true, 9);
    assert_eq!(
        spooled(&script),
        Some(9),
        "its clock may have gone back meanwhile"
    );
    script.tick_after(1);
    assert_eq!(is_online(&script), Some(false), "and it is of long ago");
}

#[test]
fn an_agent_that_made_room_is_gone() {
    let mut script = Script::begin();
    script.step(Input::Health(health("gw-01", BEGIN, true)));
    script.step(Input::Forgotten("gw-01".parse().expect("id")));
    assert_eq!(facts(&script, "gw-01"), None);
    script.step(Input::Forgotten("gw-02".parse().expect("id")));
    assert_eq!(script.world.snapshot().agents.len(), 0);
}

#[test]
fn a_list_of_unknown_gauges_that_somebody_filled_has_room_for_one_that_goes_on() {
    let mut script = Script::begin();
    let mut says = |gauge: String| {
        let one = observation(&gauge, BEGIN, Some(0.1), Quality::Pass);
        script.step(Input::Observed(vec![one]));
        script.world.snapshot().unknown_gauges.clone()
    };
    for number in 0..1_000 {
        says(format!("zz-{number}"));
    }
    let known = says("aa-1".to_owned());
    assert_eq!(known.len(), 1_000);
    for number in 1_000..1_010 {
        says("aa-1".to_owned());
        says(format!("zz-{number}"));
    }
    let known = says("zz-2000".to_owned());
    assert_eq!(known.len(), 1_000);
    assert_eq!(known.get("aa-1"), Some(&11), "it goes on");
}
