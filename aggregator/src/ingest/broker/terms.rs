//! What a connection to the embedded broker is held to: as the library has it, but for how long a client
//! of MQTT 5 may be silent.

use std::{
    num::{NonZeroU16, NonZeroU32},
    sync::Arc,
    time::Duration,
};

use rmqtt::{
    codec::types::{MQTT_LEVEL_5, Publish},
    fitter::{DefaultFitter, Fitter, FitterManager},
    types::{ConnectInfo, Disconnect, FitterType, Id, ListenerConfig},
};

use super::gate::kept_alive;

/// Gives every connection its terms.
pub struct Terms;

impl FitterManager for Terms {
    fn create(&self, connect: Arc<ConnectInfo>, id: Id, listener: ListenerConfig) -> FitterType {
        Arc::new(TermsOfOne {
            is_of_5: connect.proto_ver() == MQTT_LEVEL_5,
            usual: DefaultFitter::new(connect, id, listener),
        })
    }
}

struct TermsOfOne {
    is_of_5: bool,
    usual: DefaultFitter,
}

impl Fitter for TermsOfOne {
    /// Changes what was asked for to what CONNACK says, and returns for how long the broker waits.
    fn keep_alive(&self, asked: &mut u16) -> rmqtt::Result<u16> {
        *asked = kept_alive(*asked, self.is_of_5);
        self.usual.keep_alive(asked)
    }

    fn max_mqueue_len(&self) -> usize {
        self.usual.max_mqueue_len()
    }

    fn mqueue_rate_limit(&self) -> (NonZeroU32, Duration) {
        self.usual.mqueue_rate_limit()
    }

    fn max_inflight(&self) -> NonZeroU16 {
        self.usual.max_inflight()
    }

    fn session_expiry_interval(&self, disconnect: Option<&Disconnect>) -> Duration {
        self.usual.session_expiry_interval(disconnect)
    }

    fn message_expiry_interval(&self, publish: &Publish) -> Duration {
        self.usual.message_expiry_interval(publish)
    }

    fn max_client_topic_aliases(&self) -> u16 {
        self.usual.max_client_topic_aliases()
    }

    fn max_server_topic_aliases(&self) -> u16 {
        self.usual.max_server_topic_aliases()
    }
}
