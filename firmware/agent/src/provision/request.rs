//! The provisioning request, and the line for an answer that refuses it. Source: device contract, section 1.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec,
};

use firstpass_contract::{
    LogLine, ProvisionRequest, Secret,
    limits::{PROVISION_TIMEOUT_MS, RESPONSE_BODY_MAX},
    provision::{AUTH_CODE_HEADER, PROVISION_PATH},
};

use crate::{Header, HttpsRequest, Mac, SessionInNvs};

/// How much of a refusal's body the log shows, in characters.
const SHOWN_BODY_MAX: usize = 200;

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
