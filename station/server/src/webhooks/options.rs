//! What the configuration says of webhooks: the section `[server.webhooks]`.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

/// `[server.webhooks]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookOptions {
    /// File of the key that the webhooks' secrets are sealed with on record; made when it is not there. Stations that
    /// share a record share the key. Without a file, secrets end with the process.
    pub key_file: Option<PathBuf>,
    /// Authorities (PEM) that receivers' certificates may come from; without it, those that the system trusts. The
    /// station's own authority is always one of them.
    pub ca_file: Option<PathBuf>,
    /// Whether messages may go over plain HTTP to other machines.
    pub allow_http: bool,
    /// Time for one try, in seconds, from the connect to the head of the answer.
    pub timeout_s: u16,
    /// Delay after the first failure in a row, in milliseconds; it doubles with every further one.
    pub first_delay_ms: u32,
    /// Longest such delay, in seconds.
    pub longest_delay_s: u32,
    /// After how many failed answers a message is parked.
    pub tries_max: u32,
    /// After how many hours a message is parked whose receiver was never reached.
    pub hours_max: u32,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self {
            key_file: None,
            ca_file: None,
            allow_http: false,
            timeout_s: 10,
            first_delay_ms: 2000,
            longest_delay_s: 900,
            tries_max: 12,
            hours_max: 72,
        }
    }
}

impl WebhookOptions {
    /// Time for one try.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s.max(1).into())
    }
}
