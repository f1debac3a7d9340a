//! Writes the lines of the contract, as the firmware does.

use core::fmt;

use super::LogLine;

impl fmt::Display for LogLine {
    /// The text after `tag: `.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WifiConnected { ip } => write!(f, "WiFi connected, IP:{ip}"),
            Self::WifiRetry { attempt } => write!(f, "WiFi disconnected, retry {attempt}"),
            Self::WifiFailed { text } => f.write_str(text),
            Self::ProvisionStarted { url } => write!(f, "HTTPS POST {url}"),
            Self::ProvisionSkipped => f.write_str("provision skipped (no auth code; using stored session)"),
            Self::ProvisionImpossible => f.write_str("provision auth empty and NVS session incomplete"),
            Self::ProvisionRefused { status } => write!(f, "Provision failed HTTP {status}"),
            Self::ProvisionTransport { error } => write!(f, "HTTP post failed: {error}"),
            Self::ProvisionUnreadable => f.write_str("JSON parse failed"),
            Self::ProvisionBackingOff { delay_ms, class } => write!(f, "next attempt in {delay_ms} ms ({class})"),
            Self::Provisioned { host, port, tls, username, password_len, password_changed } => {
                let tls = if *tls { "yes" } else { "no" };
                let changed = if *password_changed { "password_changed_or_new" } else { "same_as_before" };
                write!(f, "MQTT (from provision): host={host} port={port} tls={tls} username={username} ")?;
                write!(f, "password_len={password_len} {changed}")
            }
            Self::InitComplete { device_id, mqtt_host } => {
                write!(f, "init complete (device_id={device_id}, mqtt_host={mqtt_host})")
            }
            Self::MqttConnected => f.write_str("MQTT connected"),
            Self::MqttRefused { refusal, backoff_ms } => {
                let code = refusal.code();
                write!(f, "MQTT CONNACK auth failure (rc={code}) — next reconnect uses {backoff_ms} ms backoff")
            }
            Self::MqttError { text } => write!(f, "MQTT error: {text}"),
            Self::OtaSkipped => f.write_str("OTA skipped (same SHA256 as last applied build)"),
            Self::OtaStarted { sha256 } => write!(f, "Starting HTTPS OTA (expected sha256={sha256})"),
            Self::OtaFinished => f.write_str("OTA finished, rebooting into new firmware"),
            Self::OtaFailed { error } => write!(f, "OTA failed: {error}"),
        }
    }
}
