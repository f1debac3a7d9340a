//! Log lines of the unit on its UART. Source: device contract, section 5.
//!
//! The firmware writes them with [`core::fmt::Display`], the line reads them with [`LogLine::parse`]; both sides of one
//! enum, so that they cannot drift apart.

use alloc::string::{String, ToString};
use core::fmt;

/// A line of the contract, without level and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogLine {
    /// `iotmer_wifi: WiFi connected, IP:…`
    WifiConnected {
        /// Address as printed.
        ip: String,
    },
    /// `iotmer_wifi: WiFi disconnected, retry n/m`
    WifiRetry {
        /// Rest of the line, `n/m`.
        attempt: String,
    },
    /// `iotmer_wifi: WiFi connect failed after …` or `WiFi connect timed out after …`
    WifiFailed {
        /// The text as printed.
        text: String,
    },
    /// `iotmer_provision: HTTPS POST <url>`
    ProvisionStarted {
        /// URL as printed.
        url: String,
    },
    /// `iotmer_provision: provision skipped (no auth code; using stored session)`; not an error.
    ProvisionSkipped,
    /// `iotmer_provision: provision auth empty and NVS session incomplete`
    ProvisionImpossible,
    /// `iotmer_provision: Provision failed HTTP <status> …`
    ProvisionRefused {
        /// HTTP status.
        status: u16,
    },
    /// `iotmer_provision: HTTP post failed: <esp_err>`
    ProvisionTransport {
        /// Name of the ESP-IDF error.
        error: String,
    },
    /// `iotmer_provision: JSON parse failed`
    ProvisionUnreadable,
    /// `iotmer_provision: next attempt in N ms (Class)`: ours; the unit waits after a failed provisioning.
    ProvisionBackingOff {
        /// How long, in milliseconds.
        delay_ms: u64,
        /// Class of the failure (recovery rules, section 2), such as `NetworkError`.
        class: String,
    },
    /// `iotmer_provision: MQTT (from provision): host=… port=… tls=… username=… password_len=N …`
    Provisioned {
        /// Broker host.
        host: String,
        /// Broker port.
        port: u16,
        /// Whether TLS is used.
        tls: bool,
        /// Broker user name.
        username: String,
        /// Length of the password in bytes.
        password_len: usize,
        /// Whether the password differs from the stored one.
        password_changed: bool,
    },
    /// `iotmer_client: init complete (device_id=…, mqtt_host=…)`
    InitComplete {
        /// Identity of the device.
        device_id: String,
        /// Broker host.
        mqtt_host: String,
    },
    /// `iotmer_client: MQTT connected`
    MqttConnected,
    /// `iotmer_client: MQTT CONNACK auth failure (rc=4|5) — next reconnect uses N ms backoff`
    MqttRefused {
        /// Which refusal.
        refusal: ConnackRefusal,
        /// Delay before the next attempt, in milliseconds.
        backoff_ms: u32,
    },
    /// `iotmer_client: MQTT error: …`
    MqttError {
        /// Rest of the line.
        text: String,
    },
    /// `iotmer_ota: OTA skipped (same SHA256 as last applied build)`; not an error.
    OtaSkipped,
    /// `iotmer_ota: Starting HTTPS OTA (expected sha256=…)`
    OtaStarted {
        /// Expected SHA-256 as printed.
        sha256: String,
    },
    /// `iotmer_ota: OTA finished, rebooting into new firmware`
    OtaFinished,
    /// `iotmer_ota: OTA failed: <esp_err>`
    OtaFailed {
        /// Name of the ESP-IDF error.
        error: String,
    },
}

/// The two CONNACK codes that slow the unit's reconnects down (MQTT 3.1.1, table 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnackRefusal {
    /// 4: bad user name or password.
    BadCredentials,
    /// 5: not authorized.
    NotAuthorized,
}

impl ConnackRefusal {
    /// The return code on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::BadCredentials => 4,
            Self::NotAuthorized => 5,
        }
    }
}

/// Severity letter of an ESP-IDF log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `I`
    Info,
    /// `W`
    Warn,
    /// `E`
    Error,
}

impl Level {
    /// The letter that opens the line.
    pub const fn letter(self) -> char {
        match self {
            Self::Info => 'I',
            Self::Warn => 'W',
            Self::Error => 'E',
        }
    }
}

const WIFI: &str = "iotmer_wifi";
const PROVISION: &str = "iotmer_provision";
const CLIENT: &str = "iotmer_client";
const OTA: &str = "iotmer_ota";

