//! Who may what at the real aggregator's desk, and what those meet who try otherwise: without a log-in,
//! with one that is over, from another web page, under another name, without end.
//!
//! The program under test must have been built: `cargo build -p aggregator`.

#![expect(
    clippy::indexing_slicing,
    reason = "an answer of another form fails the test"
)]

mod asking;

use std::{collections::BTreeMap, path::Path};

use aggregator::people::{
    Area, Role, Viewer,
    policy::{self, Endpoint, TABLE, Whom},
};
use asking::{Answer, Asker, PATIENCE, Stream};
use serde_json::json;
use shared::{
    clock::{Mode, ScaledClock, real_now},
    net::free_address,
};
use simulators::lab::{Lab, LabSetup, until};

const PASSWORD: &str = "correct horse battery";

/// The real aggregator over the harbour, with what else stands in its `[http]`.
async fn aggregator(http: &str) -> (Lab, Asker) {
    let clock = ScaledClock {
        mode: Mode::Exercise,
        origin: real_now(),
        started: real_now(),
        speed: 1.0,
    };
    let city = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/city/harbour");
    let address = free_address().expect("a free port");
    let setup = LabSetup {
        http: Some(address),
        http_keys: http.parse().expect("TOML"),
        ..LabSetup::new(city, clock)
    };
    let lab = Lab::start(setup).await.expect("the aggregator starts");
    (lab, Asker::at(address))
}

/// The link that the first start has left.
fn first_link(lab: &Lab) -> String {
    let file = lab.work().join("aggregator/set-up-link");
    let text = std::fs::read_to_string(file).expect("a link was left");
    of_link(text.trim())
}

fn of_link(url: &str) -> String {
    let (_, link) = url.split_once("/#join=").expect("a link");
    link.to_owned()
}

/// Accepts an invitation. Returns who is logged in by it.
async fn join(at: &Asker, link: &str, name: &str) -> Asker {
    let wish = json!({"link": link, "name": name, "shown": name, "password": PASSWORD});
    let answer = at.post("/api/v1/invitation/accept", &wish).await;
    assert_eq!(answer.status, 200, "{}", answer.head);
    at.with_cookie_of(&answer)
}

/// Everybody, by role, each invited by the administrator.
async fn everybody(lab: &Lab, at: &Asker) -> BTreeMap<Role, Asker> {
    let admin = join(at, &first_link(lab), "admin").await;
    let mut all = BTreeMap::new();
    for role in [Role::Viewer, Role::Crew, Role::Dispatcher] {
        let wish = json!({"role": role, "area": "city"});
        let invited = admin.post("/api/v1/people", &wish).await;
        assert_eq!(invited.status, 201, "{}", invited.head);
        let link = of_link(invited.json()["link"].as_str().expect("a link"));
        all.insert(role, join(at, &link, &role.to_string()).await);
    }
    all.insert(Role::Administrator, admin);
    all
}

#[tokio::test]
async fn the_link_of_the_first_start_makes_one_administrator_once() {
    let (lab, at) = aggregator("login = true").await;
    for path in ["/api/v1/state", "/map.geojson", "/events", "/metrics"] {
        assert!(at.get(path).await.is_problem(401), "{path}");
    }
    assert_eq!(at.get("/healthz").await.status, 200);
    assert_eq!(at.get("/").await.status, 200, "the page itself");
    let link = first_link(&lab);
    let guessed = json!({"link": "guessed", "name": "x", "shown": "x", "password": PASSWORD});
    let guessed = at.post("/api/v1/invitation/accept", &guessed).await;
    assert!(guessed.is_problem(409));
    let admin = join(&at, &link, "admin").await;
    assert_eq!(admin.get("/api/v1/state").await.status, 200);
    let again = json!({"link": link, "name": "other", "shown": "x", "password": PASSWORD});
    let again = at.post("/api/v1/invitation/accept", &again).await;
    assert!(again.is_problem(409), "a link that was used is good again");
    let file = lab.work().join("aggregator/set-up-link");
    let is_gone = async || !file.exists();
    let gone = until("the spent link to be removed", PATIENCE, is_gone).await;
    gone.expect("it is removed");

    // Whoever has the machine is never locked out.
    let printed = lab.set_up_link().await.expect("a link");
    let link = printed.lines().last().expect("a line");
    let second = join(&at, &of_link(link), "second").await;
    let who = second.get("/api/v1/session").await.json();
    assert_eq!(who["who"]["role"], "administrator");
}

