//! The whole table: every endpoint, asked by every role in every area.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{StatusCode, header};
use futures_util::{StreamExt as _, stream};
use strum::VariantArray as _;

use super::{
    Answer, Harbour,
    here::{HERE, Here, somebody},
};
use crate::people::{
    Role, Viewer,
    policy::{Endpoint, Reach, TABLE, Whom},
};

/// A question to an endpoint.
struct Question {
    path: String,
    body: Option<String>,
    /// Whether what it asks for is seen from the area; `None` where it asks for all that is.
    is_inside: Option<bool>,
    /// The ids that it names, which an answer may repeat.
    names: Vec<String>,
}

impl Question {
    fn for_all(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            body: None,
            is_inside: None,
            names: Vec::new(),
        }
    }

    fn of_each(route: &str, all: &[&str], seen: &[&str]) -> Vec<Self> {
        let asked = all.iter().copied().chain(["zz-9999"]);
        let question = |id: &str| Self {
            path: route.replace("{id}", id),
            body: None,
            is_inside: Some(seen.contains(&id)),
            names: vec![id.to_owned()],
        };
        asked.map(question).collect()
    }
}

/// What tells of people and not of the city: the tests of the desk ask it of the real program.
fn is_of_people(row: &Endpoint) -> bool {
    let of_people = ["session", "invitation", "people", "token"];
    let mut kinds = of_people.iter().map(|kind| format!("/api/v1/{kind}"));
    kinds.any(|kind| row.route.starts_with(&kind))
}

/// Every question that an endpoint can be asked in the harbour. A route without any fails here.
fn questions(row: &Endpoint, here: &Here, harbour: &Harbour) -> Vec<Question> {
    let [all, ..] = &HERE;
    let layers = [
        "gauges",
        "waterlogging-points",
        "pump-trucks",
        "pump-stations",
        "shelters",
        "communities",
        "districts",
        "roads",
        "canals",
        "sewers",
        "routes",
    ];
    match (row.method, row.route) {
        ("GET", "/api/v1/points/{id}" | "/api/v1/points/{id}/hydrograph") => {
            Question::of_each(row.route, all.points, here.points)
        }
        ("GET", "/api/v1/gauges/{id}" | "/api/v1/gauges/{id}/observations") => {
            Question::of_each(row.route, all.gauges, here.gauges)
        }
        ("GET", "/layers/{file}") => {
            let file = |layer: &&str| row.route.replace("{file}", &format!("{layer}.geojson"));
            let mut asked: Vec<_> = layers
                .iter()
                .map(file)
                .map(|p| Question::for_all(&p))
                .collect();
            let boxed = "/layers/gauges.geojson?bbox=121.9,30.6,122.1,30.8";
            asked.push(Question::for_all(boxed));
            asked
        }
        ("GET", "/map.geojson") => vec![
            Question::for_all(row.route),
            Question::for_all("/map.geojson?bbox=121.9,30.6,122.1,30.8"),
        ],
        ("POST", "/api/v1/orders") => dispatches(row, all, here),
        ("POST", "/api/v1/orders/{id}/recall") => recalls(row, here, harbour),
        ("GET", route) if !route.contains('{') => vec![Question::for_all(route)],
        _ => panic!("nobody said what to ask of {} {}", row.method, row.route),
    }
}

/// A truck that belongs to the area, sent to every point. One street has none: it may not take another
/// street's.
fn dispatches(row: &Endpoint, all: &Here, here: &Here) -> Vec<Question> {
    let truck = match here.area {
        "district/d-01/street/s-0102" => "pt-001",
        area if area.contains("d-02") => "pt-003",
        _ => "pt-002",
    };
    let points = all.points.iter().copied().chain(["zz-9999"]);
    let question = |point: &str| Question {
        path: row.route.to_owned(),
        body: Some(format!("{{\"truck\":\"{truck}\",\"point\":\"{point}\"}}")),
        is_inside: Some(here.points.contains(&point) && truck != "pt-001"),
        names: vec![point.to_owned(), truck.to_owned()],
    };
    points.map(question).collect()
}

fn recalls(row: &Endpoint, here: &Here, harbour: &Harbour) -> Vec<Question> {
    let [east, west] = here.orders;
    let orders = [
        (harbour.eastward.as_str(), east),
        (harbour.westward.as_str(), west),
        ("o-00000000000000", false),
    ];
    let question = |(id, is_inside): (&str, bool)| Question {
        path: row.route.replace("{id}", id),
        body: None,
        is_inside: Some(is_inside),
        names: vec![id.to_owned()],
    };
    orders.map(question).into()
}

/// How it must be answered, by the row of the table.
fn allowed(row: &Endpoint, role: Role, here: &Here, question: &Question) -> Vec<u16> {
    let least = match row.whom {
        Whom::Anybody => return vec![200],
        Whom::From(least) | Whom::Person(least) => least,
    };
    let is_whole = here.area == "city";
    if role < least || (row.reach == Reach::Whole && !is_whole) {
        return vec![403];
    }
    match (row.method, question.is_inside) {
        (_, None) => vec![200],
        ("GET", Some(true)) => vec![200],
        ("GET", Some(false)) => vec![404],
        (_, Some(false)) if is_whole => vec![404],
        (_, Some(false)) => vec![403],
        // The truck may be busy by now, the order ended.
        (_, Some(true)) => vec![200, 201, 409],
    }
}

