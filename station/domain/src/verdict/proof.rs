//! The broker's proof of life: login, subscriptions, presence and the answer to the ping, all on one connection.

use super::stage::{Begun, factory_app, field_written, issued, update_begun, updated};
use crate::{AppPolicy, Evidence, Fact, Policy, Timestamp, evidence::UartFact};

/// Index of the evidence that completed the first stage's proof. A unit that has to apply an update proves itself
/// after it.
pub(super) fn proof_of_life(policy: &Policy, evidence: &[Evidence]) -> Option<usize> {
    Stage::first(policy, evidence)?.find(policy, evidence)
}

/// Index of the evidence that completed the second stage's proof: the field image said that it skipped provisioning, and
/// connected after it was written. A connection that the factory image made is told by its time, however late its event
/// came: the unit stood in its loader while it was written.
pub(super) fn proof_of_field(policy: &Policy, evidence: &[Evidence]) -> Option<usize> {
    let stage = Stage::field(policy, evidence)?;
    let from = field_written(policy, evidence)?;
    proof_of_life(policy, evidence).filter(|first| *first < from)?;
    let skipped = evidence.iter().skip(from).position(|e| matches!(e.fact, Fact::Uart(UartFact::ProvisionSkipped)))?;
    Some(stage.find(policy, evidence)?.max(from + skipped))
}

/// The connection on which everything is proved except that it holds; `None` when there is none, or when it has held.
pub fn connection_to_hold(policy: &Policy, evidence: &[Evidence]) -> Option<u64> {
    let last = match policy.field {
        Some(_) => Stage::field(policy, evidence)?,
        None => Stage::first(policy, evidence)?,
    };
    if last.hold_ms == 0 || last.find(policy, evidence).is_some() {
        return None;
    }
    let unheld = Stage { hold_ms: 0, ..last };
    let ended = |number: u64| {
        evidence.iter().any(|e| matches!(e.fact, Fact::MqttDisconnected { connection, .. } if connection == number))
    };
    unheld.proofs(policy, evidence).map(|(number, _)| number).find(|number| !ended(*number))
}

/// What one stage has to prove, and since when.
struct Stage {
    begun: Begun,
    /// The app that has to answer the ping; `None` when none has to.
    app: Option<AppPolicy>,
    hold_ms: u32,
}

impl Stage {
    fn first(policy: &Policy, evidence: &[Evidence]) -> Option<Self> {
        let (begun, app) = match updated(policy, evidence) {
            Some(ota) => (update_begun(policy, evidence)?, policy.app.is_some().then(|| ota.app.clone())),
            None => (Begun::AtOnce, factory_app(policy, evidence)),
        };
        // What is about to be replaced need not hold.
        let hold_ms = if policy.field.is_some() { 0 } else { policy.hold_ms };
        Some(Self { begun, app, hold_ms })
    }

    fn field(policy: &Policy, evidence: &[Evidence]) -> Option<Self> {
        let field = policy.field.as_ref()?;
        let begun = Begun::Written { at: field_written(policy, evidence)? };
        Some(Self { begun, app: field.app.clone(), hold_ms: policy.hold_ms })
    }

    /// Index of the earliest proof.
    fn find(&self, policy: &Policy, evidence: &[Evidence]) -> Option<usize> {
        self.proofs(policy, evidence).map(|(_, last)| last).next()
    }

    /// Connections of this stage that prove everything, each with the index of the last piece.
    fn proofs<'a>(&'a self, policy: &'a Policy, evidence: &'a [Evidence]) -> impl Iterator<Item = (u64, usize)> + 'a {
        let issued = issued(evidence);
        evidence.iter().enumerate().filter_map(move |(start, e)| match &e.fact {
            Fact::MqttConnected { connection, username, certificate } => {
                let issued = issued.as_ref().filter(|issued| *username == issued.mqtt_username)?;
                let shown = !policy.client_certificate || certificate.as_ref() == Some(issued.device_id);
                let proof = || proof_on(policy, evidence, start, *connection, self);
                let last = (shown && self.begun.holds(evidence, start)).then(proof).flatten()?;
                Some((*connection, last.max(self.begun.index())))
            }
            _ => None,
        })
    }
}

/// Index of the evidence that completed the proof on `connection`, which began at `start`.
fn proof_on(policy: &Policy, evidence: &[Evidence], start: usize, connection: u64, stage: &Stage) -> Option<usize> {
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
    if let Some(app) = &stage.app {
        let answered = |fact: &Fact| match fact {
            Fact::PingAnswered { connection: c, fw_version, app_sha256 } => {
                *c == connection && app.is_named(fw_version, app_sha256)
            }
            _ => false,
        };
        last = last.max(position(&answered)?);
    }
    if stage.hold_ms > 0 {
        let held = |fact: &Fact| matches!(fact, Fact::ConnectionHeld { connection: c, for_ms } if *c == connection && *for_ms >= stage.hold_ms);
        last = position(&held).filter(|held| *held > last && !has_ended(evidence, connection, evidence[*held].at))?;
    }
    Some(last)
}

/// Whether the connection was over by `at`, however late the news of it came.
fn has_ended(evidence: &[Evidence], connection: u64, at: Timestamp) -> bool {
    let ends = |fact: &Fact| matches!(fact, Fact::MqttDisconnected { connection: c, .. } if *c == connection);
    evidence.iter().any(|e| ends(&e.fact) && e.at <= at)
}
