//! The aggregator's own authority: it says over TLS who the aggregator is, and who was enrolled.
//!
//! Its key never leaves `data_dir/ca`. Certificates of those who are enrolled hold for a season and are
//! renewed over the wire for the same key; the aggregator's own is made anew at every start.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber,
    SignatureAlgorithm,
};
use rustls::{
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer,
        pem::{self, PemObject as _},
    },
    sign::CertifiedKey,
};
use shared::{
    bundle::{AGGREGATOR, Papers},
    secret::{self, SecretError},
    time::Timestamp,
};
use time::OffsetDateTime;

use super::{
    PublicKey,
    registry::{RegistryError, fill, give, make_folder, write_secret},
};

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 24 * 3_600)
}

/// The authority holds for longer than its gateways, and from before any of their clocks.
const AUTHORITY: Duration = days(40 * 365);
const AUTHORITY_BEFORE: Duration = days(10 * 365);

/// How long the aggregator's own certificate holds, and from how long before it was made. An agent judges it
/// as of a time at which its own certificate holds, which ends long before.
const SERVER: Duration = days(2 * 365);

/// A certificate of somebody who is enrolled holds for a season.
pub const LIFETIME: Duration = days(90);

/// Clocks that are behind by less make no difference.
const BACKDATED: Duration = days(1);

/// Names the authority in its certificates.
const NAME: &str = "flood-aggregator authority";

/// Why the authority cannot be had, or cannot certify.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("{}: it is damaged", path.display())]
    Damaged { path: PathBuf },
    #[error("no certificate can be made")]
    Certificate(#[from] rcgen::Error),
    #[error("no certificate can be read")]
    Pem(#[from] pem::Error),
    #[error("no certificate can be used")]
    Rustls(#[from] rustls::Error),
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// The authority.
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl std::fmt::Debug for Ca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ca(not shown)")
    }
}

/// The aggregator's own certificate.
#[derive(Debug)]
pub struct ServerCertificate {
    pub certified: Arc<CertifiedKey>,
    /// From then on another is better.
    pub renew_at: Timestamp,
    /// As mosquitto wants it, in PEM.
    pub certificate: String,
    /// It shows nothing of itself.
    pub private_key: KeyPair,
}

impl Ca {
    /// The authority below an aggregator's data folder, made when it is first asked for.
    ///
    /// # Errors
    /// It cannot be read or written, or is damaged.
    pub fn below(data_dir: &Path, now: Timestamp) -> Result<Self, CaError> {
        let folder = data_dir.join("ca");
        let (key_file, certificate_file) = (folder.join("ca.key"), folder.join("ca.crt"));
        match secret::read(&key_file) {
            Ok(key) => {
                let damaged = |path: &Path| CaError::Damaged {
                    path: path.to_owned(),
                };
                let key = KeyPair::from_pem(&key).map_err(|_| damaged(&key_file))?;
                let certificate = secret::read(&certificate_file)?;
                let ca = Self {
                    issuer: Issuer::new(authority_params(now)?, key),
                    certificate,
                };
                ca.certificate().map_err(|_| damaged(&certificate_file))?;
                Ok(ca)
            }
            Err(SecretError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                make_folder(&folder)?;
                let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
                let params = authority_params(now)?;
                let certificate = params.self_signed(&key)?.pem();
                // The key last: with it the authority is there.
                let files = [
                    (certificate_file, &certificate),
                    (key_file, &key.serialize_pem()),
                ];
                for (path, text) in files {
                    write_secret(&path, text, true).map_err(of(&path))?;
                    give(&folder, &path)?;
                }
                let issuer = Issuer::new(params, key);
                Ok(Self {
                    issuer,
                    certificate,
                })
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Its certificate in PEM, for whoever is to believe it.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.certificate
    }

    /// Its certificate.
    ///
    /// # Errors
    /// It is damaged.
    pub fn certificate(&self) -> Result<CertificateDer<'static>, CaError> {
        Ok(CertificateDer::from_pem_slice(self.certificate.as_bytes())?)
    }

    /// Papers for somebody new, and the key by which he will be known.
    ///
    /// # Errors
    /// There are no random numbers.
    pub fn papers(&self, name: &str, now: Timestamp) -> Result<(Papers, PublicKey), CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let public = PublicKey::new(key.subject_public_key_info());
        let (certificate, until) = self.certify(name, &public, now)?;
        let papers = Papers {
            authority: self.certificate.clone(),
            certificate,
            since: now - BACKDATED,
            until,
            private_key: key.serialize_pem(),
        };
        Ok((papers, public))
    }

    /// A certificate for somebody who has a key already, in PEM, and until when it holds.
    ///
    /// # Errors
    /// There are no random numbers.
    pub fn certify(
        &self,
        name: &str,
        key: &PublicKey,
        now: Timestamp,
    ) -> Result<(String, Timestamp), CaError> {
        let until = now + LIFETIME;
        let mut params = params(name, now - BACKDATED, until)?;
        params.subject_alt_names = alternatives(name)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = P256(key.as_der());
        Ok((params.signed_by(&key, &self.issuer)?.pem(), until))
    }

    /// A certificate for the aggregator itself.
    ///
    /// # Errors
    /// There are no random numbers.
    pub fn server(&self, now: Timestamp) -> Result<ServerCertificate, CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        // Gateways may believe an older time than ours.
        let mut params = params(AGGREGATOR, now - SERVER, now + SERVER)?;
        params.subject_alt_names = alternatives(AGGREGATOR)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer)?;
        let private_key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = ring::default_provider();
        let chain = vec![certificate.der().clone()];
        let certified = CertifiedKey::from_der(chain, private_key, &provider)?;
        Ok(ServerCertificate {
            certified: Arc::new(certified),
            renew_at: now + SERVER / 4,
            certificate: certificate.pem(),
            private_key: key,
        })
    }
}