impl LogLine {
    /// The tag that the unit logs this line under.
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::WifiConnected { .. } | Self::WifiRetry { .. } | Self::WifiFailed { .. } => WIFI,
            Self::ProvisionStarted { .. }
            | Self::ProvisionSkipped
            | Self::ProvisionImpossible
            | Self::ProvisionRefused { .. }
            | Self::ProvisionTransport { .. }
            | Self::ProvisionUnreadable
            | Self::ProvisionBackingOff { .. }
            | Self::Provisioned { .. } => PROVISION,
            Self::InitComplete { .. } | Self::MqttConnected | Self::MqttRefused { .. } | Self::MqttError { .. } => {
                CLIENT
            }
            Self::OtaSkipped | Self::OtaStarted { .. } | Self::OtaFinished | Self::OtaFailed { .. } => OTA,
        }
    }

    /// The severity that the unit logs this line with.
    pub const fn level(&self) -> Level {
        match self {
            Self::WifiConnected { .. }
            | Self::ProvisionStarted { .. }
            | Self::ProvisionSkipped
            | Self::Provisioned { .. }
            | Self::InitComplete { .. }
            | Self::MqttConnected
            | Self::OtaSkipped
            | Self::OtaStarted { .. }
            | Self::OtaFinished => Level::Info,
            Self::WifiRetry { .. } | Self::ProvisionBackingOff { .. } | Self::MqttRefused { .. } => Level::Warn,
            Self::WifiFailed { .. }
            | Self::ProvisionImpossible
            | Self::ProvisionRefused { .. }
            | Self::ProvisionTransport { .. }
            | Self::ProvisionUnreadable
            | Self::MqttError { .. }
            | Self::OtaFailed { .. } => Level::Error,
        }
    }

    /// Reads a whole UART line, `I (ms) tag: text`; colour escapes are tolerated. `None`: not a line of the contract.
    pub fn parse(line: &str) -> Option<Self> {
        let (tag, text) = split_idf_line(line)?;
        match tag {
            WIFI => parse_wifi(text),
            PROVISION => parse_provision(text),
            CLIENT => parse_client(text),
            OTA => parse_ota(text),
            _ => None,
        }
    }
}

/// Splits `I (123) tag: text` into tag and text; `None` when the line has another form.
pub fn split_idf_line(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_end_matches(['\r', '\n']);
    let line = strip_colour(line);
    let rest = line.strip_prefix(['I', 'W', 'E', 'D', 'V'])?.strip_prefix(" (")?;
    let (milliseconds, rest) = rest.split_once(") ")?;
    milliseconds.parse::<u64>().ok()?;
    rest.split_once(": ")
}

/// Takes an ANSI colour prefix and reset suffix off, as ESP-IDF prints them with `CONFIG_LOG_COLORS`.
fn strip_colour(line: &str) -> &str {
    let line = match line.strip_prefix("\u{1b}[") {
        Some(rest) => rest.split_once('m').map_or(line, |(_, rest)| rest),
        None => line,
    };
    line.strip_suffix("\u{1b}[0m").unwrap_or(line)
}

fn parse_wifi(text: &str) -> Option<LogLine> {
    if let Some(ip) = text.strip_prefix("WiFi connected, IP:") {
        return Some(LogLine::WifiConnected { ip: ip.trim().to_string() });
    }
    if let Some(attempt) = text.strip_prefix("WiFi disconnected, retry ") {
        return Some(LogLine::WifiRetry { attempt: attempt.to_string() });
    }
    let failed = text.starts_with("WiFi connect failed after") || text.starts_with("WiFi connect timed out after");
    failed.then(|| LogLine::WifiFailed { text: text.to_string() })
}

fn parse_provision(text: &str) -> Option<LogLine> {
    if let Some(url) = text.strip_prefix("HTTPS POST ") {
        return Some(LogLine::ProvisionStarted { url: url.to_string() });
    }
    if text.starts_with("provision skipped (no auth code; using stored session)") {
        return Some(LogLine::ProvisionSkipped);
    }
    if text.starts_with("provision auth empty and NVS session incomplete") {
        return Some(LogLine::ProvisionImpossible);
    }
    if let Some(rest) = text.strip_prefix("Provision failed HTTP ") {
        let status = rest.split(' ').next()?.parse().ok()?;
        return Some(LogLine::ProvisionRefused { status });
    }
    if let Some(error) = text.strip_prefix("HTTP post failed: ") {
        return Some(LogLine::ProvisionTransport { error: error.to_string() });
    }
    if text.starts_with("JSON parse failed") {
        return Some(LogLine::ProvisionUnreadable);
    }
    if let Some(rest) = text.strip_prefix("next attempt in ") {
        let (delay_ms, class) = rest.split_once(" ms (")?;
        let class = class.strip_suffix(')')?.to_string();
        return Some(LogLine::ProvisionBackingOff { delay_ms: delay_ms.parse().ok()?, class });
    }
    parse_provisioned(text.strip_prefix("MQTT (from provision): ")?)
}

