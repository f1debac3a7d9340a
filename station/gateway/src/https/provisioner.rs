//! Issues sessions: to a unit that asks with its code, or to the line on a unit's behalf.

use std::{net::SocketAddr, sync::Arc};

use firstpass_authority::Authority;
use firstpass_contract::ProvisionResponse;
use firstpass_domain::{Evidence, Fact, Mac, RunId, Timestamp};
use firstpass_store::{IssueError, NewCertificate, NewSession, Store, StoreError};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Clock, GatewayEvent, Refusal,
    answer::AnswerBody,
    confidant::Confidants,
    draft::{CertificateWish, Draft, FirmwareOffer, SessionError, Workspace},
    handover::Handovers,
    offer::Offers,
    provision::Asked,
    tenant::Tenants,
    upstream::{Chance, Relay, Upstream, UpstreamError, UpstreamFault, UpstreamState},
};

/// Events that wait for the line; when it is this far behind, units wait too.
const EVENTS_MAX: usize = 1024;

/// Issues sessions. Shared by the endpoint and the line.
pub struct Provisioner {
    pub(super) store: Arc<dyn Store>,
    pub(super) authority: Arc<Authority>,
    pub(super) workspace: Workspace,
    pub(super) clock: Clock,
    pub(super) handovers: Handovers,
    pub(super) offers: Arc<Offers>,
    pub(super) confidants: Arc<Confidants>,
    pub(super) tenants: Arc<Tenants>,
    pub(super) relay: Option<Relay>,
    upstream: watch::Sender<UpstreamState>,
    events: mpsc::Sender<GatewayEvent>,
}

/// A session that is on record, with the secrets that are told once.
#[derive(Debug)]
pub struct IssuedSession {
    /// What the unit is told; holds the secrets.
    pub response: ProvisionResponse,
    /// What is on record of the session.
    pub session: NewSession,
    /// What is on record of its certificate.
    pub certificate: Option<NewCertificate>,
    /// The evidence that was recorded with it.
    pub evidence: Evidence,
    /// The body of the answer to the unit.
    pub(super) answer: AnswerBody,
}

/// What became of a session that was asked for on a unit's behalf.
#[derive(Debug)]
pub enum OnBehalf {
    /// It is on record.
    Issued(Box<IssuedSession>),
    /// The service that this station relays to granted none, or none that can be used. This is on record of it.
    NotGranted(Evidence),
}

impl Provisioner {
    /// A provisioner and its events, which must be read: while nobody reads them, units wait.
    ///
    /// Fails when sessions of this workspace would not fit a unit's buffers.
    pub fn new(
        store: Arc<dyn Store>,
        authority: Arc<Authority>,
        workspace: Workspace,
        clock: Clock,
    ) -> Result<(Self, mpsc::Receiver<GatewayEvent>), SessionError> {
        // The largest answer there is, made once to find a value that is too long before a unit does.
        let (mac, longest) = (Mac::new([0; 6]), FirmwareOffer::longest());
        Draft::make(&workspace, &authority, mac, CertificateWish::FreshKey, Some(&longest), clock())?;
        let (events, receiver) = mpsc::channel(EVENTS_MAX);
        let handovers = Handovers::default();
        let (offers, confidants, tenants) = (Arc::default(), Arc::default(), Arc::default());
        let (upstream, _) = watch::channel(UpstreamState::Here);
        let relay = None;
        let provisioner = Self {
            store,
            authority,
            workspace,
            clock,
            handovers,
            offers,
            confidants,
            tenants,
            relay,
            upstream,
            events,
        };
        Ok((provisioner, receiver))
    }

    /// Lets a configured service grant the sessions instead of this station.
    pub fn relaying(mut self, upstream: Upstream, chance: Chance) -> Result<Self, UpstreamError> {
        self.relay = Some(Relay::new(upstream, self.upstream.clone(), Arc::clone(&self.clock), chance)?);
        Ok(self)
    }

    /// Whether the service that this station relays to is there, from now on.
    pub fn upstream_state(&self) -> watch::Receiver<UpstreamState> {
        self.upstream.subscribe()
    }

    /// Looks for that service while it is away, until the token is cancelled.
    pub(super) async fn watch_upstream(&self, token: &CancellationToken) {
        if let Some(relay) = &self.relay {
            relay.watch(token).await;
        }
    }

