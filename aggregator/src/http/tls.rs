//! TLS for the page, with a certificate that is read anew when its files change. Connections that
//! stand go on with the one that they began with.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    ServerConfig,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
};
use shared::error::chain;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{config::TlsFiles, parts::Ready};

/// How long a client may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How soon a changed certificate is taken up.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why there is no TLS with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("[http] certificate: {} cannot be read as PEM", path.display())]
    Certificate { path: PathBuf, source: pem::Error },
    #[error("[http] certificate: there is none in {}", .0.display())]
    NoCertificate(PathBuf),
    // The parser's own words could quote the key.
    #[error("[http] key: there is no private key in PEM that can be read in {}", .0.display())]
    Key(PathBuf),
    #[error(
        "[http] certificate and key: {} and {} do not go together",
        certificate.display(), key.display()
    )]
    Unlike {
        certificate: PathBuf,
        key: PathBuf,
        source: rustls::Error,
    },
    #[error("TLS cannot be set up")]
    Versions(#[source] rustls::Error),
}

/// The certificate in use.
pub struct Tls {
    files: TlsFiles,
    acceptor: RwLock<TlsAcceptor>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// One of them is not what it should be, or they do not go together.
    pub fn read(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let acceptor = RwLock::new(acceptor(&files)?);
        Ok(Arc::new(Self { files, acceptor }))
    }

    /// Shakes hands.
    ///
    /// # Errors
    /// The client does not, or not in time.
    pub async fn accept(&self, line: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let acceptor = self.acceptor.read();
        let acceptor = acceptor.unwrap_or_else(PoisonError::into_inner).clone();
        match tokio::time::timeout(HANDSHAKE, acceptor.accept(line)).await {
            Ok(accepted) => accepted,
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "no handshake in time",
            )),
        }
    }

    /// Takes up changed files until it is told to stop.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken, ready: Ready) {
        let mut known = self.seen();
        let mut looks = tokio::time::interval(LOOK_EVERY);
        ready.now();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = looks.tick() => {}
            }
            let seen = self.seen();
            if seen == known {
                continue;
            }
            known = seen;
            match acceptor(&self.files) {
                Ok(newer) => {
                    let acceptor = self.acceptor.write();
                    *acceptor.unwrap_or_else(PoisonError::into_inner) = newer;
                    info!("the page has a new certificate");
                }
                Err(e) => error!(
                    error = chain(&e),
                    "the page's certificate has changed and is wrong; the one before stays in use"
                ),
            }
        }
    }

    /// What shows that a file was changed.
    fn seen(&self) -> [Option<(SystemTime, u64)>; 2] {
        [&self.files.certificate, &self.files.key].map(|path| {
            let about = fs::metadata(path).ok()?;
            Some((about.modified().ok()?, about.len()))
        })
    }
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let (certificates, key) = (certificates(&files.certificate)?, key(&files.key)?);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Versions)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|source| TlsError::Unlike {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            source,
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |source| TlsError::Certificate {
        path: path.to_owned(),
        source,
    };
    let found = CertificateDer::pem_file_iter(path).map_err(wrong)?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(wrong)?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate(path.to_owned()));
    }
    Ok(found)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|_| TlsError::Key(path.to_owned()))
}
