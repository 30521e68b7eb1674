//! What browsers, proxies and programs for maps meet at the one HTTP port of the real aggregator.
//!
//! The program under test must have been built: `cargo build -p aggregator`. Needs nginx and GDAL.

#![expect(
    clippy::indexing_slicing,
    reason = "an answer of another form fails the test"
)]

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use serde_json::Value as Json;
use shared::{
    clock::{Mode, ScaledClock, real_now},
    net::free_address,
};
use simulators::lab::{Lab, LabSetup, Process, until};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Longer than any answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// What nginx gathers by default, it passes on after some ten seconds of quiet events.
const HELD_BACK: Duration = Duration::from_secs(5);

/// The real aggregator over the harbour, without gauges.
async fn aggregator() -> (Lab, SocketAddr) {
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
        ..LabSetup::new(city, clock)
    };
    let lab = Lab::start(setup).await.expect("the aggregator starts");
    (lab, address)
}

struct Answer {
    status: u16,
    /// In small letters.
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines();
        let mut values = lines.filter_map(|l| l.strip_prefix(name)?.strip_prefix(": "));
        values.next()
    }

    fn json(&self) -> Json {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn is_problem(&self, status: u16) -> bool {
        self.status == status
            && self.header("content-type") == Some("application/problem+json")
            && self.json()["status"] == status
    }
}

/// One request on a connection of its own; `head` are whole lines.
async fn ask(address: SocketAddr, line: &str, head: &str, body: &[u8]) -> Answer {
    let mut connection = TcpStream::connect(address).await.expect("let in");
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{head}content-length: {length}\r\n\r\n"
    );
    let whole = [request.as_bytes(), body].concat();
    connection.write_all(&whole).await.expect("sent whole");
    let mut answer = Vec::new();
    let read = connection.read_to_end(&mut answer);
    let read = tokio::time::timeout(PATIENCE, read).await;
    read.expect("in time").expect("an answer to its end");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.expect("a head");
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head[9..12].parse().expect("a status");
    Answer {
        status,
        head,
        body: answer.split_off(end + 4),
    }
}

const LARGE: &[u8] = &[b'a'; 3_000_000];

const JSON: &str = "content-type: application/json\r\n";

/// Request line, headers, body; status, and what the detail holds in small letters.
const REFUSED: [(&str, &str, &[u8], u16, &str); 18] = [
    ("DELETE /map.geojson", "", b"", 405, ""),
    ("DELETE /", "", b"", 405, "there is get, head"),
    ("POST /api/v1/state", JSON, LARGE, 413, "at most 65536"),
    ("GET /api/v1/points/%FF", "", b"", 400, "not utf-8"),
    ("GET /api/v1/points/%zz", "", b"", 400, "two hexadecimal"),
    ("GET /%FF", "", b"", 400, "not utf-8"),
    ("GET /nothing", "", b"", 404, "/nothing"),
    ("GET /layers/atlantis.geojson", "", b"", 404, "roads"),
    ("POST /api/v1/orders", JSON, LARGE, 413, "at most 65536"),
    (
        "POST /api/v1/orders",
        "content-type: text/plain\r\n",
        b"{}",
        415,
        "json",
    ),
    (
        "POST /api/v1/orders",
        "content-type: text/csv\r\n",
        b"{}",
        415,
        "json",
    ),
    ("POST /api/v1/orders", JSON, b"{", 400, "json"),
    ("POST /api/v1/orders", JSON, b"\"\xff\"", 400, "json"),
    (
        "GET /api/v1/points?limit=3",
        "",
        b"",
        400,
        "`limit`; this takes none",
    ),
    (
        "GET /map.geojson?box=1",
        "",
        b"",
        400,
        "there are `bbox`, `district`",
    ),
    (
        "GET /map.geojson?bbox=1,2,3",
        "",
        b"",
        400,
        "west,south,east,north",
    ),
    (
        "GET /map.geojson?district=atlantis",
        "",
        b"",
        404,
        "there are ",
    ),
    (
        "GET /api/v1/gauges/lg-0001/observations?until=now",
        "",
        b"",
        400,
        "there are `from`, `to`, `limit`",
    ),
];

