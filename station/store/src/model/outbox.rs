//! Webhooks, what is to be sent to them, and answers that are kept for commands that come again.

use std::fmt;

use firstpass_domain::{Diagnosis, Mac, RunId, SerialNumber, Sha256Digest, SlotId, StationId, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::{BatchId, factory::named};
use crate::StoreError;

/// Most webhooks of a record.
pub const WEBHOOKS_MAX: u32 = 16;

/// A webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookId(pub Uuid);

named! {
    /// What webhooks are told of.
    WebhookEvent {
        /// A unit passed. A repair's pass is none of the unit's, and is not told.
        UnitPassed = "unit.passed",
        /// A run ended otherwise; a repair's end is not told.
        UnitFailed = "unit.failed",
        /// A batch was closed. That of a repair is none of the work, and is not told.
        BatchClosed = "batch.closed",
    }
}

named! {
    /// How a message stands.
    MessageState {
        /// It is sent as soon as it is its turn.
        Waiting = "waiting",
        /// It was taken.
        Sent = "sent",
        /// It was given up until a person takes it up again.
        Parked = "parked",
    }
}

/// A secret that was sealed with a key outside of the record.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(pub Vec<u8>);

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedSecret(…)")
    }
}

/// What a person says of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Its name, unique.
    pub name: String,
    /// Where messages go.
    pub url: String,
    /// Of what it is told.
    pub events: Vec<WebhookEvent>,
    /// Whether messages are made for it and sent. What happens while it is off, it is never told.
    pub enabled: bool,
}

/// A webhook on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRecord {
    /// Its id.
    pub id: WebhookId,
    /// What a person says of it.
    pub settings: WebhookSettings,
    /// What its messages are signed with.
    pub secret: SealedSecret,
    /// What they are signed with besides, and until when: the secret before.
    pub previous: Option<(SealedSecret, Timestamp)>,
    /// It is told of what stands in the audit log after this position.
    pub since_seq: i64,
    /// When it was added.
    pub created: Timestamp,
}

/// What a message tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum EventFacts {
    /// A run that ended.
    Run(Box<RunFacts>),
    /// A batch that was closed.
    Batch(BatchFacts),
}

/// A run that ended, as the record says it when the message is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// The run.
    pub run: RunId,
    /// Where.
    pub slot: SlotId,
    /// The unit, when it was identified.
    pub mac: Option<Mac>,
    /// Its serial number.
    pub serial: Option<SerialNumber>,
    /// How it stands now, by the name of the [`crate::Standing`].
    pub standing: Option<String>,
    /// Which attempt on this unit, from 1; 0 when it was not identified.
    pub attempt: u32,
    /// Whether the rules let the unit run at all.
    pub admitted: bool,
    /// Name of the recipe.
    pub recipe_name: String,
    /// Hash of the recipe.
    pub recipe: Sha256Digest,
    /// The batch that it counts for.
    pub batch: BatchFacts,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Why it failed.
    pub diagnosis: Option<Diagnosis>,
}

/// A batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchFacts {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What is made.
    pub product: String,
    /// How many units were ordered.
    pub quantity: Option<u32>,
    /// Why it was closed, when it was.
    pub reason: Option<String>,
}

impl BatchFacts {
    /// Its id.
    pub const fn batch(&self) -> BatchId {
        BatchId(self.id)
    }
}

/// A message to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// To whom.
    pub webhook: WebhookId,
    /// Position of the audit entry that it tells of.
    pub seq: i64,
    /// Hash of that entry: from it comes the message's name.
    pub hash: Sha256Digest,
    /// When that entry was written.
    pub at: Timestamp,
    /// The station that wrote it, and sends this.
    pub station: StationId,
    /// Of what it tells.
    pub event: WebhookEvent,
    /// What it tells.
    pub facts: EventFacts,
    /// How it stands.
    pub state: MessageState,
    /// How often the receiver was reached and did not take it.
    pub tries: u32,
    /// When it was made.
    pub made: Timestamp,
    /// When it was tried last.
    pub tried: Option<Timestamp>,
    /// When it is tried next, at the earliest.
    pub due: Timestamp,
    /// What came of the last try, in words without a secret.
    pub last_words: Option<String>,
}

/// Which messages to list, the newest first.
#[derive(Debug, Clone)]
pub struct MessageFilter {
    /// To whom.
    pub webhook: WebhookId,
    /// Only those that stand so.
    pub state: Option<MessageState>,
    /// Only those before this position.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: u32,
}

/// What is still to be sent to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookQueue {
    /// To whom.
    pub webhook: WebhookId,
    /// How many messages wait.
    pub waiting: u32,
    /// How many are parked.
    pub parked: u32,
    /// When the oldest that waits was made.
    pub oldest: Option<Timestamp>,
}

/// How far the audit log has been made into messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// Everything up to this position has been looked at.
    pub up_to: i64,
    /// How many messages were made.
    pub made: u32,
    /// Whether more entries follow.
    pub more: bool,
}

/// A command that carries a key.
#[derive(Debug, Clone)]
pub struct KeyedCommand {
    /// Who asks.
    pub asker: String,
    /// Their key.
    pub key: String,
    /// Digest of method, path and body.
    pub request: Sha256Digest,
    /// The life of the server that takes it.
    pub life: Uuid,
}

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// Media type of the body.
    pub media_type: Option<String>,
    /// Where what was made is.
    pub location: Option<String>,
    /// The body; `None` when it held what may be shown only once.
    pub body: Option<Vec<u8>>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing; it is noted now, and the command is to be done.
    New,
    /// It was done, and answered so.
    Answered(KeptAnswer),
    /// It is being done by this life of the server.
    InWork,
    /// It was begun, and nobody knows how far that came.
    Unknown,
    /// It came with another request.
    OtherRequest,
    /// Nothing; and of so many commands of its asker nobody knows yet what became of them that it is not to be done.
    TooMany,
}

/// A webhook could not be added or changed. Nothing was changed.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// No webhook has this id.
    #[error("there is no such webhook")]
    Unknown,
    /// Another webhook has this name.
    #[error("another webhook has this name")]
    NameTaken,
    /// There are as many as there may be.
    #[error("there are {WEBHOOKS_MAX} webhooks, and there may be no more")]
    TooMany,
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
