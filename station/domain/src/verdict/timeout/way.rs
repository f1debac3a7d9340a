//! A unit's way from its start to the broker, and what stands in it. Trouble that the unit got past is no cause.

use super::{Cause, trust::Trust};
use crate::{
    DiagnosisCode as Code, Evidence, Fact,
    diagnosis::line::{of_client_error, of_http_error, of_mqtt_error, of_nvs_error, of_status, of_wifi_reason},
    evidence::{Service, UartFact},
};

/// What is in the way at each place, the places in the unit's order.
#[derive(Debug, Default)]
pub(super) struct Way<'a> {
    /// Its own store of credentials, or its parameters.
    store: Option<Cause>,
    /// The Wi-Fi network.
    join: Option<Cause>,
    /// The network's address for it.
    address: Option<Cause>,
    /// The server's name.
    name: Option<Cause>,
    /// TLS.
    trust: Trust<'a>,
    /// The service behind this station.
    upstream: Option<Cause>,
    /// The server's answer.
    answer: Option<Cause>,
    /// Anything below HTTP or MQTT of which nothing else tells more.
    transport: Option<Cause>,
    /// An update that is under way.
    update: Option<Cause>,
    /// Somebody has answered the unit: by the server's own word, this station.
    server_answered: bool,
}

impl<'a> Way<'a> {
    pub(super) fn of(evidence: &'a [Evidence]) -> Self {
        let mut way = Self::default();
        for e in evidence {
            way.see(&e.fact);
        }
        way
    }

    /// The first thing that stands in the way, when something tells what it is.
    pub(super) fn cause(&self) -> Option<Cause> {
        let trust = self.trust.cause();
        let places =
            [&self.store, &self.join, &self.address, &self.name, &trust, &self.upstream, &self.answer, &self.update];
        places.into_iter().find_map(Clone::clone)
    }

    /// Failed connections of which nobody can say more.
    pub(super) fn transport(&self) -> Option<Cause> {
        self.transport.clone()
    }

    fn see(&mut self, fact: &'a Fact) {
        match fact {
            Fact::Uart(line) => self.hear(line),
            Fact::HandshakeFailed { service, reason, certificate_valid } => {
                self.trust.handshake_failed(*service, reason, *certificate_valid);
                self.transport.get_or_insert_with(|| (of_service(*service), format!("TLS handshake: {reason}")));
            }
            Fact::ProvisionAccepted { on_behalf: false, .. } => {
                self.this_station_answered();
                (self.upstream, self.answer) = (None, None);
            }
            Fact::ProvisionRefused { status, reason } => {
                self.this_station_answered();
                self.answer = Some((of_status(*status), format!("HTTP {status}, {reason}")));
            }
            Fact::UpstreamFailed { status, reason } => self.upstream = Some(of_upstream(*status, reason)),
            Fact::MqttConnected { .. } | Fact::MqttRefused { .. } => self.reached_the_broker(),
            Fact::Identified(_)
            | Fact::Reconnected { .. }
            | Fact::Prepared { .. }
            | Fact::SessionKept { .. }
            | Fact::SessionFound { .. }
            | Fact::BaudReduced { .. }
            | Fact::PortMoved { .. }
            | Fact::FlashSearched { .. }
            | Fact::RegionWritten(_)
            | Fact::RegionAttested(_)
            | Fact::NvsReadBack(_)
            | Fact::LinkFailed { .. }
            | Fact::ProvisionAccepted { on_behalf: true, .. }
            | Fact::FirmwareServed { .. }
            | Fact::Subscribed { .. }
            | Fact::TopicDenied { .. }
            | Fact::Presence { .. }
            | Fact::PingAnswered { .. }
            | Fact::ConnectionHeld { .. }
            | Fact::MqttDisconnected { .. }
            | Fact::Flooded
            | Fact::TimedOut { .. }
            | Fact::Refused { .. }
            | Fact::CredentialsRevoked { .. }
            | Fact::Interrupted { .. } => {}
        }
    }

