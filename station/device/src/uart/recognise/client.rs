//! Errors that a client reports by class. Source: recovery rules, section 2; the names are those of the Device
//! Management client's `MbedCloudClient::Error`: `ConnectNetworkError`, `ConnectorFailedToStoreCredentials`.

use firstpass_domain::evidence::UartFact;

use super::cut;

const CLASSES: [&str; 13] = [
    "BootstrapFailed",
    "InvalidParameters",
    "NotRegistered",
    "Timeout",
    "NetworkError",
    "ResponseParseFailed",
    "MemoryConnectFail",
    "NotAllowed",
    "SecureConnectionFailed",
    "DnsResolvingFailed",
    "FailedToStoreCredentials",
    "FailedToReadCredentials",
    "InvalidCredentials",
];

/// The class that a line names: behind `Connect` or `Connector`, or alone in a line of the client.
pub(super) fn read(line: &str) -> Option<UartFact> {
    if let Some(class) = line.contains(": cannot provision").then_some("InvalidParameters") {
        return Some(UartFact::ClientError { class: class.to_owned(), text: cut(line) });
    }
    let of_client = line.contains("MbedCloudClient") || line.to_ascii_lowercase().contains("client error");
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric());
    let class = words.find_map(|word| {
        let bare = word.strip_prefix("Connector").or_else(|| word.strip_prefix("Connect"));
        let class = bare.or_else(|| of_client.then_some(word))?;
        CLASSES.into_iter().find(|known| *known == class)
    })?;
    Some(UartFact::ClientError { class: class.to_owned(), text: cut(line) })
}
