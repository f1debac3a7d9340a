//! Which step's evidence is complete.

use crate::{
    Evidence, Fact, KnownUnit, Policy, RegionPolicy, Step,
    evidence::{NvsReadBack, UartFact},
    policy::{APP_REGION, NVS_REGION},
};

use super::{
    proof::proof_of_field,
    stage::{Issued, field_written, update_finished, updated},
};
pub(super) use super::{proof::proof_of_life, stage::issued};

/// The first step that lacks evidence; `None` when every step is complete.
pub(super) fn first_open(policy: &Policy, evidence: &[Evidence]) -> Option<Step> {
    policy.steps().find(|step| !is_complete(policy, evidence, *step))
}

fn is_complete(policy: &Policy, evidence: &[Evidence], step: Step) -> bool {
    let any = |wanted: &dyn Fn(&Fact) -> bool| evidence.iter().any(|e| wanted(&e.fact));
    match step {
        Step::Identify => any(&|fact| matches!(fact, Fact::Identified(_))),
        Step::Prepare => any(&|fact| matches!(fact, Fact::Prepared { .. })) && keeps_rightly(policy, evidence),
        Step::Flash => written_at_first(policy, evidence).all(|region| is_written(evidence, region)),
        Step::Boot => any(&|fact| matches!(fact, Fact::Uart(line) if shows_app(line))),
        Step::Provision => issued(evidence).is_some_and(|issued| any(&|fact| unit_confirms(&issued, fact))),
        Step::Connect => proof_of_life(policy, evidence).is_some() && is_updated(policy, evidence),
        Step::FieldFlash => policy.field.is_none() || field_written(policy, evidence).is_some(),
        Step::FieldConnect => policy.field.is_none() || proof_of_field(policy, evidence).is_some(),
        Step::Attest => is_attested(policy, evidence),
    }
}

/// A session may be kept only where the recipe says so, and then none may be issued besides.
fn keeps_rightly(policy: &Policy, evidence: &[Evidence]) -> bool {
    let any = |wanted: fn(&Fact) -> bool| evidence.iter().any(|e| wanted(&e.fact));
    let kept = any(|fact| matches!(fact, Fact::SessionKept { .. }));
    !kept || policy.known_unit == KnownUnit::Keep && !any(|fact| matches!(fact, Fact::ProvisionAccepted { .. }))
}

/// The regions that the first stage writes: all of them, but not the NVS of a unit that keeps its session.
fn written_at_first<'a>(policy: &'a Policy, evidence: &[Evidence]) -> impl Iterator<Item = &'a RegionPolicy> {
    let kept = evidence.iter().any(|e| matches!(e.fact, Fact::SessionKept { .. }));
    policy.regions.iter().filter(move |region| !kept || region.name != NVS_REGION)
}

pub(super) fn is_written(evidence: &[Evidence], region: &RegionPolicy) -> bool {
    evidence.iter().any(|e| matches!(&e.fact, Fact::RegionWritten(d) if d.name == region.name && d.md5_matches))
}

/// Whether a line can only come from an app that runs. Boot-loader logs may be switched off; the contract's lines not.
const fn shows_app(line: &UartFact) -> bool {
    matches!(
        line,
        UartFact::AppLoaded { .. }
            | UartFact::NetworkUp { .. }
            | UartFact::ProvisionStarted
            | UartFact::ProvisionSkipped
            | UartFact::Provisioned { .. }
            | UartFact::InitComplete { .. }
            | UartFact::MqttConnected
    )
}

/// The unit's own word that it has taken the session over.
fn unit_confirms(issued: &Issued<'_>, fact: &Fact) -> bool {
    match fact {
        Fact::Uart(UartFact::ProvisionSkipped) => issued.on_behalf,
        Fact::Uart(UartFact::Provisioned { username }) => !issued.on_behalf && username == issued.mqtt_username,
        _ => false,
    }
}

/// Whether the update that the unit was offered was fetched from this station and applied.
fn is_updated(policy: &Policy, evidence: &[Evidence]) -> bool {
    let Some(ota) = updated(policy, evidence) else { return true };
    let fetched = |fact: &Fact| matches!(fact, Fact::FirmwareServed { sha256, .. } if *sha256 == ota.sha256);
    evidence.iter().any(|e| fetched(&e.fact)) && (policy.app.is_some() || runs_from_another_slot(policy, evidence))
}

/// Where no answer to a ping names the app, the boot loader must say that it loaded another slot than the one that was
/// flashed, and that it did not go back.
fn runs_from_another_slot(policy: &Policy, evidence: &[Evidence]) -> bool {
    let flashed = policy.regions.iter().find(|region| region.name == APP_REGION).map(|region| region.offset);
    let after = update_finished(evidence).map_or(&[] as &[Evidence], |finished| &evidence[finished..]);
    let loaded = after.iter().rev().find_map(|e| match e.fact {
        Fact::Uart(UartFact::AppLoaded { offset }) => Some(offset),
        _ => None,
    });
    loaded.flatten().is_some_and(|loaded| Some(loaded) != flashed)
}

/// Whether the flash was read back after the last proof of life and says the same as the record.
fn is_attested(policy: &Policy, evidence: &[Evidence]) -> bool {
    let proven =
        if policy.field.is_some() { proof_of_field(policy, evidence) } else { proof_of_life(policy, evidence) };
    let Some(proven) = proven else { return false };
    let after = &evidence[proven..];
    let any = |wanted: &dyn Fn(&Fact) -> bool| after.iter().any(|e| wanted(&e.fact));
    let mut regions = at_the_end(policy).filter(|region| !region.written_by_unit);
    let held = |region: &RegionPolicy| {
        any(&|fact| matches!(fact, Fact::RegionAttested(d) if d.name == region.name && d.md5_matches))
    };
    any(&|fact| matches!(fact, Fact::Reconnected { .. }))
        && regions.all(held)
        && any(&|fact| matches!(fact, Fact::NvsReadBack(NvsReadBack { .. })))
        && (!policy.search_flash || any(&|fact| matches!(fact, Fact::FlashSearched { .. })))
}

/// What must stand in flash at the end: the second stage's regions, and those of the first that they do not replace.
fn at_the_end(policy: &Policy) -> impl Iterator<Item = &RegionPolicy> {
    let field = policy.field.as_ref().map_or(&[] as &[RegionPolicy], |field| &field.regions);
    let first = policy.regions.iter().filter(|region| !field.iter().any(|over| over.offset == region.offset));
    first.chain(field)
}
