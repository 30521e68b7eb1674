//! TLS of the gate: the aggregator shows the certificate of its own authority, and asks for one.
//!
//! A certificate that is shown must be by the same authority; who shows none says a password. Whether its
//! holder is still enrolled is judged with the name that he says, against the key that he was enrolled
//! with.

use std::sync::Arc;

use rustls::{
    RootCertStore, ServerConfig, ServerConnection,
    crypto::ring,
    server::{
        ClientHello, ParsedCertificate, ResolvesServerCert, VerifierBuilderError,
        WebPkiClientVerifier,
    },
    sign::CertifiedKey,
};
use shared::{clock::real_now, error::chain};
use tokio_rustls::TlsAcceptor;
use tracing::error;

use crate::authority::{Ca, CaError, ServerCertificate};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(transparent)]
    Ca(#[from] CaError),
    #[error("no certificates can be asked for")]
    Verifier(#[from] VerifierBuilderError),
    #[error("TLS cannot be set up")]
    Rustls(#[from] rustls::Error),
}

/// What takes TLS connections.
///
/// # Errors
/// The authority's own certificate is not usable.
pub fn acceptor(ca: Arc<Ca>) -> Result<TlsAcceptor, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(ca.certificate()?)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(Own::new(ca)?));
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The public key of the certificate that was shown.
pub fn shown(connection: &ServerConnection) -> Option<Vec<u8>> {
    let certificate = connection.peer_certificates()?.first()?;
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    Some(parsed.subject_public_key_info().as_ref().to_vec())
}

/// The aggregator's certificate, made anew while it still holds.
#[derive(Debug)]
struct Own {
    ca: Arc<Ca>,
    now: std::sync::Mutex<ServerCertificate>,
}

impl Own {
    fn new(ca: Arc<Ca>) -> Result<Self, CaError> {
        let now = ca.server(real_now())?.into();
        Ok(Self { ca, now })
    }
}

impl ResolvesServerCert for Own {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let locked = self.now.lock();
        let mut current = locked.unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = real_now();
        if now >= current.renew_at {
            match self.ca.server(now) {
                Ok(anew) => *current = anew,
                Err(e) => error!(error = chain(&e), "the certificate cannot be made anew"),
            }
        }
        Some(current.certified.clone())
    }
}