/// The ids of what lies elsewhere, and of what is not for the role, that an answer tells.
fn leaks(
    answer: &Answer,
    role: Role,
    here: &Here,
    names: &[String],
    harbour: &Harbour,
) -> Vec<String> {
    let [all, ..] = &HERE;
    let ids = |of: &Here| -> BTreeSet<String> {
        let lists = [of.points, of.gauges, of.houses].concat();
        lists.into_iter().map(str::to_owned).collect()
    };
    let seen = ids(here);
    let mut hidden: Vec<String> = ids(all).difference(&seen).cloned().collect();
    let orders = [&harbour.eastward, &harbour.westward].map(ToString::to_string);
    let is_seen = here.orders.map(|is_inside| is_inside && role >= Role::Crew);
    hidden.extend(
        orders
            .into_iter()
            .zip(is_seen)
            .filter(|(_, seen)| !seen)
            .map(|(id, _)| id),
    );
    if here.area != "city" || role < Role::Dispatcher {
        hidden.extend(
            ["gw-07", "lg-0099", "quarantine-full", "flood_agent_online{"].map(str::to_owned),
        );
    }
    if here.area != "city" {
        hidden.extend(["gap_percent", "cost_without"].map(str::to_owned));
    }
    let told = hidden
        .into_iter()
        .filter(|id| answer.text.contains(id.as_str()));
    told.filter(|id| !names.contains(id)).collect()
}

