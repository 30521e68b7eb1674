//! What holds for any sequence of arrivals.

use proptest::prelude::*;
use serde_json::{Map, Value as Json};
use shared::{fleet::TruckState, quality::Quality, time::Timestamp};

use super::script::{BEGIN, harbour, health, observation, report, started};
use crate::{
    publish::{Redraw, delta_document, state_document},
    world::{Effect, Input, Principal, Request, RequestId, Snapshot, Wish, World},
};

/// One arrival, in a form that shrinks well: milliseconds since the one before, and what came.
#[derive(Debug, Clone)]
struct Came {
    after_ms: i64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Tick,
    Observed {
        gauge: u8,
        late_s: i64,
        milli: i64,
        quality: u8,
    },
    Batch {
        agent: u8,
        backfill: bool,
        has_hole: bool,
    },
    Health {
        agent: u8,
        online: bool,
    },
    Truck {
        truck: u8,
        state: u8,
        order: bool,
    },
    Dispatch {
        truck: u8,
        point: u8,
        from_plan: bool,
    },
    Recall,
    Counted {
        trouble: u64,
    },
    Restarted,
}

fn came() -> impl Strategy<Value = Came> {
    let what = prop_oneof![
        6 => Just(What::Tick),
        8 => (0_u8..12, 0_i64..300, -50_i64..1_500, 0_u8..4).prop_map(
            |(gauge, late_s, milli, quality)| What::Observed { gauge, late_s, milli, quality }
        ),
        1 => (0_u8..3, any::<bool>(), any::<bool>()).prop_map(
            |(agent, backfill, has_hole)| What::Batch { agent, backfill, has_hole }
        ),
        1 => (0_u8..3, any::<bool>()).prop_map(|(agent, online)| What::Health { agent, online }),
        2 => (0_u8..4, 0_u8..6, any::<bool>()).prop_map(
            |(truck, state, order)| What::Truck { truck, state, order }
        ),
        1 => (0_u8..5, 0_u8..9, any::<bool>()).prop_map(
            |(truck, point, from_plan)| What::Dispatch { truck, point, from_plan }
        ),
        1 => Just(What::Recall),
        1 => (0_u64..3).prop_map(|trouble| What::Counted { trouble }),
        1 => Just(What::Restarted),
    ];
    (0_i64..20_000, what).prop_map(|(after_ms, what)| Came { after_ms, what })
}

/// The input that it stands for. Orders are given by their truck's newest one.
fn input(what: &What, now: Timestamp, world: &World) -> Input {
    let newest_order = || world.snapshot().orders.keys().next_back().cloned();
    let request = |wish| {
        let (id, by) = (RequestId(1), Principal::Anonymous);
        Input::Request(Request { id, by, wish })
    };
    match *what {
        What::Tick => Input::Tick,
        What::Observed {
            gauge,
            late_s,
            milli,
            quality,
        } => {
            let id = match gauge {
                0..8 => format!("lg-{:04}", gauge + 1),
                8..11 => format!("rg-{:04}", gauge - 7),
                _ => "lg-9999".to_owned(),
            };
            let quality = [
                Quality::Pass,
                Quality::Suspect,
                Quality::Fail,
                Quality::Missing,
            ][usize::from(quality)];
            let units = f64::from(i32::try_from(milli).expect("small")) / 1000.0;
            let value = (quality != Quality::Missing).then_some(units);
            let at = now.plus_millis(-late_s * 1000);
            Input::Observed(vec![observation(&id, at, value, quality)])
        }
        What::Batch {
            agent,
            backfill,
            has_hole,
        } => Input::AgentBatch {
            agent: format!("gw-{agent}").parse().expect("id"),
            backfill,
            has_hole,
        },
        What::Health { agent, online } => {
            Input::Health(health(&format!("gw-{agent}"), now, online))
        }
        What::Truck {
            truck,
            state,
            order,
        } => {
            use TruckState::{Driving, Idle, OutOfService, PackingUp, Pumping, SettingUp};
            let states = [Idle, Driving, SettingUp, Pumping, PackingUp, OutOfService];
            let id = format!("pt-{:03}", truck + 1);
            let order = newest_order().filter(|_| order);
            Input::Truck(report(&id, now, states[usize::from(state)], order))
        }
        What::Dispatch {
            truck,
            point,
            from_plan,
        } => request(Wish::Dispatch {
            truck: format!("pt-{:03}", truck + 1).parse().expect("id"),
            point: format!("wp-{:03}", point + 1).parse().expect("id"),
            plan: from_plan.then_some(1),
        }),
        What::Recall => request(Wish::Recall {
            order: newest_order().unwrap_or_else(|| "o-1".parse().expect("id")),
        }),
        What::Counted { trouble } => Input::Counted(vec![1, 0, 0, 0, trouble]),
        What::Restarted => started(),
    }
}

