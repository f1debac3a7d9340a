//! What a provisioning answer makes of the session. Source: device contract, section 1.

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use firstpass_contract::{LogLine, ProvisionResponse, Secret, limits::RESPONSE_BODY_MAX, nvs};

use crate::{FirmwareOffer, NvsValue, SessionInNvs, SessionWrite};

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
