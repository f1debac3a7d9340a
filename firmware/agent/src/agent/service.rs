//! From a stored session to service: the OTA decision, then the broker.

use alloc::{boxed::Box, format, vec, vec::Vec};

use firstpass_contract::{LogLine, logline::Level, nvs};

use super::{Agent, Phase, reset::Afterwards, watch::TAG_OTA};
use crate::{
    Action, BrokerFailure, CertificateFault, ErrorClass, EspError, NvsValue, Report, SessionInNvs, SessionWrite,
    UpdateResult,
    action::Actions,
    broker::{BrokerClient, Message},
    command::Reaction,
    ota::{self, OtaDecision},
};

const TAG_CLIENT: &str = "iotmer_client";

impl Agent {
    pub(super) fn decide_ota(&mut self) {
        let offer = self.session.firmware.as_ref();
        match ota::decide(offer, &self.session.ota_sha, self.provisioned_on_this_boot) {
            OtaDecision::NoOffer => self.enter_service(),
            OtaDecision::SameAsApplied => {
                self.out.log(&LogLine::OtaSkipped);
                self.out.push(Action::Report(Report::Update(UpdateResult::Skipped)));
                self.enter_service();
            }
            // ESP-IDF begins no update before the running image is confirmed; nor could it be rolled back afterwards.
            OtaDecision::Download(_) if self.watch.is_on_trial() => {
                self.out.log_text(Level::Warn, TAG_OTA, "update put off: the running firmware is on trial");
                self.enter_service();
            }
            OtaDecision::Download(download) => {
                self.out.log(&LogLine::OtaStarted { sha256: download.sha256.clone() });
                self.phase = Phase::Downloading(download.sha256.clone());
                self.out.push(Action::DownloadOta(download));
            }
        }
    }

    pub(super) fn ota_done(&mut self) {
        if let Phase::Downloading(sha256) = &self.phase {
            let set = vec![(nvs::OTA_SHA, NvsValue::Text(sha256.clone()))];
            self.out.push(Action::WriteSession(SessionWrite { set, erase: vec![] }));
            self.phase = Phase::StoringOtaSha;
        }
    }

    pub(super) fn ota_failed(&mut self, error: EspError) {
        if let Phase::Downloading(_) = self.phase {
            self.out.log(&LogLine::OtaFailed { error: error.0.into() });
            self.out.push(Action::Report(Report::Update(UpdateResult::Failed)));
            self.enter_service();
        }
    }

    pub(super) fn restart_into_new_firmware(&mut self) {
        self.out.log(&LogLine::OtaFinished);
        self.out.push(Action::Restart);
        self.phase = Phase::Halted;
    }

    pub(super) fn enter_service(&mut self) {
        let Some(mut client) = BrokerClient::new(&self.session, self.seed, self.quirks) else {
            let keys = format!("{}, {} or {}", nvs::MQTT_PORT, nvs::WORKSPACE_SLUG, nvs::DEVICE_KEY);
            let text = format!("stored {keys} is unusable: factory reset, then provision with an auth code");
            self.out.log_text(Level::Error, TAG_CLIENT, &text);
            return self.halt(ErrorClass::InvalidCredentials);
        };
        let SessionInNvs { device_id, mqtt_host, .. } = self.session.clone();
        self.out.log(&LogLine::InitComplete { device_id, mqtt_host });
        match self.network_up {
            true => client.connect(&mut self.out),
            false => client.network_lost(&mut self.out),
        }
        self.phase = Phase::InService(Box::new(client));
    }

    /// Passes an event on to the broker client; without one it is stale and means nothing.
    pub(super) fn broker(&mut self, pass: impl FnOnce(&mut BrokerClient, &mut Actions)) {
        if let Phase::InService(client) = &mut self.phase {
            pass(client, &mut self.out);
        }
    }

    /// The stream to the broker failed or ended. A certificate that cannot be used any more is replaced by provisioning
    /// again, once; a unit that may not provision waits as one with refused credentials.
    pub(super) fn broker_lost(&mut self, failure: BrokerFailure, now_ms: u64) {
        let Phase::InService(client) = &mut self.phase else { return };
        match failure.certificate {
            Some(fault) if !self.session.auth_code.is_empty() && !self.renewal_tried => {
                client.give_up(failure, &mut self.out);
                self.renew_certificate(fault, now_ms);
            }
            fault => {
                client.lost(failure, now_ms, &mut self.out);
                if let Some(fault) = fault {
                    let text = format!("{}: provision this unit with an auth code", words(fault));
                    self.out.log_text(Level::Error, TAG_CLIENT, &text);
                }
            }
        }
    }

    fn renew_certificate(&mut self, fault: CertificateFault, now_ms: u64) {
        self.renewal_tried = true;
        self.out.log_text(Level::Warn, TAG_CLIENT, &format!("{}: provisioning again", words(fault)));
        match fault {
            CertificateFault::Expired | CertificateFault::Refused => {
                self.provision_later(ErrorClass::SecureConnectionFailed, now_ms);
            }
            CertificateFault::Unusable => {
                self.out.failed(ErrorClass::InvalidCredentials, Some(0));
                self.erase(Afterwards::Provision);
            }
        }
    }

    /// The application publishes telemetry.
    pub(super) fn telemetry(&mut self, payload: Vec<u8>, now_ms: u64) {
        let mut sent = false;
        self.broker(|client, out| {
            let topic = client.topics().telemetry();
            sent = client.publish(topic, payload, false, now_ms, out);
        });
        if !sent {
            self.out.failed(ErrorClass::NotRegistered, None);
        }
    }

    /// The application ends the connection for good.
    pub(super) fn close(&mut self, now_ms: u64) {
        let mut closed = false;
        self.broker(|client, out| closed = client.close(now_ms, out));
        match closed {
            true => self.phase = Phase::Halted,
            false => self.out.failed(ErrorClass::NotRegistered, None),
        }
    }

    pub(super) fn received(&mut self, bytes: &[u8], now_ms: u64) {
        let Phase::InService(client) = &mut self.phase else { return };
        for Message { topic, payload } in client.received(bytes, now_ms, &mut self.out) {
            match self.app.react(client.topics(), &topic, &payload) {
                Reaction::AnswerOnState(_) if self.quirks.no_ping_answer => {}
                Reaction::AnswerOnState(answer) => {
                    let state = client.topics().state();
                    client.publish(state, answer.into_bytes(), false, now_ms, &mut self.out);
                }
                Reaction::Ignore(why) => {
                    self.out.log_text(Level::Warn, TAG_CLIENT, &format!("message on {topic} ignored: {why}"));
                }
            }
        }
    }
}

const fn words(fault: CertificateFault) -> &'static str {
    match fault {
        CertificateFault::Expired => "client certificate has expired",
        CertificateFault::Refused => "client certificate is refused",
        CertificateFault::Unusable => "client certificate or key is unusable",
    }
}
