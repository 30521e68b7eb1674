//! `GET /events`: server-sent events with ids and resume.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, future, stream};
use tokio_stream::wrappers::{BroadcastStream, IntervalStream, WatchStream};

use utoipa::ToSchema;

use super::{app::App, front::Asker, look::Scope, problem::Problem, viewer::Asking};
use crate::{
    ingest::LineFacts,
    people::Viewer,
    publish::{Follow, reset},
};

const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// After which a stream may be asked for again where there is no room for it.
const FULL: Duration = Duration::from_secs(5);

/// A comment this often tells the client that the line is alive.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// One event of the stream, as its fields are named there.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, never made")]
pub struct StreamEvent {
    event: StreamEventKind,
    /// JSON: of a `delta` a `State`.
    data: String,
    #[schema(nullable = false)]
    id: Option<String>,
}

/// What an event tells.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "described, never made")]
enum StreamEventKind {
    Delta,
    Reset,
    Broker,
}

/// What happens, as it happens: server-sent events.
///
/// Event `delta` carries a `State` with what changed since the one before, and an id; with the id
/// of the newest that was seen in `Last-Event-ID` the stream goes on where it stopped. Event `reset`
/// carries `{}` and asks to fetch the whole state anew: too much was missed, or the program was
/// started since. Event `broker` says, at the beginning and when it changes, how the line to a broker
/// of somebody else is, over which the observations come, and since when: `state` is `up`, or `quiet`
/// where the broker is inside this program, else `lost`, `refused` (no subscription is allowed) or
/// `thrown-out` (another program has the same client id). A comment every five seconds tells that the
/// line is alive.
#[utoipa::path(
    get, path = "/events", tag = "now",
    params(("Last-Event-ID" = Option<String>, Header, nullable = false, description = "Go on after this event")),
    responses((
        status = 200, description = "Events without end", body = StreamEvent,
        content_type = "text/event-stream",
    )),
)]
pub async fn events(
    State(app): State<App>,
    viewer: Viewer,
    asking: Asking,
    scope: Scope,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asker = Asker::of(Some(&viewer), asking.caller.from);
    let stream = app.front.stream(asker);
    let stream = stream.ok_or_else(|| Problem::too_many("too many streams are open", FULL))?;
    let last_id = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    let followed = scope.hub(&app).follow(last_id);
    let head = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would gather events until its buffer is full.
        (X_ACCEL_BUFFERING, "no"),
    ];
    let broker = WatchStream::new(app.line.watch());
    let frames = frames(followed, broker, app.closing());
    // Whose session ends, or who may see another part of the city, hears nothing more.
    let before = app.desk.viewer(asking.shown.as_ref());
    let frames = frames.take_while(move |_| {
        let _open = &stream;
        let now = app.desk.viewer(asking.shown.as_ref());
        // He may have been gone before the stream began.
        future::ready(now.is_some() && now == before)
    });
    Ok((head, Body::from_stream(frames)).into_response())
}

fn frames(
    Follow { missed, live }: Follow,
    broker: WatchStream<LineFacts>,
    closing: impl Future<Output = ()>,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let hello = stream::iter([Bytes::from_static(b"retry: 1000\n\n")]);
    let live = BroadcastStream::new(live)
        .map(|event| event.map_or_else(|_lagged| reset(), |(_, frame)| frame));
    let mut beat = tokio::time::interval(HEARTBEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let beats = IntervalStream::new(beat).map(|_| Bytes::from_static(b": alive\n\n"));
    hello
        .chain(stream::iter(missed))
        .chain(stream::select(
            live,
            stream::select(broker.map(told), beats),
        ))
        .take_until(closing)
        .map(Ok)
}

fn told(facts: LineFacts) -> Bytes {
    let facts = serde_json::to_string(&facts).expect("a word and a time are JSON");
    Bytes::from(format!("event: broker\ndata: {facts}\n\n"))
}