fn parse_provisioned(fields: &str) -> Option<LogLine> {
    let value = |name: &str| {
        fields
            .split(' ')
            .find_map(|field| field.split_once('=').filter(|(key, _)| *key == name))
            .map(|(_, value)| value)
    };
    Some(LogLine::Provisioned {
        host: value("host")?.to_string(),
        port: value("port")?.parse().ok()?,
        tls: value("tls")? == "yes",
        username: value("username")?.to_string(),
        password_len: value("password_len")?.parse().ok()?,
        password_changed: fields.ends_with("password_changed_or_new"),
    })
}

fn parse_client(text: &str) -> Option<LogLine> {
    if let Some(rest) = text.strip_prefix("init complete (device_id=") {
        let (device_id, rest) = rest.split_once(", mqtt_host=")?;
        let mqtt_host = rest.strip_suffix(')')?;
        return Some(LogLine::InitComplete { device_id: device_id.to_string(), mqtt_host: mqtt_host.to_string() });
    }
    if text == "MQTT connected" {
        return Some(LogLine::MqttConnected);
    }
    if let Some(rest) = text.strip_prefix("MQTT CONNACK auth failure (rc=") {
        let (code, rest) = rest.split_once(')')?;
        let refusal = match code {
            "4" => ConnackRefusal::BadCredentials,
            "5" => ConnackRefusal::NotAuthorized,
            _ => return None,
        };
        let backoff_ms = rest.split("uses ").nth(1)?.split(' ').next()?.parse().ok()?;
        return Some(LogLine::MqttRefused { refusal, backoff_ms });
    }
    text.strip_prefix("MQTT error: ").map(|text| LogLine::MqttError { text: text.to_string() })
}

fn parse_ota(text: &str) -> Option<LogLine> {
    if text.starts_with("OTA skipped (same SHA256 as last applied build)") {
        return Some(LogLine::OtaSkipped);
    }
    if let Some(rest) = text.strip_prefix("Starting HTTPS OTA (expected sha256=") {
        return Some(LogLine::OtaStarted { sha256: rest.trim_end_matches(')').to_string() });
    }
    if text.starts_with("OTA finished, rebooting into new firmware") {
        return Some(LogLine::OtaFinished);
    }
    text.strip_prefix("OTA failed: ").map(|error| LogLine::OtaFailed { error: error.to_string() })
}

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

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_printed_line_reads_back_as_itself() {
        let lines = [
            LogLine::WifiConnected { ip: "192.168.4.2".into() },
            LogLine::ProvisionStarted { url: "https://localhost:8443/api/v1/provision/device".into() },
            LogLine::ProvisionSkipped,
            LogLine::ProvisionImpossible,
            LogLine::ProvisionRefused { status: 401 },
            LogLine::ProvisionTransport { error: "ESP_ERR_HTTP_CONNECT".into() },
            LogLine::ProvisionUnreadable,
            LogLine::ProvisionBackingOff { delay_ms: 604_800_000, class: "NetworkError".into() },
            LogLine::Provisioned {
                host: "localhost".into(),
                port: 8883,
                tls: true,
                username: "u-1".into(),
                password_len: 43,
                password_changed: true,
            },
            LogLine::InitComplete { device_id: "d".into(), mqtt_host: "h".into() },
            LogLine::MqttConnected,
            LogLine::MqttRefused { refusal: ConnackRefusal::NotAuthorized, backoff_ms: 30_000 },
            LogLine::MqttError { text: "transport (type=1) CONNACK_rc=0 sock_errno=104 tls_esp_err=0x0".into() },
            LogLine::OtaSkipped,
            LogLine::OtaStarted { sha256: "ab".into() },
            LogLine::OtaFinished,
            LogLine::OtaFailed { error: "ESP_FAIL".into() },
        ];
        for line in lines {
            let printed = format!("{} (17) {}: {line}\r\n", line.level().letter(), line.tag());
            assert_eq!(LogLine::parse(&printed), Some(line), "{printed}");
        }
    }

    #[test]
    fn lines_of_others_are_not_ours() {
        for line in
            ["", "ESP-ROM:esp32c3-api1-20210207", "I (3) boot: MQTT connected", "I (x) iotmer_client: MQTT connected"]
        {
            assert_eq!(LogLine::parse(line), None, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(line in ".*") {
            let _ = LogLine::parse(&line);
        }
    }
}