/// Steps a new world through it all; `each` sees every step.
fn play(story: &[Came], mut each: impl FnMut(&World, Timestamp, &Input, Vec<Effect>)) -> World {
    let mut world = World::new(harbour());
    let mut now = BEGIN;
    let first = Came {
        after_ms: 0,
        what: What::Restarted,
    };
    for Came { after_ms, what } in std::iter::once(&first).chain(story) {
        now = now.plus_millis(*after_ms);
        let input = input(what, now, &world);
        let effects = world.step(now, input.clone());
        each(&world, now, &input, effects);
    }
    world
}

fn json(text: &[u8]) -> Map<String, Json> {
    serde_json::from_slice(text).expect("JSON")
}

/// What a page makes of a state and a delta: elements replace those with their id.
fn apply(state: &mut Map<String, Json>, delta: Map<String, Json>) {
    for (name, news) in delta {
        match (state.get_mut(&name), news) {
            (Some(Json::Array(known)), Json::Array(news)) => {
                for element in news {
                    let place = known.iter().position(|k| k["id"] == element["id"]);
                    match place {
                        Some(place) => known[place] = element,
                        None => known.push(element),
                    }
                }
                known.sort_by_key(|k| (k["key"].as_u64(), k["id"].to_string()));
            }
            (_, news) => {
                state.insert(name, news);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Saved anywhere, read again and stepped on, it is the same to the byte as one that went on.
    #[test]
    fn a_world_that_was_saved_goes_on_as_if_nothing_had_happened(
        story in prop::collection::vec(came(), 1..120),
    ) {
        let mut twin: Option<World> = None;
        let world = play(&story, |world, now, input, effects| {
            if let Some(twin) = &mut twin {
                let told = twin.step(now, input.clone());
                assert_eq!(told, effects);
            }
            if *input == Input::Tick {
                let saved = world.save();
                let restored = World::restore(harbour(), &saved).expect("its own form");
                assert_eq!(
                    state_document(&restored.snapshot()),
                    state_document(&world.snapshot())
                );
                twin = Some(restored);
            }
        });
        if let Some(twin) = twin {
            prop_assert!(twin.save() == world.save(), "the twins differ");
        }
    }

    /// The same arrivals give the byte-identical world.
    #[test]
    fn the_same_arrivals_give_the_same_world(story in prop::collection::vec(came(), 1..60)) {
        let once = play(&story, |_, _, _, _| {});
        let again = play(&story, |_, _, _, _| {});
        prop_assert!(once.save() == again.save(), "the twins differ");
    }

    /// A page that applies every delta sees what a page sees that fetches the state.
    #[test]
    fn the_changes_folded_are_what_differs_in_the_state(
        story in prop::collection::vec(came(), 1..120),
    ) {
        let mut page: Option<Map<String, Json>> = None;
        let mut redraw = Redraw::default();
        play(&story, |world, _, _, effects| {
            for effect in effects {
                match effect {
                    Effect::Changed(change) => redraw.add(change),
                    Effect::Publish => {
                        let snapshot: Snapshot = world.snapshot();
                        let whole = json(&state_document(&snapshot));
                        let delta = delta_document(&snapshot, &std::mem::take(&mut redraw));
                        match &mut page {
                            None => page = Some(whole),
                            Some(page) => {
                                apply(page, json(&delta));
                                for name in whole.keys() {
                                    assert_eq!(page.get(name), whole.get(name), "{name}");
                                }
                            }
                        }
                    }
                    _ => {}
                }
            }
        });
    }
}

#[test]
fn another_version_and_damage_are_refused() {
    let world = play(&[], |_, _, _, _| {});
    let mut saved = world.save();
    let refused = |bytes: &[u8]| {
        let error = World::restore(harbour(), bytes).expect_err("not a world");
        error.to_string()
    };
    assert_eq!(refused(&[]), "the saved world is empty");
    assert_eq!(
        refused(&saved[..saved.len() - 1]),
        "the saved world is damaged"
    );
    saved[0] = 9;
    assert_eq!(
        refused(&saved),
        "the saved world has version 9; this program reads version 1"
    );
}
