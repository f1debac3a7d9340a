//! Failures of a connection in the words of ESP-IDF: the error number of esp-tls, and the lines that esp-tls prints.
//!
//! Numbers from ESP-IDF's `esp_tls_errors.h`, newlib's `errno.h`, and Mbed TLS's public headers.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use firstpass_agent::{CertificateFault, EspError};
use firstpass_contract::logline::Level;
use mbedtls_rs::SessionError;

const TAG: &str = "esp-tls";
const TAG_MBEDTLS: &str = "esp-tls-mbedtls";

const UNRESOLVED: u32 = 0x8001;
const UNCONNECTED: u32 = 0x8004;
const TIMEOUT: u32 = 0x8006;
const CLOSED: u32 = 0x8008;
pub(crate) const HOST_NAME_FAILED: u32 = 0x8012;
pub(crate) const CERT_PARSE_FAILED: u32 = 0x8015;
pub(crate) const SETUP_FAILED: u32 = 0x8018;
pub(crate) const KEY_PARSE_FAILED: u32 = 0x8019;
const HANDSHAKE_FAILED: u32 = 0x801a;

const ECONNRESET: i32 = 104;
const ECONNREFUSED: i32 = 111;
const ETIMEDOUT: i32 = 116;
const EHOSTUNREACH: i32 = 118;

/// `MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE`
const FATAL_ALERT: i32 = -0x7780;

/// What Mbed TLS says of each flag of a verification (`MBEDTLS_X509_BADCERT_…`), the gravest first.
const VERIFICATION: [(u32, &str); 7] = [
    (0x40, "Certificate was missing"),
    (0x08, "The certificate is not correctly signed by the trusted CA"),
    (0x04, "The certificate Common Name (CN) does not match with the expected CN"),
    (0x01, "The certificate validity has expired"),
    (0x0200, "The certificate validity starts in the future"),
    (0x0800, "Usage does not match the keyUsage extension"),
    (0x1000, "Usage does not match the extendedKeyUsage extension"),
];

/// Why a connection was not made or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFailure {
    /// `errno` of the socket, 0 if it had none.
    pub sock_errno: i32,
    /// Error of the TLS layer, 0 if it had none.
    pub tls_esp_err: u32,
    /// Set when it is the unit's own certificate that cannot be used, or that the server may not have liked.
    pub certificate: Option<CertificateFault>,
    named: Option<EspError>,
    lines: Vec<(Level, &'static str, String)>,
}

/// The component of ESP-IDF that needed the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// `esp_http_client`
    HttpClient,
    /// `esp-mqtt`
    Transport,
}

impl LinkFailure {
    /// The lines that esp-tls prints, and the component above it.
    pub fn lines(&self, component: Component) -> impl Iterator<Item = (Level, &'static str, &str)> {
        let above = match (component, self.named) {
            (Component::Transport, Some(error)) => Some(("mqtt_client", error.0)),
            (Component::Transport, None) if self.tls_esp_err == CLOSED => None,
            (Component::Transport, None) => Some(("transport_base", "Failed to open a new connection")),
            (Component::HttpClient, None) => Some(("HTTP_CLIENT", "Connection failed, sock < 0")),
            // The agent names the error in its own line.
            (Component::HttpClient, Some(_)) => None,
        };
        let below = self.lines.iter().map(|(level, tag, text)| (*level, *tag, text.as_str()));
        below.chain(above.map(|(tag, text)| (Level::Error, tag, text)))
    }

    /// What `esp_http_client` returns.
    pub fn http_error(&self) -> EspError {
        self.named.unwrap_or(EspError("ESP_ERR_HTTP_CONNECT"))
    }

    fn new(sock_errno: i32, tls_esp_err: u32) -> Self {
        Self { sock_errno, tls_esp_err, certificate: None, named: None, lines: Vec::new() }
    }

    fn line(mut self, level: Level, tag: &'static str, text: impl Into<String>) -> Self {
        self.lines.push((level, tag, text.into()));
        self
    }

    /// A failure that ESP-IDF has a name for.
    pub fn named(error: EspError) -> Self {
        Self { named: Some(error), ..Self::new(0, 0) }
    }

    /// TLS could not even be prepared.
    pub(crate) fn setup(tls_esp_err: u32, text: &str) -> Self {
        Self::new(0, tls_esp_err).line(Level::Error, TAG_MBEDTLS, text)
    }

    /// A session could not be set up.
    pub(crate) fn of_setup(error: SessionError) -> Self {
        // `MBEDTLS_ERR_SSL_ALLOC_FAILED`, `MBEDTLS_ERR_X509_ALLOC_FAILED`, `MBEDTLS_ERR_PK_ALLOC_FAILED`
        const OUT_OF_MEMORY: [i32; 3] = [-0x7f00, -0x2880, -0x3f80];
        match error {
            SessionError::MbedTls(error) if OUT_OF_MEMORY.contains(&error.code()) => {
                Self::named(EspError("ESP_ERR_NO_MEM"))
            }
            SessionError::MbedTls(_) | SessionError::Io(_) => Self::setup(SETUP_FAILED, "mbedtls_ssl_setup failed"),
        }
    }

