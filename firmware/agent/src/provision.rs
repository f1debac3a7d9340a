//! Provisioning over HTTPS: whether, with which request, and what an answer means. Source: device contract, section 1.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

use firstpass_contract::{
    LogLine, ProvisionRequest, ProvisionResponse, Secret,
    limits::{PROVISION_TIMEOUT_MS, RESPONSE_BODY_MAX},
    nvs,
    provision::{AUTH_CODE_HEADER, PROVISION_PATH},
};

use crate::{FirmwareOffer, Header, HttpsRequest, Mac, NvsValue, SessionInNvs, SessionWrite};

/// How much of a refusal's body the log shows, in characters.
const SHOWN_BODY_MAX: usize = 200;

/// Longest name, device id or account id, in characters (recovery rules, section 2, class InvalidParameters).
const NAME_MAX: usize = 64;

/// What a boot does about provisioning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// A code is there: it always provisions, even over a complete session.
    Provision,
    /// No code and a complete session: expected, not an error.
    Skip,
    /// No code and no complete session.
    Impossible,
    /// A code is there, but a parameter that the request needs is missing or has the wrong form.
    Parameter(ParameterFault),
}

/// A factory parameter with which no request can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParameterFault {
    /// The key holds nothing.
    Empty(&'static str),
    /// Not `https://host…`.
    NoHttpsUrl(&'static str),
    /// Longer than [`NAME_MAX`].
    TooLong(&'static str),
}

impl fmt::Display for ParameterFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(key) => write!(f, "{key} is empty"),
            Self::NoHttpsUrl(key) => write!(f, "{key} is no https URL"),
            Self::TooLong(key) => write!(f, "{key} is longer than {NAME_MAX} characters"),
        }
    }
}

/// Chooses the plan for a session.
pub(crate) fn plan(session: &SessionInNvs) -> Plan {
    if session.auth_code.is_empty() {
        return if session.is_complete() { Plan::Skip } else { Plan::Impossible };
    }
    check_parameters(session).map_or_else(Plan::Parameter, |()| Plan::Provision)
}

fn check_parameters(session: &SessionInNvs) -> Result<(), ParameterFault> {
    let needed = [(nvs::PROV_URL, &session.prov_url), (nvs::WORKSPACE_ID, &session.workspace_id)];
    if let Some((key, _)) = needed.iter().find(|(_, text)| text.is_empty()) {
        return Err(ParameterFault::Empty(key));
    }
    let host = session.prov_url.strip_prefix("https://").unwrap_or_default();
    if host.is_empty() || host.starts_with(['/', ':', '?', '#']) || host.contains(char::is_whitespace) {
        return Err(ParameterFault::NoHttpsUrl(nvs::PROV_URL));
    }
    let names = [
        (nvs::WORKSPACE_ID, &session.workspace_id),
        (nvs::TEMPLATE_ID, &session.template_id),
        (nvs::DEVICE_ID, &session.device_id),
    ];
    match names.iter().find(|(_, text)| text.chars().count() > NAME_MAX) {
        Some((key, _)) => Err(ParameterFault::TooLong(key)),
        None => Ok(()),
    }
}

/// What a request is made of; the session has a code.
pub(crate) struct Request<'a> {
    pub(crate) session: &'a SessionInNvs,
    pub(crate) mac: Option<Mac>,
    pub(crate) csr_pem: Option<&'a str>,
}

impl Request<'_> {
    pub(crate) fn build(&self) -> HttpsRequest {
        let session = self.session;
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        let body = ProvisionRequest {
            workspace_id: session.workspace_id.clone(),
            template_id: some(&session.template_id),
            device_id: some(&session.device_id),
            mac: self.mac.map(|mac| mac.to_string()),
            csr_pem: self.csr_pem.map(str::to_owned),
        };
        HttpsRequest {
            url: request_url(session),
            headers: vec![
                Header { name: "content-type", value: Secret::new("application/json") },
                Header { name: AUTH_CODE_HEADER, value: session.auth_code.clone() },
            ],
            body: serde_json::to_string(&body).expect("texts always become JSON"),
            timeout_ms: PROVISION_TIMEOUT_MS,
        }
    }
}

/// The line for an answer other than 200 and 201. It shows the beginning of the body, from which the code is taken out,
/// because a server may quote what it was sent.
pub(crate) fn refusal_text(session: &SessionInNvs, status: u16, body: &[u8]) -> String {
    let url = request_url(session);
    let body =
        String::from_utf8_lossy(&body[..body.len().min(RESPONSE_BODY_MAX)]).replace(session.auth_code.expose(), "…");
    let shown: String = body.chars().take(SHOWN_BODY_MAX).collect();
    format!("{} URL={url} response={shown}", LogLine::ProvisionRefused { status })
}

fn request_url(session: &SessionInNvs) -> String {
    format!("{}{PROVISION_PATH}", session.prov_url.trim_end_matches('/'))
}

/// A provisioning that the unit accepts.
#[derive(Debug)]
pub(crate) struct Provisioned {
    /// The session as it will be once it is stored.
    pub(crate) session: SessionInNvs,
    /// What brings NVS there.
    pub(crate) write: SessionWrite,
    /// The line that names the new MQTT user.
    pub(crate) line: LogLine,
}

impl Provisioned {
    /// Leaves the code where it was: what a firmware does that forgets to erase it.
    pub(crate) fn keep_code(&mut self, old: &SessionInNvs) {
        self.session.auth_code = old.auth_code.clone();
        self.write.erase.retain(|key| *key != nvs::AUTH_CODE);
    }
}

