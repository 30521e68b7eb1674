//! Asks the provider over HTTP: one connection for each question, bounded in time and size, and no
//! redirect is followed, which could lead anywhere.

use std::{fs, io, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::{self, Body},
    http::{self, HeaderValue, StatusCode, Uri, header},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::{
    ClientConfig,
    pki_types::{InvalidDnsNameError, ServerName},
};
use shared::tls::{Tls, TlsError};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::error::Elapsed,
};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

/// From the first packet to the last of an answer. Whoever logs in waits for three of them.
const WITHIN: Duration = Duration::from_secs(5);

/// The largest answer, in bytes: keys and metadata are some KiB.
const LARGEST: usize = 1024 * 1024;

/// Why there is no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("{} of [http.oidc] ca_file cannot be read", path.display())]
    CaFile { path: PathBuf, source: io::Error },
    #[error("{} of [http.oidc] ca_file", path.display())]
    Ca { path: PathBuf, source: TlsError },
    #[error("{0} is no address that can be asked")]
    Address(Uri),
    #[error("{0} is without TLS, and the provider itself is not")]
    Plain(Uri),
    #[error("{host} is no name that a certificate can have")]
    Name {
        host: String,
        source: InvalidDnsNameError,
    },
    #[error("{at} cannot be reached")]
    Connect { at: String, source: io::Error },
    #[error("{at} does not speak HTTP as it should")]
    Talk { at: String, source: hyper::Error },
    #[error("what {at} answers cannot be taken")]
    Body { at: String, source: axum::Error },
    #[error("{at} answers {status}")]
    Status { at: String, status: StatusCode },
    #[error("{at} does not answer within {} s", WITHIN.as_secs())]
    Late { at: String, source: Elapsed },
    #[error("no question can be made of it")]
    Question(#[from] http::Error),
}

/// Asks.
pub struct Fetcher {
    tls: Arc<ClientConfig>,
    /// Whatever the provider names must be asked by TLS, as it is itself.
    only_tls: bool,
}

impl Fetcher {
    /// Believes by TLS whom this file names.
    ///
    /// # Errors
    /// The file cannot be read, or names nobody.
    pub fn new(ca_file: PathBuf, only_tls: bool) -> Result<Self, FetchError> {
        let read = fs::read_to_string(&ca_file);
        let authorities = match read {
            Ok(text) => text,
            Err(source) => {
                let path = ca_file;
                return Err(FetchError::CaFile { path, source });
            }
        };
        match Tls::believing(&authorities) {
            Ok(tls) => Ok(Self {
                tls: tls.config(),
                only_tls,
            }),
            Err(source) => Err(FetchError::Ca {
                path: ca_file,
                source,
            }),
        }
    }

    /// The answer to a question.
    ///
    /// # Errors
    /// There is none in time, or the server itself says that it is out of order.
    pub async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let at = request.uri().authority().map(ToString::to_string);
        let at = at.ok_or_else(|| FetchError::Address(request.uri().clone()))?;
        match tokio::time::timeout(WITHIN, self.ask(request, &at)).await {
            Ok(answered) => answered,
            Err(source) => Err(FetchError::Late { at, source }),
        }
    }

    async fn ask(&self, request: HttpRequest, at: &str) -> Result<HttpResponse, FetchError> {
        let uri = request.uri();
        let is_tls = uri.scheme_str() == Some("https");
        if self.only_tls && !is_tls {
            return Err(FetchError::Plain(uri.clone()));
        }
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let failed = |source| FetchError::Connect {
            at: at.to_owned(),
            source,
        };
        let line = TcpStream::connect((host, port)).await.map_err(failed)?;
        if !is_tls {
            return talk(line, request, at).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|source| FetchError::Name {
            host: host.to_owned(),
            source,
        })?;
        let shaken = TlsConnector::from(self.tls.clone()).connect(name, line);
        talk(shaken.await.map_err(failed)?, request, at).await
    }
}

impl<'c> AsyncHttpClient<'c> for Fetcher {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.fetch(request))
    }
}

