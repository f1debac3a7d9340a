//! Firmware that does something else than it should: what the faults make of session, requests and the agent's ways.

use firstpass_agent::{Boot, EspError, HttpsRequest, PresenceSaid, Quirks, SessionInNvs, Subscribes};
use firstpass_contract::{Secret, provision::AUTH_CODE_HEADER};
use serde_json::Value;

use crate::faults::StaleKind;
use crate::{Fault, Faults};

/// Pause of firmware that does not back off, and of a connection that comes and goes, in milliseconds.
const HAMMER_MS: u32 = 200;
const FLAP_MS: u32 = 1000;
/// A workspace that nobody has.
const OTHER_WORKSPACE: &str = "00000000-0000-4000-8000-00000000dead";

/// The agent's quirks under these faults.
pub(super) fn quirks(faults: &Faults) -> Quirks {
    let on = |fault: Fault| faults.is_on(&fault);
    let hammering = on(Fault::Hammering);
    let flapping = faults.find(|fault| matches!(fault, Fault::Flapping { .. }).then_some(FLAP_MS));
    Quirks {
        keeps_code: on(Fault::KeepsCode),
        wrong_password: on(Fault::WrongPassword) || hammering,
        no_certificate: on(Fault::NoCertificate),
        subscribes: if on(Fault::WrongTopics) { Subscribes::Commands } else { Subscribes::AsContracted },
        presence: presence(faults),
        no_ping_answer: on(Fault::NoPingAnswer),
        hammers_ms: if hammering { Some(HAMMER_MS) } else { flapping },
    }
}

fn presence(faults: &Faults) -> PresenceSaid {
    let said = |fault: &Fault| match fault {
        Fault::NoPresence => Some(PresenceSaid::Nothing),
        Fault::StalePresence { kind: StaleKind::Offline } => Some(PresenceSaid::Offline),
        Fault::StalePresence { kind: StaleKind::NotRetained } => Some(PresenceSaid::NotRetained),
        _ => None,
    };
    faults.find(said).unwrap_or_default()
}

/// What the firmware makes of the session that NVS holds.
pub(super) fn read(session: Result<SessionInNvs, EspError>, faults: &Faults) -> Result<SessionInNvs, EspError> {
    let mut session = session?;
    if faults.is_on(&Fault::NoCode) {
        session.auth_code = Secret::default();
    }
    Ok(session)
}

/// What the firmware says of itself.
pub(super) fn name_itself(boot: Boot, faults: &Faults) -> Boot {
    match faults.is_on(&Fault::WrongFirmwareAnswer) {
        true => Boot { app_version: format!("{}-other", boot.app_version), app_sha256: "0d".repeat(32), ..boot },
        false => boot,
    }
}

/// What the firmware makes of its provisioning request.
pub(super) fn ask(mut request: HttpsRequest, faults: &Faults) -> HttpsRequest {
    if faults.is_on(&Fault::WrongCode) {
        for header in request.headers.iter_mut().filter(|header| header.name == AUTH_CODE_HEADER) {
            header.value = Secret::new(header.value.expose().chars().map(next_letter).collect::<String>());
        }
    }
    if faults.is_on(&Fault::WrongWorkspace)
        && let Ok(mut body) = serde_json::from_str::<Value>(&request.body)
    {
        body["workspace_id"] = OTHER_WORKSPACE.into();
        request.body = body.to_string();
    }
    request
}

/// Another letter or digit of the same kind.
fn next_letter(letter: char) -> char {
    match letter {
        'z' => 'a',
        'Z' => 'A',
        '9' => '0',
        'a'..='y' | 'A'..='Y' | '0'..='8' => char::from(u8::try_from(letter).expect("a letter of ASCII") + 1),
        other => other,
    }
}

/// Why NVS takes no session, if it takes none.
pub(super) fn nvs_write_error(faults: &Faults) -> Option<EspError> {
    faults.find(|fault| match fault {
        Fault::NvsFull => Some(EspError("ESP_ERR_NVS_NOT_ENOUGH_SPACE")),
        Fault::NvsWriteFailed => Some(EspError("ESP_ERR_FLASH_OP_FAIL")),
        Fault::NvsKeyTooLong => Some(EspError("ESP_ERR_NVS_KEY_TOO_LONG")),
        _ => None,
    })
}
