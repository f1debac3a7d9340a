//! Why TLS failed, by both ends: what the unit said of the certificate, and what the service saw of the handshake.

use super::Cause;
use crate::{
    DiagnosisCode as Code,
    diagnosis::line::of_tls,
    evidence::{Service, TlsFault},
};

/// What is known of the handshakes of late.
#[derive(Debug)]
pub(super) struct Trust<'a> {
    /// Which service the unit is on its way to.
    pub(super) service: Service,
    /// The unit told its address, so that this station's services know it when it comes.
    pub(super) has_address: bool,
    /// A service of this station has been reached over TLS before, by its own word.
    pub(super) reached: bool,
    refused: Option<(TlsFault, &'a str)>,
    handshakes: Vec<Handshake<'a>>,
}

/// One that the service saw fail.
#[derive(Debug, Clone, Copy)]
struct Handshake<'a> {
    service: Service,
    reason: &'a str,
    certificate_valid: bool,
}

impl Default for Trust<'_> {
    fn default() -> Self {
        Self { service: Service::Https, has_address: false, reached: false, refused: None, handshakes: Vec::new() }
    }
}

impl<'a> Trust<'a> {
    /// What is known once `service` of this station was reached.
    pub(super) fn beyond(service: Service, has_address: bool) -> Self {
        Self { service, has_address, reached: true, ..Self::default() }
    }

    /// The unit refused the server. Of several reasons, the one that no other could heal stays.
    pub(super) fn refused(&mut self, fault: TlsFault, text: &'a str) {
        if self.refused.is_none_or(|(known, _)| rank(fault) <= rank(known)) {
            self.refused = Some((fault, text));
        }
    }

    pub(super) fn handshake_failed(&mut self, service: Service, reason: &'a str, certificate_valid: bool) {
        self.handshakes.push(Handshake { service, reason, certificate_valid });
    }

    /// TLS to `service` has worked.
    pub(super) fn passed(&mut self, service: Service) {
        self.refused = None;
        self.handshakes.retain(|handshake| handshake.service != service);
    }

    pub(super) fn cause(&self) -> Option<Cause> {
        let ours = self.handshakes.iter().rev().find(|handshake| handshake.service == self.service);
        match (self.refused, ours) {
            (None, None) => None,
            (None, Some(handshake)) => by_alert(handshake).map(|code| (code, handshake.reason.to_owned())),
            (Some((fault, text)), ours) => Some((self.code(fault, ours)?, text.to_owned())),
        }
    }

    /// The unit's word, corrected by whether it was this station that showed the certificate.
    fn code(&self, fault: TlsFault, ours: Option<&Handshake<'a>>) -> Option<Code> {
        match (fault, ours) {
            (TlsFault::Expired | TlsFault::NotYetValid, Some(handshake)) => Some(by_clock(handshake)),
            // Nobody knocked here, although the unit has a network: somebody else answered in this station's name.
            (TlsFault::UnknownCa, None) if self.has_address && !self.reached => Some(Code::CaptivePortal),
            (TlsFault::Other, Some(handshake)) => by_alert(handshake),
            (TlsFault::Other, None) => None,
            (fault, _) => Some(of_tls(fault)),
        }
    }
}

/// Which of several reasons is named: without trust, name and dates mean nothing.
const fn rank(fault: TlsFault) -> u8 {
    match fault {
        TlsFault::UnknownCa => 0,
        TlsFault::WrongName => 1,
        TlsFault::NotYetValid => 2,
        TlsFault::Expired => 3,
        TlsFault::Other => 4,
    }
}

/// A certificate that is valid by the station's clock is refused only by a clock that is wrong.
const fn by_clock(handshake: &Handshake<'_>) -> Code {
    if handshake.certificate_valid { Code::UnitClockWrong } else { Code::StationCertificateInvalid }
}

/// What the alert alone tells. Alerts: RFC 8446, section 6.2. Mbed TLS sends `certificate_unknown` for a validity that
/// begins in the future and `bad_certificate` for another name.
fn by_alert(handshake: &Handshake<'_>) -> Option<Code> {
    match handshake.reason {
        "unknown_ca" => Some(Code::TlsUnknownCa),
        "bad_certificate" => Some(Code::TlsWrongName),
        "certificate_expired" | "certificate_unknown" => Some(by_clock(handshake)),
        _ => None,
    }
}