fn authority_params(now: Timestamp) -> Result<CertificateParams, CaError> {
    let mut params = params(NAME, now - AUTHORITY_BEFORE, now + AUTHORITY)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    Ok(params)
}

fn params(name: &str, since: Timestamp, until: Timestamp) -> Result<CertificateParams, CaError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = at(since)?;
    params.not_after = at(until)?;
    let mut serial = [0; 16];
    fill(&mut serial)?;
    // A serial number is positive (RFC 5280, 4.1.2.2).
    serial[0] &= 0x7f;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

/// By what TLS knows a holder.
fn alternatives(name: &str) -> Result<Vec<SanType>, CaError> {
    Ok(vec![SanType::DnsName(name.try_into()?)])
}

/// A time as X.509 has it.
fn at(at: Timestamp) -> Result<OffsetDateTime, CaError> {
    let seconds = at.as_millis().div_euclid(1_000);
    OffsetDateTime::from_unix_timestamp(seconds)
        .map_err(|_| rcgen::Error::Time)
        .map_err(CaError::from)
}

/// A public key as rcgen certifies it: the point at the end of its description.
struct P256<'a>(&'a [u8]);

/// Bytes of a point on P-256, not compressed (SEC 1, 2.3.3).
const POINT: usize = 65;

impl PublicKeyData for P256<'_> {
    fn der_bytes(&self) -> &[u8] {
        let before = self.0.len().saturating_sub(POINT);
        self.0.get(before..).unwrap_or_default()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

fn of(path: &Path) -> impl FnOnce(io::Error) -> CaError {
    let path = path.to_owned();
    |source| CaError::File { path, source }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use shared::{clock::real_now, tls::Tls};

    use super::*;

    #[test]
    fn the_authority_is_made_once_and_certifies_who_is_enrolled() {
        let data = tempfile::tempdir().expect("a folder");
        let now = real_now();
        let ca = Ca::below(data.path(), now).expect("made");
        let again = Ca::below(data.path(), now).expect("read");
        assert_eq!(ca.pem(), again.pem());
        let (papers, key) = again.papers("gw-07", now).expect("papers");
        assert!(Tls::by(&papers).is_ok());
        let (certificate, until) = ca.certify("gw-07", &key, now).expect("certified");
        assert_eq!(until, papers.until);
        let renewed = Papers {
            certificate,
            ..papers.clone()
        };
        assert_ne!(renewed.certificate, papers.certificate);
        assert!(Tls::by(&renewed).is_ok());
        let (other, _) = ca.papers("gw-08", now).expect("papers");
        let mixed = Papers {
            certificate: other.certificate,
            ..papers
        };
        assert!(Tls::by(&mixed).is_err(), "another's certificate");
    }

    #[test]
    fn a_damaged_authority_is_named_and_not_made_anew() {
        let data = tempfile::tempdir().expect("a folder");
        let ca = Ca::below(data.path(), real_now());
        drop(ca.expect("made"));
        let key = data.path().join("ca/ca.key");
        fs::write(&key, "s3cret").expect("written");
        let error = Ca::below(data.path(), real_now()).expect_err("damaged");
        assert_eq!(
            error.to_string(),
            format!("{}: it is damaged", key.display())
        );
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}
