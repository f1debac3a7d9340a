//! What the driver knows when the application starts.

use alloc::string::String;
use core::fmt;

use crate::{SessionInNvs, Setup};

/// Everything the agent is told once, at boot.
#[derive(Debug, Clone)]
pub struct Boot {
    /// Factory MAC from eFuse.
    pub mac: Mac,
    /// The session as read from NVS, or why it could not be read.
    pub session: Result<SessionInNvs, EspError>,
    /// Version from the running image's application description.
    pub app_version: String,
    /// SHA-256 of the running app image, 64 lower-case hexadecimal digits.
    pub app_sha256: String,
    /// Seed of the random first delay; differs from boot to boot and from unit to unit.
    pub seed: u64,
    /// How the firmware is built and which boot this is.
    pub setup: Setup,
}

/// A MAC address; printed as `aa:bb:cc:dd:ee:ff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Name of an ESP-IDF error as `esp_err_to_name` prints it, such as `ESP_ERR_HTTP_CONNECT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EspError(pub &'static str);

impl fmt::Display for EspError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
