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

/// What the public example applications print on the line after the class.
const DETAILS: &str = "Error details :";

/// Reads lines one after the other: a class, and perhaps its details on the next line.
#[derive(Debug, Default)]
pub(super) struct Client {
    last: Option<&'static str>,
}

impl Client {
    /// What the client says in this line.
    pub(super) fn read(&mut self, line: &str) -> Option<UartFact> {
        let class = match line.starts_with(DETAILS) {
            true => self.last.take(),
            false => class_in(line),
        }?;
        self.last = Some(class);
        Some(UartFact::ClientError { class: class.to_owned(), text: cut(line) })
    }
}

/// The class that a line names: behind `Connect` or `Connector`, or alone in a line of the client.
fn class_in(line: &str) -> Option<&'static str> {
    if line.contains(": cannot provision") {
        return Some("InvalidParameters");
    }
    let of_client = line.contains("MbedCloudClient") || line.to_ascii_lowercase().contains("client error");
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric());
    words.find_map(|word| {
        let bare = word.strip_prefix("Connector").or_else(|| word.strip_prefix("Connect"));
        let class = bare.or_else(|| of_client.then_some(word))?;
        CLASSES.into_iter().find(|known| *known == class)
    })
}