/// Whether the policy refused it: everything else is an answer of the route.
fn is_denied(answer: &Answer) -> bool {
    [401, 403].contains(&answer.status)
}

/// Asks an endpoint, with nothing that it could do.
async fn ask(who: &Asker, endpoint: &Endpoint) -> Answer {
    let path = endpoint
        .route
        .replace("{id}", "none")
        .replace("{name}", "none");
    let path = path.replace("{file}", "roads.geojson");
    match endpoint.method {
        "GET" => who.get(&path).await,
        "POST" => who.post(&path, &json!([])).await,
        method => who.ask(&format!("{method} {path}"), "", b"").await,
    }
}

#[tokio::test]
async fn every_endpoint_answers_those_whom_the_table_names_and_nobody_else() {
    let (lab, at) = aggregator("login = true").await;
    let everybody = everybody(&lab, &at).await;
    let ends_itself = |e: &Endpoint| (e.method, e.route) == ("DELETE", "/api/v1/session");
    for endpoint in TABLE.iter().filter(|e| !ends_itself(e)) {
        let nobody = ask(&at, endpoint).await;
        let is_open = endpoint.whom == Whom::Anybody;
        let what = format!("{} {}: {}", endpoint.method, endpoint.route, nobody.head);
        // An exercise login, where there is none, is refused to everybody.
        let is_exercise = endpoint.route == "/api/v1/session/exercise";
        let expected = if is_exercise { 403 } else { 401 };
        assert_eq!(
            is_denied(&nobody),
            !is_open || is_exercise,
            "nobody: {what}"
        );
        assert!(
            !is_denied(&nobody) || nobody.is_problem(expected),
            "nobody: {what}"
        );
        for (role, who) in everybody.iter().filter(|_| !is_exercise) {
            let viewer = Viewer {
                principal: aggregator::principal::Principal::Person("x".parse().expect("id")),
                role: *role,
                area: Area::City,
            };
            let may = policy::may(Some(&viewer), Some(endpoint), None).is_ok();
            let answer = ask(who, endpoint).await;
            let what = format!("{role}: {} {}", endpoint.method, endpoint.route);
            assert_eq!(is_denied(&answer), !may, "{what}: {}", answer.head);
            assert!(answer.status < 500, "{what}: {}", answer.head);
        }
    }
}

#[tokio::test]
async fn who_has_a_district_acts_there_and_nowhere_else() {
    let (lab, at) = aggregator("login = true").await;
    let admin = join(&at, &first_link(&lab), "admin").await;
    let wish = json!({"role": "administrator", "area": "district/d-01"});
    let invited = admin.post("/api/v1/people", &wish).await;
    let link = of_link(invited.json()["link"].as_str().expect("a link"));
    let clerk = join(&at, &link, "clerk").await;
    for (role, area, status) in [
        ("viewer", "district/d-01", 201),
        ("viewer", "district/d-02", 403),
        ("viewer", "city", 403),
        ("nobody", "city", 400),
        ("viewer", "everywhere", 400),
    ] {
        let wish = json!({"role": role, "area": area});
        let answer = clerk.post("/api/v1/people", &wish).await;
        assert_eq!(answer.status, status, "{role} of {area}: {}", answer.head);
    }
    let removed = clerk.ask("DELETE /api/v1/people/admin", "", b"").await;
    assert!(removed.is_problem(404));
    let listed = clerk.get("/api/v1/people").await.json();
    let names = listed["people"].as_array().expect("a list");
    assert!(names.iter().all(|p| p["name"] == "clerk"), "{listed}");
}

