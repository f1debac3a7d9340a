//! A unit asks for its session with its code.

use std::net::SocketAddr;

use firstpass_authority::AuthorityError;
use firstpass_contract::{ProvisionRequest, Secret};
use firstpass_domain::{CodeHash, Mac, Timestamp};
use firstpass_store::{CodeRecord, IssueError};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{
    GatewayEvent, Refusal,
    draft::{CertificateWish, Draft, SessionError, Workspace},
    handover::{Handover, Turn},
    provisioner::{IssuedSession, Provisioner, accepted, issued},
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
        if let Some(issued) = turn.waiting(&asked.request, now)
            && self.is_live(issued).await?
        {
            tracing::info!(%run, %peer, device = %issued.session.device_id, "provisioned before; answered now");
            return Ok(turn.again());
        }
        let issued = self.redeem(&asked, hash, known, &mut turn, deadline).await?;
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

    async fn redeem(
        &self,
        asked: &Asked,
        hash: CodeHash,
        known: &CodeRecord,
        turn: &mut Turn,
        deadline: Instant,
    ) -> Result<IssuedSession, Refusal> {
        let (request, now) = (&asked.request, (self.clock)());
        let mac = self.check(request, known, now)?;
        let wish = match (known.certificate, &request.csr_pem) {
            (false, _) => CertificateWish::None,
            (true, Some(pem)) => CertificateWish::Csr(pem),
            (true, None) => CertificateWish::FreshKey,
        };
        let draft = match turn.unrecorded(request) {
            Some(draft) => draft,
            None => self.drafted(asked, known, turn, wish, deadline).await?,
        };
        // A service may have taken its time.
        let now = (self.clock)();
        let evidence = accepted(&draft, mac, false, now);
        // The record decides again, in one transaction: of two requests with one code, one is too late.
        let (session, certificate) = (&draft.session, draft.certificate.as_ref());
        match self.store.redeem_code(hash, mac, session, certificate, &evidence, now).await {
            Ok(_run) => Ok(issued(draft, evidence)),
            Err(error) => Err(self.unredeemed(error, draft, request, known, turn).await),
        }
    }

    /// Makes what the unit gets, unless a grant for its code was of no use before, or it is too late to begin.
    async fn drafted(
        &self,
        asked: &Asked,
        known: &CodeRecord,
        turn: &mut Turn,
        wish: CertificateWish<'_>,
        deadline: Instant,
    ) -> Result<Draft, Refusal> {
        if let Some(refusal) = turn.spoilt() {
            return Err(refusal);
        }
        if Instant::now() >= deadline {
            return Err(Refusal::TooSlow);
        }
        match self.draft(known.run, known.mac, asked, wish, (self.clock)()).await {
            // Only the own way is bound to the deadline from here on: what a service has granted must go on record.
            Ok(_) if self.relay.is_none() && Instant::now() >= deadline => Err(Refusal::TooSlow),
            Ok(draft) => Ok(draft),
            Err(SessionError::Upstream(fault)) => {
                if fault.is_granted() {
                    turn.spoil(fault.refusal(), known.expires);
                }
                self.note_upstream(known.run, &fault).await?;
                Err(fault.refusal())
            }
            Err(error) => Err(refusal_of(error)),
        }
    }

    /// What becomes of a session that the record did not take. One that a service granted is kept for the unit's next
    /// try while the record is away, and is lost when the record refused it.
    async fn unredeemed(
        &self,
        error: IssueError,
        draft: Draft,
        request: &ProvisionRequest,
        known: &CodeRecord,
        turn: &mut Turn,
    ) -> Refusal {
        let refusal = refusal_of(SessionError::Record(error));
        if self.relay.is_none() {
            return refusal;
        }
        if refusal == Refusal::RecordUnavailable {
            turn.park(request.clone(), known, draft);
            return refusal;
        }
        self.note_unrecorded(known.run, &draft).await;
        turn.spoil(refusal.clone(), known.expires);
        refusal
    }

    /// Refuses what cannot be granted before anything is made; returns the MAC that the unit sent.
    fn check(&self, request: &ProvisionRequest, known: &CodeRecord, now: Timestamp) -> Result<Option<Mac>, Refusal> {
        let mac = request.mac.as_deref().map(str::parse::<Mac>).transpose();
        let mac = mac.map_err(|error| Refusal::Invalid(format!("mac: {error}")))?;
        let workspace = Uuid::parse_str(&request.workspace_id)
            .map_err(|_| Refusal::Invalid("workspace_id: it is no UUID".to_owned()))?;
        if known.redeemed.is_some() {
            return Err(Refusal::UsedCode);
        }
        if known.voided.is_some() || known.expires <= now {
            return Err(Refusal::VoidCode);
        }
        if mac.is_some_and(|mac| mac != known.mac) {
            return Err(Refusal::OtherUnit);
        }
        if workspace != self.workspace.id {
            return Err(Refusal::WrongWorkspace);
        }
        Ok(mac)
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

/// What the unit is told; the cause goes to the log.
fn refusal_of(error: SessionError) -> Refusal {
    let refusal = match &error {
        SessionError::Record(error) => error.into(),
        SessionError::Certificate(AuthorityError::Unusable { reason, .. }) => {
            return Refusal::Invalid(format!("csr_pem: {reason}"));
        }
        SessionError::Certificate(_) | SessionError::Randomness => Refusal::AuthorityUnavailable,
        SessionError::FieldTooLong(_) | SessionError::AnswerTooLong { .. } => Refusal::DoesNotFit,
        SessionError::Upstream(fault) => fault.refusal(),
    };
    if refusal.status().is_server_error() {
        tracing::error!(error = &error as &dyn std::error::Error, "could not issue a session");
    }
    refusal
}
