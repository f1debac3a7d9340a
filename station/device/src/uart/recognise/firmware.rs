//! Faults of the firmware's topics, and of its Bluetooth, on a unit or in a build. Source: recovery rules, section 3.

use firstpass_contract::logline::uuid::{self, UuidForm};
use firstpass_domain::{DiagnosisCode, evidence::UartFact};

use super::cut;

/// What a line says of topics, of Bluetooth or of its build.
pub(super) fn read(line: &str) -> Option<UartFact> {
    let code = of_topics(line).or_else(|| of_advertising(line)).or_else(|| of_uuid(line)).or_else(|| of_build(line))?;
    Some(UartFact::FirmwareFault { code, text: cut(line) })
}

/// The agent's words for a SUBACK that refuses.
fn of_topics(line: &str) -> Option<DiagnosisCode> {
    line.contains("subscription refused by the broker").then_some(DiagnosisCode::TopicDenied)
}

/// `BLE_HS_EMSGSIZE` is 4 in NimBLE's `host/ble_hs.h`.
fn of_advertising(line: &str) -> Option<DiagnosisCode> {
    let failed =
        ["rc=4", "rc = 4", "rc: 4", "error", "fail"].iter().any(|text| line.to_ascii_lowercase().contains(text));
    let too_long = line.contains("BLE_HS_EMSGSIZE") || line.contains("adv_set_fields") && failed;
    too_long.then_some(DiagnosisCode::BleAdvertisementTooLong)
}

fn of_uuid(line: &str) -> Option<DiagnosisCode> {
    (uuid::find(line) == Some(UuidForm::OldByteOrder)).then_some(DiagnosisCode::BleUuidByteOrder)
}

fn of_build(line: &str) -> Option<DiagnosisCode> {
    const COMPONENT: [&str; 2] =
        ["bt component(s) is not in the requirements list", "Failed to resolve component 'bt'"];
    const MISSING: [&str; 2] = ["No such file", "not found"];
    const UNDECLARED: [&str; 3] = ["undeclared", "not declared", "not defined"];
    let any = |texts: &[&str]| texts.iter().any(|text| line.contains(text));
    if any(&COMPONENT) || line.contains("host/ble_gap.h") && any(&MISSING) {
        return Some(DiagnosisCode::BleComponentMissing);
    }
    (line.contains("CONFIG_BT") && any(&UNDECLARED)).then_some(DiagnosisCode::BuildConfigurationStale)
}
