//! What a failed TLS handshake tells, and how often it is told. Knows no socket.

use std::{io, net::IpAddr};

use firstpass_domain::{Evidence, Fact, Timestamp, evidence::Service};
use rustls::AlertDescription;

use crate::rate::{Rate, RateLimit};

/// Addresses whose failed handshakes are remembered.
const PEERS_MAX: usize = 4 * 1024;

/// Failed handshakes of one address that are told.
const PER_PEER: Rate = Rate { burst: 8, interval: std::time::Duration::from_secs(5) };

/// Failed handshakes of all addresses that are told: a reader that does its work is never behind because of them.
const IN_ALL: Rate = Rate { burst: 64, interval: std::time::Duration::from_millis(250) };

/// Reason of a handshake that did not end in time.
const TIMED_OUT: &str = "timed_out";
/// Reason of a handshake that the client broke off without a word.
const EOF: &str = "eof";
/// Reason of every other failure; most are refusals of the client by this station.
const OTHER: &str = "other";

/// Why a TLS handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeFault {
    /// The alert that the client sent, as RFC 8446 names it; else `eof`, `timed_out` or `other`.
    pub reason: String,
    /// Whether the certificate that was shown was valid by this station's clock.
    pub certificate_valid: bool,
    /// The TLS library's words, for the log.
    pub detail: String,
}

impl HandshakeFault {
    pub(crate) fn timed_out(certificate_valid: bool) -> Self {
        Self { reason: TIMED_OUT.to_owned(), certificate_valid, detail: "the handshake took too long".to_owned() }
    }

    pub(crate) fn of(error: &io::Error, certificate_valid: bool) -> Self {
        Self { reason: reason(error), certificate_valid, detail: error.to_string() }
    }

    /// What the line must know of it.
    pub(crate) fn evidence(&self, service: Service, at: Timestamp) -> Evidence {
        let (reason, certificate_valid) = (self.reason.clone(), self.certificate_valid);
        Evidence { at, fact: Fact::HandshakeFailed { service, reason, certificate_valid } }
    }
}

fn reason(error: &io::Error) -> String {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    if let Some(rustls::Error::AlertReceived(alert)) = cause {
        return alert_name(*alert);
    }
    let gone = [BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof].contains(&error.kind());
    if gone { EOF } else { OTHER }.to_owned()
}

/// The alert's name. Source: RFC 8446, section 6, and RFC 7301 for the last.
fn alert_name(alert: AlertDescription) -> String {
    let name = match u8::from(alert) {
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        90 => "user_canceled",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        120 => "no_application_protocol",
        number => return format!("alert_{number}"),
    };
    name.to_owned()
}

/// Lets so many failures through that a flood of them says what it is and takes nobody's place.
#[derive(Debug)]
pub(crate) struct FailureGate {
    peers: RateLimit<IpAddr>,
    all: RateLimit<()>,
}

impl FailureGate {
    pub(crate) fn new() -> Self {
        Self { peers: RateLimit::new(PER_PEER, PEERS_MAX), all: RateLimit::new(IN_ALL, 1) }
    }

    /// Whether this failure is to be told.
    pub(crate) fn lets_through(&self, peer: IpAddr, now: Timestamp) -> bool {
        self.peers.ask(peer, now).is_ok() && self.all.ask((), now).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn an_alert_has_the_name_of_its_standard() {
        for (alert, name) in [
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::BadCertificate, "bad_certificate"),
            (AlertDescription::CertificateExpired, "certificate_expired"),
            (AlertDescription::CertificateUnknown, "certificate_unknown"),
            (AlertDescription::Unknown(200), "alert_200"),
        ] {
            let error = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::AlertReceived(alert));
            assert_eq!(HandshakeFault::of(&error, true).reason, name);
        }
    }

    #[test]
    fn a_flood_from_one_address_or_from_many_is_told_in_part() {
        let now = Timestamp::from_micros(0);
        let told = |peers: &dyn Fn(u32) -> u32| {
            let gate = FailureGate::new();
            (0..1000).filter(|n| gate.lets_through(Ipv4Addr::from(peers(*n)).into(), now)).count()
        };
        assert_eq!(told(&|_| 7), PER_PEER.burst as usize);
        assert_eq!(told(&|n| n), IN_ALL.burst as usize);
    }
}
