//! Takes connections and answers what they ask, with bounds: on how many there are, on how long one
//! may say nothing, and on how long it may take nothing of its answer.

use std::{
    convert::Infallible,
    fs, io,
    net::IpAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use hyper::{
    Request,
    body::{Frame, Incoming, SizeHint},
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use nix::sys::socket::{setsockopt, sockopt::TcpUserTimeout};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, error, info, warn};

use super::{
    caller::Peer,
    connections::{Connection, Connections, Serving},
    front::Front,
    tls::Tls,
};

/// How long a connection may take for the head of a request, and wait for its next one. Browsers
/// and proxies open another without a word.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a client may take nothing of what waits for it, in milliseconds. Without that, pages
/// whose computer went away would be kept for a quarter of an hour.
const TAKES_NOTHING_MS: u32 = 30_000;

/// After a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// Most connections, however many files may be open: each costs some memory.
const MOST: usize = 16_384;

/// Open files where the system does not say: the least that is usual.
const USUAL_FILES: usize = 1_024;

/// What a client is told that is not let in.
const TURNED_AWAY: &str = "HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\nretry-after: 5\r\nconnection: close\r\n\
    content-length: 97\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"not ready\",\"status\":503,\"detail\":\"there are too many connections\"}";

/// What a connection goes through before it asks anything.
#[derive(Clone)]
pub struct Door {
    pub front: Arc<Front>,
    pub tls: Option<Arc<Tls>>,
}

/// Serves until `shutdown` resolves, then ends what is being answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    door: Door,
    shutdown: impl Future<Output = ()>,
) {
    let connections = Connections::new(most_connections(), door.front.connections_per_address);
    serve_among(connections, listener, router, door, shutdown).await;
}

async fn serve_among(
    connections: Arc<Connections>,
    listener: TcpListener,
    router: Router,
    door: Door,
    shutdown: impl Future<Output = ()>,
) {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let mut shutdown = pin!(shutdown);
    let mut is_deaf = false;
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((line, from)) => {
                if std::mem::take(&mut is_deaf) {
                    info!("connections to the page are accepted again");
                }
                let from = from.ip().to_canonical();
                let counted = (!door.front.names.trusts(from)).then(|| from.into());
                match connections.admit(counted) {
                    Some(connection) => {
                        let served = Served {
                            connection,
                            from,
                            router: router.clone(),
                            stop: stop.clone(),
                        };
                        tasks.spawn(served.let_in(line, door.tls.clone()));
                    }
                    None if door.tls.is_none() => turn_away(&line),
                    None => {}
                }
            }
            Err(e) if is_of_the_client(&e) => debug!(error = %e, "a client went away again"),
            Err(e) => {
                if !std::mem::replace(&mut is_deaf, true) {
                    error!(error = %e, "no connection to the page can be accepted");
                }
                connections.make_room();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    stop.cancel();
    tasks.close();
    tasks.wait().await;
}

/// Half of the files that may be open: the other half is for gateways and the store.
fn most_connections() -> usize {
    let limits = fs::read_to_string("/proc/self/limits");
    let files = limits.ok().and_then(|text| open_files(&text));
    (files.unwrap_or(USUAL_FILES) / 2).clamp(1, MOST)
}

/// The limit that holds, as the system tells it: `Max open files  1024  1048576  files`.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|l| l.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

fn is_of_the_client(e: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        e.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Says so as far as the line takes it at once: it is closed in any case.
fn turn_away(line: &TcpStream) {
    if let Err(e) = line.try_write(TURNED_AWAY.as_bytes()) {
        debug!(error = %e, "a client was turned away without a word");
    }
}

/// A connection that was let in.
struct Served {
    connection: Connection,
    from: IpAddr,
    router: Router,
    stop: CancellationToken,
}

impl Served {
    /// Shakes hands where there is TLS, then answers.
    async fn let_in(self, line: TcpStream, tls: Option<Arc<Tls>>) {
        // An answer in parts must not wait for the acknowledgement of the part before.
        let set = line.set_nodelay(true);
        let set = set.and_then(|()| Ok(setsockopt(&line, TcpUserTimeout, &TAKES_NOTHING_MS)?));
        if let Err(e) = set {
            warn!(error = %e, "a connection to the page will be slow, or kept for long");
        }
        let Some(tls) = tls else {
            self.answer(line, false).await;
            return;
        };
        let closed = self.connection.closed();
        let shaken = tokio::select! {
            shaken = tls.accept(line) => shaken,
            () = closed => return,
        };
        match shaken {
            Ok(line) => self.answer(line, true).await,
            Err(e) => debug!(error = %e, "a client did not shake hands"),
        }
    }

    /// Answers one connection until it ends, must make room, or the program stops.
    async fn answer(self, line: impl AsyncRead + AsyncWrite + Unpin, is_tls: bool) {
        let Self {
            connection,
            from: address,
            router,
            stop,
        } = self;
        let closed = connection.closed();
        let peer = Peer { address, is_tls };
        let router = TowerToHyperService::new(router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let (serving, answered) = (connection.serve(), router.call(request));
            async move {
                let response = answered.await?;
                Ok::<_, Infallible>(response.map(|body| Answer {
                    body,
                    _serving: serving,
                }))
            }
        });
        let mut http = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(SILENCE)
                .serve_connection(TokioIo::new(line), service)
        );
        let ended = tokio::select! {
            ended = http.as_mut() => ended,
            () = closed => return,
            () = stop.cancelled() => {
                http.as_mut().graceful_shutdown();
                http.await
            }
        };
        if let Err(e) = ended {
            debug!(error = %e, "a connection to the page ended");
        }
    }
}

