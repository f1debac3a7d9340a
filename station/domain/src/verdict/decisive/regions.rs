//! What stands in the unit's flash: written, held, read back, searched.

use crate::{
    Diagnosis, DiagnosisCode as Code, Evidence, Fact, Policy, RegionPolicy, Sha256Digest, Step,
    evidence::{NvsReadBack, RegionDigest},
    policy::{APP_REGION, FIELD_PREFIX, NVS_REGION},
    verdict::stage::issued,
};

/// A written region must hold what the recipe says, or what was made for this very run.
pub(super) fn judge_written(policy: &Policy, before: &[Evidence], digest: &RegionDigest) -> Option<Diagnosis> {
    let step = if is_field(digest) { Step::FieldFlash } else { Step::Flash };
    judge_region(policy, digest, step, Code::FlashVerifyFailed)
        .or_else(|| judge_own_region(before, digest, step, Code::FlashVerifyFailed))
}

/// At the end it must still hold the same.
pub(super) fn judge_attested(policy: &Policy, before: &[Evidence], digest: &RegionDigest) -> Option<Diagnosis> {
    judge_region(policy, digest, Step::Attest, Code::FlashChanged).or_else(|| {
        judge_own_region(before, digest, Step::Attest, Code::FlashChanged).filter(|_| digest.name == APP_REGION)
    })
}

fn is_field(digest: &RegionDigest) -> bool {
    digest.name.starts_with(FIELD_PREFIX)
}

/// The regions of the second stage are those of the field image, and no others.
fn judge_region(policy: &Policy, digest: &RegionDigest, step: Step, code: Code) -> Option<Diagnosis> {
    let RegionDigest { name, offset, len, sha256, md5_matches } = digest;
    let field = policy.field.as_ref().map_or(&[] as &[RegionPolicy], |field| &field.regions);
    let regions = if is_field(digest) { field } else { &policy.regions };
    let as_planned = regions.iter().find(|region| region.name == *name).is_some_and(|region| {
        region.offset == *offset && region.len == *len && region.sha256.is_none_or(|wanted| wanted == *sha256)
    });
    (!md5_matches || !as_planned)
        .then(|| Diagnosis::new(code, step, format!("region {name}, {len} bytes at {offset:#x}")))
}

/// A region that is made per unit must be the one that was made for this run.
fn judge_own_region(before: &[Evidence], digest: &RegionDigest, step: Step, code: Code) -> Option<Diagnosis> {
    let made = made_for_this_run(before, &digest.name)?;
    (digest.sha256 != made).then(|| Diagnosis::new(code, step, format!("region {} is another run's", digest.name)))
}

/// What was made for this unit alone, by the name of its region.
fn made_for_this_run(before: &[Evidence], region: &str) -> Option<Sha256Digest> {
    let (nvs, app) = before.iter().rev().find_map(|e| match &e.fact {
        Fact::Prepared { nvs_sha256, app, .. } => Some((*nvs_sha256, app.as_ref().map(|app| app.region_sha256))),
        _ => None,
    })?;
    match region {
        NVS_REGION => Some(nvs),
        APP_REGION => app,
        _ => None,
    }
}

pub(super) fn judge_nvs(policy: &Policy, before: &[Evidence], nvs: &NvsReadBack) -> Option<Diagnosis> {
    let fail = |code, seen: &str| Some(Diagnosis::new(code, Step::Attest, seen));
    let wanted = issued(before).and_then(|issued| issued.certificate);
    if nvs.mqtt_username.is_none() {
        return fail(Code::NvsUnreadable, "no session in NVS");
    }
    if !nvs.session_matches {
        return fail(Code::SessionMismatch, "identity, broker fields, token or key differ");
    }
    if !nvs.password_matches {
        return fail(Code::SessionMismatch, "the password differs");
    }
    if nvs.certificate != wanted {
        return fail(Code::SessionMismatch, "the client certificate differs");
    }
    if nvs.auth_code_present && !policy.keep_auth_code {
        return fail(Code::CodeLeftBehind, "the code in NVS");
    }
    None
}

/// The code may be found only where the recipe lets it stay.
pub(super) fn judge_searched(policy: &Policy, found_at: Option<u32>) -> Option<Diagnosis> {
    let at = found_at.filter(|_| !policy.keep_auth_code)?;
    Some(Diagnosis::new(Code::CodeLeftBehind, Step::Attest, format!("the code in flash at {at:#x}")))
}

/// A unit that somebody else has provisioned is not written over where the recipe says so.
pub(super) fn judge_found(policy: &Policy, device_id: &str) -> Option<Diagnosis> {
    policy.refuse_provisioned.then(|| {
        Diagnosis::new(Code::AlreadyProvisioned, Step::Prepare, format!("a session of the device {device_id} in NVS"))
    })
}
