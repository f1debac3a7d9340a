//! Which request goes where.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use firstpass_contract::{
    ProvisionRequest,
    provision::{BIND_CLAIM_PATH, BindClaimRequest, BindClaimResponse, PROVISION_PATH},
};
use firstpass_domain::{CodeHash, Sha256Digest, Timestamp};
use http::HeaderMap;
use serde_json::json;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use super::{
    Limits, Provisioner, Refusal,
    answer::{granted, passed_on},
    firmware::firmware,
    offer::FIRMWARE_PATH,
    provision::Asked,
    request,
};
use crate::rate::RateLimit;

/// Where the endpoints lie: `/api/v1`, for example. The unit's base URL is the station's address and this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasePath(String);

/// A text is no base path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{0:?} is no base path: it begins with '/', has no slash at its end, and holds letters, digits, '/', '-', '_', '.'"
)]
pub struct BasePathError(String);

/// Who is on the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// When the sender of a request is told that the station is busy.
#[derive(Debug, Clone, Copy)]
struct Deadline(Instant);

/// What all requests use.
pub(super) struct App {
    pub(super) provisioner: Arc<Provisioner>,
    pub(super) limits: Limits,
    /// What must not be cut off when the client goes away; waited for when the station stops.
    pub(super) acts: TaskTracker,
    peers: RateLimit<IpAddr>,
    codes: RateLimit<CodeHash>,
    /// By the offer's key.
    pub(super) downloads: RateLimit<Sha256Digest>,
    /// Path before a download's token.
    downloads_path: String,
}

impl App {
    pub(super) fn new(provisioner: Arc<Provisioner>, base: &BasePath, limits: Limits) -> Self {
        let downloads = RateLimit::new(limits.per_download, limits.rate_records_max);
        let downloads_path = format!("{}{FIRMWARE_PATH}", base.0);
        let peers = RateLimit::new(limits.per_peer, limits.rate_records_max);
        let codes = RateLimit::new(limits.per_code, limits.rate_records_max);
        Self { provisioner, limits, acts: TaskTracker::new(), peers, codes, downloads, downloads_path }
    }

    /// Lets a request from this address through, or refuses it.
    pub(super) fn ask_of_peer(&self, peer: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        self.peers.ask(peer, now).map_err(|too_often| {
            if too_often.first {
                tracing::warn!(%peer, "an address sends too many requests");
            }
            Refusal::TooOften(too_often.retry_after)
        })
    }

    /// Does something to its end, even when nobody waits for the answer any more.
    async fn act<T: Send + 'static>(
        &self,
        act: impl Future<Output = Result<T, Refusal>> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.acts.spawn(act).await.unwrap_or(Err(Refusal::Internal))
    }
}

pub(super) fn router(app: &Arc<App>, base: &BasePath) -> Router {
    Router::new()
        .route(&format!("{}{PROVISION_PATH}", base.0), post(provision))
        .route(&format!("{}{BIND_CLAIM_PATH}", base.0), post(bind_claim))
        .route(&format!("{}{FIRMWARE_PATH}{{token}}", base.0), get(firmware))
        .route("/healthz", get(healthz))
        .fallback(async || Refusal::NoSuchPath)
        .method_not_allowed_fallback(async || Refusal::WrongMethod)
        .layer(from_fn_with_state(Arc::clone(app), bound))
        .with_state(Arc::clone(app))
}

/// Holds every request to its time, and all but downloads, which have one of their own, to the rate of its address.
async fn bound(
    State(app): State<Arc<App>>,
    Extension(Peer(peer)): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if !request.uri().path().starts_with(&app.downloads_path) {
        app.ask_of_peer(peer.ip(), (app.provisioner.clock)())?;
    }
    let deadline = Instant::now() + app.limits.request_timeout;
    request.extensions_mut().insert(Deadline(deadline));
    timeout_at(deadline, next.run(request)).await.map_err(|_| Refusal::TooSlow)
}

async fn provision(
    State(app): State<Arc<App>>,
    Extension(Peer(peer)): Extension<Peer>,
    Extension(Deadline(deadline)): Extension<Deadline>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let provisioner = Arc::clone(&app.provisioner);
    let now = (provisioner.clock)();
    let code = match request::auth_code(&headers) {
        Ok(code) => code,
        Err(refusal) => {
            let told = refusal.clone();
            app.act(async move { provisioner.refuse(None, &told, peer, now).await }).await?;
            return Err(refusal);
        }
    };
    let rate = app.codes.ask(CodeHash::of(code.expose()), now);
    let readable = match rate {
        Ok(()) => request::json_and_text::<ProvisionRequest>(&headers, body, &app.limits).await,
        // Of a flood, only the beginning goes on record.
        Err(too_often) if !too_often.first => return Err(Refusal::TooOften(too_often.retry_after)),
        Err(too_often) => Err(Refusal::TooOften(too_often.retry_after)),
    };
    let handover = app.act(async move {
        match readable {
            Ok((request, body)) => provisioner.provision(Asked { request, body }, &code, peer, deadline).await,
            Err(refusal) => Err(provisioner.refuse_unread(&refusal, &code, peer).await.err().unwrap_or(refusal)),
        }
    });
    let issued = handover.await?.deliver().ok_or(Refusal::Internal)?;
    Ok(passed_on(issued.answer))
}

async fn bind_claim(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let token = request::bearer_token(&headers)?;
    let request: BindClaimRequest = request::json(&headers, body, &app.limits).await?;
    let provisioner = Arc::clone(&app.provisioner);
    app.act(async move { provisioner.bind_claim(&token, &request.claim_code).await }).await?;
    Ok(granted(&BindClaimResponse { ok: true }))
}

/// Says that the endpoint answers; asks neither the record nor the authority.
async fn healthz() -> Response {
    granted(&json!({ "ok": true }))
}

impl Default for BasePath {
    fn default() -> Self {
        Self("/api/v1".to_owned())
    }
}

impl BasePath {
    /// The path as text; empty, or with a slash before it and none behind.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BasePath {
    type Err = BasePathError;

    fn from_str(text: &str) -> Result<Self, BasePathError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
        let whole = text.is_empty() || (text.starts_with('/') && !text.ends_with('/') && !text.contains("//"));
        if whole && text.chars().all(legal) { Ok(Self(text.to_owned())) } else { Err(BasePathError(text.to_owned())) }
    }
}