    fn hear(&mut self, line: &'a UartFact) {
        match line {
            UartFact::NetworkUp { ip } => {
                (self.join, self.address) = (None, None);
                self.trust.has_address |= ip.is_some();
            }
            UartFact::WifiJoined => {
                self.join = None;
                self.address = Some((Code::DhcpSilent, "joined, and no address since".to_owned()));
            }
            UartFact::WifiDisconnected { reason } => self.left_the_network(*reason),
            // The app gives up; what it waited for is the cause, when that is known.
            UartFact::NetworkFailed { text } => {
                if self.join.is_none() && self.address.is_none() {
                    self.join = Some((Code::NetworkFailed, text.clone()));
                }
            }
            UartFact::DnsFailed { text } => self.name = Some((Code::DnsFailed, text.clone())),
            UartFact::TlsFailed { fault, text } => {
                self.name = None;
                self.trust.refused(*fault, text);
            }
            UartFact::NvsFailed { error } => self.store = Some((of_nvs_error(error), error.clone())),
            UartFact::ClientError { class, text } => self.client_failed(of_client_error(class, text), text),
            UartFact::ProvisionTransport { error } => self.request_failed(of_http_error(error), error),
            UartFact::ProvisionRefused { status } => {
                self.answered();
                self.answer.get_or_insert_with(|| (of_status(*status), format!("HTTP {status}")));
            }
            UartFact::ProvisionUnreadable => self.unreadable(),
            UartFact::ProvisionStarted => {}
            UartFact::Provisioned { .. } => {
                self.answered();
                (self.upstream, self.answer) = (None, None);
                self.trust.service = Service::Mqtt;
            }
            UartFact::ProvisionSkipped => self.trust.service = Service::Mqtt,
            UartFact::InitComplete { .. } => {
                (self.store, self.update) = (None, None);
            }
            UartFact::MqttConnected | UartFact::MqttRefused { .. } => self.reached_the_broker(),
            UartFact::MqttError { text } => match of_mqtt_error(text) {
                Code::DnsFailed => self.name = Some((Code::DnsFailed, text.clone())),
                code => self.transport = Some((code, text.clone())),
            },
            UartFact::OtaStarted => self.update = Some((Code::OtaTimedOut, "the download began".to_owned())),
            // The restart that follows shows whether the update came up.
            UartFact::OtaFinished | UartFact::OtaSkipped => self.update = None,
            UartFact::FirstByte
            | UartFact::AppLoaded { .. }
            | UartFact::BootFailed { .. }
            | UartFact::Restarted { .. }
            | UartFact::Panicked { .. }
            | UartFact::Backtrace { .. }
            | UartFact::BrownOut
            | UartFact::Noise { .. }
            | UartFact::DownloadMode
            | UartFact::FirmwareFault { .. }
            | UartFact::BackingOff { .. }
            | UartFact::ProvisionImpossible
            | UartFact::OtaFailed { .. } => {}
        }
    }

    /// A reason that tells something outlives one that does not.
    fn left_the_network(&mut self, reason: Option<u16>) {
        self.address = None;
        let telling = reason.and_then(of_wifi_reason);
        let known = matches!(self.join, Some((Code::WifiNotFound | Code::WifiRefused, _)));
        if telling.is_some() || !known {
            let seen =
                reason.map_or("the Wi-Fi connection ended".to_owned(), |reason| format!("Wi-Fi reason {reason}"));
            self.join = Some((telling.unwrap_or(Code::NetworkFailed), seen));
        }
    }

    fn client_failed(&mut self, code: Code, text: &str) {
        let cause = Some((code, text.to_owned()));
        match code {
            Code::DnsFailed => self.name = cause,
            Code::NetworkLost => self.transport = cause,
            Code::BootstrapQuota
            | Code::BootstrapRejected
            | Code::RegistrationTimedOut
            | Code::ResponseUnreadable
            | Code::SecureConnectionFailed => self.answer = cause,
            _ => self.store = cause,
        }
    }

    /// A request ended below HTTP. After the server had granted it, its answer was cut off.
    fn request_failed(&mut self, code: Code, error: &str) {
        match code {
            Code::DnsFailed => self.name = Some((code, error.to_owned())),
            _ if self.server_answered && !error.contains("HTTP_CONNECT") => {
                self.answer = Some((Code::ProvisionCutOff, error.to_owned()));
            }
            _ => self.transport = Some((code, error.to_owned())),
        }
    }

    /// An answer that is no JSON. Whoever gave it was trusted over TLS, so it is a service, if not the right one.
    fn unreadable(&mut self) {
        self.answered();
        self.answer = Some((Code::ProvisionUnreadable, "the answer was not the expected JSON".to_owned()));
    }

    fn this_station_answered(&mut self) {
        self.server_answered = true;
        self.trust.reached = true;
        self.answered();
    }

    /// Somebody answered over HTTP: the way to there is free.
    fn answered(&mut self) {
        (self.join, self.address, self.name, self.transport) = (None, None, None, None);
        self.trust.passed(Service::Https);
    }

    fn reached_the_broker(&mut self) {
        let has_address = self.trust.has_address;
        let server_answered = self.server_answered;
        *self = Self { server_answered, trust: Trust::beyond(Service::Mqtt, has_address), ..Self::default() };
    }
}

/// What a failed connection to a service is, while nothing tells more.
const fn of_service(service: Service) -> Code {
    match service {
        Service::Https => Code::ProvisionTransport,
        Service::Mqtt => Code::MqttTransport,
    }
}

fn of_upstream(status: Option<u16>, reason: &str) -> Cause {
    let code = match reason {
        "throttled" => Code::ProvisionThrottled,
        "unreadable" => Code::ProvisionUnreadable,
        "refused" => Code::UpstreamRefused,
        "foreign_broker" => Code::UpstreamForeignBroker,
        "known_unit" => Code::UpstreamKnownUnit,
        _ => Code::UpstreamAway,
    };
    (code, status.map_or(reason.to_owned(), |status| format!("HTTP {status}, {reason}")))
}
