//! Which step's evidence is complete.

use crate::{
    DeviceId, Evidence, Fact, Injection, Policy, Step,
    evidence::{NvsReadBack, UartFact},
};

/// The first step that lacks evidence; `None` when every step is complete.
pub(super) fn first_open(policy: &Policy, evidence: &[Evidence]) -> Option<Step> {
    Step::ALL.into_iter().find(|step| !is_complete(policy, evidence, *step))
}

fn is_complete(policy: &Policy, evidence: &[Evidence], step: Step) -> bool {
    let any = |wanted: &dyn Fn(&Fact) -> bool| evidence.iter().any(|e| wanted(&e.fact));
    match step {
        Step::Identify => any(&|fact| matches!(fact, Fact::Identified(_))),
        Step::Prepare => any(&|fact| matches!(fact, Fact::Prepared { .. })),
        Step::Flash => policy.regions.iter().all(|region| {
            any(&|fact| matches!(fact, Fact::RegionWritten(d) if d.name == region.name && d.md5_matches))
        }),
        Step::Boot => any(&|fact| matches!(fact, Fact::Uart(line) if shows_app(line))),
        Step::Provision => issued(evidence).is_some_and(|issued| any(&|fact| unit_confirms(policy, &issued, fact))),
        Step::Connect => proof_of_life(policy, evidence).is_some(),
        Step::FieldFlash | Step::FieldConnect => policy.field.is_none(),
        Step::Attest => is_attested(policy, evidence),
    }
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
fn unit_confirms(policy: &Policy, issued: &Issued<'_>, fact: &Fact) -> bool {
    match policy.injection {
        Injection::Nvs | Injection::Image => {
            matches!(fact, Fact::Uart(UartFact::Provisioned { username }) if username == issued.mqtt_username)
        }
        Injection::Session => matches!(fact, Fact::Uart(UartFact::ProvisionSkipped)),
    }
}

/// The session that was issued to the unit, when one was.
pub(super) struct Issued<'a> {
    pub(super) device_id: &'a DeviceId,
    pub(super) mqtt_username: &'a str,
    pub(super) certificate: Option<crate::Sha256Digest>,
    pub(super) on_behalf: bool,
}

/// The last session issued.
pub(super) fn issued(evidence: &[Evidence]) -> Option<Issued<'_>> {
    evidence.iter().rev().find_map(|e| match &e.fact {
        Fact::ProvisionAccepted { device_id, mqtt_username, certificate, on_behalf, .. } => {
            Some(Issued { device_id, mqtt_username, certificate: *certificate, on_behalf: *on_behalf })
        }
        _ => None,
    })
}

/// Index of the evidence that completed the proof of life: everything on one and the same connection.
pub(super) fn proof_of_life(policy: &Policy, evidence: &[Evidence]) -> Option<usize> {
    let issued = issued(evidence)?;
    evidence.iter().enumerate().find_map(|(start, e)| match &e.fact {
        Fact::MqttConnected { connection, username, certificate } if *username == issued.mqtt_username => {
            let shown = !policy.client_certificate || certificate.as_ref() == Some(issued.device_id);
            shown.then(|| proof_on(policy, evidence, start, *connection)).flatten()
        }
        _ => None,
    })
}

/// Index of the evidence that completed the proof on `connection`, which began at `start`.
fn proof_on(policy: &Policy, evidence: &[Evidence], start: usize, connection: u64) -> Option<usize> {
    let position = |wanted: &dyn Fn(&Fact) -> bool| {
        let alive = |fact: &Fact| !matches!(fact, Fact::MqttDisconnected { connection: c, .. } if *c == connection);
        let later = evidence[start..].iter().take_while(|e| alive(&e.fact));
        later.enumerate().find(|(_, e)| wanted(&e.fact)).map(|(index, _)| start + index)
    };
    // `{workspace_slug}/{device_key}/` comes first; the broker grants filters below the unit's own prefix only.
    let is_filter = |filter: &str, name: &str| filter.split('/').skip(2).eq([name, "#"]);
    let subscribed = |name: &'static str| {
        position(
            &|fact| matches!(fact, Fact::Subscribed { connection: c, filter } if *c == connection && is_filter(filter, name)),
        )
    };
    let mut last = subscribed("cmd")?.max(subscribed("config")?);
    if policy.presence {
        let online = |fact: &Fact| matches!(fact, Fact::Presence { connection: c, online: true } if *c == connection);
        last = last.max(position(&online)?);
    }
    if policy.app.is_some() {
        let answered = |fact: &Fact| matches!(fact, Fact::PingAnswered { connection: c, .. } if *c == connection);
        last = last.max(position(&answered)?);
    }
    Some(last)
}

/// Whether the flash was read back after the proof of life and says the same as the record.
fn is_attested(policy: &Policy, evidence: &[Evidence]) -> bool {
    let Some(proven) = proof_of_life(policy, evidence) else { return false };
    let after = &evidence[proven..];
    let any = |wanted: &dyn Fn(&Fact) -> bool| after.iter().any(|e| wanted(&e.fact));
    let regions = policy.regions.iter().filter(|region| !region.written_by_unit);
    let mut regions = regions
        .map(|region| any(&|fact| matches!(fact, Fact::RegionAttested(d) if d.name == region.name && d.md5_matches)));
    any(&|fact| matches!(fact, Fact::Reconnected { .. }))
        && regions.all(|attested| attested)
        && any(&|fact| matches!(fact, Fact::NvsReadBack(NvsReadBack { .. })))
}
