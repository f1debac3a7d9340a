//! From a stored session to service: the OTA decision, then the broker.

use alloc::{boxed::Box, format, vec};

use firstpass_contract::{LogLine, logline::Level, nvs};

use super::{Agent, Phase};
use crate::{
    Action, EspError, NvsValue, SessionInNvs, SessionWrite,
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
            self.enter_service();
        }
    }

    pub(super) fn restart_into_new_firmware(&mut self) {
        self.out.log(&LogLine::OtaFinished);
        self.out.push(Action::Restart);
        self.phase = Phase::Halted;
    }

    pub(super) fn enter_service(&mut self) {
        let Some(mut client) = BrokerClient::new(&self.session) else {
            let text = format!("{}, {} or {} is unusable", nvs::MQTT_PORT, nvs::WORKSPACE_SLUG, nvs::DEVICE_KEY);
            self.out.log_text(Level::Error, TAG_CLIENT, &text);
            self.phase = Phase::Halted;
            return;
        };
        let SessionInNvs { device_id, mqtt_host, .. } = self.session.clone();
        self.out.log(&LogLine::InitComplete { device_id, mqtt_host });
        if self.network_up {
            client.connect(&mut self.out);
        }
        self.phase = Phase::InService(Box::new(client));
    }

    /// Passes an event on to the broker client; without one it is stale and means nothing.
    pub(super) fn broker(&mut self, pass: impl FnOnce(&mut BrokerClient, &mut Actions)) {
        if let Phase::InService(client) = &mut self.phase {
            pass(client, &mut self.out);
        }
    }

    pub(super) fn received(&mut self, bytes: &[u8], now_ms: u64) {
        let Phase::InService(client) = &mut self.phase else { return };
        for Message { topic, payload } in client.received(bytes, now_ms, &mut self.out) {
            match self.app.react(client.topics(), &topic, &payload) {
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
