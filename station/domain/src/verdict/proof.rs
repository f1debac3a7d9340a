//! The broker's proof of life: login, subscriptions, presence and the answer to the ping, all on one connection.

use super::stage::{app_on, field_written, issued, update_finished, updated};
use crate::{Evidence, Fact, Policy, Sha256Digest, evidence::UartFact};

/// Index of the evidence that completed the first stage's proof. A unit that has to apply an update proves itself
/// after it.
pub(super) fn proof_of_life(policy: &Policy, evidence: &[Evidence]) -> Option<usize> {
    let from = match updated(policy, evidence) {
        Some(_) => update_finished(evidence)?,
        None => 0,
    };
    let pings = policy.app.is_some();
    find(policy, evidence, from, pings)
}

/// Index of the evidence that completed the second stage's proof: the field image said that it skipped provisioning, and
/// connected after it was written. A connection that the factory image made is told by its time, however late its event
/// came: the unit stood in its loader while it was written.
pub(super) fn proof_of_field(policy: &Policy, evidence: &[Evidence]) -> Option<usize> {
    let field = policy.field.as_ref()?;
    let written = field_written(policy, evidence)?;
    proof_of_life(policy, evidence).filter(|first| *first < written)?;
    let skipped =
        evidence.iter().skip(written).position(|e| matches!(e.fact, Fact::Uart(UartFact::ProvisionSkipped)))?;
    let proven = find(policy, evidence, written, field.app.is_some())?;
    Some(proven.max(written + skipped))
}

/// The earliest proof on a connection that began after index `from`, and after the time of what stands there.
fn find(policy: &Policy, evidence: &[Evidence], from: usize, pings: bool) -> Option<usize> {
    let issued = issued(evidence)?;
    let since = if from == 0 { None } else { Some(evidence[from].at) };
    evidence.iter().enumerate().skip(from).find_map(|(start, e)| match &e.fact {
        Fact::MqttConnected { connection, username, certificate } if *username == issued.mqtt_username => {
            let shown = !policy.client_certificate || certificate.as_ref() == Some(issued.device_id);
            let later = since.is_none_or(|since| e.at > since);
            (shown && later).then(|| proof_on(policy, evidence, start, *connection, pings)).flatten()
        }
        _ => None,
    })
}

/// Index of the evidence that completed the proof on `connection`, which began at `start`.
fn proof_on(policy: &Policy, evidence: &[Evidence], start: usize, connection: u64, pings: bool) -> Option<usize> {
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
    if pings {
        let app = app_on(policy, evidence, connection)?;
        let answered = |fact: &Fact| match fact {
            Fact::PingAnswered { connection: c, fw_version, app_sha256 } => {
                *c == connection
                    && *fw_version == app.version
                    && app_sha256.parse::<Sha256Digest>().is_ok_and(|found| found == app.sha256)
            }
            _ => false,
        };
        last = last.max(position(&answered)?);
    }
    Some(last)
}