    /// Issues a session to a run's unit without a code (injection `session`). Its evidence, or that of what the service
    /// did instead, is on record when this returns; no event is sent, since the caller is the line.
    pub async fn issue_on_behalf(
        &self,
        run: RunId,
        mac: Mac,
        want_certificate: bool,
        now: Timestamp,
    ) -> Result<OnBehalf, SessionError> {
        let wish = if want_certificate { CertificateWish::FreshKey } else { CertificateWish::None };
        let asked = Asked::on_behalf(&self.workspace_of(run));
        let draft = match self.draft(run, mac, &asked, wish, now).await {
            Ok(draft) => draft,
            Err(SessionError::Upstream(fault)) => {
                let evidence = self.record_upstream(run, &fault).await.map_err(SessionError::Record)?;
                return Ok(OnBehalf::NotGranted(evidence));
            }
            Err(error) => return Err(error),
        };
        let evidence = accepted(&draft, None, true, now);
        match self.store.issue_session(run, &draft.session, draft.certificate.as_ref(), &evidence, now).await {
            Ok(()) => Ok(OnBehalf::Issued(Box::new(issued(draft, evidence)))),
            // The identity is another session's: the service's doing, and no reason to stop the slot.
            Err(IssueError::Store(StoreError::Conflict { .. })) if self.relay.is_some() => {
                let evidence = self.record_upstream(run, &UpstreamFault::Unrecorded).await;
                Ok(OnBehalf::NotGranted(evidence.map_err(SessionError::Record)?))
            }
            Err(error) => {
                self.note_unrecorded(run, &draft).await;
                Err(SessionError::Record(error))
            }
        }
    }

    /// Tells the line. Waits while it is behind.
    pub(super) async fn tell(&self, event: GatewayEvent) {
        if self.events.send(event).await.is_err() {
            tracing::warn!("nobody reads the provisioning events any more; the record has them");
        }
    }

    /// Tells the line what only helps it to explain, while there is plenty of room for what it needs.
    pub(super) fn tell_in_passing(&self, event: GatewayEvent) {
        if self.events.capacity() > EVENTS_MAX / 2 {
            // The last one to read them may have gone; the record has what counts.
            let _ = self.events.try_send(event);
        }
    }

    /// Puts a refusal on the record of the run that it is about, and tells the line.
    ///
    /// `Err` when the record failed: then that is what the unit must be told.
    pub(super) async fn refuse(
        &self,
        run: Option<RunId>,
        refusal: &Refusal,
        peer: SocketAddr,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let fact = Fact::ProvisionRefused { status: refusal.status().as_u16(), reason: refusal.code().to_owned() };
        let evidence = Evidence { at: now, fact };
        tracing::info!(run = run.map(tracing::field::display), %peer, reason = refusal.code(), "provisioning refused");
        if let Some(run) = run {
            self.add_evidence(run, &evidence).await?;
        }
        self.tell(GatewayEvent::ProvisionRefused { run, peer, evidence }).await;
        Ok(())
    }

    pub(super) async fn add_evidence(&self, run: RunId, evidence: &Evidence) -> Result<(), Refusal> {
        let Err(error) = self.store.add_evidence(run, std::slice::from_ref(evidence)).await else {
            return Ok(());
        };
        // The run has ended; what its code is tried for later does not belong to it any more.
        if matches!(error, StoreError::Conflict { .. }) {
            return Ok(());
        }
        tracing::error!(%run, error = &error as &dyn std::error::Error, "could not record a refusal");
        Err((&error).into())
    }
}

/// The evidence of a granted request.
pub(super) fn accepted(draft: &Draft, mac: Option<Mac>, on_behalf: bool, now: Timestamp) -> Evidence {
    let fact = Fact::ProvisionAccepted {
        device_id: draft.session.device_id.clone(),
        mqtt_username: draft.session.mqtt_username.clone(),
        mac,
        certificate: draft.certificate.as_ref().map(|certificate| certificate.fingerprint),
        on_behalf,
    };
    Evidence { at: now, fact }
}

pub(super) fn issued(draft: Draft, evidence: Evidence) -> IssuedSession {
    let Draft { response, session, certificate, answer } = draft;
    IssuedSession { response, session, certificate, evidence, answer }
}
