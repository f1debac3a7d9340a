//! From the network to a session in the flash: provision, skip, wait, store.

use alloc::format;

use firstpass_contract::{LogLine, logline::Level, nvs};

use super::{Agent, Phase, TAG_NVS};
use crate::{
    Action, EspError, HttpResponse, RECOVERY_DELAY_MAX_MS, SessionWrite, TOO_MANY_REQUESTS_SILENCE_MS,
    provision::{self, Plan},
};

const TAG_PROVISION: &str = "iotmer_provision";

/// HTTP status that asks for silence.
const TOO_MANY_REQUESTS: u16 = 429;

impl Agent {
    /// Decides what this boot does, once there is a network.
    pub(super) fn start(&mut self) {
        match provision::plan(&self.session) {
            Plan::Provision => self.provision(),
            Plan::Skip => {
                self.out.log(&LogLine::ProvisionSkipped);
                self.decide_ota();
            }
            Plan::Impossible => {
                self.out.log(&LogLine::ProvisionImpossible);
                self.phase = Phase::Halted;
            }
            Plan::MissingKey(key) => {
                self.out.log_text(Level::Error, TAG_PROVISION, &format!("{key} is empty: cannot provision"));
                self.phase = Phase::Halted;
            }
        }
    }

    pub(super) fn provision(&mut self) {
        let request = provision::request(&self.session, self.mac);
        self.out.log(&LogLine::ProvisionStarted { url: request.url.clone() });
        self.out.push(Action::Post(request));
        self.phase = Phase::Provisioning;
    }

    pub(super) fn provision_answer(&mut self, response: &HttpResponse, now_ms: u64) {
        let Phase::Provisioning = self.phase else { return };
        match response.status {
            200 | 201 => self.provision_accepted(&response.body.0, now_ms),
            status => {
                let text = provision::refusal_text(&self.session, status, &response.body.0);
                let line = LogLine::ProvisionRefused { status };
                self.out.log_text(line.level(), line.tag(), &text);
                let silence = silence_ms(status, response.retry_after_s);
                let delay = silence.unwrap_or_else(|| self.recovery.after_failure());
                self.phase = Phase::ProvisionAt(now_ms + delay);
            }
        }
    }

    pub(super) fn provision_accepted(&mut self, body: &[u8], now_ms: u64) {
        match provision::read_response(&self.session, body) {
            Ok(provisioned) => {
                self.recovery.reset();
                self.provisioned_on_this_boot = true;
                self.session = provisioned.session;
                self.out.log(&provisioned.line);
                self.store(provisioned.write);
            }
            Err(reason) => {
                let line = LogLine::ProvisionUnreadable;
                self.out.log_text(line.level(), line.tag(), &format!("{line}: {reason}"));
                self.phase = Phase::ProvisionAt(now_ms + self.recovery.after_failure());
            }
        }
    }

    pub(super) fn provision_unanswered(&mut self, error: EspError, now_ms: u64) {
        if let Phase::Provisioning = self.phase {
            self.out.log(&LogLine::ProvisionTransport { error: error.0.into() });
            self.phase = Phase::ProvisionAt(now_ms + self.recovery.after_failure());
        }
    }

    pub(super) fn store(&mut self, write: SessionWrite) {
        self.out.push(Action::WriteSession(write.clone()));
        self.phase = Phase::Storing(write);
    }

    pub(super) fn stored(&mut self) {
        match &self.phase {
            Phase::Storing(_) => {
                self.recovery.reset();
                self.decide_ota();
            }
            Phase::StoringOtaSha => self.restart_into_new_firmware(),
            Phase::AwaitingNetwork
            | Phase::Provisioning
            | Phase::ProvisionAt(_)
            | Phase::StoreAt(..)
            | Phase::Downloading(_)
            | Phase::InService(_)
            | Phase::Halted => {}
        }
    }

    /// A session that is not in the flash would be lost by the next reset, so the unit does not connect with it.
    pub(super) fn not_stored(&mut self, error: EspError, now_ms: u64) {
        match core::mem::replace(&mut self.phase, Phase::Halted) {
            Phase::Storing(write) => {
                self.out.log_text(Level::Error, TAG_NVS, &format!("NVS cannot be written: {error}"));
                self.phase = Phase::StoreAt(now_ms + self.recovery.after_failure(), write);
            }
            Phase::StoringOtaSha => {
                self.out.log_text(Level::Error, TAG_NVS, &format!("{} cannot be written: {error}", nvs::OTA_SHA));
                self.restart_into_new_firmware();
            }
            other @ (Phase::AwaitingNetwork
            | Phase::Provisioning
            | Phase::ProvisionAt(_)
            | Phase::StoreAt(..)
            | Phase::Downloading(_)
            | Phase::InService(_)
            | Phase::Halted) => self.phase = other,
        }
    }
}

/// How long HTTP 429 silences the unit: a minute, or longer if the server says so. `None` for any other status.
fn silence_ms(status: u16, retry_after_s: Option<u32>) -> Option<u64> {
    let asked = u64::from(retry_after_s.unwrap_or(0)) * 1000;
    (status == TOO_MANY_REQUESTS).then(|| asked.clamp(TOO_MANY_REQUESTS_SILENCE_MS, RECOVERY_DELAY_MAX_MS))
}
