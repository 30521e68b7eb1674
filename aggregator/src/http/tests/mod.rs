//! The port with everything behind it, without a line: requests go straight to the router.

mod here;
mod table;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use axum::{
    Router,
    body::{self, Body},
    http::{HeaderMap, Request, StatusCode, header},
};
use futures_util::StreamExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use shared::{
    clock::Clock,
    ids::OrderId,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    value::Value,
};
use tokio::sync::mpsc;

use super::{App, Front, router::router};
use crate::{
    authority::{Authorities, Authority, Disowning, Renewals},
    config::Access,
    counters::Counts,
    driver::Driver,
    ingest::{
        Admitter, Book, Committer, CommitterHandle, Downlink, DownlinkMessage, Ledger, Line,
        Receipt,
    },
    metrics::Stages,
    network::City,
    parts::Parts,
    people::{Desk, Viewer},
    principal::Principal,
    publish::{
        Published,
        announcer::{self, Letters},
    },
    requests::Requests,
    store::{MemoryStore, SavedWorld, Store},
    world::{
        Arrival, Input, Started, Wish, World,
        tests::script::{harbour, health},
    },
};

/// The harbour in a storm, with all that the program does behind its port.
pub struct Harbour {
    router: Router,
    app: App,
    committer: CommitterHandle,
    /// To wp-003 in the east, by a truck of the west.
    pub eastward: OrderId,
    /// To wp-001 in the west, by a truck of the east.
    pub westward: OrderId,
    _running: Running,
}

/// What must live as long as the harbour.
struct Running {
    _parts: Parts,
    _sent: mpsc::Receiver<DownlinkMessage>,
    _saved: mpsc::Receiver<SavedWorld>,
}