/// Reads the body of a 200 or 201 answer. The error is the text to add to `JSON parse failed`; it holds no value of the
/// body, because any of them may be a secret.
///
/// With a key of its own the unit takes a certificate without a key, and nothing else: a key made elsewhere is not its own.
pub(crate) fn read_response(old: &SessionInNvs, body: &[u8], own_key: bool) -> Result<Provisioned, String> {
    let body = &body[..body.len().min(RESPONSE_BODY_MAX)];
    let response: ProvisionResponse = serde_json::from_slice(body)
        .map_err(|err| format!("{} bytes, line {}, column {}", body.len(), err.line(), err.column()))?;
    let response = response.flatten();
    response.check_limits().map_err(|err| err.to_string())?;
    let port = response.effective_mqtt_port().ok_or("mqtt_port is no port")?;
    if own_key && response.private_key_pem.is_some() {
        return Err("a private key in the answer to a certificate request".to_string());
    }
    check_stored_length(&response)?;
    let session = new_session(old, &response, own_key);
    if !session.is_complete() {
        return Err("the session would be incomplete".to_string());
    }
    let line = LogLine::Provisioned {
        host: session.mqtt_host.clone(),
        port,
        tls: session.mqtt_tls,
        username: session.mqtt_username.clone(),
        password_len: session.mqtt_password.expose().len(),
        password_changed: session.mqtt_password != old.mqtt_password,
    };
    Ok(Provisioned { write: session_write(&session, &response, own_key), session, line })
}

/// Certificate and key have no buffer in the contract; NVS bounds them.
fn check_stored_length(response: &ProvisionResponse) -> Result<(), String> {
    let certificate = response.certificate_pem.as_deref().map_or(0, str::len);
    let key = response.private_key_pem.as_ref().map_or(0, |key| key.expose().len());
    match certificate.max(key) < nvs::STRING_MAX {
        true => Ok(()),
        false => Err("certificate or key is too long for NVS".to_string()),
    }
}

fn new_session(old: &SessionInNvs, response: &ProvisionResponse, own_key: bool) -> SessionInNvs {
    let new_certificate = response.certificate_pem.is_some() && (own_key || response.private_key_pem.is_some());
    SessionInNvs {
        device_id: response.device_id.clone(),
        device_key: response.device_key.clone(),
        workspace_slug: response.workspace_slug.clone().unwrap_or_else(|| old.workspace_slug.clone()),
        mqtt_host: response.mqtt_host.clone(),
        mqtt_port: response.mqtt_port.unwrap_or(0),
        mqtt_tls: response.mqtt_tls.unwrap_or(true),
        mqtt_username: response.mqtt_username.clone(),
        mqtt_password: response.mqtt_password.clone(),
        firmware: FirmwareOffer::of(
            response.firmware_url.clone().unwrap_or_default(),
            response.firmware_checksum_sha256.clone().unwrap_or_default(),
            response.firmware_size_bytes,
        ),
        auth_code: Secret::default(),
        client_certificate: old.client_certificate || new_certificate,
        ..old.clone()
    }
}

/// The code is one-time, so it goes in the same write that stores the session, after everything is set.
fn session_write(session: &SessionInNvs, response: &ProvisionResponse, own_key: bool) -> SessionWrite {
    let text = |key, value: &String| (key, NvsValue::Text(value.clone()));
    let secret = |key, value: &Secret| (key, NvsValue::Secret(value.clone()));
    let mut write = SessionWrite {
        set: vec![
            text(nvs::DEVICE_ID, &session.device_id),
            text(nvs::DEVICE_KEY, &session.device_key),
            text(nvs::WORKSPACE_SLUG, &session.workspace_slug),
            text(nvs::MQTT_HOST, &session.mqtt_host),
            (nvs::MQTT_PORT, NvsValue::I32(session.effective_mqtt_port().map_or(0, i32::from))),
            (nvs::MQTT_TLS, NvsValue::I8(i8::from(session.mqtt_tls))),
            text(nvs::MQTT_USERNAME, &session.mqtt_username),
            secret(nvs::MQTT_PASSWORD, &session.mqtt_password),
        ],
        erase: Vec::new(),
    };
    write.set.extend(response.device_http_token.as_ref().map(|token| secret(nvs::DHT, token)));
    match (&response.certificate_pem, &response.private_key_pem) {
        (Some(certificate), Some(key)) => {
            write.set.extend([text(nvs::CERT_PEM, certificate), secret(nvs::KEY_PEM, key)]);
        }
        (Some(certificate), None) if own_key => write.set.push(text(nvs::CERT_PEM, certificate)),
        (Some(_), None) | (None, _) => {}
    }
    write_firmware(session.firmware.as_ref(), &mut write);
    write.erase.push(nvs::AUTH_CODE);
    write
}

/// Stores the offer of this answer, or forgets the one of an earlier answer.
fn write_firmware(offer: Option<&FirmwareOffer>, write: &mut SessionWrite) {
    let Some(FirmwareOffer { url, sha256, size }) = offer else {
        write.erase.extend([nvs::FW_URL, nvs::FW_SHA256, nvs::FW_SIZE]);
        return;
    };
    write.set.push((nvs::FW_URL, NvsValue::Text(url.clone())));
    write.set.push((nvs::FW_SHA256, NvsValue::Text(sha256.clone())));
    match size {
        Some(size) => write.set.push((nvs::FW_SIZE, NvsValue::U32(*size))),
        None => write.erase.push(nvs::FW_SIZE),
    }
}
