//! The commands that say who belongs: enrol, revoke, and who is enrolled. The aggregator may run.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use shared::{broker::BrokerUrl, bundle::AGGREGATOR, clock::real_now};

use crate::{
    authority::{
        Authority, Ca, Role,
        mosquitto::{self, SALT},
        registry::{Registry, fill, write_secret},
    },
    config::{Broker, Config, read_config},
    people::{
        secret::Secret,
        set_up::{self, SetUpFiles},
    },
};

/// Enrols somebody and writes what he is given to `out`, or to `NAME.bundle` here.
///
/// # Errors
/// The name is none or known, or a file cannot be written.
pub fn enrol(name: &str, path: &Path, role: Role, out: Option<PathBuf>, again: bool) -> Result<()> {
    let config = read_config(path)?;
    let registry = Registry::below(&config.data_dir);
    let out = out.unwrap_or_else(|| PathBuf::from(format!("{name}.bundle")));
    // Found out before anybody's old key has ended.
    anyhow::ensure!(
        again || !out.exists(),
        "{} is there already; --out writes elsewhere",
        out.display()
    );
    let now = real_now();
    let ca = Ca::below(&config.data_dir, now)?;
    let (papers, public_key) = ca.papers(name, now)?;
    let until = papers.until;
    let enrolled = registry.enrol(name, role, now, again, Some(public_key))?;
    let broker = broker_of(&config);
    let text = format!(
        "{}{}",
        uplink_table(&broker, &out, "# "),
        enrolled.bundle(name, Some(papers)).to_secret_text()
    );
    write_secret(&out, &text, again)
        .with_context(|| format!("{} cannot be written", out.display()))?;
    let mut to = io::stdout().lock();
    writeln!(
        to,
        "{name} is enrolled as {role}; its bundle is {}. Its certificate holds until {until}.",
        out.display()
    )?;
    writeln!(to, "{}", advice(name, role, &broker, &out))?;
    Ok(())
}

/// Revokes somebody: from now on nothing of his is believed, and a running aggregator ends his connection.
///
/// # Errors
/// He is not enrolled, or the folder cannot be written.
pub fn revoke(name: &str, path: &Path) -> Result<()> {
    let config = read_config(path)?;
    let enrolled = Registry::below(&config.data_dir).revoke(name, real_now())?;
    let mut to = io::stdout().lock();
    writeln!(
        to,
        "{name}, enrolled as {} at {}, is revoked: a running aggregator ends its connection within a \
         second. It can be enrolled again with --again.",
        enrolled.role, enrolled.enrolled_at
    )?;
    Ok(())
}

/// Prints who is enrolled, a line each.
///
/// # Errors
/// The folder cannot be read.
pub fn list(path: &Path) -> Result<()> {
    let config = read_config(path)?;
    let mut to = io::stdout().lock();
    for (name, enrolled) in Registry::below(&config.data_dir).read()? {
        write!(
            to,
            "{name}\t{}\tenrolled {}",
            enrolled.role, enrolled.enrolled_at
        )?;
        match enrolled.revoked_at {
            Some(at) => writeln!(to, "\trevoked {at}")?,
            None => writeln!(to)?,
        }
    }
    if config.believes_strangers {
        writeln!(
            to,
            "Others are believed too ([broker] strangers), but not under these names."
        )?;
    }
    Ok(())
}

