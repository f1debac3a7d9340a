//! Makes a draft out of what the service granted.

use firstpass_authority::Authority;
use firstpass_contract::ProvisionResponse;
use firstpass_domain::{Mac, PasswordVerifier, Sha256Digest, Timestamp};
use firstpass_store::NewSession;

use super::{
    draft::{CertificateWish, Draft, FirmwareOffer, SessionError, issue, random},
    upstream::{Changes, Granted, UpstreamAnswer, UpstreamFault},
};
use crate::certificates::record_of;

impl Draft {
    /// The identity that the service granted to the unit `mac`, with a certificate of this station's when one is asked for.
    pub(super) fn relayed(
        granted: Granted,
        authority: &Authority,
        mac: Mac,
        wish: CertificateWish<'_>,
        firmware: Option<&FirmwareOffer>,
        keep_firmware: bool,
        now: Timestamp,
    ) -> Result<Self, SessionError> {
        let Granted { status, answer: granted } = granted;
        let session = granted_session(&granted)?;
        let issued = issue(authority, &session.device_id, wish, now)?;
        let certificate = issued.as_ref().map(|issued| record_of(issued, Some(mac)));
        let shown = issued.as_ref().map(|issued| (issued.chain_pem.as_str(), issued.private_key_pem.as_ref()));
        let answer = granted.body(&Changes { keep_firmware, firmware, certificate: shown });
        let answer = answer.map_err(|error| SessionError::Upstream(UpstreamFault::Unusable(status, error)))?;
        let (certificate_pem, private_key_pem) =
            issued.map_or((None, None), |i| (Some(i.chain_pem), i.private_key_pem));
        let response = ProvisionResponse { certificate_pem, private_key_pem, ..granted.response };
        Ok(Self { response, session, certificate, answer })
    }
}

/// What the record keeps of a granted session. The password is the service's to choose: a weak one is as weak here.
fn granted_session(granted: &UpstreamAnswer) -> Result<NewSession, SessionError> {
    let response = &granted.response;
    Ok(NewSession {
        device_id: granted.device_id.clone(),
        device_key: response.device_key.clone(),
        workspace_slug: response.workspace_slug.clone().unwrap_or_default(),
        mqtt_host: response.mqtt_host.clone(),
        mqtt_port: granted.mqtt_port,
        mqtt_username: response.mqtt_username.clone(),
        verifier: PasswordVerifier::make(response.mqtt_password.expose(), random()?),
        token: response.device_http_token.as_ref().map(|token| Sha256Digest::of(token.expose().as_bytes())),
    })
}
