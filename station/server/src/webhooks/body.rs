//! What a message says. The words on the wire are promises: fields are only ever added.

use firstpass_store::{BatchFacts, EventFacts, OutboxMessage, RunFacts};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::wire::{Time, WireDiagnosis};

/// Digits of the audit entry's hash that stand in a message's id.
const ID_DIGITS: usize = 32;

/// The id of a message: the same with every try, for every webhook, and after a restart. It is made of the hash of the
/// audit entry that the message tells of.
pub(crate) fn id(message: &OutboxMessage) -> String {
    let mut hash = message.hash.to_string();
    hash.truncate(ID_DIGITS);
    format!("evt_{hash}")
}

/// The body of a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookMessage)]
pub(crate) struct Message {
    /// Of what it tells: `unit.passed`, `unit.failed` or `batch.closed`.
    #[serde(rename = "type")]
    #[schema(examples("unit.passed"))]
    kind: &'static str,
    /// When that went on record.
    timestamp: Time,
    /// What happened.
    data: Data,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookData)]
pub(crate) struct Data {
    /// The station.
    station: String,
    /// The batch.
    batch: Batch,
    /// The unit; not there when a batch was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<Unit>,
    /// The run; not there when a batch was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Run>,
    /// Why it failed; not there when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<WireDiagnosis>,
    /// Where it stands in the audit log.
    audit: Place,
}

/// A batch in a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookBatch)]
pub(crate) struct Batch {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// Its name: the work order.
    name: String,
    /// What is made.
    product: String,
    /// How many units were ordered.
    quantity: Option<u32>,
    /// Why it was closed, when it was.
    reason: Option<String>,
}

/// A unit in a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookUnit)]
pub(crate) struct Unit {
    /// Its eFuse MAC; null when the run ended before it was known.
    mac: Option<String>,
    /// Its serial number.
    serial: Option<String>,
    /// How it stood after the run: `passed`, `failed`, `quarantined` or `scrapped`; null when it was never tried to the
    /// end.
    standing: Option<String>,
}

/// A run in a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookRun)]
pub(crate) struct Run {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// The slot.
    slot: String,
    /// Which attempt on this unit, from 1.
    attempt: u32,
    /// Whether the rules let the unit run at all. A unit that they refused stands as before.
    admitted: bool,
    /// Name of the recipe.
    recipe: String,
    /// Its hash.
    recipe_hash: String,
    /// When it began.
    began: Time,
    /// When it ended.
    ended: Time,
    /// How long it took, in milliseconds.
    duration_ms: u64,
}

/// A place in the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookAuditPlace)]
pub(crate) struct Place {
    /// Position of the entry.
    seq: i64,
    /// Its hash.
    hash: String,
}

impl From<&BatchFacts> for Batch {
    fn from(facts: &BatchFacts) -> Self {
        let BatchFacts { id, name, product, quantity, reason } = facts.clone();
        Self { id: id.to_string(), name, product, quantity, reason }
    }
}

impl From<&RunFacts> for Run {
    fn from(facts: &RunFacts) -> Self {
        Self {
            id: facts.run.to_string(),
            slot: facts.slot.to_string(),
            attempt: facts.attempt,
            admitted: facts.admitted,
            recipe: facts.recipe_name.clone(),
            recipe_hash: facts.recipe.to_string(),
            began: facts.began.into(),
            ended: facts.ended.into(),
            duration_ms: u64::try_from(facts.ended.since(facts.began).as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl From<&RunFacts> for Unit {
    fn from(facts: &RunFacts) -> Self {
        let (mac, serial) = (facts.mac.map(|mac| mac.to_string()), facts.serial.as_ref().map(ToString::to_string));
        Self { mac, serial, standing: facts.standing.clone() }
    }
}

/// What a message says.
pub(crate) fn of(message: &OutboxMessage) -> Message {
    let (batch, run) = match &message.facts {
        EventFacts::Run(facts) => (&facts.batch, Some(facts.as_ref())),
        EventFacts::Batch(facts) => (facts, None),
    };
    let data = Data {
        station: message.station.to_string(),
        batch: batch.into(),
        unit: run.map(Into::into),
        run: run.map(Into::into),
        diagnosis: run.and_then(|facts| facts.diagnosis.as_ref()).map(Into::into),
        audit: Place { seq: message.seq, hash: message.hash.to_string() },
    };
    Message { kind: message.event.name(), timestamp: message.at.into(), data }
}