/// An answer's body, which is being served for as long as it is there.
struct Answer {
    body: Body,
    _serving: Serving,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn connections_that_say_nothing_shut_nobody_out_and_an_answer_is_not_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let endless = || async { Body::from_stream(tokio_stream::pending::<io::Result<Bytes>>()) };
        let router = Router::new()
            .route("/", get(async || "here"))
            .route("/events", get(endless));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let until = async move { stopped.await.expect("asked to stop") };
        let door = Door {
            front: Arc::new(Front::of_a_test(None)),
            tls: None,
        };
        let server = tokio::spawn(serve_among(
            Connections::new(8, 8),
            listener,
            router,
            door,
            until,
        ));
        let connect = async || TcpStream::connect(address).await.expect("let in");

        let mut events = connect().await;
        let request = b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n";
        events.write_all(request).await.expect("sent");
        let mut head = [0; 12];
        events.read_exact(&mut head).await.expect("an answer");
        assert_eq!(&head, b"HTTP/1.1 200");

        let mut idle = Vec::new();
        for _ in 0..40 {
            idle.push(connect().await);
        }
        let mut page = connect().await;
        let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        page.write_all(request).await.expect("sent");
        let mut answer = String::new();
        page.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.ends_with("here"), "{answer}");

        // The first that waited was closed, the stream of events was not.
        assert_eq!(idle[0].read(&mut [0]).await.ok(), Some(0));
        let mut byte = [0];
        let more = tokio::time::timeout(Duration::from_millis(50), async {
            while events.read_exact(&mut byte).await.is_ok() {}
        });
        assert!(more.await.is_err(), "it ended");
        drop(events);
        stop.send(()).expect("it serves");
        server.await.expect("it ends");
    }

    #[test]
    fn half_of_the_open_files_are_for_connections() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max processes             7823                 7823                 processes \n\
                    Max open files            1024                 1048576              files     \n";
        assert_eq!(open_files(text), Some(1024));
        let unlimited = text.replace("1024 ", "unlimited ");
        assert_eq!(open_files(&unlimited), Some(usize::MAX));
        assert_eq!(open_files("nothing"), None);
        assert!((1..=MOST).contains(&most_connections()));
    }

    #[test]
    fn who_is_turned_away_is_told_a_whole_problem() {
        let (head, body) = TURNED_AWAY.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("content-length: {}", body.len())));
        serde_json::from_str::<serde_json::Value>(body).expect("JSON");
    }
}
