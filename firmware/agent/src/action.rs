//! What the agent asks its driver to do.

use alloc::{
    collections::VecDeque,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use firstpass_contract::{LogLine, Secret, logline::Level};

use crate::{ErrorClass, Report, SessionWrite};

/// One request to the driver, to be carried out in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Print `I (ms) tag: text` on the UART.
    Log {
        /// Severity.
        level: Level,
        /// Tag of the component.
        tag: &'static str,
        /// The text, without line end.
        text: String,
    },
    /// Send an HTTPS POST; answered by `HttpResponse` or `HttpFailed`.
    Post(HttpsRequest),
    /// Open the stream to the broker; answered by `BrokerOpened` or `BrokerFailed`.
    OpenBroker(BrokerEndpoint),
    /// Send bytes on the open broker stream.
    SendBroker(OpaqueBytes),
    /// Close the broker stream, open or opening; no event of it may follow.
    CloseBroker,
    /// Change the session in NVS; answered by `NvsStored` or `NvsFailed`.
    WriteSession(SessionWrite),
    /// Send `TimerDue` at this time; replaces every earlier request.
    WakeAt {
        /// In the driver's milliseconds, the same that it passes to `handle`.
        at_ms: u64,
    },
    /// Download an image into the next OTA slot; answered by `OtaStored` or `OtaFailed`.
    DownloadOta(OtaDownload),
    /// Restart the chip.
    Restart,
    /// Erase the whole NVS partition and mount it again; answered by `NvsStored` or `NvsFailed`.
    FormatNvs,
    /// Make a certificate request; answered by `CertificateRequest` or `CertificateRequestFailed`, see
    /// [`ClientKey::answer`](crate::ClientKey::answer).
    MakeCertificateRequest {
        /// Name for the request's subject; the authority decides on the final one.
        common_name: String,
    },
    /// The running image works: end its trial (`esp_ota_mark_app_valid_cancel_rollback`).
    ConfirmApp,
    /// The running image does not work: reject it and restart into the one before it
    /// (`esp_ota_mark_app_invalid_rollback_and_reboot`).
    RollBack,
    /// Tell the application.
    Report(Report),
}

/// An HTTPS POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpsRequest {
    /// Where to; `https` only.
    pub url: String,
    /// Headers in order.
    pub headers: Vec<Header>,
    /// The body; holds no secret.
    pub body: String,
    /// Time for the whole exchange, in milliseconds.
    pub timeout_ms: u32,
}

/// A request header; its value may be an auth code, so it cannot be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Name, lower case.
    pub name: &'static str,
    /// Value.
    pub value: Secret,
}

/// Where the broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerEndpoint {
    /// Host name or address, which the server's certificate must show.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// Whether NVS holds a client certificate to present.
    pub client_certificate: bool,
}

/// An image to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtaDownload {
    /// Where from.
    pub url: String,
    /// Expected SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// Expected size in bytes, if the server told it.
    pub size: Option<u32>,
    /// Time for the whole download, in milliseconds.
    pub timeout_ms: u32,
}

/// Bytes that may hold a password: printed only as their number.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct OpaqueBytes(pub Vec<u8>);

impl fmt::Debug for OpaqueBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpaqueBytes({} bytes)", self.0.len())
    }
}

/// The actions that wait for the driver. A driver drains them after every event, so the queue stays short.
#[derive(Debug, Default)]
pub(crate) struct Actions {
    queue: VecDeque<Action>,
    network_trouble: bool,
}

impl Actions {
    pub(crate) fn push(&mut self, action: Action) {
        self.queue.push_back(action);
    }

    pub(crate) fn pop(&mut self) -> Option<Action> {
        self.queue.pop_front()
    }

    /// Reports a failure to the application.
    pub(crate) fn failed(&mut self, class: ErrorClass, retry_in_ms: Option<u64>) {
        self.network_trouble |= class.is_of_the_network();
        self.push(Action::Report(Report::Failed { class, retry_in_ms }));
    }

    /// Whether a failure of the network was reported since the last call.
    pub(crate) fn take_network_trouble(&mut self) -> bool {
        core::mem::take(&mut self.network_trouble)
    }

    /// Logs a line of the contract.
    pub(crate) fn log(&mut self, line: &LogLine) {
        self.log_text(line.level(), line.tag(), &line.to_string());
    }

    /// Logs a line that the contract does not name. Control characters become blanks, because names and topics come
    /// from servers, which must not be able to end the line and write one of their own.
    pub(crate) fn log_text(&mut self, level: Level, tag: &'static str, text: &str) {
        let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.push(Action::Log { level, tag, text });
    }
}
