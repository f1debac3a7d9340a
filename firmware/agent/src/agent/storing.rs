//! What the store answers: a session, the hash of an update, a reset.

use alloc::format;

use firstpass_contract::{logline::Level, nvs};

use super::{Agent, Phase, TAG_NVS};
use crate::{Action, ErrorClass, EspError, SessionWrite};

impl Agent {
    pub(super) fn store(&mut self, write: SessionWrite) {
        self.out.push(Action::WriteSession(write.clone()));
        self.phase = Phase::Storing(write);
    }

    pub(super) fn stored(&mut self, now_ms: u64) {
        match &self.phase {
            Phase::Storing(_) => {
                self.recovery.reset();
                self.nvs_sound = true;
                self.decide_ota();
            }
            Phase::StoringOtaSha => self.restart_into_new_firmware(),
            Phase::Resetting(afterwards) => {
                self.erased(*afterwards);
                if matches!(self.phase, Phase::AwaitingNetwork) && self.network_up {
                    self.start(now_ms);
                }
            }
            Phase::AwaitingNetwork
            | Phase::RequestingCertificate
            | Phase::Provisioning
            | Phase::ProvisionAt(_)
            | Phase::ProvisionWhenBack
            | Phase::StoreAt(..)
            | Phase::ResetAt(..)
            | Phase::Downloading(_)
            | Phase::InService(_)
            | Phase::Halted => {}
        }
    }

    pub(super) fn not_stored(&mut self, error: EspError, now_ms: u64) {
        match core::mem::replace(&mut self.phase, Phase::Halted) {
            Phase::Storing(write) => self.session_not_stored(error, write, now_ms),
            Phase::StoringOtaSha => {
                self.out.log_text(Level::Error, TAG_NVS, &format!("{} cannot be written: {error}", nvs::OTA_SHA));
                self.restart_into_new_firmware();
            }
            Phase::Resetting(afterwards) => self.not_erased(error, afterwards, now_ms),
            other @ (Phase::AwaitingNetwork
            | Phase::RequestingCertificate
            | Phase::Provisioning
            | Phase::ProvisionAt(_)
            | Phase::ProvisionWhenBack
            | Phase::StoreAt(..)
            | Phase::ResetAt(..)
            | Phase::Downloading(_)
            | Phase::InService(_)
            | Phase::Halted) => self.phase = other,
        }
    }

    /// A session that is not in the flash would be lost by the next reset, so the unit does not connect with it.
    fn session_not_stored(&mut self, error: EspError, write: SessionWrite, now_ms: u64) {
        self.nvs_sound = false;
        self.out.log_text(Level::Error, TAG_NVS, &format!("NVS cannot be written: {error}"));
        let delay_ms = self.pause(ErrorClass::of_store(error));
        self.phase = Phase::StoreAt(now_ms + delay_ms, write);
    }
}
