//! Drafts of the station's own making or of the service's granting, and what is noted when the latter come to nothing.

use firstpass_domain::{Evidence, Fact, Mac, RunId, Timestamp};
use firstpass_store::IssueError;

use super::{
    GatewayEvent, Refusal,
    draft::{CertificateWish, Draft, SessionError},
    provision::Asked,
    provisioner::Provisioner,
    upstream::{Granted, Unusable, UpstreamFault},
};

/// Reason on record of a question that was not asked, because the service failed of late.
const LEFT_ALONE: &str = "left_alone";

/// A question that is under way. It is not dropped without a word: the service may grant what nobody waits for.
struct Asking {
    run: RunId,
    mac: Mac,
    answered: bool,
}

impl Asking {
    fn end<T>(mut self, outcome: T) -> T {
        self.answered = true;
        outcome
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if !self.answered {
            let (run, mac) = (self.run, self.mac);
            tracing::error!(%run, %mac, "the station stopped before the service answered; it may have made a device");
        }
    }
}

impl Provisioner {
    /// Makes what the unit gets, and tells the run's confidant of it before anybody else can.
    pub(super) async fn draft(
        &self,
        run: RunId,
        mac: Mac,
        asked: &Asked,
        wish: CertificateWish<'_>,
        now: Timestamp,
    ) -> Result<Draft, SessionError> {
        let draft = self.drafted_for(run, mac, asked, wish, now).await?;
        self.confidants.hear(run, &draft.response);
        Ok(draft)
    }

    /// A new identity of this station's, or what the service grants. The latter changes something there, whatever becomes
    /// of it here.
    async fn drafted_for(
        &self,
        run: RunId,
        mac: Mac,
        asked: &Asked,
        wish: CertificateWish<'_>,
        now: Timestamp,
    ) -> Result<Draft, SessionError> {
        let firmware = self.offers.of_run(run);
        let firmware = firmware.as_ref();
        let Some(relay) = &self.relay else {
            return Draft::make(&self.workspace_of(run), &self.authority, mac, wish, firmware, now);
        };
        let body = relay.body(&asked.request, &asked.body, mac);
        let asking = Asking { run, mac, answered: false };
        let granted = asking.end(relay.ask(body).await).map_err(SessionError::Upstream)?;
        let device = granted.answer.device_id.clone();
        let drafted = match self.check_granted(&granted, mac).await {
            Ok(()) => {
                let (keep, now) = (relay.settings.forward_firmware, (self.clock)());
                Draft::relayed(granted, &self.authority, mac, wish, firmware, keep, now)
            }
            Err(fault) => Err(SessionError::Upstream(fault)),
        };
        drafted.map_err(|error| {
            let cause = &error as &dyn std::error::Error;
            tracing::error!(%run, %mac, %device, cause, "the service made a device that no unit will be");
            let SessionError::Upstream(fault) = error else { return SessionError::Upstream(UpstreamFault::Unrecorded) };
            SessionError::Upstream(fault)
        })
    }

    /// Refuses a grant with which the unit could not pass here.
    async fn check_granted(&self, granted: &Granted, mac: Mac) -> Result<(), UpstreamFault> {
        let (response, port) = (&granted.answer.response, granted.answer.mqtt_port);
        let host = &response.mqtt_host;
        let ours = self.broker_names().any(|name| name.eq_ignore_ascii_case(host));
        if !ours || port != self.workspace.mqtt_port || response.mqtt_tls == Some(false) {
            return Err(UpstreamFault::ForeignBroker { status: granted.status, host: host.clone(), port });
        }
        if self.had_before(granted, mac).await {
            return Err(UpstreamFault::KnownUnit(granted.status));
        }
        // A record that does not answer now is asked again when the session is to be put there.
        let known = self.store.session_by_username(&response.mqtt_username).await;
        if let Ok(Some(_)) = known {
            return Err(UpstreamFault::Unusable(granted.status, Unusable::Taken("mqtt_username")));
        }
        Ok(())
    }

    /// Whether the service recognised the unit and granted what an earlier run of it got.
    async fn had_before(&self, granted: &Granted, mac: Mac) -> bool {
        let (answer, response) = (&granted.answer, &granted.answer.response);
        let unit = self.store.unit(mac).await.ok().flatten();
        unit.is_some_and(|unit| {
            let mut earlier = unit.sessions.iter().map(|earlier| &earlier.session);
            earlier
                .any(|earlier| earlier.device_id == answer.device_id || earlier.mqtt_username == response.mqtt_username)
        })
    }

    /// The names under which a unit may know this station's broker: those in its certificate.
    fn broker_names(&self) -> impl Iterator<Item = String> {
        let certified = self.authority.settings().server_names.iter().map(ToString::to_string);
        std::iter::once(self.workspace.mqtt_host.clone()).chain(certified)
    }

    /// Puts on record that the service granted nothing that could be passed on, and tells the line.
    ///
    /// `Err` when the record failed: then that is what the unit must be told.
    pub(super) async fn note_upstream(&self, run: RunId, fault: &UpstreamFault) -> Result<(), Refusal> {
        let Some(fact) = fault.fact() else { return Ok(()) };
        let evidence = Evidence { at: (self.clock)(), fact };
        tracing::warn!(%run, %fault, "not provisioned by the service");
        self.add_evidence(run, &evidence).await?;
        self.tell(GatewayEvent::UpstreamFailed { run, evidence }).await;
        Ok(())
    }

    /// Puts on record what became of a question on a unit's behalf. Nobody asks for that unit again: that the service is
    /// left alone counts as well.
    pub(super) async fn record_upstream(&self, run: RunId, fault: &UpstreamFault) -> Result<Evidence, IssueError> {
        let left_alone = Fact::UpstreamFailed { status: None, reason: LEFT_ALONE.to_owned() };
        let evidence = Evidence { at: (self.clock)(), fact: fault.fact().unwrap_or(left_alone) };
        tracing::warn!(%run, %fault, "not provisioned by the service");
        self.store.add_evidence(run, std::slice::from_ref(&evidence)).await?;
        Ok(evidence)
    }

    /// Notes that the service granted a session which the record refused: it exists there, and no unit has it.
    pub(super) async fn note_unrecorded(&self, run: RunId, draft: &Draft) {
        if self.relay.is_none() {
            return;
        }
        let device = &draft.session.device_id;
        tracing::error!(%run, %device, "the service made a device that no unit will be: the record refused it");
        // A record that fails once more cannot be told; the log has it.
        let _ = self.note_upstream(run, &UpstreamFault::Unrecorded).await;
    }
}
