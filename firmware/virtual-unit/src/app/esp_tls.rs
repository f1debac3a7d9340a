//! Failures of a connection in the words of ESP-IDF: the error number of esp-tls, and the lines that esp-tls prints.
//!
//! Numbers from ESP-IDF's `esp_tls_errors.h` and Mbed TLS's error and `X509_BADCERT` codes, both public headers.

use std::io;

use firstpass_agent::{CertificateFault, EspError};
use rustls::CertificateError;

use crate::{Console, Level};

const TAG: &str = "esp-tls";
const TAG_MBEDTLS: &str = "esp-tls-mbedtls";

const UNRESOLVED: u32 = 0x8001;
const UNCONNECTED: u32 = 0x8004;
const TIMEOUT: u32 = 0x8006;
const CLOSED: u32 = 0x8008;
/// The name of the server cannot be used.
pub(super) const HOST_NAME_FAILED: u32 = 0x8012;
/// A certificate cannot be read.
pub(super) const CERT_PARSE_FAILED: u32 = 0x8015;
/// The client certificate cannot be used.
pub(super) const OWN_CERT_FAILED: u32 = 0x8016;
/// The private key cannot be read.
pub(super) const KEY_PARSE_FAILED: u32 = 0x8019;
const HANDSHAKE_FAILED: u32 = 0x801a;

/// Why a connection was not made or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LinkFailure {
    pub(super) sock_errno: i32,
    pub(super) tls_esp_err: u32,
    /// Set when the failure has an ESP-IDF name of its own; otherwise no connection was made.
    named: Option<EspError>,
    /// Set when it is the unit's own certificate that cannot be used, or that the server may not have liked.
    pub(super) certificate: Option<CertificateFault>,
    lines: Vec<Line>,
}

/// The component of ESP-IDF that needed the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reporter {
    HttpClient,
    Transport,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    level: Level,
    tag: &'static str,
    text: String,
}

impl LinkFailure {
    /// Prints what esp-tls would, and then what the component above it says.
    pub(super) fn print(&self, console: &Console, reporter: Reporter) {
        for Line { level, tag, text } in &self.lines {
            console.log(*level, tag, text);
        }
        match (reporter, self.named) {
            (Reporter::Transport, Some(error)) => console.log(Level::Error, "mqtt_client", error),
            (Reporter::Transport, None) if self.tls_esp_err == CLOSED => {}
            (Reporter::Transport, None) => {
                console.log(Level::Error, "transport_base", "Failed to open a new connection");
            }
            (Reporter::HttpClient, None) => console.log(Level::Error, "HTTP_CLIENT", "Connection failed, sock < 0"),
            // The agent names the error in its own line.
            (Reporter::HttpClient, Some(_)) => {}
        }
    }

    /// What `esp_http_client` returns.
    pub(super) fn http_error(&self) -> EspError {
        self.named.unwrap_or(EspError("ESP_ERR_HTTP_CONNECT"))
    }

    fn new(sock_errno: i32, tls_esp_err: u32, lines: Vec<Line>) -> Self {
        Self { sock_errno, tls_esp_err, named: None, certificate: None, lines }
    }

    /// A failure that ESP-IDF has a name for, once there is a connection or before there can be one.
    pub(super) fn named(name: &'static str) -> Self {
        Self::of_nvs(EspError(name))
    }

    /// The keys for TLS could not be read.
    pub(super) fn of_nvs(error: EspError) -> Self {
        Self { named: Some(error), ..Self::new(0, 0, Vec::new()) }
    }

    /// TLS could not even be prepared.
    pub(super) fn setup(tls_esp_err: u32, text: &str) -> Self {
        Self::new(0, tls_esp_err, vec![error_line(TAG_MBEDTLS, text)])
    }

    pub(super) fn unresolved(host: &str) -> Self {
        let text = format!("couldn't get hostname for :{host}: getaddrinfo() returns 202");
        Self::new(0, UNRESOLVED, vec![error_line(TAG, text)])
    }

    pub(super) fn unconnected(error: &io::Error) -> Self {
        let errno = error.raw_os_error().unwrap_or(0);
        Self::new(errno, UNCONNECTED, vec![error_line(TAG, format!("connect() error: {}", error.kind()))])
    }

