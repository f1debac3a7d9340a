//! From the network to a session: provision, skip, wait.

use alloc::{format, string::String};

use firstpass_contract::{LogLine, logline::Level};

use super::{Agent, Phase};
use crate::{
    Action, ErrorClass, EspError, HttpFailure, HttpResponse,
    provision::{self, Plan, Request},
};

const TAG_PROVISION: &str = "iotmer_provision";

/// HTTP status that asks for silence.
const TOO_MANY_REQUESTS: u16 = 429;

impl Agent {
    /// Decides what this boot does, once there is a network.
    pub(super) fn start(&mut self, now_ms: u64) {
        match provision::plan(&self.session) {
            Plan::Provision => self.provision(now_ms),
            Plan::Skip => {
                self.out.log(&LogLine::ProvisionSkipped);
                self.decide_ota();
            }
            Plan::Impossible => {
                self.out.log(&LogLine::ProvisionImpossible);
                self.halt(ErrorClass::InvalidCredentials);
            }
            Plan::Parameter(fault) => {
                self.out.log_text(Level::Error, TAG_PROVISION, &format!("{fault}: cannot provision"));
                self.halt(ErrorClass::InvalidParameters);
            }
        }
    }

    /// Only a new image, a new NVS or a reset helps.
    pub(super) fn halt(&mut self, class: ErrorClass) {
        self.out.failed(class, None);
        self.phase = Phase::Halted;
    }

    pub(super) fn provision(&mut self, now_ms: u64) {
        self.watch.expect_connect(now_ms);
        if self.own_key && self.certificate_request.is_none() {
            self.out.push(Action::MakeCertificateRequest { common_name: format!("{}", self.mac) });
            self.phase = Phase::RequestingCertificate;
            return;
        }
        let request = Request {
            session: &self.session,
            // The stock SDK, which has its code compiled in, does not send it.
            mac: self.compiled_in.auth_code.is_empty().then_some(self.mac),
            csr_pem: self.certificate_request.as_deref(),
        };
        let request = request.build();
        self.out.log(&LogLine::ProvisionStarted { url: request.url.clone() });
        self.out.push(Action::Post(request));
        self.phase = Phase::Provisioning;
    }

    pub(super) fn certificate_requested(&mut self, pem: String, now_ms: u64) {
        if let Phase::RequestingCertificate = self.phase {
            self.certificate_request = Some(pem);
            self.provision(now_ms);
        }
    }

    pub(super) fn certificate_not_requested(&mut self, error: EspError, now_ms: u64) {
        if let Phase::RequestingCertificate = self.phase {
            self.out.log_text(Level::Error, TAG_PROVISION, &format!("own key cannot be made: {error}"));
            self.provision_later(ErrorClass::of_store(error), now_ms);
        }
    }

    pub(super) fn provision_answer(&mut self, response: &HttpResponse, now_ms: u64) {
        let Phase::Provisioning = self.phase else { return };
        if let 200 | 201 = response.status {
            return self.provision_accepted(&response.body.0, now_ms);
        }
        let text = provision::refusal_text(&self.session, response.status, &response.body.0);
        let line = LogLine::ProvisionRefused { status: response.status };
        self.out.log_text(line.level(), line.tag(), &text);
        match response.status {
            TOO_MANY_REQUESTS => self.keep_silent(response.retry_after_s, now_ms),
            _ => self.provision_later(ErrorClass::BootstrapFailed, now_ms),
        }
    }

    pub(super) fn provision_unanswered(&mut self, failure: HttpFailure, now_ms: u64) {
        if let Phase::Provisioning = self.phase {
            self.out.log(&LogLine::ProvisionTransport { error: failure.error.0.into() });
            self.provision_later(ErrorClass::of_http(&failure), now_ms);
        }
    }

    fn provision_accepted(&mut self, body: &[u8], now_ms: u64) {
        match provision::read_response(&self.session, body, self.own_key) {
            Ok(mut provisioned) => {
                self.recovery.reset();
                self.provisioned_on_this_boot = true;
                if self.quirks.keeps_code {
                    provisioned.keep_code(&self.session);
                }
                self.session = provisioned.session;
                self.compiled_in.apply(&mut self.session);
                self.out.log(&provisioned.line);
                self.store(provisioned.write);
            }
            Err(reason) => {
                let line = LogLine::ProvisionUnreadable;
                self.out.log_text(line.level(), line.tag(), &format!("{line}: {reason}"));
                self.provision_later(ErrorClass::ResponseParseFailed, now_ms);
            }
        }
    }

    pub(super) fn provision_later(&mut self, class: ErrorClass, now_ms: u64) {
        let delay_ms = self.pause(class);
        self.phase = Phase::ProvisionAt(now_ms + delay_ms);
    }

    fn keep_silent(&mut self, retry_after_s: Option<u32>, now_ms: u64) {
        let silence_ms = self.recovery.after_too_many_requests(retry_after_s);
        let delay_ms = self.say_pause(ErrorClass::BootstrapFailed, silence_ms);
        self.phase = Phase::ProvisionAt(now_ms + delay_ms);
    }

    /// One more failure of `class`: says and reports the wait, and returns it in milliseconds.
    pub(super) fn pause(&mut self, class: ErrorClass) -> u64 {
        let delay_ms = self.recovery.after_failure();
        self.say_pause(class, delay_ms)
    }

    fn say_pause(&mut self, class: ErrorClass, delay_ms: u64) -> u64 {
        let delay_ms = self.quirks.hammers_ms.map_or(delay_ms, u64::from);
        self.out.log(&LogLine::ProvisionBackingOff { delay_ms, class: class.name().into() });
        self.out.failed(class, Some(delay_ms));
        delay_ms
    }
}
