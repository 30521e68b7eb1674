//! What is published of an area: all that is seen from it, and nothing else.

mod areas;

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value as Json;
use shared::{fleet::TruckState, ids::OrderId, quality::Quality};

use super::{
    Redraw,
    seen::{self, Seen},
    state,
};
use crate::{
    dispatch::{Alternative, Plan},
    network::{City, PumpTruck},
    people::{Area, Lists, Sight},
    world::{
        Effect, Input, Snapshot, Wish,
        tests::script::{Script, answer, health, observation},
    },
};

fn area(text: &str) -> Area {
    text.parse().expect(text)
}

/// A storm night: every point is under water, a plan is made, one truck of each district is sent
/// into the other, and a gateway and a gauge that no layer knows have spoken.
struct Night {
    script: Script,
    /// To wp-003 in the east, by a truck of the west.
    eastward: OrderId,
    /// To wp-001 in the west, by a truck of the east.
    westward: OrderId,
}

impl Night {
    fn fall() -> Self {
        let mut script = Script::begin();
        for gauge in 1..=8 {
            script.observe(&format!("lg-000{gauge}"), 0.6, Quality::Pass);
        }
        let stranger = observation("lg-9999", script.now, Some(0.1), Quality::Pass);
        script.step(Input::Observed(vec![stranger]));
        script.step(Input::Health(health("gw-07", script.now, true)));
        script.tick_after(1);
        let mut send = |truck: &str, point: &str| {
            let effects = script.ask(Wish::Dispatch {
                truck: truck.parse().expect("id"),
                point: point.parse().expect("id"),
                plan: None,
            });
            let answered = answer(&effects).expect("an answer").outcome.clone();
            answered.expect("the truck is free").id
        };
        let (eastward, westward) = (send("pt-001", "wp-003"), send("pt-003", "wp-001"));
        script.tick_after(61);
        Self {
            script,
            eastward,
            westward,
        }
    }

    fn snapshot(&self) -> Snapshot {
        self.script.world.snapshot()
    }

    /// What is published after this came and a tick.
    fn after(&mut self, mut effects: Vec<Effect>, seconds: i64) -> (Snapshot, Redraw) {
        effects.extend(self.script.tick_after(seconds));
        let mut redraw = Redraw::default();
        for effect in effects {
            if let Effect::Changed(change) = effect {
                redraw.add(change);
            }
        }
        (self.snapshot(), redraw)
    }
}

/// Everything of a city by its id, without what is not seen.
fn ids(seen: Seen<'_>) -> BTreeSet<String> {
    let points = seen.points().map(|p| p.id.to_string());
    let gauges = seen.gauges().map(|g| g.id.to_string());
    let trucks = seen.trucks().map(|t| t.id.to_string());
    let orders = seen.orders().map(|o| o.id.to_string());
    let agents = seen.agents().map(|a| a.id.to_string());
    let layers = seen.snapshot.city.shown.keys();
    let shown = layers.flat_map(|layer| seen.shown(*layer).map(|f| f.id.to_string()));
    let live = points
        .chain(gauges)
        .chain(trucks)
        .chain(orders)
        .chain(agents);
    live.chain(shown).collect()
}

/// What a text tells of what is not seen: every id in it that is not among those that are.
fn leaks(text: &[u8], seen: Seen<'_>) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    // That a truck which should come is its district's last is told: see `PlanView::of_part`.
    let told = ["d-01", "d-02"].map(|id| format!("{{\"district\":\"{id}\"}}"));
    let text = told
        .iter()
        .fold(text.into_owned(), |text, told| text.replace(told, ""));
    let hidden = ids(Seen::whole(seen.snapshot));
    let own = ids(seen);
    let hidden = hidden.difference(&own);
    let names =
        |id: &String| text.contains(&format!("\"{id}\"")) || text.contains(&format!("-{id}\""));
    hidden.filter(|id| names(id)).cloned().collect()
}

/// A part without the shell around it.
struct Looked {
    snapshot: Snapshot,
    sight: Sight,
    lists: Lists,
    trucks: Vec<crate::world::TruckIndex>,
}

