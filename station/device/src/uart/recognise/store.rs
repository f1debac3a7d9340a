//! Errors of NVS, by their names in ESP-IDF (`nvs.h`), and in the words of our agent.

use firstpass_domain::{diagnosis::line::NVS_READING, evidence::UartFact};

use super::cut;

/// What every name of an NVS error begins with.
const PREFIX: &str = "ESP_ERR_NVS_";
/// Not an error: a key or namespace that was never written, as on every first start.
const NOT_FOUND: &str = "ESP_ERR_NVS_NOT_FOUND";
/// Tag of our agent's store.
const TAG: &str = " iotmer_nvs: ";

/// What a line says of NVS. A key that is read may be missing; everything else is trouble.
pub(super) fn read(line: &str) -> Option<UartFact> {
    let error = of_agent(line).or_else(|| name_in(line).map(str::to_owned))?;
    Some(UartFact::NvsFailed { error })
}

fn name_in(line: &str) -> Option<&str> {
    let start = line.find(PREFIX)?;
    let name = line[start..].split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_').next()?;
    (name != NOT_FOUND && name != PREFIX).then_some(name)
}

/// `NVS cannot be read: <error>` and `NVS cannot be written: <error>`, of whatever layer the error is.
fn of_agent(line: &str) -> Option<String> {
    let (_, text) = line.split_once(TAG)?;
    let (what, error) = text.split_once(": ")?;
    let error = cut(error.split(|c: char| c.is_whitespace() || c == '\u{1b}').next()?);
    match what {
        "NVS cannot be read" => Some(format!("{error}{NVS_READING}")),
        "NVS cannot be written" | "NVS cannot be erased" => Some(error),
        _ => None,
    }
}
