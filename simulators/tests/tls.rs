//! The page over TLS, with a certificate that changes while it is served.
//!
//! The program under test must have been built: `cargo build -p aggregator`. The certificates in
//! `certificates` are of nobody and for nothing else.

use std::{
    fs, net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use shared::net::free_address;
use simulators::lab::{Process, Programs, until};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Longer than anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn certificate(name: &str) -> CertificateDer<'static> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
    CertificateDer::from_pem_file(folder.join(format!("{name}.pem"))).expect("a certificate")
}

fn put(name: &str, into: &Path) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
    for ending in ["pem", "key"] {
        let file = folder.join(format!("{name}.{ending}"));
        let copy = into.join(format!("page.{ending}"));
        fs::copy(file, &copy).expect("copied");
        fs::set_permissions(copy, fs::Permissions::from_mode(0o600)).expect("set");
    }
}

/// Who believes this certificate alone.
fn believer(name: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(name)).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// What he is answered; `None` where he does not believe what he is shown, or nobody is there.
async fn asked(by: &TlsConnector, at: SocketAddr) -> Option<String> {
    let line = TcpStream::connect(at).await.ok()?;
    let name = ServerName::try_from("flood.city.example").expect("a name");
    let mut line = by.connect(name, line).await.ok()?;
    let request = "GET /healthz HTTP/1.1\r\nhost: flood.city.example\r\nconnection: close\r\n\r\n";
    line.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

#[tokio::test]
async fn a_certificate_that_changes_is_taken_up_and_a_wrong_one_is_not() {
    let work = tempfile::tempdir().expect("a folder");
    let (at, broker) = (
        free_address().expect("a free port"),
        free_address().expect("a free port"),
    );
    let city = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/city/harbour");
    let (folder, city) = (work.path().display(), city.display());
    let config = format!(
        "data_dir = \"{folder}/data\"\ncity = \"{city}\"\n[http]\nlisten = \"{at}\"\n\
         certificate = \"{folder}/page.pem\"\nkey = \"{folder}/page.key\"\n\
         hosts = [\"flood.city.example\"]\n[broker]\nembedded = \"{broker}\"\n"
    );
    let file = work.path().join("a.toml");
    fs::write(&file, config).expect("written");
    put("one", work.path());
    let programs = Programs::find().expect("built");
    let arguments = vec!["run".to_owned(), file.display().to_string()];
    let mut program = Process::new("tls", &programs.aggregator, arguments, work.path());
    program.start().expect("started");

    let (one, other) = (believer("one"), believer("other"));
    let serves = async |by: &TlsConnector| asked(by, at).await.is_some();
    until("the page", PATIENCE, async || serves(&one).await)
        .await
        .expect("it serves");
    let answer = asked(&one, at).await.expect("an answer");
    let answer = answer.to_lowercase();
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    assert!(
        answer.contains("strict-transport-security: max-age="),
        "{answer}"
    );
    assert!(!serves(&other).await, "the other's word is not his");

    // Whoever does not shake hands holds nobody up.
    let silent = TcpStream::connect(at).await.expect("let in");
    fs::write(work.path().join("page.pem"), "no certificate").expect("written");
    let log = work.path().join("tls.log");
    let is_told = async || {
        let log = fs::read_to_string(&log).unwrap_or_default();
        log.contains("certificate has changed and is wrong")
    };
    until("a word on the wrong file", PATIENCE, is_told)
        .await
        .expect("told");
    assert!(serves(&one).await, "the one before is in use no more");
    put("other", work.path());
    until("the new certificate", PATIENCE, async || {
        serves(&other).await
    })
    .await
    .expect("it serves");
    assert!(!serves(&one).await, "the old one is still in use");
    drop(silent);
}
