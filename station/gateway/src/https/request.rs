//! Takes requests apart, within their bounds.

use axum::body::Body;
use firstpass_contract::{Secret, provision::AUTH_CODE_HEADER};
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use super::{Limits, Refusal};

/// Longest auth code or token that is looked at, in bytes; ours are far shorter.
const CREDENTIAL_MAX: usize = 512;

/// How much of a body that is too large is taken before the connection is closed on its sender, in bytes.
const DISCARD_MAX: usize = 1024 * 1024;

/// The auth code in the request's head.
pub(super) fn auth_code(headers: &HeaderMap) -> Result<Secret, Refusal> {
    let mut codes = headers.get_all(AUTH_CODE_HEADER).iter();
    let code = codes.next().ok_or(Refusal::Unauthenticated)?;
    if codes.next().is_some() {
        return Err(Refusal::Invalid(format!("{AUTH_CODE_HEADER}: it is there twice")));
    }
    let code = code.to_str().map_err(|_| Refusal::UnknownCode)?;
    credential(code, Refusal::UnknownCode)
}

/// The bearer token in the request's head.
pub(super) fn bearer_token(headers: &HeaderMap) -> Result<Secret, Refusal> {
    let value = headers.get(header::AUTHORIZATION).ok_or(Refusal::Unauthenticated)?;
    let value = value.to_str().map_err(|_| Refusal::UnknownToken)?;
    let (scheme, token) = value.split_once(' ').ok_or(Refusal::Unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::Unauthenticated);
    }
    credential(token, Refusal::UnknownToken)
}

fn credential(text: &str, too_long: Refusal) -> Result<Secret, Refusal> {
    match text.trim() {
        "" => Err(Refusal::Unauthenticated),
        text if text.len() > CREDENTIAL_MAX => Err(too_long),
        text => Ok(Secret::new(text)),
    }
}

/// The JSON body of a request.
pub(super) async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body, limits: &Limits) -> Result<T, Refusal> {
    Ok(json_and_text(headers, body, limits).await?.0)
}

/// The JSON body of a request, and its text.
pub(super) async fn json_and_text<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<(T, Vec<u8>), Refusal> {
    check_content_type(headers)?;
    let max = limits.body_bytes_max;
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    // A client that asks first is told before it sends anything.
    if declared.is_some_and(|len| len > max as u64) && headers.contains_key(header::EXPECT) {
        return Err(Refusal::BodyTooLarge(max));
    }
    let bytes = tokio::time::timeout(limits.body_timeout, read(body, max)).await;
    let bytes = bytes.unwrap_or(Err(Refusal::BodyIncomplete))?;
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok((value, bytes)),
        Err(error) => Err(Refusal::Malformed(error.to_string())),
    }
}

/// The whole body, when it is not too large. Of one that is, some more is taken and thrown away: most clients read the
/// answer only when they have sent everything.
async fn read(mut body: Body, max: usize) -> Result<Vec<u8>, Refusal> {
    let (mut bytes, mut discarded) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::BodyIncomplete)?;
        let Some(data) = frame.data_ref() else { continue };
        if discarded > 0 || bytes.len() + data.len() > max {
            discarded += data.len();
        } else {
            bytes.extend_from_slice(data);
        }
        if discarded > DISCARD_MAX {
            break;
        }
    }
    if discarded > 0 { Err(Refusal::BodyTooLarge(max)) } else { Ok(bytes) }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).map(str::trim);
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    Err(Refusal::WrongContentType)
}