#[tokio::test]
async fn what_was_ended_opens_nothing_any_more_and_its_stream_ends() {
    let (lab, at) = aggregator("login = true").await;
    let everybody = everybody(&lab, &at).await;
    let (admin, crew) = (&everybody[&Role::Administrator], &everybody[&Role::Crew]);
    let wish = json!({"name": "wall", "role": "viewer", "area": "city", "days": 1});
    let made = crew.post("/api/v1/tokens", &wish).await;
    assert_eq!(made.status, 201, "{}", made.head);
    let token = at.with_token(made.json()["secret"].as_str().expect("a secret"));
    assert_eq!(token.get("/api/v1/state").await.status, 200);
    assert!(token.get("/api/v1/orders").await.is_problem(403));
    assert!(token.post("/api/v1/tokens", &wish).await.is_problem(403));
    let listed = admin.get("/api/v1/tokens").await;
    let secret = made.json()["secret"].to_string();
    assert!(!String::from_utf8_lossy(&listed.body).contains(&secret));

    let mut by_session = Stream::open(crew).await;
    let mut by_token = Stream::open(&token).await;
    assert_eq!((by_session.status(), by_token.status()), (200, 200));
    let ended = crew.ask("DELETE /api/v1/tokens/wall", "", b"").await;
    assert_eq!(ended.status, 204);
    by_token.ends().await;
    assert!(token.get("/api/v1/state").await.is_problem(401));

    let sessions = admin.get("/api/v1/sessions").await.json();
    let sessions = sessions.as_array().expect("a list");
    let of_crew = sessions.iter().find(|s| s["person"] == "crew");
    let id = of_crew.expect("his session")["id"].as_str().expect("an id");
    let of_viewer = &everybody[&Role::Viewer];
    let line = format!("DELETE /api/v1/sessions/{id}");
    assert!(of_viewer.ask(&line, "", b"").await.is_problem(404));
    assert_eq!(admin.ask(&line, "", b"").await.status, 204);
    by_session.ends().await;
    assert!(crew.get("/api/v1/state").await.is_problem(401));
    let out = of_viewer.ask("DELETE /api/v1/session", "", b"").await;
    assert_eq!(out.status, 204);
    assert!(
        out.header("set-cookie")
            .is_some_and(|c| c.contains("max-age=0"))
    );
    assert!(of_viewer.get("/api/v1/state").await.is_problem(401));
}

#[tokio::test]
async fn another_web_page_and_another_name_get_nothing_even_with_a_living_session() {
    let (lab, at) = aggregator("login = true\nhosts = [\"flood.city.example\"]").await;
    let admin = join(&at, &first_link(&lab), "admin").await;
    let wish = br#"{"truck":"pt-001","point":"wp-001"}"#;
    let json = "content-type: application/json\r\n";
    for head in [
        "origin: http://evil.example\r\n",
        "origin: null\r\n",
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\n",
        // Nobody is a proxy here.
        "origin: http://evil.example\r\nx-forwarded-host: evil.example\r\n",
    ] {
        let head = format!("{json}{head}");
        let answer = admin.ask("POST /api/v1/orders", &head, wish).await;
        assert!(answer.is_problem(403), "{head}: {}", answer.head);
    }
    let form = "content-type: text/plain\r\nsec-fetch-site: same-origin\r\n";
    let answer = admin.ask("POST /api/v1/orders", form, wish).await;
    assert!(answer.is_problem(415));
    for (host, status) in [
        ("evil.example", 421),
        ("evil.example:80", 421),
        ("127.0.0.1.evil.example", 421),
        ("flood.city.example", 200),
        ("localhost", 200),
    ] {
        let answer = admin.under(host).get("/api/v1/state").await;
        assert_eq!(answer.status, status, "{host}");
    }
    for (line, head) in [
        ("GET /api/v1/state", "host: evil.example\r\n"),
        ("GET http://evil.example/api/v1/state", ""),
    ] {
        let answer = admin.ask(line, head, b"").await;
        assert!(answer.is_problem(400), "{line} {head}: {}", answer.head);
    }
    let order = admin.ask("POST /api/v1/orders", json, wish).await;
    assert_eq!(order.status, 201, "{}", order.head);
    assert!(order.header("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn every_answer_tells_browsers_what_the_page_may_do() {
    let (_lab, at) = aggregator("login = true").await;
    let rows = TABLE.iter().map(|e| (e.method, e.route));
    let others = [
        ("GET", "/"),
        ("GET", "/nothing"),
        ("OPTIONS", "/events"),
        ("GET", "/%FF"),
    ];
    for (method, route) in rows.chain(others) {
        let answer = at.ask(&format!("{method} {route}"), "", b"").await;
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{method} {route}"
        );
        assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"));
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "deny"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{method} {route}");
        }
        assert!(answer.header("strict-transport-security").is_none());
    }
}

