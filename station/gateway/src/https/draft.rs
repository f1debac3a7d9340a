//! Makes what a unit gets. Issues nothing: a draft counts only once it is on record.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use firstpass_authority::{Authority, AuthorityError, IssuedCertificate, UnitKey};
use firstpass_contract::{
    ProvisionResponse, Secret,
    limits::{FIRMWARE_URL, RESPONSE_BODY_MAX, TooLong},
    provision::DEVICE_HTTP_TOKEN_PREFIX,
};
use firstpass_domain::{DeviceId, Mac, PasswordVerifier, Sha256Digest, Timestamp};
use firstpass_store::{IssueError, NewCertificate, NewSession};
use ring::rand::{SecureRandom, SystemRandom};
use thiserror::Error;
use uuid::Uuid;

use super::{answer::AnswerBody, upstream::UpstreamFault};
use crate::certificates::record_of;

/// Random bytes in a device id, a device key and a user name.
const NAME_BYTES: usize = 16;

/// Random bytes in a password and a token.
const SECRET_BYTES: usize = 32;

/// What every session of this station has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Workspace that units must name.
    pub id: Uuid,
    /// Workspace part of topics.
    pub slug: String,
    /// Broker host, as units reach it.
    pub mqtt_host: String,
    /// Broker port, as units reach it.
    pub mqtt_port: u16,
}

/// Firmware that a unit is told of. It downloads it after every HTTPS provisioning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FirmwareOffer {
    /// Where it lies.
    pub(super) url: String,
    /// Its SHA-256.
    pub(super) sha256: Sha256Digest,
    /// Its size in bytes.
    pub(super) size: u32,
}

impl FirmwareOffer {
    /// As long as any can be.
    pub(super) fn longest() -> Self {
        Self { url: "x".repeat(FIRMWARE_URL.max_len()), sha256: Sha256Digest::of(b""), size: u32::MAX }
    }
}

/// A session could not be issued. Nothing is on record.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The record refused or failed.
    #[error("could not put the session on record")]
    Record(#[source] IssueError),
    /// The certificate could not be issued.
    #[error("could not issue the unit's certificate")]
    Certificate(#[source] AuthorityError),
    /// A field would not fit the unit's buffer.
    #[error("the session would not fit the unit")]
    FieldTooLong(#[from] TooLong),
    /// The answer would not fit the unit's buffer.
    #[error("the answer has {len} bytes; the unit's buffer takes {RESPONSE_BODY_MAX}")]
    AnswerTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The system's randomness failed.
    #[error("the system gave no random bytes")]
    Randomness,
    /// The service that this station relays to granted nothing that can be passed on.
    #[error("the provisioning service did not grant a session")]
    Upstream(#[source] UpstreamFault),
}

/// Which certificate a session comes with.
#[derive(Debug, Clone, Copy)]
pub(super) enum CertificateWish<'a> {
    /// None.
    None,
    /// One for a key that is made here.
    FreshKey,
    /// One for the key in this request (PEM).
    Csr(&'a str),
}

/// A session with its secrets, not on record yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) response: ProvisionResponse,
    pub(super) session: NewSession,
    pub(super) certificate: Option<NewCertificate>,
    /// The body of the answer to the unit.
    pub(super) answer: AnswerBody,
}

impl Draft {
    /// A new identity for the unit `mac`, checked against the unit's buffers.
    pub(super) fn make(
        workspace: &Workspace,
        authority: &Authority,
        mac: Mac,
        wish: CertificateWish<'_>,
        firmware: Option<&FirmwareOffer>,
        now: Timestamp,
    ) -> Result<Self, SessionError> {
        let (password, token) = (secret("")?, secret(DEVICE_HTTP_TOKEN_PREFIX)?);
        let session = session(workspace, &password, &token)?;
        let issued = issue(authority, &session.device_id, wish, now)?;
        let certificate = issued.as_ref().map(|issued| record_of(issued, Some(mac)));
        let response = response(&session, password, token, firmware, issued);
        response.check_limits()?;
        let answer = answer(&response)?;
        Ok(Self { response, session, certificate, answer })
    }
}

pub(super) fn issue(
    authority: &Authority,
    device: &DeviceId,
    wish: CertificateWish<'_>,
    now: Timestamp,
) -> Result<Option<IssuedCertificate>, SessionError> {
    let issued = match wish {
        CertificateWish::None => None,
        CertificateWish::FreshKey => Some(authority.issue_unit(device, UnitKey::Fresh, now)),
        CertificateWish::Csr(pem) => Some(authority.issue_for_csr(device, pem, now)),
    };
    issued.transpose().map_err(SessionError::Certificate)
}

fn session(workspace: &Workspace, password: &Secret, token: &Secret) -> Result<NewSession, SessionError> {
    let device_id = DeviceId::new(format!("dev-{}", hex::encode(random::<NAME_BYTES>()?)));
    Ok(NewSession {
        device_id: device_id.expect("the prefix and 32 digits make a device id"),
        device_key: format!("k{}", hex::encode(random::<NAME_BYTES>()?)),
        workspace_slug: workspace.slug.clone(),
        mqtt_host: workspace.mqtt_host.clone(),
        mqtt_port: workspace.mqtt_port,
        mqtt_username: format!("u{}", hex::encode(random::<NAME_BYTES>()?)),
        verifier: PasswordVerifier::make(password.expose(), random()?),
        token: Some(Sha256Digest::of(token.expose().as_bytes())),
    })
}

fn response(
    session: &NewSession,
    password: Secret,
    token: Secret,
    firmware: Option<&FirmwareOffer>,
    certificate: Option<IssuedCertificate>,
) -> ProvisionResponse {
    let (certificate_pem, private_key_pem) =
        certificate.map_or((None, None), |issued| (Some(issued.chain_pem), issued.private_key_pem));
    ProvisionResponse {
        device_id: session.device_id.to_string(),
        device_key: session.device_key.clone(),
        workspace_slug: Some(session.workspace_slug.clone()),
        mqtt_host: session.mqtt_host.clone(),
        mqtt_port: Some(i32::from(session.mqtt_port)),
        mqtt_tls: Some(true),
        mqtt_username: session.mqtt_username.clone(),
        mqtt_password: password,
        device_http_token: Some(token),
        firmware_url: firmware.map(|offer| offer.url.clone()),
        firmware_checksum_sha256: firmware.map(|offer| offer.sha256.to_string()),
        firmware_size_bytes: firmware.map(|offer| offer.size),
        certificate_pem,
        private_key_pem,
        data: None,
    }
}

fn answer(response: &ProvisionResponse) -> Result<AnswerBody, SessionError> {
    let answer = serde_json::to_vec(response).expect("a response is plain JSON");
    let len = answer.len();
    if len > RESPONSE_BODY_MAX { Err(SessionError::AnswerTooLong { len }) } else { Ok(AnswerBody(answer.into())) }
}

pub(super) fn secret(prefix: &str) -> Result<Secret, SessionError> {
    let random = BASE64_URL_SAFE_NO_PAD.encode(random::<SECRET_BYTES>()?);
    Ok(Secret::new(format!("{prefix}{random}")))
}

pub(super) fn random<const LEN: usize>() -> Result<[u8; LEN], SessionError> {
    let mut bytes = [0; LEN];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SessionError::Randomness)?;
    Ok(bytes)
}