async fn talk(
    line: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: HttpRequest,
    at: &str,
) -> Result<HttpResponse, FetchError> {
    let failed = |source| FetchError::Talk {
        at: at.to_owned(),
        source,
    };
    let (mut asker, connection) = http1::handshake(TokioIo::new(line)).await.map_err(failed)?;
    // What ends it early shows in the answer.
    let _driven = AbortOnDropHandle::new(tokio::spawn(connection));
    let answer = asker.send_request(question(request, at)?).await;
    let (head, answered) = answer.map_err(failed)?.into_parts();
    if head.status.is_server_error() {
        let (at, status) = (at.to_owned(), head.status);
        return Err(FetchError::Status { at, status });
    }
    let read = body::to_bytes(Body::new(answered), LARGEST).await;
    let read = read.map_err(|source| FetchError::Body {
        at: at.to_owned(),
        source,
    })?;
    Ok(http::Response::from_parts(head, read.to_vec()))
}

/// As it goes over the line: the path alone, and the host beside it.
fn question(request: HttpRequest, at: &str) -> Result<http::Request<Body>, FetchError> {
    let (mut head, asked) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = Uri::builder().path_and_query(path).build()?;
    let host = HeaderValue::try_from(at).map_err(http::Error::from)?;
    head.headers.insert(header::HOST, host);
    let close = HeaderValue::from_static("close");
    head.headers.insert(header::CONNECTION, close);
    Ok(http::Request::from_parts(head, Body::from(asked)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rustls::{ServerConfig, pki_types::PrivateKeyDer};
    use shared::error::chain;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// Somebody at `localhost` with a certificate of his own, who answers each in these words. Returns
    /// where he is.
    async fn server(folder: &Path, name: &str, answer: String) -> (u16, PathBuf) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
        let file = folder.join(name);
        fs::write(&file, made.cert.pem()).expect("written");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("they go together");
        let listener = TcpListener::bind("localhost:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                // Who does not believe the certificate goes away.
                let Ok(mut line) = acceptor.accept(line).await else {
                    continue;
                };
                let mut asked = [0; 4096];
                let read = line.read(&mut asked).await.unwrap_or_default();
                assert!(asked[..read].starts_with(b"GET /keys?a=b HTTP/1.1\r\n"));
                // Whoever has read enough hangs up.
                let _ = line.write_all(answer.as_bytes()).await;
                let _ = line.shutdown().await;
            }
        });
        (port, file)
    }

    async fn asked(ca_file: &Path, port: u16) -> Result<HttpResponse, String> {
        fetched(ca_file, &format!("https://localhost:{port}/keys?a=b")).await
    }

    async fn fetched(ca_file: &Path, at: &str) -> Result<HttpResponse, String> {
        let fetcher = Fetcher::new(ca_file.to_owned(), true).expect("an authority");
        let request = http::Request::get(at);
        let request = request.body(Vec::new()).expect("a question");
        fetcher.fetch(request).await.map_err(|e| chain(&e))
    }

    #[tokio::test]
    async fn a_provider_is_believed_by_the_authority_that_was_named_and_by_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        let (port, own) = server(folder, "own.pem", answer.to_owned()).await;
        let (_, other) = server(folder, "other.pem", answer.to_owned()).await;
        assert_eq!(asked(&own, port).await.expect("an answer").body(), b"{}");
        let said = asked(&other, port).await.expect_err("a stranger");
        assert!(said.contains("certificate"), "{said}");
        let plain = format!("http://localhost:{port}/keys?a=b");
        let said = fetched(&own, &plain).await.expect_err("without TLS");
        assert!(said.contains("is without TLS"), "{said}");
    }

    #[tokio::test]
    async fn what_is_too_large_out_of_order_or_somewhere_else_is_no_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(LARGEST + 1));
        let down = "HTTP/1.1 503 no\r\ncontent-length: 0\r\n\r\n".to_owned();
        for (name, answer, expected) in [
            ("long.pem", long, "cannot be taken"),
            ("down.pem", down, "answers 503"),
            ("odd.pem", "SSH-2.0".to_owned(), "does not speak HTTP"),
        ] {
            let (port, own) = server(folder, name, answer).await;
            let said = asked(&own, port).await.expect_err(name);
            assert!(said.contains(expected), "{said}");
        }
        let elsewhere = "HTTP/1.1 302 Found\r\nlocation: https://localhost:1/\r\n\
                         content-length: 0\r\n\r\n";
        let (port, own) = server(folder, "moved.pem", elsewhere.to_owned()).await;
        let answer = asked(&own, port).await.expect("it is not followed");
        assert_eq!(answer.status(), StatusCode::FOUND);
    }
}