#[tokio::test]
async fn whatever_is_refused_is_a_problem_that_says_what_would_be_right() {
    let (_lab, at) = aggregator().await;
    for (line, head, body, status, told) in REFUSED {
        let answer = ask(at, line, head, body).await;
        assert!(answer.is_problem(status), "{line}: {}", answer.head);
        let detail = answer.json()["detail"].to_string().to_lowercase();
        assert!(detail.contains(told), "{line}: {detail}");
        assert!(status != 405 || answer.header("allow").is_some(), "{line}");
    }
    for span in [
        "from=-002026-07-21T00:00:00Z&to=-002025-01-01T00:00:00Z",
        "from=-009998-01-01T00:00:00Z&to=9998-12-31T00:00:00Z",
        "from=9998-01-01T00:00:00Z&to=0001-01-01T00:00:00Z&limit=0",
    ] {
        let line = format!("GET /api/v1/gauges/lg-0001/observations?{span}");
        let answer = ask(at, &line, "", b"").await;
        assert_eq!(answer.status, 200, "{span}");
        assert_eq!(answer.json()["observations"], Json::Array(Vec::new()));
    }
    let never = ask(
        at,
        "GET /api/v1/gauges/lg-0001/observations?from=99999999999999999999",
        "",
        b"",
    );
    assert!(never.await.is_problem(400));
}

