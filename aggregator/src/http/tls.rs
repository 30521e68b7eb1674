//! TLS for the page, with a certificate that is read anew when its files change. Connections that
//! stand go on with the one that they began with.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    ServerConfig,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
};
use shared::{
    error::chain,
    secret::{self, SecretError},
};
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
    #[error("[http] key")]
    Secret(#[from] SecretError),
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

    /// What shows that a file was changed, or who may read it.
    fn seen(&self) -> [Option<(i64, i64, u64)>; 2] {
        [&self.files.certificate, &self.files.key].map(|path| {
            let about = fs::metadata(path).ok()?;
            Some((about.ctime(), about.ctime_nsec(), about.ino()))
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
    let text = secret::read(path)?;
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| TlsError::Key(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    /// A certificate and its key, as files.
    fn written(folder: &Path) -> TlsFiles {
        let made = rcgen::generate_simple_self_signed(["flood.city.example".to_owned()]);
        let made = made.expect("made");
        let files = TlsFiles {
            certificate: folder.join("page.pem"),
            key: folder.join("page.key"),
        };
        fs::write(&files.certificate, made.cert.pem()).expect("written");
        fs::write(&files.key, made.signing_key.serialize_pem()).expect("written");
        files
    }

    fn told(files: &TlsFiles) -> String {
        acceptor(files).map_or_else(|e| chain(&e), |_| "taken".to_owned())
    }

    #[test]
    fn a_key_that_others_may_read_or_that_is_a_link_is_not_taken_and_it_is_said_what_helps() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = written(folder.path());
        let allow =
            |mode| fs::set_permissions(&files.key, fs::Permissions::from_mode(mode)).expect("set");
        allow(0o644);
        let said = told(&files);
        assert!(
            said.starts_with("[http] key: ") && said.contains("chmod 600"),
            "{said}"
        );
        allow(0o600);
        assert_eq!(told(&files), "taken");
        let link = folder.path().join("link.key");
        symlink(&files.key, &link).expect("made");
        let linked = TlsFiles { key: link, ..files };
        assert!(told(&linked).contains("is a link"), "{}", told(&linked));
    }

    #[test]
    fn what_is_no_key_is_not_repeated() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = written(folder.path());
        fs::write(&files.key, "s3cret").expect("written");
        fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).expect("set");
        let said = told(&files);
        assert!(
            said.contains("no private key") && !said.contains("s3cret"),
            "{said}"
        );
    }
}
