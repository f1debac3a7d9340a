//! Whether a boot provisions over HTTPS. Source: device contract, section 1; recovery rules, section 2.

mod answer;
mod request;

use core::fmt;

use firstpass_contract::nvs;

use crate::SessionInNvs;

pub(crate) use answer::read_response;
pub(crate) use request::{Request, refusal_text};

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