impl Looked {
    fn at(snapshot: Snapshot, from: &str, lists: Lists) -> Self {
        let sight = Sight::of(&snapshot.city, &area(from));
        Self {
            trucks: seen::trucks(&snapshot, &sight),
            snapshot,
            sight,
            lists,
        }
    }

    fn seen(&self) -> Seen<'_> {
        Seen::part(&self.snapshot, &self.sight, self.lists, &self.trucks)
    }

    fn state(&self) -> Json {
        serde_json::from_slice(&state::document_of_part(self.seen())).expect("JSON")
    }
}

const CLERK: Lists = Lists {
    orders: true,
    upkeep: false,
};

fn listed(state: &Json, list: &str) -> Vec<String> {
    let elements = state[list].as_array().into_iter().flatten();
    let ids = elements.map(|element| element["id"].as_str().expect("an id").to_owned());
    ids.collect()
}

#[test]
fn a_district_sees_its_own_and_what_its_points_live_by() {
    let night = Night::fall();
    let west = Looked::at(night.snapshot(), "district/d-01", CLERK);
    let state = west.state();
    assert_eq!(listed(&state, "points"), ["wp-001", "wp-002", "wp-005"]);
    assert_eq!(
        listed(&state, "gauges"),
        [
            "lg-0001", "lg-0002", "lg-0005", "lg-0101", "rg-0001", "rg-0002"
        ]
    );
    assert_eq!(state["city"]["area"]["name"]["en"], "West Harbour");
    assert_eq!(state["city"]["bounds"][2], 122.0175);
    for kept in ["agents", "unknown_gauges", "counters"] {
        assert!(state.get(kept).is_none(), "{kept}");
    }
    let street = Looked::at(night.snapshot(), "district/d-02/street/s-0201", CLERK);
    let state = street.state();
    assert_eq!(listed(&state, "points"), ["wp-004", "wp-008"]);
    // The rain gauge of the fish market stands outside and feeds it.
    assert_eq!(
        listed(&state, "gauges"),
        ["lg-0004", "lg-0008", "rg-0003", "rg-0006"]
    );
    assert_eq!(
        state["city"]["area"]["name"]["en"],
        "East Harbour · Fish Market"
    );
}

#[test]
fn a_truck_is_seen_where_it_belongs_stands_or_is_sent_but_not_where_else_it_goes() {
    let night = Night::fall();
    let truck = |state: &Json, id: &str| {
        let trucks = state["trucks"].as_array().expect("a list");
        trucks.iter().find(|t| t["id"] == id).cloned()
    };
    let west = Looked::at(night.snapshot(), "district/d-01", CLERK).state();
    let lent = truck(&west, "pt-001").expect("it belongs here");
    assert_eq!((&lent["order"], &lent["point"]), (&Json::Null, &Json::Null));
    let coming = truck(&west, "pt-003").expect("it comes");
    assert_eq!(coming["order"], night.westward.as_str());
    assert_eq!(coming["point"], "wp-001");
    assert_eq!(listed(&west, "orders"), [night.westward.as_str()]);
    let east = Looked::at(night.snapshot(), "district/d-02", CLERK).state();
    assert_eq!(listed(&east, "orders"), [night.eastward.as_str()]);
    assert_eq!(truck(&east, "pt-001").expect("it comes")["point"], "wp-003");

    // Who may not see orders sees no more of one by the truck that carries it out.
    let viewer = Lists {
        orders: false,
        ..CLERK
    };
    let west = Looked::at(night.snapshot(), "district/d-01", viewer);
    let state = west.state();
    assert_eq!(listed(&state, "orders").len(), 0);
    assert_eq!(
        truck(&state, "pt-003").expect("it stands here")["order"],
        Json::Null
    );
    let map = String::from_utf8(written(&west)).expect("text");
    assert!(!map.contains("\"ordered\":true"));
}

fn written(looked: &Looked) -> Vec<u8> {
    let renderer = super::map::Renderer::of_part(looked.seen(), "1.1".to_owned());
    renderer.render_part(looked.seen()).whole.plain().concat()
}