/// What is answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Harbour {
    /// Every point is under water, there is a plan, one truck of each district is sent into the other,
    /// and a gateway and a gauge that no layer knows have spoken.
    pub async fn in_a_storm() -> Self {
        let (app, committer, running) = started(harbour()).await;
        let now = Clock::Real.now();
        let mut readings: Vec<Observation> = (1..=8).map(|n| reading(n, now)).collect();
        readings.push(reading(99, now));
        assert_eq!(
            committer.input(Input::Observed(readings)).await,
            Receipt::Done
        );
        let health = Input::Health(health("gw-07", now, true));
        assert_eq!(committer.input(health).await, Receipt::Done);
        assert!(committer.tick().await);
        let send = async |truck: &str, point: &str| {
            let wish = Wish::Dispatch {
                truck: truck.parse().expect("id"),
                point: point.parse().expect("id"),
                plan: None,
            };
            let order = app.requests.ask(Principal::Anonymous, None, wish).await;
            order.expect("the truck is free").id
        };
        let eastward = send("pt-001", "wp-003").await;
        let westward = send("pt-003", "wp-001").await;
        let harbour = Self {
            router: router(app.clone()),
            app,
            committer,
            eastward,
            westward,
            _running: running,
        };
        harbour.tick().await;
        harbour
    }

    /// A tick, and the publication of it.
    pub async fn tick(&self) {
        let mut published = self.app.published.clone();
        let seq = |now: &Option<Arc<Published>>| now.as_ref().map(|now| now.snapshot.seq);
        let before = seq(&published.borrow());
        let readings = vec![reading(1, Clock::Real.now())];
        assert_eq!(
            self.committer.input(Input::Observed(readings)).await,
            Receipt::Done
        );
        assert!(self.committer.tick().await);
        let both = [&self.eastward, &self.westward];
        let is_new = |now: &Option<Arc<Published>>| {
            let orders = now.as_ref().map(|now| &now.snapshot.orders);
            let has_both =
                orders.is_some_and(|orders| both.iter().all(|id| orders.contains_key(*id)));
            has_both && seq(now) > before
        };
        published.wait_for(is_new).await.expect("it is published");
    }

    fn request(
        viewer: Option<&Viewer>,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(viewer) = viewer {
            request = request.extension(viewer.clone());
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |text| Body::from(text.to_owned()));
        request.body(body).expect("a request")
    }

    /// What somebody is answered.
    pub async fn ask(
        &self,
        viewer: Option<&Viewer>,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Answer {
        let (status, headers, mut chunks) =
            self.open(Self::request(viewer, method, path, body)).await;
        let is_endless = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|t| t == "text/event-stream");
        let mut text = Vec::new();
        while let Some(chunk) = chunks.next().await {
            text.extend_from_slice(&chunk.expect("a chunk"));
            // Its greeting and the word on the broker are enough to know that it flows.
            if is_endless && text.windows(6).any(|w| w == b"broker") {
                break;
            }
        }
        let text = String::from_utf8(text).expect("text");
        Answer {
            status,
            headers,
            text,
        }
    }

    async fn open(&self, request: Request<Body>) -> (StatusCode, HeaderMap, body::BodyDataStream) {
        let answered = TowerToHyperService::new(self.router.clone())
            .call(request)
            .await;
        let (head, body) = answered.expect("a router always answers").into_parts();
        (head.status, head.headers, body.into_data_stream())
    }

    /// What somebody is told first who goes on after an event.
    pub async fn resume(&self, viewer: &Viewer, id: &str) -> String {
        let mut request = Self::request(Some(viewer), "GET", "/events", None);
        let seen = id.parse().expect("a header");
        request.headers_mut().insert("last-event-id", seen);
        let (_, _, mut chunks) = self.open(request).await;
        let mut text = String::new();
        while !text.contains("event: broker") {
            let chunk = chunks.next().await.expect("it goes on").expect("a chunk");
            text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
        text
    }

    /// The next delta that somebody is told who follows.
    pub async fn next_delta(&self, viewer: &Viewer) -> String {
        let request = Self::request(Some(viewer), "GET", "/events", None);
        let (status, _, mut chunks) = self.open(request).await;
        assert_eq!(status, StatusCode::OK);
        let mut text = String::new();
        self.tick().await;
        while !text.contains("event: delta") || !text.ends_with("\n\n") {
            let chunk = chunks.next().await.expect("it goes on").expect("a chunk");
            text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
        text
    }
}

fn reading(gauge: u32, at: Timestamp) -> Observation {
    Observation {
        gauge: format!("lg-{gauge:04}").parse().expect("id"),
        parameter: shared::gauge::Parameter::Depth,
        observed_at: at,
        value: Value::from_units(0.6).ok(),
        quality: Quality::Pass,
        tests: TestSet::NONE,
    }
}

fn committer(
    store: &Arc<dyn Store>,
    world: mpsc::Sender<Vec<Arrival>>,
    downlink: Downlink,
    authorities: Authorities,
    stages: Arc<Stages>,
) -> Committer {
    let clock = Clock::Real;
    let admitter = Admitter::new([], 1.0, 30);
    Committer {
        store: store.clone(),
        book: Book::new(store.end_of_deeds().expect("it can be read")),
        clock,
        stages,
        world,
        downlink,
        ledger: Ledger::new(admitter, clock.mode(), [], Counts::default(), 0),
        authorities,
        disowning: Disowning::default(),
        renewals: Renewals::new().0,
        began: Instant::now(),
    }
}

async fn started(city: Arc<City>) -> (App, CommitterHandle, Running) {
    let clock = Clock::Real;
    let mut parts = Parts::default();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let authorities = Authorities::fixed(Authority::new(BTreeMap::new(), true));
    let (downlink, sent) = Downlink::new(authorities.clone());
    let (world, arrivals) = mpsc::channel(64);
    let (handle, inbox) = Committer::door();
    let stages = Arc::default();
    let committer = committer(
        &store,
        world,
        downlink.clone(),
        authorities,
        Arc::clone(&stages),
    );
    parts.thread("committer", move |ready| {
        ready.now();
        Ok(committer.run(inbox)?)
    });
    let letters = Letters::default();
    let readable = announcer::start(&mut parts, &city, &stages, &letters, 7);
    let requests = Arc::new(Requests::new(handle.clone()));
    let (keep, saved) = mpsc::channel(1);
    let driver = Driver {
        world: World::new(city.clone()),
        mode: clock.mode(),
        downlink,
        letters,
        requests: requests.clone(),
        keep,
        stages: stages.clone(),
        pulse: Arc::default(),
    };
    let stop = parts.stop_token();
    tokio::spawn(driver.drive(arrivals, stop));
    let begun = Input::Started(Started {
        mode: clock.mode(),
        speed: 1.0,
        forecast_ms: 1,
        replan_ms: 1,
    });
    assert_eq!(handle.input(begun).await, Receipt::Done);
    let desk = Desk::open(Access::Open, &*store, handle.clone()).expect("a desk");
    let app = App {
        city,
        clock,
        published: readable.published,
        hub: readable.hub,
        areas: readable.areas,
        store,
        requests,
        stages,
        readiness: parts.readiness(),
        line: Arc::new(Line::new(clock)),
        desk,
        front: Arc::new(Front::of_a_test(None)),
        provider: None,
    };
    let running = Running {
        _parts: parts,
        _sent: sent,
        _saved: saved,
    };
    (app, handle, running)
}
