//! Messages to webhooks, made of the audit log by a cursor on record: none is lost over a crash, and none is made twice.

use firstpass_domain::{AuditEntry, AuditKind, Timestamp};

use super::{audit, outbox_facts, webhooks};
use crate::{Filled, StoreError, WebhookEvent, WebhookRecord, db::values, tx::Tx};

/// How many audit entries are looked at in one transaction.
const ENTRIES_MAX: u32 = 500;

/// What of the log may concern a webhook, after `hint`, up to which nothing does. `Err` holds what there is to say when
/// nothing needs to be written.
pub(crate) async fn look(tx: &mut Tx, hint: i64) -> Result<Result<(), Filled>, StoreError> {
    let hooks = on(tx).await?;
    let from = begin_at(tx, &hooks, hint).await?;
    if hooks.is_empty() {
        return Ok(Err(Filled { up_to: from, made: 0, more: false }));
    }
    let entries = audit::entries(tx, from, ENTRIES_MAX).await?;
    let station = tx.station().clone();
    if entries.iter().any(|entry| entry.station == station && told(entry.kind).is_some()) {
        return Ok(Ok(()));
    }
    let up_to = entries.last().map_or(from, |entry| entry.seq);
    Ok(Err(Filled { up_to, made: 0, more: entries.len() == ENTRIES_MAX as usize }))
}

/// Makes messages of the next entries, and moves the cursor behind them.
pub(crate) async fn fill(tx: &mut Tx, hint: i64, now: Timestamp) -> Result<Filled, StoreError> {
    let hooks = on(tx).await?;
    let from = begin_at(tx, &hooks, hint).await?;
    let entries = audit::entries(tx, from, ENTRIES_MAX).await?;
    let mut filled = Filled { up_to: from, made: 0, more: entries.len() == ENTRIES_MAX as usize };
    for entry in &entries {
        filled.made += make(tx, &hooks, entry, now).await?;
        filled.up_to = entry.seq;
    }
    let sql = "INSERT INTO outbox_cursors (station, seq) VALUES ($1, $2)
               ON CONFLICT (station) DO UPDATE SET seq = excluded.seq";
    tx.execute(sql, values![tx.station().clone(), filled.up_to]).await?;
    Ok(filled)
}

async fn on(tx: &mut Tx) -> Result<Vec<WebhookRecord>, StoreError> {
    Ok(webhooks::all(tx).await?.into_iter().filter(|webhook| webhook.settings.enabled).collect())
}

/// What was written before the oldest webhook was added concerns none, whatever the cursor says.
async fn begin_at(tx: &mut Tx, hooks: &[WebhookRecord], hint: i64) -> Result<i64, StoreError> {
    let sql = "SELECT seq FROM outbox_cursors WHERE station = $1";
    let cursor: i64 = match tx.row(sql, values![tx.station().clone()]).await? {
        Some(mut row) => row.next()?,
        None => 0,
    };
    let since = hooks.iter().map(|hook| hook.since_seq).min().unwrap_or(0);
    Ok(cursor.max(hint).max(since))
}

const fn told(kind: AuditKind) -> Option<WebhookEvent> {
    match kind {
        AuditKind::RunPassed => Some(WebhookEvent::UnitPassed),
        AuditKind::RunFailed => Some(WebhookEvent::UnitFailed),
        AuditKind::BatchClosed => Some(WebhookEvent::BatchClosed),
        _ => None,
    }
}

/// A message for each webhook that is told of it.
async fn make(tx: &mut Tx, hooks: &[WebhookRecord], entry: &AuditEntry, now: Timestamp) -> Result<u32, StoreError> {
    let Some(event) = told(entry.kind).filter(|_| entry.station == *tx.station()) else { return Ok(0) };
    let is_told = |hook: &&WebhookRecord| hook.since_seq < entry.seq && hook.settings.events.contains(&event);
    let hooks: Vec<_> = hooks.iter().filter(is_told).collect();
    if hooks.is_empty() {
        return Ok(0);
    }
    let Some(facts) = outbox_facts::of(tx, event, &entry.subject).await? else { return Ok(0) };
    let facts = serde_json::to_string(&facts).expect("facts are plain data");
    let mut made = 0;
    for hook in hooks {
        let sql = "INSERT INTO outbox (webhook, seq, station, event, facts, state, tries, made_at, due_at)
                   VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, $6) ON CONFLICT (webhook, seq) DO NOTHING";
        let values = values![hook.id, entry.seq, entry.station.clone(), event.name(), &facts, now];
        made += u32::try_from(tx.execute(sql, values).await?).unwrap_or(u32::MAX);
    }
    Ok(made)
}
