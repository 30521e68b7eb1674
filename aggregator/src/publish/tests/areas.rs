//! Areas that are opened, told and closed; what pages make of it.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value as Json;
use shared::{fleet::TruckState, quality::Quality};
use tokio::sync::watch;

use super::{AREAS, CLERK, Night, area};
use crate::{
    metrics::{Stages, Stopwatch},
    network::City,
    publish::{Areas, Closed, OpenArea, Published, PublishedPart, Publisher, Redraw},
    world::Snapshot,
};

/// A page that folds deltas as the real one does.
#[derive(Debug, Default, PartialEq)]
struct Page(BTreeMap<String, BTreeMap<String, Json>>);

impl Page {
    fn take(&mut self, document: &Json) {
        for list in ["gauges", "points", "trucks", "orders"] {
            let elements = document[list].as_array().into_iter().flatten();
            let into = self.0.entry(list.to_owned()).or_default();
            for element in elements {
                let id = element["id"].as_str().expect("an id");
                into.insert(id.to_owned(), element.clone());
            }
        }
        for gone in document["gone_trucks"].as_array().into_iter().flatten() {
            let id = gone.as_str().expect("an id");
            self.0.get_mut("trucks").expect("taken").remove(id);
        }
        if document.get("plan").is_some() {
            let plan = [("plan".to_owned(), document["plan"].clone())];
            self.0.insert("plan".to_owned(), plan.into());
        }
    }
}

/// What is announced, by hand.
struct Desk {
    publisher: Publisher,
    publish: watch::Sender<Option<Arc<Published>>>,
    areas: Areas,
}

impl Desk {
    fn new(city: &Arc<City>) -> Self {
        let (publish, published) = watch::channel(None);
        Self {
            publisher: Publisher::new(city, 7),
            publish,
            areas: Areas::new(city.clone(), published, 7),
        }
    }

    fn announce(&mut self, snapshot: Snapshot, redraw: &Redraw) {
        let stages = Stages::default();
        let mut watch = Stopwatch::start(&stages);
        let (_, state, map) = self.publisher.render(&snapshot, redraw, &mut watch);
        self.publish.send_replace(Some(Arc::new(Published {
            snapshot: Arc::new(snapshot.clone()),
            state,
            map,
            tick_ms: 0.0,
        })));
        self.areas.tell(snapshot, redraw);
    }

    fn open(&self, from: &str) -> Arc<OpenArea> {
        self.areas
            .open(&area(from), CLERK)
            .expect("it is published")
    }
}

fn data(frame: &[u8]) -> Json {
    let text = String::from_utf8_lossy(frame).into_owned();
    let (_, data) = text.split_once("\ndata: ").expect("an event");
    serde_json::from_str(data.trim_end()).expect("JSON")
}

fn state_of(part: &PublishedPart) -> Json {
    serde_json::from_slice(part.state()).expect("JSON")
}

#[test]
fn a_page_that_folds_the_deltas_of_an_area_has_its_state() {
    let mut night = Night::fall();
    let mut desk = Desk::new(&night.snapshot().city);
    desk.announce(night.snapshot(), &Redraw::default());
    let open: Vec<_> = AREAS.iter().map(|from| desk.open(from)).collect();
    let mut pages: Vec<_> = open
        .iter()
        .map(|area| {
            let mut page = Page::default();
            page.take(&state_of(&area.current()));
            (page, area.hub.follow(None).live)
        })
        .collect();
    let order = night.westward.clone();
    let doings = [
        (Some(&order), TruckState::Driving),
        (Some(&order), TruckState::Pumping),
        (None, TruckState::Driving),
        (None, TruckState::Idle),
    ];
    for (order, doing) in doings {
        let mut effects = night.script.report("pt-003", doing, order);
        effects.extend(night.script.observe("lg-0004", 0.7, Quality::Pass));
        let (snapshot, redraw) = night.after(effects, 70);
        desk.announce(snapshot, &redraw);
        for (area, (page, live)) in open.iter().zip(&mut pages) {
            let (_, frame) = live.try_recv().expect("a delta each time");
            page.take(&data(&frame));
            let mut fresh = Page::default();
            fresh.take(&state_of(&area.current()));
            assert!(*page == fresh, "{doing:?}");
        }
    }
}

#[test]
fn versions_of_one_area_are_never_taken_for_those_of_another_or_an_earlier_opening() {
    let mut night = Night::fall();
    let mut desk = Desk::new(&night.snapshot().city);
    assert_eq!(
        desk.areas
            .open(&area("district/d-01"), CLERK)
            .expect_err("nothing is published"),
        Closed::NotYet
    );
    desk.announce(night.snapshot(), &Redraw::default());
    let (west, east) = (desk.open("district/d-01"), desk.open("district/d-02"));
    assert!(
        Arc::ptr_eq(&west, &desk.open("district/d-01")),
        "a hundred clerks share it"
    );
    let tags = [&west, &east].map(|area| area.current().map().whole.tag().to_owned());
    assert_ne!(tags[0], tags[1]);

    let (snapshot, redraw) = night.after(Vec::new(), 6);
    desk.announce(snapshot, &redraw);
    let mut follow = west.hub.follow(None).live;
    let (snapshot, redraw) = night.after(Vec::new(), 6);
    desk.announce(snapshot, &redraw);
    let (seq, frame) = follow.try_recv().expect("a delta");
    let id = String::from_utf8_lossy(&frame).into_owned();
    let id = id
        .lines()
        .next()
        .and_then(|l| l.strip_prefix("id: "))
        .expect("an id");
    let missed = |area: &OpenArea, id: &str| area.hub.follow(Some(id)).missed;
    assert_eq!(missed(&west, id).len(), 0, "nothing since");
    let before = id.replace(&seq.to_string(), &(seq - 1).to_string());
    assert!(
        missed(&west, &before)[0].starts_with(b"id: "),
        "it goes on where it stopped"
    );
    assert!(
        missed(&east, id)[0].starts_with(b"event: reset"),
        "with another area's id it does not"
    );
}

#[test]
fn an_area_that_nobody_looks_at_is_closed_and_opened_anew_with_another_name() {
    let mut night = Night::fall();
    let mut desk = Desk::new(&night.snapshot().city);
    desk.announce(night.snapshot(), &Redraw::default());
    let first = desk
        .open("district/d-01")
        .current()
        .map()
        .whole
        .tag()
        .to_owned();
    let followed = desk.open("district/d-02");
    let _follower = followed.hub.follow(None).live;
    for _ in 0..130 {
        let (mut snapshot, redraw) = night.after(Vec::new(), 6);
        snapshot.seq += 1;
        desk.announce(snapshot, &redraw);
    }
    assert!(
        Arc::ptr_eq(&followed, &desk.open("district/d-02")),
        "somebody follows"
    );
    assert_eq!(desk.areas.viewers(), 1);
    let again = desk
        .open("district/d-01")
        .current()
        .map()
        .whole
        .tag()
        .to_owned();
    let opening = |tag: &str| tag.split('-').next().expect("a stem").to_owned();
    assert_ne!(opening(&first), opening(&again));
}