#[tokio::test]
async fn guesses_are_slowed_down_and_the_one_who_knows_gets_in() {
    let (lab, at) = aggregator("login = true").await;
    join(&at, &first_link(&lab), "admin").await;
    let try_it = async |name: &str, password: &str| {
        let wish = json!({"name": name, "password": password});
        at.post("/api/v1/session", &wish).await
    };
    let known = try_it("admin", "wrong").await;
    let unknown = try_it("nobody", "wrong").await;
    assert!(known.is_problem(401) && unknown.is_problem(401));
    assert_eq!(known.body, unknown.body, "it tells who has an account");
    assert_eq!(try_it("admin", PASSWORD).await.status, 200);
    let mut refused = None;
    for _ in 0..40 {
        let answer = try_it("admin", "guess").await;
        if answer.status != 401 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("nobody stops who guesses");
    assert!(refused.is_problem(429), "{}", refused.head);
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn who_opens_streams_or_asks_without_end_is_told_to_wait_and_nobody_else_is() {
    let (lab, at) = aggregator("login = true\nrequests_per_second = 40").await;
    let everybody = everybody(&lab, &at).await;
    let (greedy, other) = (&everybody[&Role::Viewer], &everybody[&Role::Crew]);
    let mut streams = Vec::new();
    let full = loop {
        let stream = Stream::open(greedy).await;
        if stream.status() != 200 {
            break stream;
        }
        assert!(streams.len() < 1_000, "there is no end of streams");
        streams.push(stream);
    };
    assert_eq!(full.status(), 429);
    assert_eq!(Stream::open(other).await.status(), 200);
    streams.pop();
    let freed = async || Stream::open(greedy).await.status() == 200;
    until("a place for a stream", PATIENCE, freed)
        .await
        .expect("a place is free again");

    let mut refused = None;
    for _ in 0..2_000 {
        let answer = greedy.get("/api/v1/plan").await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("nobody stops who asks without end");
    assert!(refused.is_problem(429) && refused.header("retry-after").is_some());
    assert_eq!(other.get("/api/v1/plan").await.status, 200);
}

#[tokio::test]
async fn who_says_half_a_request_on_every_connection_shuts_nobody_out() {
    let (_lab, at) = aggregator("connections_per_address = 40").await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        slow.push(at.half_a_request().await);
        assert_eq!(at.get("/healthz").await.status, 200);
    }
    let first = slow.first_mut().expect("one");
    let closed = tokio::time::timeout(PATIENCE, first.is_closed()).await;
    assert_eq!(closed, Ok(true));
}

#[tokio::test]
async fn in_an_exercise_everybody_looks_on_and_one_button_lets_him_act() {
    let (lab, at) = aggregator("exercise_login = true").await;
    let wish = json!({"truck": "pt-001", "point": "wp-001"});
    assert_eq!(at.get("/api/v1/state").await.status, 200);
    assert!(at.post("/api/v1/orders", &wish).await.is_problem(401));
    let answer = at.ask("POST /api/v1/session/exercise", "", b"").await;
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert_eq!(answer.json()["who"]["kind"], "exercise");
    let actor = at.with_cookie_of(&answer);
    assert_eq!(actor.post("/api/v1/orders", &wish).await.status, 201);
    assert!(actor.get("/api/v1/people").await.is_problem(403));
    let elsewhere = "sec-fetch-site: cross-site\r\n";
    let foreign = at
        .ask("POST /api/v1/session/exercise", elsewhere, b"")
        .await;
    assert!(foreign.is_problem(403));
    drop(lab);
}

#[tokio::test]
async fn a_session_survives_a_kill_of_the_program() {
    let (mut lab, at) = aggregator("login = true").await;
    let admin = join(&at, &first_link(&lab), "admin").await;
    lab.aggregator.kill();
    lab.start_aggregator().await.expect("started");
    assert_eq!(admin.get("/api/v1/state").await.status, 200);
    let file = lab.work().join("aggregator/set-up-link");
    assert!(!file.exists(), "a second start needs no link");
}
