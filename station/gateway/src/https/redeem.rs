//! A code buys its session, here or at the service: what is checked before, and what becomes of one that fails.

use firstpass_authority::AuthorityError;
use firstpass_contract::ProvisionRequest;
use firstpass_domain::{CodeHash, Mac, Timestamp};
use firstpass_store::{CodeRecord, IssueError};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Refusal,
    draft::{CertificateWish, Draft, SessionError},
    handover::Turn,
    provision::Asked,
    provisioner::{IssuedSession, Provisioner, accepted, issued},
};

impl Provisioner {
    /// Issues what the code buys, and puts it on record.
    pub(super) async fn redeem(
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
        if workspace != self.workspace_of(known.run).id {
            return Err(Refusal::WrongWorkspace);
        }
        Ok(mac)
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