/// What is wrong with an answer.
fn complaint(
    answer: &Answer,
    expected: &[u16],
    leaked: &[String],
    is_for_anybody: bool,
) -> Option<String> {
    let mut wrong = Vec::new();
    if !expected.contains(&answer.status.as_u16()) {
        wrong.push(format!("{} and not {expected:?}", answer.status));
    }
    if !leaked.is_empty() {
        wrong.push(format!("it tells of {leaked:?}"));
    }
    let all = |name| answer.headers.get_all(name).into_iter();
    let varies = all(header::VARY)
        .filter_map(|v| v.to_str().ok())
        .collect::<Vec<_>>()
        .join(", ");
    let kept = answer
        .headers
        .get(header::CACHE_CONTROL)
        .and_then(|v| v.to_str().ok());
    let is_private = kept.is_some_and(|kept| kept.starts_with("private"));
    let is_answered = answer.status != StatusCode::FORBIDDEN;
    if is_answered && !is_for_anybody && !(is_private && varies.contains("authorization")) {
        wrong.push(format!("others may keep it: {kept:?}, {varies}"));
    }
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

/// Asked at once: a refusal of a recall waits for news of the order.
const AT_ONCE: usize = 64;

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_answers_every_role_in_every_area_as_the_table_says_and_tells_nothing_else()
{
    let harbour = &Harbour::in_a_storm().await;
    let mut asked = Vec::new();
    for row in TABLE.iter().filter(|row| !is_of_people(row)) {
        for here in &HERE {
            for role in Role::VARIANTS {
                let all = questions(row, here, harbour);
                asked.extend(all.into_iter().map(|question| (row, here, *role, question)));
            }
        }
    }
    // What may change something comes last.
    asked.sort_by_key(|(row, here, role, question)| {
        row.method != "GET" && allowed(row, *role, here, question) != [403]
    });
    let answered = stream::iter(&asked).map(async |(row, here, role, question)| {
        let viewer = somebody(*role, here);
        let Question {
            path, body, names, ..
        } = question;
        let answer = harbour
            .ask(Some(&viewer), row.method, path, body.as_deref())
            .await;
        let expected = allowed(row, *role, here, question);
        let is_for_anybody = row.whom == Whom::Anybody;
        // What is for everybody is the same for all: see `Reach::Nothing`.
        let leaked = match row.reach {
            Reach::Nothing if is_for_anybody => Vec::new(),
            _ => leaks(&answer, *role, here, names, harbour),
        };
        let wrong = complaint(&answer, &expected, &leaked, is_for_anybody);
        wrong.map(|wrong| {
            format!(
                "{role} of {} asks {} {path}: {wrong}",
                here.area, row.method
            )
        })
    });
    let wrong: Vec<String> = answered
        .buffered(AT_ONCE)
        .filter_map(async |wrong| wrong)
        .collect()
        .await;
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        asked.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_elsewhere_is_answered_in_the_words_for_what_does_not_exist() {
    let harbour = Harbour::in_a_storm().await;
    let clerk = somebody(Role::Dispatcher, &HERE[5]);
    let orders = "/api/v1/orders";
    let recall = |id: &str| format!("{orders}/{id}/recall");
    let wish = |truck: &str, point: &str| {
        let wish = format!("{{\"truck\":\"{truck}\",\"point\":\"{point}\"}}");
        Some(wish)
    };
    let points = ["wp-003", "wp-999"];
    let gauges = ["lg-0003", "lg-0999"];
    let get = |path: &str, ids: [&str; 2]| {
        ids.map(|id| ("GET", path.replace("ID", id), None, id.to_owned()))
    };
    let known = harbour.eastward.as_str();
    let pairs = [
        get("/api/v1/points/ID", points),
        get("/api/v1/points/ID/hydrograph", points),
        get("/api/v1/gauges/ID/observations", gauges),
        get("/map.geojson?district=ID", ["d-01", "d-99"]),
        [known, "o-00000000000000"].map(|id| ("POST", recall(id), None, id.to_owned())),
        points.map(|id| ("POST", orders.to_owned(), wish("pt-004", id), id.to_owned())),
        ["pt-001", "pt-999"]
            .map(|id| ("POST", orders.to_owned(), wish(id, "wp-004"), id.to_owned())),
    ];
    for pair in pairs {
        let mut answers = Vec::new();
        for (method, path, body, id) in &pair {
            let answer = harbour
                .ask(Some(&clerk), method, path, body.as_deref())
                .await;
            assert!(
                [403, 404].contains(&answer.status.as_u16()),
                "{path}: {answer:?}"
            );
            answers.push((answer.status, answer.text.replace(id, "ID")));
        }
        assert_eq!(answers[0], answers[1], "{pair:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_tells_of_its_own_area_and_goes_on_with_no_other_areas_events() {
    let harbour = Harbour::in_a_storm().await;
    let west = somebody(Role::Dispatcher, &HERE[1]);
    let told = harbour.next_delta(&west).await;
    let id = told
        .lines()
        .find_map(|l| l.strip_prefix("id: "))
        .expect("an id")
        .to_owned();
    assert!(told.contains("lg-0001"), "{told}");
    for elsewhere in [
        "wp-003",
        "lg-0003",
        harbour.eastward.as_str(),
        "gw-07",
        "counters",
    ] {
        assert!(!told.contains(elsewhere), "{elsewhere}: {told}");
    }
    let whole = harbour.next_delta(&Viewer::unknown()).await;
    assert!(whole.contains("counters"), "{whole}");
    for (viewer, is_reset) in [
        (&west, false),
        (&somebody(Role::Dispatcher, &HERE[2]), true),
        (&somebody(Role::Viewer, &HERE[1]), true),
        (&Viewer::unknown(), true),
    ] {
        let answer = harbour.resume(viewer, &id).await;
        assert_eq!(
            answer.contains("event: reset"),
            is_reset,
            "{viewer:?}: {answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_tag_stands_for_what_one_area_is_told() {
    let harbour = Harbour::in_a_storm().await;
    for path in [
        "/map.geojson",
        "/map.geojson?bbox=121.9,30.6,122.1,30.8",
        "/layers/waterlogging-points.geojson",
        "/layers/shelters.geojson",
    ] {
        let mut texts = BTreeMap::new();
        for here in &HERE {
            let viewer = somebody(Role::Dispatcher, here);
            let answer = harbour.ask(Some(&viewer), "GET", path, None).await;
            let tag = answer.headers.get(header::ETAG).expect("a tag").clone();
            let tag = tag.to_str().expect("text").to_owned();
            let known = texts.entry(tag).or_insert_with(|| answer.text.clone());
            assert_eq!(*known, answer.text, "{path} of {}", here.area);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_lies_in_an_area_is_told_there() {
    let harbour = Harbour::in_a_storm().await;
    for here in &HERE {
        let viewer = somebody(Role::Dispatcher, here);
        let told = async |path: &str| harbour.ask(Some(&viewer), "GET", path, None).await.text;
        let (state, map) = (told("/api/v1/state").await, told("/map.geojson").await);
        let lists = [told("/api/v1/points").await, told("/api/v1/gauges").await].concat();
        for id in here.points.iter().chain(here.gauges) {
            let quoted = format!("\"id\":\"{id}\"");
            for (name, text) in [("state", &state), ("map", &map), ("lists", &lists)] {
                assert!(
                    text.contains(&quoted),
                    "{id} is not in the {name} of {}",
                    here.area
                );
            }
        }
        for id in here.houses {
            assert!(map.contains(id), "{id} is not on the map of {}", here.area);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_truck_of_ones_own_does_not_tell_where_else_it_is() {
    let harbour = Harbour::in_a_storm().await;
    let clerk = somebody(Role::Dispatcher, &HERE[1]);
    // The truck belongs to the west and was sent to the east.
    let wish = r#"{"truck":"pt-001","point":"wp-002"}"#;
    let answer = harbour
        .ask(Some(&clerk), "POST", "/api/v1/orders", Some(wish))
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(!answer.text.contains("wp-003"), "{}", answer.text);
    assert!(
        !answer.text.contains(harbour.eastward.as_str()),
        "{}",
        answer.text
    );
}
