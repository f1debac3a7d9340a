//! What the station owes to others: messages to webhooks, and the same answer to a command that is repeated.

use async_trait::async_trait;
use firstpass_domain::Timestamp;

use crate::{
    Act, Claimed, Filled, KeptAnswer, KeyedCommand, MessageFilter, OutboxMessage, Record, SealedSecret, StoreError,
    WebhookError, WebhookId, WebhookQueue, WebhookRecord, WebhookSettings,
    db::Database,
    record::{read_record, write_record},
    sql::{answers, deliveries, outbox, webhooks},
};

/// Webhooks with what is still to be sent to them, and the answers that were given to commands.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Adds a webhook. It is told of what happens from now on.
    async fn add_webhook(
        &self,
        settings: &WebhookSettings,
        secret: &SealedSecret,
        act: &Act,
        now: Timestamp,
    ) -> Result<WebhookRecord, WebhookError>;

    /// All webhooks, by name.
    async fn webhooks(&self) -> Result<Vec<WebhookRecord>, StoreError>;

    /// One webhook.
    async fn webhook(&self, id: WebhookId) -> Result<Option<WebhookRecord>, StoreError>;

    /// Changes a webhook; `false` when it was so before.
    async fn change_webhook(
        &self,
        id: WebhookId,
        settings: &WebhookSettings,
        act: &Act,
        now: Timestamp,
    ) -> Result<bool, WebhookError>;

    /// Gives a webhook another secret; until `previous_until`, messages are signed with the one before as well.
    async fn rotate_webhook_secret(
        &self,
        id: WebhookId,
        secret: &SealedSecret,
        previous_until: Timestamp,
        act: &Act,
        now: Timestamp,
    ) -> Result<(), WebhookError>;

    /// Removes a webhook with its messages.
    async fn remove_webhook(&self, id: WebhookId, act: &Act, now: Timestamp) -> Result<(), WebhookError>;

    /// Makes messages of what this station has written into the audit log since the last time, at most a page of it.
    /// `hint` is where the last call of this process came to; 0 at its beginning.
    async fn fill_outbox(&self, hint: i64, now: Timestamp) -> Result<Filled, StoreError>;

    /// The message whose turn it is, of those that this station sends: the oldest that waits, due or not.
    async fn next_message(&self, webhook: WebhookId) -> Result<Option<OutboxMessage>, StoreError>;

    /// Notes that a message was taken. Of those only the newest are kept.
    async fn message_sent(&self, message: &OutboxMessage, words: &str, now: Timestamp) -> Result<(), StoreError>;

    /// Notes a try that came to nothing. `counts`: whether the message may have been the cause.
    async fn message_failed(
        &self,
        message: &OutboxMessage,
        counts: bool,
        words: &str,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Gives a message up, which is audited; the next one has its turn.
    async fn park_message(&self, message: &OutboxMessage, words: &str, now: Timestamp) -> Result<(), StoreError>;

    /// Takes parked messages up again, which is audited: the one of the audit entry `seq`, or all. Returns how many.
    async fn resume_messages(
        &self,
        webhook: WebhookId,
        seq: Option<i64>,
        act: &Act,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Messages to a webhook, newest first.
    async fn messages(&self, filter: &MessageFilter) -> Result<Vec<OutboxMessage>, StoreError>;

    /// How much is still to be sent, by the names of the webhooks.
    async fn webhook_queues(&self) -> Result<Vec<WebhookQueue>, StoreError>;

    /// Notes a command with its key, unless that was done before.
    async fn claim_answer(&self, command: &KeyedCommand, now: Timestamp) -> Result<Claimed, StoreError>;

    /// Keeps the answer to a command that was claimed.
    async fn keep_answer(&self, command: &KeyedCommand, answer: &KeptAnswer) -> Result<(), StoreError>;

    /// Forgets a command that was claimed and came to nothing, so that it may be tried again with its key.
    async fn release_answer(&self, command: &KeyedCommand) -> Result<(), StoreError>;

    /// Notes that nobody knows how far a command came that was claimed; it is in work no more.
    async fn doubt_answer(&self, command: &KeyedCommand) -> Result<(), StoreError>;
}

#[async_trait]
impl<D: Database> Outbox for Record<D> {
    async fn add_webhook(
        &self,
        settings: &WebhookSettings,
        secret: &SealedSecret,
        act: &Act,
        now: Timestamp,
    ) -> Result<WebhookRecord, WebhookError> {
        write_record!(self, "add the webhook", webhooks::add(settings, secret, act, now))
    }

    async fn webhooks(&self) -> Result<Vec<WebhookRecord>, StoreError> {
        read_record!(self, "list the webhooks", webhooks::all())
    }

    async fn webhook(&self, id: WebhookId) -> Result<Option<WebhookRecord>, StoreError> {
        read_record!(self, "look up the webhook", webhooks::by_id(id))
    }

    async fn change_webhook(
        &self,
        id: WebhookId,
        settings: &WebhookSettings,
        act: &Act,
        now: Timestamp,
    ) -> Result<bool, WebhookError> {
        write_record!(self, "change the webhook", webhooks::change(id, settings, act, now))
    }

    async fn rotate_webhook_secret(
        &self,
        id: WebhookId,
        secret: &SealedSecret,
        previous_until: Timestamp,
        act: &Act,
        now: Timestamp,
    ) -> Result<(), WebhookError> {
        write_record!(self, "rotate the webhook's secret", webhooks::rotate(id, secret, previous_until, act, now))
    }

    async fn remove_webhook(&self, id: WebhookId, act: &Act, now: Timestamp) -> Result<(), WebhookError> {
        write_record!(self, "remove the webhook", webhooks::remove(id, act, now))
    }

    async fn fill_outbox(&self, hint: i64, now: Timestamp) -> Result<Filled, StoreError> {
        // Most of the log concerns no webhook: it is looked through without holding up who writes.
        let looked: Result<Result<(), Filled>, StoreError> =
            read_record!(self, "look for what webhooks are told of", outbox::look(hint));
        match looked? {
            Err(filled) => Ok(filled),
            Ok(()) => write_record!(self, "make messages to webhooks", outbox::fill(hint, now)),
        }
    }

    async fn next_message(&self, webhook: WebhookId) -> Result<Option<OutboxMessage>, StoreError> {
        read_record!(self, "look for the next message", deliveries::next(webhook))
    }

    async fn message_sent(&self, message: &OutboxMessage, words: &str, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "note the sent message", deliveries::sent(message, words, now))
    }

    async fn message_failed(
        &self,
        message: &OutboxMessage,
        counts: bool,
        words: &str,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write_record!(self, "note the failed message", deliveries::failed(message, counts, words, due, now))
    }

    async fn park_message(&self, message: &OutboxMessage, words: &str, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "park the message", deliveries::park(message, words, now))
    }

    async fn resume_messages(
        &self,
        webhook: WebhookId,
        seq: Option<i64>,
        act: &Act,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        write_record!(self, "take up parked messages", deliveries::resume(webhook, seq, act, now))
    }

    async fn messages(&self, filter: &MessageFilter) -> Result<Vec<OutboxMessage>, StoreError> {
        read_record!(self, "list the messages", deliveries::list(filter))
    }

    async fn webhook_queues(&self) -> Result<Vec<WebhookQueue>, StoreError> {
        read_record!(self, "count the messages", deliveries::queues())
    }

    async fn claim_answer(&self, command: &KeyedCommand, now: Timestamp) -> Result<Claimed, StoreError> {
        write_record!(self, "note the command", answers::claim(command, now))
    }

    async fn keep_answer(&self, command: &KeyedCommand, answer: &KeptAnswer) -> Result<(), StoreError> {
        write_record!(self, "keep the answer", answers::keep(command, answer))
    }

    async fn release_answer(&self, command: &KeyedCommand) -> Result<(), StoreError> {
        write_record!(self, "forget the command", answers::release(command))
    }

    async fn doubt_answer(&self, command: &KeyedCommand) -> Result<(), StoreError> {
        write_record!(self, "give the command up", answers::doubt(command))
    }
}
