//! What the driver tells the agent.

use alloc::string::String;

use crate::{EspError, OpaqueBytes};

/// One thing that happened. Every request of the agent is answered by exactly one event, unless the unit restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The unit has an address.
    NetworkUp {
        /// The address as text.
        ip: String,
    },
    /// The network is away, and the driver tries again.
    NetworkRetry {
        /// Which attempt follows, from 1.
        attempt: u16,
        /// How many attempts there are.
        attempts_max: u16,
    },
    /// The driver has given up on the network.
    NetworkFailed {
        /// How many attempts were made.
        attempts: u16,
    },
    /// The HTTPS request was answered.
    HttpResponse(HttpResponse),
    /// The HTTPS request got no answer.
    HttpFailed(HttpFailure),
    /// The broker stream is open, TLS included.
    BrokerOpened,
    /// The broker stream could not be opened.
    BrokerFailed(BrokerFailure),
    /// The broker, or the network, ended the stream. Not sent for a stream that the agent closed itself.
    BrokerClosed(BrokerFailure),
    /// The broker sent bytes; any cut is allowed.
    BrokerBytes(OpaqueBytes),
    /// The time of the last [`Action::WakeAt`](crate::Action::WakeAt) has come. Too early is harmless.
    TimerDue,
    /// The session write is in the flash.
    NvsStored,
    /// The session write failed.
    NvsFailed(EspError),
    /// The new image is in its slot, verified, and will boot next.
    OtaStored,
    /// The download or its verification failed; the running image stays.
    OtaFailed(EspError),
    /// The platform's certificate request, in PEM.
    CertificateRequest(String),
    /// The platform has no key and could not make one.
    CertificateRequestFailed(EspError),
    /// A person or the application wants the stored session and everything beside it erased.
    FactoryReset,
    /// The application publishes this as telemetry.
    Telemetry(OpaqueBytes),
    /// The application ends the connection for good.
    Close,
}

/// Why an HTTPS request got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpFailure {
    /// What `esp_http_client` returned.
    pub error: EspError,
    /// Error of the TLS layer below it, such as 0x8001 (host name not resolved); 0 if it had none.
    pub tls_esp_err: u32,
}

/// Answer to an [`HttpsRequest`](crate::HttpsRequest).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// Value of `Retry-After` in seconds, if the header is there and a number.
    pub retry_after_s: Option<u32>,
    /// The body. The agent reads at most 8191 bytes of it, as the unit's buffer would; a driver may cut it there.
    pub body: OpaqueBytes,
}

/// Why a broker stream failed, in the two numbers that the ESP-IDF client reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerFailure {
    /// `errno` of the socket, 0 if it had none.
    pub sock_errno: i32,
    /// Error of the TLS layer, such as 0x8001 (host name not resolved) or 0x801a (handshake failed); 0 if it had none.
    pub tls_esp_err: u32,
    /// Set when it was the unit's own certificate that failed.
    pub certificate: Option<CertificateFault>,
}

/// What is wrong with the unit's own certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its validity has ended: by the unit's clock before a stream was opened, or by the server's alert.
    Expired,
    /// The server has revoked it, or does not take it.
    Refused,
    /// Certificate or key in NVS cannot be read or do not belong together.
    Unusable,
}

impl CertificateFault {
    /// What a TLS alert of the server says of the unit's certificate; `None`: nothing (RFC 8446, section 6).
    pub const fn of_alert(alert: u8) -> Option<Self> {
        match alert {
            // certificate_expired
            45 => Some(Self::Expired),
            // bad_certificate, unsupported_certificate, certificate_revoked, certificate_unknown, unknown_ca
            42 | 43 | 44 | 46 | 48 => Some(Self::Refused),
            _ => None,
        }
    }
}
