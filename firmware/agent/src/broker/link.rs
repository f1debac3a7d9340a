//! Where the stream to the broker stands, its time limits, and the bytes of an unfinished packet.

use alloc::{format, string::String, vec::Vec};

use firstpass_contract::{
    ConnackRefusal, LogLine,
    mqtt::{ConnectCode, DecodeError, Packet, decode, frame_length},
    topics::KEEP_ALIVE_S,
};

use super::Breakdown;
use crate::ErrorClass;

/// How long a broker may take to answer CONNECT, in milliseconds (network time limit of the ESP-IDF client).
pub(super) const CONNACK_TIMEOUT_MS: u64 = 10_000;

/// Silence of ours after which a PINGREQ is sent: half the keep-alive, as the ESP-IDF client does, in milliseconds.
pub(super) const PING_AFTER_MS: u64 = KEEP_ALIVE_S as u64 * 1000 / 2;

/// How long a broker may take to answer PINGREQ, in milliseconds.
pub(super) const PONG_TIMEOUT_MS: u64 = 10_000;

/// Largest packet that a unit takes, in bytes.
const PACKET_MAX: usize = 8192;

/// The stream and the session on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// Not connected; tries again at that time, or when it is told to.
    Down { retry_at: Option<u64> },
    /// Waits for the network, and then at least until that time.
    Offline { not_before: Option<u64> },
    /// The driver opens the stream.
    Opening,
    /// CONNECT is sent.
    AwaitingConnack { until: u64 },
    /// The session runs.
    Up { ping_at: u64, pong_until: Option<u64> },
}

impl Link {
    /// The next time at which something is due.
    pub(super) fn deadline(self) -> Option<u64> {
        match self {
            Self::Down { retry_at } => retry_at,
            Self::Offline { .. } | Self::Opening => None,
            Self::AwaitingConnack { until } => Some(until),
            Self::Up { ping_at, pong_until } => Some(pong_until.unwrap_or(ping_at)),
        }
    }
}

/// Received bytes that are no whole packet yet; never more than [`PACKET_MAX`] and what the driver read at once.
#[derive(Debug, Default)]
pub(super) struct Inbox(Vec<u8>);

impl Inbox {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Takes the first whole packet.
    pub(super) fn next_packet(&mut self) -> Result<Option<Packet>, DecodeError> {
        let Some(length) = frame_length(&self.0, PACKET_MAX)?.filter(|length| *length <= self.0.len()) else {
            return Ok(None);
        };
        let packet = decode(&self.0[..length])?;
        self.0.drain(..length);
        Ok(Some(packet))
    }
}

impl Breakdown {
    /// The line that the unit logs for it, with the numbers of ESP-IDF's `esp_mqtt_error_codes_t`.
    pub(super) fn line(&self, delay_ms: u64) -> LogLine {
        let backoff_ms = u32::try_from(delay_ms).unwrap_or(u32::MAX);
        let refused = |refusal| LogLine::MqttRefused { refusal, backoff_ms };
        match self {
            Self::Refused(ConnectCode::BadLogin) => refused(ConnackRefusal::BadCredentials),
            Self::Refused(ConnectCode::NotAuthorized) => refused(ConnackRefusal::NotAuthorized),
            Self::Refused(code) => error_line("MQTT_ERROR_TYPE_CONNECTION_REFUSED (type=2)", *code as u8, 0, 0, ""),
            Self::Transport(failure) => transport_line(failure.sock_errno, failure.tls_esp_err, ""),
            Self::Silent => transport_line(0, 0, " no answer in time"),
            Self::Malformed(error) => transport_line(0, 0, &format!(" malformed packet: {error}")),
            Self::Unexpected => transport_line(0, 0, " unexpected packet"),
        }
    }

    /// What the application is told.
    pub(super) fn class(&self) -> ErrorClass {
        match self {
            Self::Transport(failure) => ErrorClass::of_broker(failure),
            Self::Refused(ConnectCode::BadLogin | ConnectCode::NotAuthorized) => ErrorClass::InvalidCredentials,
            Self::Refused(ConnectCode::BadProtocolLevel | ConnectCode::BadClientId) => ErrorClass::InvalidParameters,
            Self::Refused(ConnectCode::ServerUnavailable | ConnectCode::Accepted) | Self::Silent => {
                ErrorClass::NetworkError
            }
            Self::Malformed(_) | Self::Unexpected => ErrorClass::ResponseParseFailed,
        }
    }
}

fn transport_line(sock_errno: i32, tls_esp_err: u32, detail: &str) -> LogLine {
    error_line("MQTT_ERROR_TYPE_TCP_TRANSPORT (type=1)", 0, sock_errno, tls_esp_err, detail)
}

fn error_line(kind: &str, connack: u8, sock_errno: i32, tls_esp_err: u32, detail: &str) -> LogLine {
    let text: String =
        format!("{kind} CONNACK_rc={connack} sock_errno={sock_errno} tls_esp_err=0x{tls_esp_err:x}{detail}");
    LogLine::MqttError { text }
}
