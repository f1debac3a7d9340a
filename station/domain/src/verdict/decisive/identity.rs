//! Who the unit is, and that it stays the same.

use crate::{
    Diagnosis, DiagnosisCode as Code, Evidence, Fact, Mac, Policy, Step,
    evidence::{Identity, Security},
    verdict::{proof::proof_of_life, stage::field_written},
};

/// What no flash chip says of itself: its data line is stuck high or low.
const SILENT_FLASH_IDS: [[u8; 3]; 2] = [[0xff; 3], [0x00; 3]];

pub(super) fn judge_identity(policy: &Policy, identity: &Identity) -> Option<Diagnosis> {
    let fail = |code, seen: String| Some(Diagnosis::new(code, Step::Identify, seen));
    if identity.chip != Some(policy.chip) {
        let found = identity.chip.map_or("an unknown chip".to_owned(), |chip| chip.to_string());
        return fail(Code::WrongChip, format!("{found} instead of {}", policy.chip));
    }
    let security = identity.security;
    if security.secure_boot || security.flash_encryption || security.secure_download {
        return fail(Code::SecurityEnabled, security_words(security));
    }
    if let Some(wanted) = policy.min_revision
        && identity.revision.is_none_or(|revision| revision < wanted)
    {
        let found = identity.revision.map_or("none".to_owned(), |revision| revision.to_string());
        return fail(Code::RevisionTooOld, format!("{found}, at least {wanted} is needed"));
    }
    judge_flash_chip(policy, identity)
}

/// What is on, in words.
fn security_words(security: Security) -> String {
    let Security { secure_boot, flash_encryption, secure_download } = security;
    let all =
        [(secure_boot, "secure boot"), (flash_encryption, "flash encryption"), (secure_download, "secure download")];
    let on: Vec<&str> = all.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
    format!("{}: on", on.join(", "))
}

/// A flash chip that does not answer has no size: that it is silent comes first.
fn judge_flash_chip(policy: &Policy, identity: &Identity) -> Option<Diagnosis> {
    if let Some(id) = identity.flash_id.filter(|id| SILENT_FLASH_IDS.contains(id)) {
        let seen = format!("flash id {:02x} {:02x} {:02x}", id[0], id[1], id[2]);
        return Some(Diagnosis::new(Code::FlashSilent, Step::Identify, seen));
    }
    (identity.flash_size != Some(policy.flash_size)).then(|| {
        let found = identity.flash_size.map_or("no known size".to_owned(), |size| size.to_string());
        Diagnosis::new(Code::WrongFlashSize, Step::Identify, format!("{found} instead of {}", policy.flash_size))
    })
}

fn identified(before: &[Evidence]) -> Option<Mac> {
    before.iter().find_map(|e| match &e.fact {
        Fact::Identified(identity) => Some(identity.mac),
        _ => None,
    })
}

/// The unit that asked for the session must be the one in the slot, when it says who it is.
pub(super) fn judge_sender(before: &[Evidence], mac: Option<Mac>) -> Option<Diagnosis> {
    let (sent, first) = (mac?, identified(before)?);
    (first != sent).then(|| Diagnosis::new(Code::OtherUnit, Step::Provision, format!("{sent} instead of {first}")))
}

/// Whoever answers after a reconnect must be the unit that the run began with.
pub(super) fn judge_reconnect(policy: &Policy, before: &[Evidence], mac: Mac) -> Option<Diagnosis> {
    let first = identified(before)?;
    (first != mac)
        .then(|| Diagnosis::new(Code::OtherUnit, reconnect_step(policy, before), format!("{mac} instead of {first}")))
}

/// A unit is connected again to get its field image, and to be read back.
fn reconnect_step(policy: &Policy, before: &[Evidence]) -> Step {
    let waits_for_field = policy.field.is_some() && field_written(policy, before).is_none();
    if waits_for_field && proof_of_life(policy, before).is_some() { Step::FieldFlash } else { Step::Attest }
}