    pub(super) fn timeout() -> Self {
        Self::new(nix::errno::Errno::ETIMEDOUT as i32, TIMEOUT, vec![error_line(TAG, "select() timeout")])
    }

    /// The connection stands, but the handshake does not come to an end.
    pub(super) fn handshake_timeout() -> Self {
        let text = "Failed to open new connection in specified timeout";
        Self::new(0, TIMEOUT, vec![Line { level: Level::Warning, tag: TAG, text: text.into() }])
    }

    /// The connection breaks, as one does that the unit's own radio loses.
    pub(super) fn broken() -> Self {
        Self { sock_errno: nix::errno::Errno::ECONNRESET as i32, ..Self::closed() }
    }

    /// The same failure, as one of the unit's own certificate.
    pub(super) fn of_own_certificate(self, fault: CertificateFault) -> Self {
        Self { certificate: Some(fault), ..self }
    }

    pub(super) fn closed() -> Self {
        Self::new(0, CLOSED, Vec::new())
    }

    /// The handshake failed.
    pub(super) fn of_handshake(error: &io::Error) -> Self {
        let mut lines =
            vec![error_line(TAG_MBEDTLS, format!("mbedtls_ssl_handshake returned {}", mbedtls_code(error)))];
        match tls_error(error) {
            Some(rustls::Error::InvalidCertificate(reason)) => {
                lines.push(info_line("Failed to verify peer certificate!"));
                lines.push(info_line(format!("verification info:   ! {}", verification_info(reason))));
            }
            Some(rustls::Error::AlertReceived(alert)) => lines.push(info_line(format!("peer sent alert {alert:?}"))),
            Some(_) | None => {}
        }
        lines.push(error_line(TAG, "Failed to open new connection"));
        let failure = Self::new(error.raw_os_error().unwrap_or(0), HANDSHAKE_FAILED, lines);
        Self { certificate: alert_about_us(error), ..failure }
    }

    /// An open stream failed: by the peer's alert, by a reset, or by an end without goodbye.
    pub(super) fn of_open_stream(error: &io::Error) -> Self {
        let Some(rustls::Error::AlertReceived(alert)) = tls_error(error) else {
            return Self { sock_errno: error.raw_os_error().unwrap_or(0), ..Self::closed() };
        };
        let code = mbedtls_code(error);
        let lines = vec![error_line(TAG_MBEDTLS, format!("read error :{code}: peer sent alert {alert:?}"))];
        Self { certificate: alert_about_us(error), ..Self::new(0, HANDSHAKE_FAILED, lines) }
    }
}

/// What the server's alert says of the unit's certificate, if it has shown one.
fn alert_about_us(error: &io::Error) -> Option<CertificateFault> {
    match tls_error(error)? {
        rustls::Error::AlertReceived(alert) => CertificateFault::of_alert(u8::from(*alert)),
        _ => None,
    }
}

fn error_line(tag: &'static str, text: impl Into<String>) -> Line {
    Line { level: Level::Error, tag, text: text.into() }
}

fn info_line(text: impl Into<String>) -> Line {
    Line { level: Level::Info, tag: TAG_MBEDTLS, text: text.into() }
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// The number with which Mbed TLS would end the handshake.
fn mbedtls_code(error: &io::Error) -> &'static str {
    match (tls_error(error), error.kind()) {
        (Some(rustls::Error::InvalidCertificate(_)), _) => "-0x2700",
        (Some(rustls::Error::AlertReceived(_)), _) => "-0x7780",
        (Some(_), _) => "-0x7200",
        (None, io::ErrorKind::UnexpectedEof) => "-0x7280",
        (None, _) => "-0x0050",
    }
}

/// The text that Mbed TLS has for what is wrong with a certificate.
fn verification_info(reason: &CertificateError) -> &'static str {
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "The certificate validity has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "The certificate validity starts in the future"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "The certificate Common Name (CN) does not match with the expected CN"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "Usage does not match the extendedKeyUsage extension"
        }
        // An unknown issuer, a bad signature, a leaf as a CA and the like: Mbed TLS says the same of all of them.
        _ => "The certificate is not correctly signed by the trusted CA",
    }
}
