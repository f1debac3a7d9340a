//! Reads the lines of the contract. The contract says how a text begins, so what follows may differ.

use alloc::string::ToString;

use super::{CLIENT, ConnackRefusal, LogLine, OTA, PROVISION, WIFI, split_idf_line};

impl LogLine {
    /// Reads a whole UART line, `I (ms) tag: text`. Colours, a carriage return and a missing time are tolerated. `None`:
    /// not a line of the contract.
    pub fn parse(line: &str) -> Option<Self> {
        let (tag, text) = split_idf_line(line).or_else(|| split_untimed(line))?;
        match tag {
            WIFI => parse_wifi(text),
            PROVISION => parse_provision(text),
            CLIENT => parse_client(text),
            OTA => parse_ota(text),
            _ => None,
        }
    }
}

/// `I tag: text`, as firmware without a log time prints it. Only for the contract's own tags: other text may look so.
fn split_untimed(line: &str) -> Option<(&str, &str)> {
    let rest = super::plain(line).strip_prefix(super::LEVELS)?.strip_prefix(' ')?;
    rest.split_once(": ").filter(|(tag, _)| [WIFI, PROVISION, CLIENT, OTA].contains(tag))
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
        let status = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        return Some(LogLine::ProvisionRefused { status });
    }
    if let Some(error) = text.strip_prefix("HTTP post failed: ") {
        return Some(LogLine::ProvisionTransport { error: error.trim_end().to_string() });
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
        password_changed: fields.split(' ').any(|field| field == "password_changed_or_new"),
    })
}

fn parse_client(text: &str) -> Option<LogLine> {
    if let Some(rest) = text.strip_prefix("init complete (device_id=") {
        let (device_id, rest) = rest.split_once(", mqtt_host=")?;
        let (mqtt_host, _) = rest.split_once(')')?;
        return Some(LogLine::InitComplete { device_id: device_id.to_string(), mqtt_host: mqtt_host.to_string() });
    }
    if begins_with_words(text, "MQTT connected") {
        return Some(LogLine::MqttConnected);
    }
    if let Some(rest) = text.strip_prefix("MQTT CONNACK auth failure (rc=") {
        let (code, rest) = rest.split_once(')')?;
        let refusal = match code {
            "4" => ConnackRefusal::BadCredentials,
            "5" => ConnackRefusal::NotAuthorized,
            _ => return None,
        };
        // A delay that cannot be read is none: the refusal counts all the same.
        let delay = rest.split("uses ").nth(1).and_then(|rest| rest.split(' ').next());
        let backoff_ms = delay.and_then(|delay| delay.parse().ok()).unwrap_or(0);
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

/// Whether `text` begins with these words, and not with longer ones.
fn begins_with_words(text: &str, words: &str) -> bool {
    text.strip_prefix(words).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}