#[tokio::test]
async fn pages_of_any_origin_may_read_what_is_public_and_none_of_them_may_order() {
    let (_lab, at) = aggregator().await;
    let elsewhere = "origin: http://gis.example\r\n";
    let open = |answer: &Answer| {
        answer
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    for path in [
        "/map.geojson",
        "/layers/gauges.geojson",
        "/api/v1/points",
        "/layers/none",
    ] {
        for method in ["GET", "HEAD"] {
            let answer = ask(at, &format!("{method} {path}"), elsewhere, b"").await;
            assert_eq!(open(&answer).as_deref(), Some("*"), "{method} {path}");
        }
        let asks = format!("{elsewhere}access-control-request-method: GET\r\n");
        let preflight = ask(at, &format!("OPTIONS {path}"), &asks, b"").await;
        assert_eq!(
            (preflight.status, open(&preflight).as_deref()),
            (204, Some("*")),
            "{path}"
        );
    }
    let asks = format!("{elsewhere}access-control-request-method: POST\r\n");
    for line in [
        "GET /api/v1/orders",
        "OPTIONS /api/v1/orders",
        "GET /api/v1/refused",
    ] {
        let answer = ask(at, line, &asks, b"").await;
        assert_eq!(open(&answer), None, "{line}");
    }

    let wish = br#"{"truck":"pt-001","point":"wp-001"}"#;
    let given = ask(at, "POST /api/v1/orders", JSON, wish).await;
    assert_eq!(given.status, 201, "{}", given.head);
    let order = given.json()["id"].as_str().expect("an id").to_owned();
    let told_to = async |head: &str| {
        let state = ask(at, "GET /api/v1/state", head, b"").await;
        state.json()["orders"].to_string().contains(&order)
    };
    let is_told = async || told_to("").await;
    let told = until("the order in the state", PATIENCE, is_told).await;
    told.expect("the dispatcher sees it");
    assert!(!told_to(elsewhere).await, "another page reads orders");
    let counters = ask(at, "GET /api/v1/counters", elsewhere, b"").await;
    assert!(counters.is_problem(401), "{}", counters.head);
    let recall = format!("POST /api/v1/orders/{order}/recall");
    for (head, status) in [
        (elsewhere, 403),
        ("origin: null\r\n", 403),
        ("sec-fetch-site: cross-site\r\n", 403),
        ("content-type: text/plain\r\n", 415),
        ("content-type: application/x-www-form-urlencoded\r\n", 415),
    ] {
        let refused = ask(at, &recall, head, b"").await;
        assert!(refused.is_problem(status), "{head}: {}", refused.head);
    }
    let own = format!("origin: http://{at}\r\nsec-fetch-site: same-origin\r\n");
    assert_eq!(ask(at, &recall, &own, b"").await.status, 200);
}

#[tokio::test]
async fn a_program_for_maps_reads_one_type_for_each_name_and_gets_the_part_that_it_asks_for() {
    let (lab, at) = aggregator().await;
    let whole = ask(at, "GET /map.geojson", "", b"").await;
    let features = whole.json()["features"].as_array().expect("a list").clone();
    for feature in &features {
        let of = &feature["properties"];
        let is_route = of["kind"] == "route";
        assert!(
            is_route || of["name"].is_string() && of["name_en"].is_string(),
            "{feature}"
        );
    }
    let file = lab.work().join("map.geojson");
    fs::write(&file, &whole.body).expect("written");
    let read = std::process::Command::new("ogrinfo");
    let read = { read }.args(["-so", "-al"]).arg(&file).output();
    let told = String::from_utf8(read.expect("GDAL is there").stdout).expect("text");
    for column in ["name: String (0.0)", "name_en: String (0.0)"] {
        assert!(told.contains(column), "{told}");
    }

    let gauge = features.iter().find(|f| f["properties"]["kind"] == "gauge");
    let lon_lat = &gauge.expect("a gauge")["geometry"]["coordinates"];
    let (lon, lat) = (
        lon_lat[0].as_f64().expect("lon"),
        lon_lat[1].as_f64().expect("lat"),
    );
    let line = format!(
        "GET /layers/gauges.geojson?bbox={},{},{},{}",
        lon - 1e-5,
        lat - 1e-5,
        lon + 1e-5,
        lat + 1e-5
    );
    let part = ask(at, &line, "", b"").await;
    let found = part.json()["features"].as_array().expect("a list").clone();
    assert!(
        !found.is_empty() && found.len() < 5,
        "{} gauges",
        found.len()
    );
    let tag = part.header("etag").expect("a tag").to_owned();
    let again = ask(at, &line, "if-none-match: *\r\n", b"").await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_ne!(whole.header("etag"), Some(tag.as_str()));

    let district = |d: &str| format!("GET /map.geojson?district={d}");
    let districts = ask(at, "GET /layers/districts.geojson", "", b"")
        .await
        .json();
    let ids = districts["features"].as_array().expect("a list").iter();
    let mut points = 0;
    for id in ids.map(|d| d["id"].as_str().expect("an id")) {
        let own = ask(at, &district(id), "", b"").await.json();
        let own = own["features"].as_array().expect("a list").clone();
        assert!(own.len() < features.len());
        for feature in own.iter().map(|f| &f["properties"]) {
            let is_point = feature["kind"] == "waterlogging-point";
            assert!(!is_point || feature["district"] == id, "{feature}");
            points += usize::from(is_point);
        }
    }
    let all = features
        .iter()
        .filter(|f| f["properties"]["kind"] == "waterlogging-point");
    assert_eq!(points, all.count(), "every point is of one district");
}

#[tokio::test]
async fn events_pass_an_nginx_as_it_is_installed_when_they_happen() {
    let (lab, at) = aggregator().await;
    let before = free_address().expect("a free port");
    let nginx = nginx(&lab, before, at);
    let mut nginx = nginx.expect("nginx is there");
    nginx.start().expect("nginx starts");
    let listens = || async move { TcpStream::connect(before).await.is_ok() };
    until("nginx", PATIENCE, listens).await.expect("it listens");

    let mut events = TcpStream::connect(before).await.expect("let in");
    let request = format!("GET /events HTTP/1.1\r\nhost: {before}\r\n\r\n");
    events.write_all(request.as_bytes()).await.expect("sent");
    let mut seen = String::new();
    let mut piece = vec![0; 65_536];
    // The state changes with every order: each is a delta, and must come before the next is given.
    for round in 0..3 {
        let wish = br#"{"truck":"pt-001","point":"wp-001"}"#;
        let given = ask(at, "POST /api/v1/orders", JSON, wish).await;
        let order = given.json()["id"].as_str().expect("an id").to_owned();
        let told = async {
            while !seen.contains(&order) {
                let n = events.read(&mut piece).await.expect("a live line");
                assert!(n > 0, "the stream ended");
                seen.push_str(&String::from_utf8_lossy(&piece[..n]));
            }
        };
        let told = tokio::time::timeout(HELD_BACK, told).await;
        told.unwrap_or_else(|_| panic!("order {round} was held back"));
        let recall = format!("POST /api/v1/orders/{order}/recall");
        assert_eq!(ask(at, &recall, "", b"").await.status, 200);
    }
    nginx.stop().await.expect("nginx stops");
}

/// An nginx of this run that passes everything on, with what it does by default.
fn nginx(lab: &Lab, listen: SocketAddr, to: SocketAddr) -> std::io::Result<Process> {
    let folder = lab.work().join("nginx");
    fs::create_dir_all(&folder)?;
    let at = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {at}/{kind};"))
        .concat();
    let config = folder.join("nginx.conf");
    fs::write(
        &config,
        format!(
            "pid {at}/pid; error_log {at}/error.log; worker_processes 1; daemon off; events {{}}\n\
             http {{ access_log off; {temporary}\n\
             server {{ listen {listen}; location / {{ proxy_pass http://{to}; }} }} }}\n"
        ),
    )?;
    let arguments = vec!["-c".to_owned(), config.display().to_string()];
    Ok(Process::new(
        "nginx",
        Path::new("/usr/sbin/nginx"),
        arguments,
        &folder,
    ))
}
