//! What the browser complains of: errors on the console, reports of the policy, requests that leave the station.

use fantoccini::{Client, error::CmdError};
use serde_json::Value;

use super::chrome::Log;

/// Complaints since the last time.
pub(super) async fn complaints(client: &Client, origin: &str) -> Result<Vec<String>, CmdError> {
    let console = client.issue_cmd(Log("browser")).await?;
    let network = client.issue_cmd(Log("performance")).await?;
    let mut told: Vec<String> = entries(&console).iter().filter_map(console_complaint).collect();
    told.extend(entries(&network).iter().filter_map(|entry| off_origin(entry, origin)));
    Ok(told)
}

fn entries(log: &Value) -> &[Value] {
    log.as_array().map_or(&[], Vec::as_slice)
}

fn console_complaint(entry: &Value) -> Option<String> {
    let (level, message) = (entry["level"].as_str()?, entry["message"].as_str()?);
    let severe = level == "SEVERE" || level == "WARNING" || message.contains("Content Security Policy");
    severe.then(|| format!("{level}: {message}"))
}

/// A request to anything but the station and what the browser makes up by itself.
fn off_origin(entry: &Value, origin: &str) -> Option<String> {
    let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
    let message = &message["message"];
    if message["method"] != "Network.requestWillBeSent" {
        return None;
    }
    let url = message["params"]["request"]["url"].as_str()?;
    let own =
        url.starts_with(origin) || ["data:", "blob:", "about:", "chrome:"].iter().any(|scheme| url.starts_with(scheme));
    (!own).then(|| format!("a request leaves the station: {url}"))
}
