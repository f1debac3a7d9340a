//! A unit asks for its session with its code.

use std::net::SocketAddr;

use firstpass_contract::{ProvisionRequest, Secret};
use firstpass_domain::CodeHash;
use firstpass_store::CodeRecord;
use tokio::time::{Instant, timeout_at};

use super::{
    GatewayEvent, Refusal,
    draft::Workspace,
    handover::Handover,
    provisioner::{IssuedSession, Provisioner},
};

impl Provisioner {
    /// Grants or refuses a unit's request. Either is on record, and the line has been told, when this returns.
    ///
    /// Every code buys a new identity: a `device_id` that the unit had before is not taken up again, so that no two
    /// sessions on record share one. Nothing is begun after `deadline`, when the unit has been told to come back.
    pub(super) async fn provision(
        &self,
        asked: Asked,
        code: &Secret,
        peer: SocketAddr,
        deadline: Instant,
    ) -> Result<Handover, Refusal> {
        let (now, hash) = ((self.clock)(), CodeHash::of(code.expose()));
        let known = self.look_up(hash).await?;
        let outcome = match &known {
            Some(known) => self.grant(asked, hash, known, peer, deadline).await,
            None => Err(Refusal::UnknownCode),
        };
        if let Err(refusal) = &outcome {
            self.refuse(known.map(|code| code.run), refusal, peer, now).await?;
        }
        outcome
    }

    /// Issues the session that the code buys, or gives out the one that it bought and that no connection took.
    async fn grant(
        &self,
        asked: Asked,
        hash: CodeHash,
        known: &CodeRecord,
        peer: SocketAddr,
        deadline: Instant,
    ) -> Result<Handover, Refusal> {
        let turn = self.handovers.turn(hash, (self.clock)());
        let mut turn = timeout_at(deadline, turn).await.map_err(|_| Refusal::TooSlow)?;
        let (now, run) = ((self.clock)(), known.run);
        // The code may have been used while this request waited for its turn.
        let Some(known) = self.look_up(hash).await? else { return Err(Refusal::UnknownCode) };
        if let Some(issued) = turn.waiting(&asked.request, now)
            && self.is_live(issued).await?
        {
            tracing::info!(%run, %peer, device = %issued.session.device_id, "provisioned before; answered now");
            return Ok(turn.again());
        }
        let issued = self.redeem(&asked, hash, &known, &mut turn, deadline).await?;
        tracing::info!(%run, %peer, device = %issued.session.device_id, "provisioned");
        let event = GatewayEvent::Provisioned { run, evidence: issued.evidence.clone() };
        let handover = turn.keep(asked.request, issued, known.expires);
        self.tell(event).await;
        Ok(handover)
    }

    /// Whether the session may still be used: the end of its run may have revoked it.
    async fn is_live(&self, issued: &IssuedSession) -> Result<bool, Refusal> {
        let found = self.store.session_by_username(&issued.session.mqtt_username).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "could not look a session up");
            Refusal::RecordUnavailable
        })?;
        Ok(found.is_some_and(|record| record.may_log_in()))
    }

    /// Notes that a request was refused before it could be read, with the code that it carried.
    pub(super) async fn refuse_unread(
        &self,
        refusal: &Refusal,
        code: &Secret,
        peer: SocketAddr,
    ) -> Result<(), Refusal> {
        let known = self.look_up(CodeHash::of(code.expose())).await?;
        self.refuse(known.map(|code| code.run), refusal, peer, (self.clock)()).await
    }

    async fn look_up(&self, hash: CodeHash) -> Result<Option<CodeRecord>, Refusal> {
        self.store.find_code(hash).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "could not look a code up");
            Refusal::RecordUnavailable
        })
    }
}

/// A unit's request, and its text for a service that may know more fields.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) request: ProvisionRequest,
    pub(super) body: Vec<u8>,
}

impl Asked {
    /// What the station asks when it asks for itself.
    pub(super) fn on_behalf(workspace: &Workspace) -> Self {
        let workspace_id = workspace.id.to_string();
        let request = ProvisionRequest { workspace_id, template_id: None, device_id: None, mac: None, csr_pem: None };
        Self { request, body: Vec::new() }
    }
}
