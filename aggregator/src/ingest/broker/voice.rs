//! Messages down through the embedded broker, from within: no client's name to guess, no connection to
//! take.

use rmqtt::{
    codec::types::Publish,
    context::ServerContext,
    session::SessionState,
    types::{ClientId, From, Id, QoS},
};
use tokio::sync::mpsc;
use tracing::warn;

use crate::ingest::DownlinkMessage;

/// Brings what is sent down to those who hear it, until nothing is sent any more.
pub async fn speak(context: ServerContext, mut downlink: mpsc::Receiver<DownlinkMessage>) {
    let name = ClientId::from_static("from within");
    let from = From::from_system(Id::new(context.node.id(), 0, None, None, name, None));
    while let Some(DownlinkMessage { topic, payload }) = downlink.recv().await {
        let topic = topic.to_string();
        let message = Publish {
            dup: false,
            retain: false,
            qos: QoS::AtMostOnce,
            topic: topic.as_str().into(),
            packet_id: None,
            payload: payload.into(),
            properties: None,
        };
        let sent = SessionState::forwards(&context, from.clone(), message.into(), false, None);
        if let Err(error) = sent.await {
            warn!(topic, %error, "message down was dropped");
        }
    }
}
