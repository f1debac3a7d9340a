//! Lines that only a kept log is asked for: of tools, of firmware with tags of its own, and warnings that end no run.

use firstpass_contract::logline::split_idf_line;
use firstpass_domain::DiagnosisCode;

/// Beginnings of the contract's lines that nobody else prints, with the contract's tag.
const UNMISTAKABLE: [(&str, &str); 14] = [
    ("WiFi connected, IP:", "iotmer_wifi"),
    ("WiFi disconnected, retry ", "iotmer_wifi"),
    ("WiFi connect failed after", "iotmer_wifi"),
    ("WiFi connect timed out after", "iotmer_wifi"),
    ("HTTPS POST ", "iotmer_provision"),
    ("provision skipped (no auth code; using stored session)", "iotmer_provision"),
    ("provision auth empty and NVS session incomplete", "iotmer_provision"),
    ("Provision failed HTTP ", "iotmer_provision"),
    ("MQTT (from provision): ", "iotmer_provision"),
    ("init complete (device_id=", "iotmer_client"),
    ("MQTT connected", "iotmer_client"),
    ("MQTT CONNACK auth failure (rc=", "iotmer_client"),
    ("OTA skipped (same SHA256 as last applied build)", "iotmer_ota"),
    ("OTA finished, rebooting into new firmware", "iotmer_ota"),
];

/// The line of the contract that stands under another tag, with the tag that it should have.
pub(super) fn under_other_tag(line: &str) -> Option<String> {
    let (_, text) = split_idf_line(line)?;
    let (_, tag) = UNMISTAKABLE.iter().find(|(beginning, _)| text.starts_with(beginning))?;
    Some(format!("I {tag}: {text}"))
}

/// esptool's last words when no chip answers, and ESP-IDF's task watchdog, which by itself restarts nothing.
pub(super) fn trouble(line: &str) -> Option<DiagnosisCode> {
    if line.contains("A fatal error occurred: Failed to connect to ") {
        return Some(DiagnosisCode::NoAnswer);
    }
    line.contains("Task watchdog got triggered").then_some(DiagnosisCode::AppHung)
}
