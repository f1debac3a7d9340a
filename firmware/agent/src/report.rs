//! What the agent reports to the application above it: failures by class, and the result of an update.
//!
//! Source of the classes: recovery rules, section 2.

use core::fmt;

use crate::{BrokerFailure, EspError, HttpFailure};

/// A report to the application; the agent goes on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// Something failed.
    Failed {
        /// Its class.
        class: ErrorClass,
        /// When the agent tries again, in milliseconds from now; `None`: not by itself.
        retry_in_ms: Option<u64>,
    },
    /// The broker accepted the unit's session.
    Registered,
    /// How a firmware update went.
    Update(UpdateResult),
}

/// How a firmware update went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateResult {
    /// The new firmware has connected and stays.
    Succeeded,
    /// The image could not be fetched or verified; the running firmware stays.
    Failed,
    /// The new firmware did not connect in time and gives way to the one before it.
    RolledBack,
    /// The unit already runs what is offered.
    Skipped,
}

macro_rules! classes {
    ($($(#[$doc:meta])* $class:ident,)*) => {
        /// Class of a failure; printed as its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorClass { $($(#[$doc])* $class,)* }

        impl ErrorClass {
            /// Every class.
            pub const ALL: &[Self] = &[$(Self::$class),*];

            /// The name, as the recovery rules write it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$class => stringify!($class),)* }
            }
        }
    };
}

classes! {
    /// The provisioning service does not grant the request: quota, code, rights, or its own trouble.
    BootstrapFailed,
    /// A provisioning parameter is missing, has the wrong form, or is longer than 64 characters.
    InvalidParameters,
    /// The application asked for something that only a connected unit can do.
    NotRegistered,
    /// Not connected within 3 minutes, and the network was no reason.
    Timeout,
    /// The connection was lost or never made.
    NetworkError,
    /// An answer of a server cannot be read.
    ResponseParseFailed,
    /// Credentials could not be stored for lack of memory.
    MemoryConnectFail,
    /// The application asked for something that cannot be done in this state.
    NotAllowed,
    /// TLS failed.
    SecureConnectionFailed,
    /// A host name could not be resolved.
    DnsResolvingFailed,
    /// Credentials could not be written.
    FailedToStoreCredentials,
    /// Credentials could not be read.
    FailedToReadCredentials,
    /// The stored credentials are unusable, or refused.
    InvalidCredentials,
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `ESP_ERR_ESP_TLS_CANNOT_RESOLVE_HOSTNAME` (ESP-IDF, `esp_tls_errors.h`).
const TLS_ERR_DNS: u32 = 0x8001;

/// `ESP_ERR_ESP_TLS_FAILED_CONNECT_TO_HOST` to `ESP_ERR_ESP_TLS_TCP_CLOSED_FIN`, without the name look-up: TCP.
const TLS_ERR_TCP: core::ops::RangeInclusive<u32> = 0x8002..=0x8008;

impl ErrorClass {
    pub(crate) fn of_http(failure: &HttpFailure) -> Self {
        match failure.error.0 {
            "ESP_ERR_INVALID_ARG" | "ESP_ERR_HTTP_INVALID_TRANSPORT" => Self::InvalidParameters,
            "ESP_ERR_NO_MEM" => Self::MemoryConnectFail,
            "ESP_ERR_HTTP_INCOMPLETE_DATA" => Self::ResponseParseFailed,
            _ => Self::of_tls(failure.tls_esp_err),
        }
    }

    pub(crate) fn of_broker(failure: &BrokerFailure) -> Self {
        match failure.certificate {
            Some(_) => Self::SecureConnectionFailed,
            None => Self::of_tls(failure.tls_esp_err),
        }
    }

    /// Of a failed write to NVS.
    pub(crate) fn of_store(error: EspError) -> Self {
        match error.0 {
            "ESP_ERR_NO_MEM" | "ESP_ERR_NVS_NOT_ENOUGH_SPACE" | "ESP_ERR_NVS_NO_FREE_PAGES" => Self::MemoryConnectFail,
            _ => Self::FailedToStoreCredentials,
        }
    }

    pub(crate) const fn is_of_the_network(self) -> bool {
        matches!(self, Self::NetworkError | Self::DnsResolvingFailed | Self::SecureConnectionFailed)
    }

    fn of_tls(tls_esp_err: u32) -> Self {
        match tls_esp_err {
            TLS_ERR_DNS => Self::DnsResolvingFailed,
            0 => Self::NetworkError,
            code if TLS_ERR_TCP.contains(&code) => Self::NetworkError,
            _ => Self::SecureConnectionFailed,
        }
    }
}
