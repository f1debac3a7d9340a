//! Two clocks beside the phase: the trial of a new image, and the three minutes within which a unit must have connected.
//!
//! Source: recovery rules, section 2, class Timeout.

use alloc::format;

use firstpass_contract::logline::Level;

use super::{Agent, Phase};
use crate::{Action, ErrorClass, Report, TRIAL_MS, UpdateResult};

/// Tag of the lines about updates.
pub(super) const TAG_OTA: &str = "iotmer_ota";

/// How long a unit with a network may take to connect before the application hears of it, in milliseconds.
const REGISTRATION_MS: u64 = 180_000;

/// What is waited for.
#[derive(Debug)]
pub(super) struct Watch {
    trial_ends: Option<u64>,
    connect_by: Option<u64>,
    connected: bool,
}

impl Watch {
    /// `trial_from`: the boot's time, when the running image is on trial.
    pub(super) fn new(trial_from: Option<u64>) -> Self {
        Self { trial_ends: trial_from.map(|from| from + TRIAL_MS), connect_by: None, connected: false }
    }

    /// The unit has a network, so it should be connected soon.
    pub(super) fn expect_connect(&mut self, now_ms: u64) {
        if !self.connected && self.connect_by.is_none() {
            self.connect_by = Some(now_ms + REGISTRATION_MS);
        }
    }

    /// Whether the running image has yet to show that it can connect.
    pub(super) fn is_on_trial(&self) -> bool {
        self.trial_ends.is_some()
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.trial_ends.into_iter().chain(self.connect_by).min()
    }
}

impl Agent {
    /// Sees what an event has changed, and whether a time has run out.
    pub(super) fn keep_watch(&mut self, now_ms: u64) {
        let connected = matches!(&self.phase, Phase::InService(client) if client.is_up());
        match (core::mem::replace(&mut self.watch.connected, connected), connected) {
            (false, true) => self.connected(),
            (true, false) => self.watch.expect_connect(now_ms),
            (true, true) | (false, false) => {}
        }
        if matches!(self.phase, Phase::Halted) {
            self.watch.connect_by = None;
        }
        if self.watch.connect_by.take_if(|by| *by <= now_ms).is_some() {
            self.not_connected_in_time();
        }
        if self.watch.trial_ends.take_if(|end| *end <= now_ms).is_some() {
            self.roll_back();
        }
    }

    fn connected(&mut self) {
        self.renewal_tried = false;
        self.watch.connect_by = None;
        self.out.take_network_trouble();
        if self.watch.trial_ends.take().is_some() {
            self.out.log_text(Level::Info, TAG_OTA, "new firmware has connected and stays");
            self.out.push(Action::ConfirmApp);
            self.out.push(Action::Report(Report::Update(UpdateResult::Succeeded)));
        }
    }

    fn not_connected_in_time(&mut self) {
        if !self.out.take_network_trouble() {
            self.out.failed(ErrorClass::Timeout, None);
        }
    }

    fn roll_back(&mut self) {
        let text = format!("new firmware did not connect within {} s: rolling back", TRIAL_MS / 1000);
        self.out.log_text(Level::Error, TAG_OTA, &text);
        self.out.push(Action::Report(Report::Update(UpdateResult::RolledBack)));
        self.broker(|client, out| client.abandon(out));
        self.out.push(Action::RollBack);
        self.phase = Phase::Halted;
    }
}
