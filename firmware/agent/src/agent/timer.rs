//! When the agent wants to be woken, and what it does then.

use super::{Agent, Phase};
use crate::Action;

impl Agent {
    pub(super) fn time(&mut self, now_ms: u64) {
        self.wake_announced = None;
        if self.phase_deadline().is_none_or(|at| at > now_ms) {
            return;
        }
        match core::mem::replace(&mut self.phase, Phase::Halted) {
            Phase::ProvisionAt(_) if self.network_up => self.provision(now_ms),
            Phase::ProvisionAt(_) => self.phase = Phase::ProvisionWhenBack,
            Phase::StoreAt(_, write) => self.store(write),
            Phase::ResetAt(_, afterwards) => self.erase(afterwards),
            Phase::InService(mut client) => {
                client.time(now_ms, &mut self.out);
                self.phase = Phase::InService(client);
            }
            other @ (Phase::AwaitingNetwork
            | Phase::RequestingCertificate
            | Phase::Provisioning
            | Phase::ProvisionWhenBack
            | Phase::Storing(_)
            | Phase::Resetting(_)
            | Phase::Downloading(_)
            | Phase::StoringOtaSha
            | Phase::Halted) => self.phase = other,
        }
    }

    fn phase_deadline(&self) -> Option<u64> {
        match &self.phase {
            Phase::ProvisionAt(at) | Phase::StoreAt(at, _) | Phase::ResetAt(at, _) => Some(*at),
            Phase::InService(client) => client.deadline(),
            Phase::AwaitingNetwork
            | Phase::RequestingCertificate
            | Phase::Provisioning
            | Phase::ProvisionWhenBack
            | Phase::Storing(_)
            | Phase::Resetting(_)
            | Phase::Downloading(_)
            | Phase::StoringOtaSha
            | Phase::Halted => None,
        }
    }

    /// Asks for a wake-up when the next deadline is another than the driver knows.
    pub(super) fn announce_deadline(&mut self) {
        let deadline = self.phase_deadline().into_iter().chain(self.watch.deadline()).min();
        if let Some(at_ms) = deadline.filter(|_| deadline != self.wake_announced) {
            self.wake_announced = deadline;
            self.out.push(Action::WakeAt { at_ms });
        }
    }
}
