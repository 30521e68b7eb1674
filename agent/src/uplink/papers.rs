//! The agent's papers: those of its bundle, and the newest certificate that came over the wire.

use std::path::Path;

use serde::{Deserialize, Serialize};
use shared::{
    bundle::Papers,
    error::chain,
    time::Timestamp,
    tls::{Tls, TlsError},
};

use crate::kept::KeptFile;

/// A certificate that the aggregator sent, for the private key of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Renewed {
    certificate: String,
    until: Timestamp,
}

/// By what the agent shows who it is.
pub(crate) struct Passport {
    papers: Papers,
    kept: KeptFile<Option<Renewed>>,
}

impl Passport {
    /// The papers of a bundle, with the newer certificate that is kept, if there is one; and TLS by them.
    ///
    /// # Errors
    /// The papers of the bundle are not usable.
    pub(crate) fn open(papers: Papers, data_dir: &Path) -> Result<(Self, Tls), TlsError> {
        let (kept, renewed) = KeptFile::open(data_dir, "certificate");
        let mut tls = Tls::by(&papers)?;
        let mut passport = Self { papers, kept };
        let newer = renewed.filter(|renewed: &Renewed| renewed.until > passport.papers.until);
        if let Some(Renewed { certificate, until }) = newer {
            match passport.with(certificate, until) {
                Ok((papers, by)) => (passport.papers, tls) = (papers, by),
                Err(error) => {
                    let error = chain(&error);
                    tracing::info!(error, "the kept certificate is of another bundle");
                }
            }
        }
        Ok((passport, tls))
    }

    /// Until when the certificate holds.
    #[must_use]
    pub(crate) fn until(&self) -> Timestamp {
        self.papers.until
    }

    /// Takes a newer certificate, and keeps it. `None` where it is not newer.
    ///
    /// # Errors
    /// It does not belong to the private key, or is none.
    pub(crate) async fn renew(
        &mut self,
        certificate: String,
        until: Timestamp,
    ) -> Result<Option<Tls>, TlsError> {
        if until <= self.papers.until {
            return Ok(None);
        }
        let (papers, tls) = self.with(certificate.clone(), until)?;
        self.papers = papers;
        self.kept.save(Some(Renewed { certificate, until })).await;
        Ok(Some(tls))
    }

    fn with(&self, certificate: String, until: Timestamp) -> Result<(Papers, Tls), TlsError> {
        let papers = Papers {
            certificate,
            until,
            ..self.papers.clone()
        };
        let tls = Tls::by(&papers)?;
        Ok((papers, tls))
    }
}
