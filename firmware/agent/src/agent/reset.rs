//! The factory reset: stored credentials go, factory parameters stay; a store that does not work is formatted whole.
//!
//! Source: recovery rules, section 2, classes FailedToStoreCredentials, FailedToReadCredentials, InvalidCredentials.

use alloc::{format, vec};

use firstpass_contract::logline::Level;

use super::{Agent, Phase, TAG_NVS};
use crate::{Action, ErrorClass, EspError, SessionWrite, session::CREDENTIALS};

/// What follows a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    /// A new boot reads what is left.
    Restart,
    /// This boot goes on and provisions.
    Provision,
}

impl Agent {
    /// A store that cannot be read is formatted only when the image holds what a provisioning needs: without that the
    /// format would take the last thing the unit has.
    pub(super) fn store_is_unreadable(&mut self, error: EspError) {
        self.nvs_sound = false;
        self.out.log_text(Level::Error, TAG_NVS, &format!("NVS cannot be read: {error}"));
        self.out.failed(ErrorClass::FailedToReadCredentials, None);
        if self.compiled_in.suffices() {
            self.out.log_text(Level::Warn, TAG_NVS, "formatting NVS: the image holds what provisioning needs");
            self.erase(Afterwards::Provision);
        } else {
            self.out.log_text(Level::Error, TAG_NVS, "no auth code outside NVS: waiting for a factory reset");
            self.phase = Phase::Halted;
        }
    }

    /// A person or the application asks for it.
    pub(super) fn factory_reset(&mut self) {
        match &mut self.phase {
            Phase::Storing(_) | Phase::StoringOtaSha | Phase::Resetting(_) | Phase::Downloading(_) => {
                return self.out.failed(ErrorClass::NotAllowed, None);
            }
            Phase::InService(client) => client.abandon(&mut self.out),
            Phase::AwaitingNetwork
            | Phase::RequestingCertificate
            | Phase::Provisioning
            | Phase::ProvisionAt(_)
            | Phase::ProvisionWhenBack
            | Phase::StoreAt(..)
            | Phase::ResetAt(..)
            | Phase::Halted => {}
        }
        self.out.log_text(Level::Warn, TAG_NVS, "factory reset: erasing the stored session");
        self.erase(Afterwards::Restart);
    }

    pub(super) fn erase(&mut self, afterwards: Afterwards) {
        let erase = CREDENTIALS.to_vec();
        self.out.push(match self.nvs_sound {
            true => Action::WriteSession(SessionWrite { set: vec![], erase }),
            false => Action::FormatNvs,
        });
        self.phase = Phase::Resetting(afterwards);
    }

    pub(super) fn erased(&mut self, afterwards: Afterwards) {
        self.recovery.reset();
        self.nvs_sound = true;
        self.out.log_text(Level::Info, TAG_NVS, "factory reset done");
        match afterwards {
            Afterwards::Restart => {
                self.out.push(Action::Restart);
                self.phase = Phase::Halted;
            }
            Afterwards::Provision => {
                self.session = self.session.without_credentials();
                // The platform may have kept its key in the store.
                self.certificate_request = None;
                self.phase = Phase::AwaitingNetwork;
            }
        }
    }

    /// A store that cannot even be erased key by key is formatted next time.
    pub(super) fn not_erased(&mut self, error: EspError, afterwards: Afterwards, now_ms: u64) {
        self.nvs_sound = false;
        self.out.log_text(Level::Error, TAG_NVS, &format!("NVS cannot be erased: {error}"));
        let delay_ms = self.pause(ErrorClass::FailedToStoreCredentials);
        self.phase = Phase::ResetAt(now_ms + delay_ms, afterwards);
    }
}