#[test]
fn nothing_that_is_published_of_an_area_names_what_is_not_seen_there() {
    let mut night = Night::fall();
    let before = night.snapshot();
    night
        .script
        .report("pt-003", TruckState::Driving, Some(&night.westward.clone()));
    for gauge in 1..=8 {
        night
            .script
            .observe(&format!("lg-000{gauge}"), 0.9, Quality::Pass);
    }
    let (mut now, _) = night.after(Vec::new(), 61);
    now.plan = now
        .plan
        .as_deref()
        .map(|plan| Arc::new(with_alternatives(plan, &now.city)));
    let everything = Redraw {
        gauges: (0..now.city.gauges.len())
            .map(crate::world::GaugeIndex::from_usize)
            .collect(),
        points: (0..now.city.points.len())
            .map(crate::world::PointIndex::from_usize)
            .collect(),
        trucks: (0..now.city.trucks.len())
            .map(crate::world::TruckIndex::from_usize)
            .collect(),
        plan: true,
        orders: now.orders.keys().cloned().collect(),
        agents: now.agents.keys().cloned().collect(),
        unknown_gauges: true,
    };
    for from in AREAS {
        let looked = Looked::at(now.clone(), from, CLERK);
        let seen = looked.seen();
        assert!(ids(seen).len() < ids(Seen::whole(&now)).len(), "{from}");
        assert_eq!(
            leaks(&state::document_of_part(seen), seen),
            [""; 0],
            "{from}"
        );
        assert_eq!(leaks(&written(&looked), seen), [""; 0], "{from}");
        let trucks_before = seen::trucks(&before, &looked.sight);
        let delta = state::delta_of_part(seen, &trucks_before, &everything);
        let gone = trucks_before
            .iter()
            .filter(|t| seen.truck(**t).is_none())
            .count();
        // Who is gone is named once.
        assert_eq!(leaks(&delta, seen).len(), gone, "{from}");
        for sum in ["\"cost\"", "gap_percent", "counters", "gw-07", "lg-9999"] {
            assert!(
                !String::from_utf8_lossy(&delta).contains(sum),
                "{from}: {sum}"
            );
        }
    }
    let whole = String::from_utf8(super::state_document(&now)).expect("text");
    assert!(
        whole.contains("gap_percent") && whole.contains("gw-07"),
        "it is there to be hidden"
    );
}

/// A plan that names every truck beside each that it recommends.
fn with_alternatives(plan: &Plan, city: &City) -> Plan {
    let alternative = |truck: &PumpTruck| Alternative {
        truck: truck.id.clone(),
        eta_minutes: 1.0,
        capacity_m3h: 1.0,
        regret_m3h: 1.0,
    };
    let mut plan = plan.clone();
    assert!(!plan.recommendations.is_empty());
    for recommended in &mut plan.recommendations {
        recommended.alternatives = city.trucks.iter().map(alternative).collect();
    }
    plan
}

const AREAS: [&str; 5] = [
    "district/d-01",
    "district/d-02",
    "district/d-01/street/s-0101",
    "district/d-01/street/s-0102",
    "district/d-02/street/s-0201",
];

#[test]
fn of_an_area_that_the_city_does_not_have_nothing_is_seen() {
    let night = Night::fall();
    for from in [
        "district/d-99",
        "district/d-02/street/s-0101",
        "district/d-01/street/s-9",
    ] {
        let looked = Looked::at(night.snapshot(), from, CLERK);
        let seen = looked.seen();
        assert_eq!(
            seen.points().count() + seen.gauges().count() + seen.orders().count(),
            0
        );
        assert_eq!(leaks(&written(&looked), seen), [""; 0], "{from}");
    }
}

#[test]
fn the_areas_of_a_city_cover_all_that_names_where_it_is() {
    let night = Night::fall();
    let city = night.snapshot().city;
    let sum = |streets: bool| {
        let parts = crate::people::areas(&city).into_keys();
        let parts = parts.filter(|a| *a != Area::City && a.street().is_some() == streets);
        let points = parts.map(|part| Sight::of(&city, &part).points().len());
        points.sum::<usize>()
    };
    assert_eq!(
        (sum(false), sum(true)),
        (8, 5),
        "of both districts, of the three streets"
    );
}