/// Writes what a mosquitto needs to know of all who are enrolled; enrols the aggregator itself.
///
/// # Errors
/// The broker is embedded, or a file cannot be written.
pub fn broker_acl(path: &Path, out: &Path) -> Result<()> {
    let config = read_config(path)?;
    let Broker::External(external) = &config.broker else {
        anyhow::bail!(
            "{}: the broker is embedded and knows the rules; with [broker] url it is a mosquitto of yours",
            path.display()
        );
    };
    let registry = Registry::below(&config.data_dir);
    registry.own(&external.client_id, real_now())?;
    let authority = Authority::new(registry.read()?, config.believes_strangers);
    let salt = || {
        let mut salt = [0; SALT];
        fill(&mut salt).map(|()| salt)
    };
    let ca = Ca::below(&config.data_dir, real_now())?;
    let server = ca.server(real_now())?;
    let files = [
        ("acl", mosquitto::acl(&authority)),
        ("passwords", mosquitto::passwords(&authority, salt)?),
        ("ca.crt", ca.pem().to_owned()),
        ("broker.crt", server.certificate),
        ("broker.key", server.private_key.serialize_pem()),
    ];
    for (name, text) in files {
        let file = out.join(name);
        write_secret(&file, &text, true)
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    let folder = out.display();
    let mut to = io::stdout().lock();
    writeln!(
        to,
        "Let only the user of mosquitto read them, write in its configuration, and send it SIGHUP:\n\n\
         per_listener_settings false\nallow_anonymous false\nuse_username_as_clientid true\n\
         acl_file {folder}/acl\npassword_file {folder}/passwords\n\n\
         listener 8883\ncafile {folder}/ca.crt\ncertfile {folder}/broker.crt\nkeyfile {folder}/broker.key\n\n\
         It holds for two years. Its name is {AGGREGATOR} wherever it is reached: those who were enrolled \
         know that."
    )?;
    Ok(())
}

/// How long it is waited for a running aggregator to take a link up.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(3);

/// Prints a link by which somebody makes himself an administrator.
///
/// # Errors
/// The data folder cannot be written.
pub fn set_up_link(path: &Path) -> Result<()> {
    let config = read_config(path)?;
    let files = SetUpFiles::below(&config.data_dir);
    let secret = Secret::new().context("no random numbers can be had")?;
    files.want(&secret.fingerprint()).with_context(|| {
        let folder = config.data_dir.display();
        format!("the link cannot be left for the aggregator in {folder}")
    })?;
    let begun = Instant::now();
    while files.is_wanted() && begun.elapsed() < TAKEN_UP_WITHIN {
        std::thread::sleep(Duration::from_millis(50));
    }
    let when = if files.is_wanted() {
        "once the aggregator runs"
    } else {
        "now"
    };
    let link = set_up::link(&config.http.base(), &secret.into_text());
    let mut to = io::stdout().lock();
    writeln!(
        to,
        "Good {when}, once, for a day; whoever opens it becomes an administrator:\n\n{link}"
    )?;
    Ok(())
}

/// Where the broker is reached from outside.
fn broker_of(config: &Config) -> BrokerUrl {
    if let Some(url) = &config.reached_at {
        return url.clone();
    }
    let embedded = match &config.broker {
        Broker::External(external) => return external.url.clone(),
        Broker::Embedded(embedded) => embedded,
    };
    // By TLS, if it listens there.
    let listen = embedded.tls.map(|listen| (listen, true));
    let (listen, tls) = listen
        .or(embedded.plain.map(|listen| (listen, false)))
        .unwrap_or_else(|| unreachable!("a broker that listens nowhere is no configuration"));
    let host = if listen.ip().is_unspecified() {
        let name = nix::unistd::gethostname().ok();
        let name = name.and_then(|name| name.into_string().ok());
        name.unwrap_or_else(|| "THIS-MACHINE".to_owned())
    } else if listen.is_ipv6() {
        format!("[{}]", listen.ip())
    } else {
        listen.ip().to_string()
    };
    let port = listen.port();
    BrokerUrl { host, port, tls }
}

/// What stands in an agent's configuration, each line behind `before`.
fn uplink_table(broker: &BrokerUrl, out: &Path, before: &str) -> String {
    let file = out.file_name().map(|f| f.to_string_lossy());
    let file = file.unwrap_or_default();
    format!(
        "{before}[uplink]\n{before}broker = \"{broker}\"\n{before}bundle = \"credential:{file}\"\n"
    )
}

/// What to do with the bundle.
fn advice(name: &str, role: Role, broker: &BrokerUrl, out: &Path) -> String {
    match role {
        Role::Agent => format!(
            "Bring it to the gateway, into /etc/flood/secrets, where only root may read it, and write in the \
             agent's configuration:\n\n{}",
            uplink_table(broker, out, "")
        ),
        Role::Aggregator => String::new(),
        Role::Truck | Role::Source => {
            let topic = match role {
                Role::Truck => "flood/v1/truck/",
                _ => "flood/v1/in/",
            };
            let granted = match role {
                Role::Source => {
                    ", where [[source]] in the configuration says what it may speak for"
                }
                _ => "",
            };
            format!(
                "Its MQTT client has {name} as client id and user name and the bundle's `password` as \
                 password, or its `certificate` and `private_key`, at {broker}, where it believes the \
                 bundle's `authority`; it publishes on {topic}{name}{granted}."
            )
        }
    }
}
