//! MQTT topics of one unit. Source: device contract, section 3.

use alloc::{format, string::String};

/// The topics below `{workspace_slug}/{device_key}/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    prefix: String,
}

/// Payload of the retained presence message after connect.
pub const ONLINE: &str = "ONLINE";

/// Payload of the retained last will.
pub const OFFLINE: &str = "OFFLINE";

/// Keep-alive of a unit, in seconds.
pub const KEEP_ALIVE_S: u16 = 60;

impl Topics {
    /// Topics of the device `device_key` in `workspace_slug`.
    pub fn new(workspace_slug: &str, device_key: &str) -> Self {
        Self { prefix: format!("{workspace_slug}/{device_key}/") }
    }

    /// `{workspace_slug}/{device_key}/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Published by the unit, QoS 1, not retained.
    pub fn telemetry(&self) -> String {
        format!("{}telemetry", self.prefix)
    }

    /// Published by the unit, QoS 1, not retained; also carries the answer to a ping.
    pub fn state(&self) -> String {
        format!("{}state", self.prefix)
    }

    /// Published by the unit, QoS 1, retained; note the final slash.
    pub fn presence(&self) -> String {
        format!("{}presence/", self.prefix)
    }

    /// Published by the unit: asks for its configuration.
    pub fn config_get(&self) -> String {
        format!("{}config/get", self.prefix)
    }

    /// Published by the unit: how a configuration was taken.
    pub fn config_status(&self) -> String {
        format!("{}config/status", self.prefix)
    }

    /// Command to answer with firmware version and app hash on [`Topics::state`].
    pub fn cmd_ping(&self) -> String {
        format!("{}cmd/ping", self.prefix)
    }

    /// Filter for commands; `commands` instead of `cmd/#` is the classic mistake.
    pub fn cmd_filter(&self) -> String {
        format!("{}cmd/#", self.prefix)
    }

    /// Filter for configuration.
    pub fn config_filter(&self) -> String {
        format!("{}config/#", self.prefix)
    }

    /// Every topic the unit may publish to.
    pub fn publishable(&self) -> [String; 5] {
        [self.telemetry(), self.state(), self.presence(), self.config_get(), self.config_status()]
    }
}
