//! What the aggregator tells an agent, beside its acknowledgements.

use crate::time::Timestamp;

/// Something an agent is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Its new certificate, for the private key that it has.
    Certificate {
        /// In PEM (RFC 7468).
        certificate: String,
        until: Timestamp,
    },
}
