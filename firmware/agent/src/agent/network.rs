//! The network comes and goes.

use alloc::{format, string::String};

use firstpass_contract::LogLine;

use super::{Agent, Phase};
use crate::ErrorClass;

impl Agent {
    pub(super) fn network_is_up(&mut self, ip: String, now_ms: u64) {
        self.network_up = true;
        self.out.log(&LogLine::WifiConnected { ip });
        self.watch.expect_connect(now_ms);
        match &mut self.phase {
            Phase::AwaitingNetwork => self.start(now_ms),
            // The units around this one have their network back at the same instant.
            Phase::ProvisionWhenBack => self.phase = Phase::ProvisionAt(now_ms + self.recovery.after_outage()),
            Phase::InService(client) => client.network_back(now_ms, &mut self.out),
            Phase::RequestingCertificate
            | Phase::Provisioning
            | Phase::ProvisionAt(_)
            | Phase::Storing(_)
            | Phase::StoreAt(..)
            | Phase::Resetting(_)
            | Phase::ResetAt(..)
            | Phase::Downloading(_)
            | Phase::StoringOtaSha
            | Phase::Halted => {}
        }
    }

    pub(super) fn network_is_away(&mut self, attempt: u16, attempts_max: u16) {
        self.out.log(&LogLine::WifiRetry { attempt: format!("{attempt}/{attempts_max}") });
        self.network_lost();
    }

    pub(super) fn network_failed(&mut self, attempts: u16) {
        let text = format!("WiFi connect failed after {attempts} retries");
        self.out.log(&LogLine::WifiFailed { text });
        self.network_lost();
    }

    /// How often the network is tried again, and when, is the driver's.
    fn network_lost(&mut self) {
        self.network_up = false;
        self.out.failed(ErrorClass::NetworkError, None);
        self.broker(|client, out| client.network_lost(out));
    }
}
