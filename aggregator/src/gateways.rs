//! The line to the gateways: who belongs, the authority that certifies them, and MQTT.

use std::sync::Arc;

use anyhow::{Context, Result};
use shared::{
    clock::real_now,
    tls::Tls,
    wire::{Command, Topic},
};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    authority::{self, Authorities, Ca, Renewals, registry::Registry},
    config::{Broker, Config, External},
    ingest::{
        BrokerClient, BrokerSetup, CommitterHandle, Downlink, DownlinkMessage, Line, run_client,
        start_broker,
    },
    parts::Parts,
};

/// What stands between the gateways and the committer.
pub struct Gateways {
    pub authorities: Authorities,
    pub renewals: Renewals,
    ca: Arc<Ca>,
    downlink: mpsc::Receiver<DownlinkMessage>,
}

impl Gateways {
    /// Starts to watch who belongs. Returns with it the way down to them.
    ///
    /// # Errors
    /// It cannot be read who is enrolled, or the authority cannot be had.
    pub fn start(parts: &mut Parts, config: &Config) -> Result<(Self, Downlink)> {
        let registry = Registry::below(&config.data_dir);
        let (authorities, watch) = authority::watch(registry, config.believes_strangers)
            .context("it cannot be read who is enrolled")?;
        let stop = parts.stop_token();
        parts.task("authority", |ready| watch.run(stop, ready));
        let ca = Ca::below(&config.data_dir, real_now()).context("the aggregator's authority")?;
        let ca = Arc::new(ca);
        let (downlink, inbox) = Downlink::new(authorities.clone());
        let gateways = Self {
            renewals: start_renewals(parts, &ca, &authorities, &downlink),
            authorities,
            ca,
            downlink: inbox,
        };
        Ok((gateways, downlink))
    }

    /// Opens the line. MQTT has threads of its own, so that thousands of gateways that come back at once
    /// leave the page as quick as before.
    ///
    /// # Errors
    /// The broker cannot listen, or there can be no TLS.
    pub async fn open(
        self,
        parts: &mut Parts,
        config: &Config,
        committer: CommitterHandle,
        line: Arc<Line>,
    ) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("mqtt")
            .enable_all()
            .build()
            .context("no threads for MQTT can be had")?;
        let mqtt = match self.begin(&runtime, config, committer, line).await {
            Ok(mqtt) => mqtt,
            Err(e) => {
                runtime.shutdown_background();
                return Err(e);
            }
        };
        let stop = parts.stop_token();
        parts.task("mqtt", |ready| async move {
            ready.now();
            let ended = tokio::select! {
                () = stop.cancelled() => Ok(()),
                ended = mqtt => ended.context("MQTT ended badly"),
            };
            runtime.shutdown_background();
            ended
        });
        Ok(())
    }

    async fn begin(
        self,
        runtime: &tokio::runtime::Runtime,
        config: &Config,
        committer: CommitterHandle,
        line: Arc<Line>,
    ) -> Result<JoinHandle<()>> {
        match &config.broker {
            Broker::Embedded(embedded) => {
                let server = start_broker(BrokerSetup {
                    embedded: embedded.clone(),
                    ca: self.ca,
                    committer,
                    authorities: self.authorities,
                    downlink: self.downlink,
                });
                Ok(runtime.spawn(server).await??)
            }
            Broker::External(external) => {
                let client = client(external, &self.authorities, &self.ca)?;
                Ok(runtime.spawn(run_client(client, committer, self.downlink, line)))
            }
        }
    }
}

fn start_renewals(
    parts: &mut Parts,
    ca: &Arc<Ca>,
    authorities: &Authorities,
    downlink: &Downlink,
) -> Renewals {
    let (renewals, told) = Renewals::new();
    let (ca, authorities, downlink) = (ca.clone(), authorities.clone(), downlink.clone());
    let stop = parts.stop_token();
    let send = move |agent, command: Command| {
        let (topic, payload) = (Topic::Command(agent), command.encode());
        downlink.send(DownlinkMessage { topic, payload });
    };
    parts.task("renewals", |ready| {
        authority::renew(told, ca, authorities, send, stop, ready)
    });
    renewals
}

/// How a broker of somebody else is reached.
fn client(external: &External, authorities: &Authorities, ca: &Ca) -> Result<BrokerClient> {
    let External {
        url,
        client_id,
        ca_file,
    } = external;
    let tls = match ca_file {
        _ if !url.tls => None,
        None => Some(Tls::believing_aggregator(ca.pem())?),
        Some(file) => {
            let believed = std::fs::read_to_string(file).map_err(anyhow::Error::from);
            let tls = believed.and_then(|pem| Ok(Tls::believing(&pem)?));
            Some(tls.with_context(|| format!("{} ([broker] ca_file)", file.display()))?)
        }
    };
    Ok(BrokerClient {
        url: url.clone(),
        tls,
        client_id: client_id.clone(),
        password: authorities.now().own_password(client_id),
    })
}
