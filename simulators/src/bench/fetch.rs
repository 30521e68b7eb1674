//! A client that fetches one path again and again over one connection, as a browser would.
//!
//! Own code: it must spend next to nothing itself, and it tells the time from the first byte of the
//! question to the last of the answer.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// An answer without its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct HttpAnswer {
    pub status: u16,
    pub etag: Option<String>,
    pub encoding: Option<String>,
    pub body_bytes: usize,
}

/// One connection to the aggregator.
pub(super) struct Fetcher {
    line: BufReader<TcpStream>,
    address: SocketAddr,
    body: Vec<u8>,
}

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(10);

impl Fetcher {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens.
    pub(super) fn new(address: SocketAddr) -> io::Result<Self> {
        let line = TcpStream::connect(address)?;
        line.set_nodelay(true)?;
        line.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            line: BufReader::with_capacity(1 << 16, line),
            address,
            body: Vec::new(),
        })
    }

    /// Asks with these header lines (each with its line end) and reads the whole answer; also tells
    /// the time from the first byte of the question to the last of the answer.
    ///
    /// # Errors
    /// No answer, or one without a length.
    pub(super) fn get(&mut self, path: &str, headers: &str) -> io::Result<(HttpAnswer, Duration)> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n",
            self.address
        );
        let begun = Instant::now();
        self.line.get_mut().write_all(request.as_bytes())?;
        let mut answer = self.head()?;
        self.body.resize(answer.body_bytes, 0);
        self.line.read_exact(&mut self.body)?;
        answer.body_bytes = self.body.len();
        Ok((answer, begun.elapsed()))
    }

    /// The body of the newest answer.
    #[must_use]
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    fn head(&mut self) -> io::Result<HttpAnswer> {
        let mut answer = HttpAnswer::default();
        let mut length = None;
        let mut text = String::new();
        loop {
            text.clear();
            if self.line.read_line(&mut text)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let text = text.trim_end();
            if text.is_empty() {
                break;
            }
            if let Some(status) = text.strip_prefix("HTTP/1.1 ") {
                answer.status = status.get(..3).and_then(|s| s.parse().ok()).unwrap_or(0);
            } else if let Some((name, value)) = text.split_once(": ") {
                match name {
                    "content-length" => length = value.parse().ok(),
                    "etag" => answer.etag = Some(value.to_owned()),
                    "content-encoding" => answer.encoding = Some(value.to_owned()),
                    _ => {}
                }
            }
        }
        if answer.status == 304 {
            length = Some(0);
        }
        answer.body_bytes = length.ok_or_else(|| io::Error::other("an answer without a length"))?;
        Ok(answer)
    }
}
