//! What becomes of messages to webhooks: sent, tried again, parked, taken up again.

use firstpass_domain::{AuditKind, Timestamp};
use serde_json::json;

use super::LINE;
use crate::{
    Act, MessageFilter, MessageState, OutboxMessage, StoreError, WebhookEvent, WebhookId, WebhookQueue,
    db::{Row, values},
    tx::Tx,
};

/// How many sent messages of a webhook are kept to be looked at.
const SENT_KEPT_MAX: u32 = 200;

macro_rules! select_messages {
    ($condition:literal) => {
        concat!(
            "SELECT o.webhook, o.seq, a.hash, a.at, o.station, o.event, o.facts, o.state, o.tries, o.made_at,
                    o.tried_at, o.due_at, o.last_words
             FROM outbox o JOIN audit a ON a.seq = o.seq WHERE o.webhook = $1 AND ",
            $condition
        )
    };
}

/// The message whose turn it is: the oldest that waits, of those that this station sends.
pub(crate) async fn next(tx: &mut Tx, webhook: WebhookId) -> Result<Option<OutboxMessage>, StoreError> {
    let sql = select_messages!("o.state = 'waiting' AND o.station = $2 ORDER BY o.seq LIMIT 1");
    let row = tx.row(sql, values![webhook, tx.station().clone()]).await?;
    row.map(|mut row| read(&mut row)).transpose()
}

pub(crate) async fn list(tx: &mut Tx, filter: &MessageFilter) -> Result<Vec<OutboxMessage>, StoreError> {
    let before = filter.before.unwrap_or(i64::MAX);
    let rows = match filter.state {
        None => {
            let sql = select_messages!("o.seq < $2 ORDER BY o.seq DESC LIMIT $3");
            tx.rows(sql, values![filter.webhook, before, filter.limit]).await?
        }
        Some(state) => {
            let sql = select_messages!("o.state = $2 AND o.seq < $3 ORDER BY o.seq DESC LIMIT $4");
            tx.rows(sql, values![filter.webhook, state.name(), before, filter.limit]).await?
        }
    };
    rows.into_iter().map(|mut row| read(&mut row)).collect()
}

pub(crate) async fn queues(tx: &mut Tx) -> Result<Vec<WebhookQueue>, StoreError> {
    let sql = "SELECT w.id,
                      (SELECT COUNT(*) FROM outbox o WHERE o.webhook = w.id AND o.state = 'waiting'),
                      (SELECT COUNT(*) FROM outbox o WHERE o.webhook = w.id AND o.state = 'parked'),
                      (SELECT o.made_at FROM outbox o WHERE o.webhook = w.id AND o.state = 'waiting'
                       ORDER BY o.seq LIMIT 1)
               FROM webhooks w ORDER BY w.name";
    let mut queues = Vec::new();
    for mut row in tx.rows(sql, values![]).await? {
        let (webhook, waiting, parked, oldest) = (row.next()?, row.next()?, row.next()?, row.next()?);
        queues.push(WebhookQueue { webhook, waiting, parked, oldest });
    }
    Ok(queues)
}

pub(crate) async fn sent(tx: &mut Tx, message: &OutboxMessage, words: &str, now: Timestamp) -> Result<(), StoreError> {
    settle(tx, message, MessageState::Sent, words, now).await?;
    let sql = "DELETE FROM outbox WHERE webhook = $1 AND state = 'sent' AND seq <=
               (SELECT seq FROM outbox WHERE webhook = $1 AND state = 'sent' ORDER BY seq DESC LIMIT 1 OFFSET $2)";
    tx.execute(sql, values![message.webhook, SENT_KEPT_MAX]).await?;
    Ok(())
}

/// Notes a try that came to nothing. `counts`: whether the message may have been the cause.
pub(crate) async fn failed(
    tx: &mut Tx,
    message: &OutboxMessage,
    counts: bool,
    words: &str,
    due: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET tries = tries + $1, tried_at = $2, due_at = $3, last_words = $4
               WHERE webhook = $5 AND seq = $6 AND state = 'waiting'";
    tx.execute(sql, values![counts, now, due, words, message.webhook, message.seq]).await?;
    Ok(())
}

/// Gives a message up, so that the next one has its turn.
pub(crate) async fn park(tx: &mut Tx, message: &OutboxMessage, words: &str, now: Timestamp) -> Result<(), StoreError> {
    if settle(tx, message, MessageState::Parked, words, now).await? {
        let body = json!({ "change": "parked", "entry": message.seq, "event": message.event.name(), "reason": words });
        tx.audit(now, LINE, AuditKind::WebhookParked, message.webhook.0, body).await?;
    }
    Ok(())
}

/// Whether it was still waiting: a webhook may have been removed meanwhile, with all its messages.
async fn settle(
    tx: &mut Tx,
    message: &OutboxMessage,
    state: MessageState,
    words: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE outbox SET state = $1, tries = tries + 1, tried_at = $2, last_words = $3
               WHERE webhook = $4 AND seq = $5 AND state = 'waiting'";
    Ok(tx.execute(sql, values![state.name(), now, words, message.webhook, message.seq]).await? == 1)
}

/// Takes parked messages up again: the one of this entry, or all of the webhook. Returns how many.
pub(crate) async fn resume(
    tx: &mut Tx,
    webhook: WebhookId,
    seq: Option<i64>,
    act: &Act,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (first, last) = seq.map_or((0, i64::MAX), |seq| (seq, seq));
    let sql = "UPDATE outbox SET state = 'waiting', tries = 0, made_at = $1, due_at = $1
               WHERE webhook = $2 AND state = 'parked' AND seq >= $3 AND seq <= $4";
    let resumed = tx.execute(sql, values![now, webhook, first, last]).await?;
    if resumed > 0 {
        let body = json!({ "change": "resumed", "entry": seq, "messages": resumed, "reason": act.reason });
        tx.audit(now, &act.actor, AuditKind::WebhookParked, webhook.0, body).await?;
    }
    Ok(resumed)
}

fn read(row: &mut Row) -> Result<OutboxMessage, StoreError> {
    let (webhook, seq, hash, at, station) = (row.next()?, row.next()?, row.next()?, row.next()?, row.next()?);
    let event: String = row.next()?;
    let event = WebhookEvent::ALL.into_iter().find(|known| known.name() == event);
    let event = event.ok_or_else(|| row.damaged("a message is of an unknown event"))?;
    let facts = row.json()?;
    let state: String = row.next()?;
    let state = MessageState::ALL.into_iter().find(|known| known.name() == state);
    let state = state.ok_or_else(|| row.damaged("a message is in an unknown state"))?;
    let (tries, made, tried, due, last_words) = (row.next()?, row.next()?, row.next()?, row.next()?, row.next()?);
    Ok(OutboxMessage { webhook, seq, hash, at, station, event, facts, state, tries, made, tried, due, last_words })
}
