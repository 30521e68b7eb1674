//! Somebody who asks over HTTP, as browsers and programs do, and as those do who mean harm.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value as Json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Longer than any answer may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody, with what he shows.
#[derive(Debug, Clone)]
pub struct Asker {
    address: SocketAddr,
    host: String,
    /// Whole lines.
    shown: String,
}

/// An answer to its end.
pub struct Answer {
    pub status: u16,
    /// In small letters.
    pub head: String,
    /// As it came.
    raw: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines();
        let mut values = lines.filter_map(|l| l.strip_prefix(name)?.strip_prefix(": "));
        values.next()
    }

    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn is_problem(&self, status: u16) -> bool {
        self.status == status
            && self.header("content-type") == Some("application/problem+json")
            && self.json()["status"] == status
    }
}

impl Asker {
    /// Nobody who is known.
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            host: address.to_string(),
            shown: String::new(),
        }
    }

    /// The one to whom this answer gave a cookie.
    pub fn with_cookie_of(&self, answer: &Answer) -> Self {
        let mut lines = answer.raw.lines();
        let cookie = lines.find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.and_then(|c| c.split(';').next()).expect("a cookie");
        Self {
            shown: format!("cookie: {cookie}\r\n"),
            ..self.clone()
        }
    }

    pub fn with_token(&self, secret: &str) -> Self {
        Self {
            shown: format!("authorization: Bearer {secret}\r\n"),
            ..self.clone()
        }
    }

    /// The same, who comes under another name of the host.
    pub fn under(&self, host: &str) -> Self {
        Self {
            host: host.to_owned(),
            ..self.clone()
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        if path == "/events" {
            return Stream::open(self).await.0;
        }
        self.ask(&format!("GET {path}"), "", b"").await
    }

    pub async fn post(&self, path: &str, body: &Json) -> Answer {
        let json = "content-type: application/json\r\n";
        let body = body.to_string();
        self.ask(&format!("POST {path}"), json, body.as_bytes())
            .await
    }

    /// One request on a connection of its own; `head` are whole lines.
    pub async fn ask(&self, line: &str, head: &str, body: &[u8]) -> Answer {
        let mut connection = self.connect().await;
        let Self { host, shown, .. } = self;
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{shown}{head}content-length: {length}\r\n\r\n"
        );
        let whole = [request.as_bytes(), body].concat();
        connection.write_all(&whole).await.expect("sent whole");
        let mut answer = Vec::new();
        let read = connection.read_to_end(&mut answer);
        let read = tokio::time::timeout(PATIENCE, read).await;
        read.expect("in time").expect("an answer to its end");
        parsed(answer)
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("let in")
    }

    /// A connection on which the head of a request never ends.
    pub async fn half_a_request(&self) -> Slow {
        let mut line = self.connect().await;
        let begun = format!("GET / HTTP/1.1\r\nhost: {}\r\nx-a: ", self.host);
        line.write_all(begun.as_bytes()).await.expect("sent");
        Slow(line)
    }
}

fn parsed(mut answer: Vec<u8>) -> Answer {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.expect("a head");
    let raw = String::from_utf8_lossy(&answer[..end]).into_owned();
    let head = raw.to_lowercase();
    let status = head[9..12].parse().expect("a status");
    Answer {
        status,
        head,
        raw,
        body: answer.split_off(end + 4),
    }
}

/// Half a request.
pub struct Slow(TcpStream);

impl Slow {
    /// Waits until the other side has closed it.
    pub async fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        !matches!(self.0.read(&mut byte).await, Ok(1..))
    }
}

/// A stream of events; its answer has the head and whatever came with it.
pub struct Stream(pub Answer, TcpStream);

impl Stream {
    /// Asks for one, and reads the head.
    pub async fn open(who: &Asker) -> Self {
        let mut line = who.connect().await;
        let (host, shown) = (&who.host, &who.shown);
        let request =
            format!("GET /events HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{shown}\r\n");
        line.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let is_whole = |answer: &[u8]| {
            let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
                return false;
            };
            let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |l| l.parse().expect("a length"));
            answer.len() >= end + 4 + length
        };
        let read = async {
            while !is_whole(&answer) {
                let mut some = [0; 1024];
                let count = line.read(&mut some).await.expect("an answer");
                assert_ne!(count, 0, "it ended");
                answer.extend_from_slice(&some[..count]);
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("in time");
        Self(parsed(answer), line)
    }

    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// Reads on until the other side ends it.
    pub async fn ends(&mut self) {
        let mut rest = Vec::new();
        let read = self.1.read_to_end(&mut rest);
        let read = tokio::time::timeout(PATIENCE, read).await;
        read.expect("the stream goes on").expect("it ends");
    }
}
