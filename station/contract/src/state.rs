//! The answer to `cmd/ping`, published on `state`.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// What a unit answers to a ping, as JSON on `{prefix}state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingAnswer {
    /// Always `"pong"`; tells an answer from other state messages.
    #[serde(rename = "type")]
    pub kind: String,
    /// The `rid` of the ping, echoed, so that an old answer is not taken for a new one.
    pub rid: String,
    /// Firmware version from the running image's application description.
    pub fw_version: String,
    /// SHA-256 of the running app image, 64 lower-case hexadecimal digits.
    pub app_sha256: String,
}

/// Value of [`PingAnswer::kind`].
pub const PONG: &str = "pong";

/// Payload of `{prefix}cmd/ping`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// Free text chosen by the caller, echoed in the answer.
    pub rid: String,
}