    /// The host name has no address.
    pub fn unresolved(host: &str) -> Self {
        let text = format!("couldn't get hostname for :{host}: getaddrinfo() returns 202");
        Self::new(0, UNRESOLVED).line(Level::Error, TAG, text)
    }

    /// The server's machine refuses the connection.
    pub fn refused() -> Self {
        Self::unconnected(ECONNREFUSED)
    }

    /// The server's machine cannot be reached.
    pub fn unreachable() -> Self {
        Self::unconnected(EHOSTUNREACH)
    }

    fn unconnected(errno: i32) -> Self {
        let text = format!("[sock=-1] connect() error: errno {errno}");
        Self::new(errno, UNCONNECTED).line(Level::Error, TAG, text)
    }

    /// Nothing came in time.
    pub fn timeout() -> Self {
        Self::new(ETIMEDOUT, TIMEOUT).line(Level::Error, TAG, "select() timeout")
    }

    /// The connection stands, but the handshake does not come to an end.
    pub(crate) fn handshake_timeout() -> Self {
        let text = "Failed to open new connection in specified timeout";
        Self::new(0, TIMEOUT).line(Level::Warn, TAG, text)
    }

    /// The connection was reset.
    pub fn reset() -> Self {
        Self::new(ECONNRESET, CLOSED)
    }

    /// The peer ended the connection.
    pub fn closed() -> Self {
        Self::new(0, CLOSED)
    }

    /// The same failure, as one of the unit's own certificate.
    pub(crate) fn of_own_certificate(self, fault: CertificateFault) -> Self {
        Self { certificate: Some(fault), ..self }
    }

    /// The handshake failed; `flags` are those of the verification, `u32::MAX` when it was not reached.
    pub(crate) fn of_handshake(error: SessionError, flags: u32) -> Self {
        let failure = Self::new(errno(error), HANDSHAKE_FAILED);
        let text = format!("mbedtls_ssl_handshake returned {}", Code(error));
        let failure = failure.line(Level::Error, TAG_MBEDTLS, text).verification(flags);
        // Mbed TLS does not tell which alert it was; esp-mqtt does not know either.
        let failure = Self { certificate: is_alert(error).then_some(CertificateFault::Refused), ..failure };
        failure.line(Level::Error, TAG, "Failed to open new connection")
    }

    /// The handshake was not begun or came to its end, and the server is not to be trusted all the same.
    pub(crate) fn unverified(flags: u32) -> Self {
        // `MBEDTLS_ERR_X509_CERT_VERIFY_FAILED`
        let failure = Self::new(0, HANDSHAKE_FAILED);
        let failure = failure.line(Level::Error, TAG_MBEDTLS, "mbedtls_ssl_handshake returned -0x2700");
        failure.verification(flags).line(Level::Error, TAG, "Failed to open new connection")
    }

    fn verification(mut self, flags: u32) -> Self {
        if flags != 0 && flags != u32::MAX {
            self = self.line(Level::Info, TAG_MBEDTLS, "Failed to verify peer certificate!");
            for (_, text) in VERIFICATION.iter().filter(|(flag, _)| flags & flag != 0) {
                self = self.line(Level::Info, TAG_MBEDTLS, format!("verification info:   ! {text}"));
            }
        }
        self
    }

    /// An open stream failed: by the peer's alert, by a reset, or by an end without goodbye.
    pub(crate) fn of_open_stream(error: SessionError) -> Self {
        if !is_alert(error) {
            return Self::new(errno(error), CLOSED);
        }
        let text = format!("read error :{}: peer sent a fatal alert", Code(error));
        let failure = Self::new(0, HANDSHAKE_FAILED).line(Level::Error, TAG_MBEDTLS, text);
        failure.of_own_certificate(CertificateFault::Refused)
    }
}

fn is_alert(error: SessionError) -> bool {
    matches!(error, SessionError::MbedTls(error) if error.code() == FATAL_ALERT)
}

fn errno(error: SessionError) -> i32 {
    match error {
        SessionError::MbedTls(_) => 0,
        SessionError::Io(_) => ECONNRESET,
    }
}

/// The number of Mbed TLS as ESP-IDF prints it.
struct Code(SessionError);

impl core::fmt::Display for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            SessionError::MbedTls(error) => write!(f, "-0x{:04X}", error.code().unsigned_abs()),
            // `MBEDTLS_ERR_NET_CONN_RESET`
            SessionError::Io(_) => f.write_str("-0x0050"),
        }
    }
}
