//! What is missing of a unit's proof of life once nothing stands in its way to the broker any more.

use super::Cause;
use crate::{DiagnosisCode as Code, Evidence, Fact, Policy, verdict::stage::apps_on};

/// Connections without a proof that make a unit one that flaps.
const FLAPPING_CONNECTIONS: usize = 3;

/// Why the logins since `since` did not prove anything; `None` when there were none, or when all of the proof is there.
pub(super) fn explain_service(policy: &Policy, evidence: &[Evidence], since: usize) -> Option<Cause> {
    let connections = connections(&evidence[since..]);
    let lost = connections.iter().filter(|connection| connection.end.is_some()).count();
    let last = connections.last()?;
    match last.end {
        _ if lost >= FLAPPING_CONNECTIONS => Some((Code::MqttFlapping, format!("{lost} connections were lost"))),
        Some(reason) => Some((Code::MqttDropped, reason.to_owned())),
        None => missing(policy, evidence, last.number).map(|(code, seen)| (code, seen.to_owned())),
    }
}

/// A login of the unit, and how its connection ended.
struct Connection<'a> {
    number: u64,
    end: Option<&'a str>,
}

fn connections(evidence: &[Evidence]) -> Vec<Connection<'_>> {
    let begun = evidence.iter().filter_map(|e| match &e.fact {
        Fact::MqttConnected { connection, .. } => Some(*connection),
        _ => None,
    });
    let end_of = |number: u64| {
        evidence.iter().find_map(|e| match &e.fact {
            Fact::MqttDisconnected { connection, reason } if *connection == number => Some(reason.as_str()),
            _ => None,
        })
    };
    begun.map(|number| Connection { number, end: end_of(number) }).collect()
}

/// The first piece of the proof that is missing on a connection that stands.
fn missing(policy: &Policy, evidence: &[Evidence], connection: u64) -> Option<(Code, &'static str)> {
    let any = |wanted: &dyn Fn(&Fact) -> bool| evidence.iter().any(|e| wanted(&e.fact));
    let subscribed = |name: &'static str| {
        any(&|fact| {
            matches!(fact, Fact::Subscribed { connection: c, filter }
                if *c == connection && filter.split('/').skip(2).eq([name, "#"]))
        })
    };
    if !subscribed("cmd") {
        return Some((Code::SubscriptionMissing, "no subscription to cmd/#"));
    }
    if !subscribed("config") {
        return Some((Code::SubscriptionMissing, "no subscription to config/#"));
    }
    let presence = |wanted: bool| {
        any(&|fact| matches!(fact, Fact::Presence { connection: c, online } if *c == connection && *online == wanted))
    };
    if policy.presence && !presence(true) {
        return Some(match presence(false) {
            true => (Code::PresenceStale, "a presence that is not ONLINE or not retained"),
            false => (Code::PresenceMissing, "no presence"),
        });
    }
    let answered = any(&|fact| matches!(fact, Fact::PingAnswered { connection: c, .. } if *c == connection));
    let asked = !apps_on(policy, evidence, connection).is_empty();
    (asked && !answered).then_some((Code::PingUnanswered, "no answer to the ping"))
}
