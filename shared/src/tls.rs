//! TLS to a broker: whom to believe, and by what to show who one is.
//!
//! Who was enrolled believes one authority only, the aggregator's own, and only the certificate that it
//! made out to the aggregator, under whatever address that is reached. Its dates are judged as of a
//! time at which the agent's own certificate holds: a gateway whose clock is years off must get in all
//! the same, for the aggregator is who tells it the time.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    bundle::{AGGREGATOR, Papers},
    time::Timestamp,
};
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WantsClientCert, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName, UnixTime,
        pem::{self, PemObject as _},
    },
};

/// Why there can be no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("no certificate can be read")]
    Pem(#[from] pem::Error),
    #[error("no certificate is in it")]
    Empty,
    #[error("certificate or key are not usable")]
    Rustls(#[from] rustls::Error),
    #[error("the authority is not usable")]
    Authority(#[from] rustls::client::VerifierBuilderError),
    #[error("{AGGREGATOR} is no name")]
    Name(#[from] InvalidDnsNameError),
}

/// TLS as one line uses it.
#[derive(Clone)]
pub struct Tls {
    /// With the certificate, and without it, for whoever no longer takes it: its holder is known by his
    /// password too, and gets a new one.
    showing: Arc<ClientConfig>,
    hiding: Arc<ClientConfig>,
    hides: bool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("hides", &self.hides)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// For who was enrolled.
    ///
    /// # Errors
    /// The papers are damaged, or do not belong together.
    pub fn by(papers: &Papers) -> Result<Self, TlsError> {
        let at = Some((unix(papers.since), unix(papers.until)));
        let believed = aggregator(&papers.authority, at)?;
        let chain = certificates(&papers.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(papers.private_key.as_bytes())?;
        let showing = builder(believed.clone())?.with_client_auth_cert(chain, key)?;
        Ok(Self {
            showing: Arc::new(showing),
            hiding: Arc::new(builder(believed)?.with_no_client_auth()),
            hides: false,
        })
    }

    /// For who knows the aggregator's authority and shows no certificate.
    ///
    /// # Errors
    /// There is no certificate in it.
    pub fn believing_aggregator(authority: &str) -> Result<Self, TlsError> {
        Self::showing_none(aggregator(authority, None)?)
    }

    /// For a broker whose certificate is by an authority that is given in PEM.
    ///
    /// # Errors
    /// There is no certificate in it.
    pub fn believing(authority: &str) -> Result<Self, TlsError> {
        Self::showing_none(verifier(authority)?)
    }

    fn showing_none(believed: Arc<dyn ServerCertVerifier>) -> Result<Self, TlsError> {
        let config = Arc::new(builder(believed)?.with_no_client_auth());
        Ok(Self {
            showing: Arc::clone(&config),
            hiding: config,
            hides: false,
        })
    }

    /// A connection ended before it was one: perhaps the certificate is what is not taken.
    pub fn alternate(&mut self) {
        self.hides = !self.hides;
    }

    /// For the next connection.
    #[must_use]
    pub fn config(&self) -> Arc<ClientConfig> {
        let config = if self.hides {
            &self.hiding
        } else {
            &self.showing
        };
        Arc::clone(config)
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// A configuration that believes what `believed` does.
fn builder(
    believed: Arc<dyn ServerCertVerifier>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous();
    Ok(builder.with_custom_certificate_verifier(believed))
}

fn aggregator(
    authority: &str,
    at: Option<(UnixTime, UnixTime)>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    Ok(Arc::new(Aggregator {
        verifier: verifier(authority)?,
        name: ServerName::try_from(AGGREGATOR)?,
        at,
    }))
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all = CertificateDer::pem_slice_iter(pem.as_bytes());
    let all: Vec<_> = all.collect::<Result<_, _>>()?;
    if all.is_empty() {
        return Err(TlsError::Empty);
    }
    Ok(all)
}

fn verifier(authority: &str) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authority)? {
        roots.add(certificate)?;
    }
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    Ok(builder.build()?)
}

fn unix(at: Timestamp) -> UnixTime {
    let millis = u64::try_from(at.as_millis()).unwrap_or_default();
    UnixTime::since_unix_epoch(Duration::from_millis(millis))
}

/// Believes the aggregator and nobody else.
#[derive(Debug)]
struct Aggregator {
    verifier: Arc<WebPkiServerVerifier>,
    name: ServerName<'static>,
    /// As of when at the earliest and at the latest it is judged.
    at: Option<(UnixTime, UnixTime)>,
}

impl ServerCertVerifier for Aggregator {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let now = self
            .at
            .map_or(now, |(since, until)| now.max(since).min(until));
        self.verifier
            .verify_server_cert(end_entity, intermediates, &self.name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
