//! Webhooks: added, changed, removed. Knows no secret: what it is given is sealed.

use firstpass_domain::{AuditKind, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Act, SealedSecret, StoreError, WEBHOOKS_MAX, WebhookError, WebhookEvent, WebhookId, WebhookRecord, WebhookSettings,
    db::{Row, values},
    tx::Tx,
};

macro_rules! select_webhooks {
    ($condition:literal) => {
        concat!(
            "SELECT id, name, url, events, enabled, secret, previous_secret, previous_until, since_seq, created_at
             FROM webhooks ",
            $condition
        )
    };
}

pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<WebhookRecord>, StoreError> {
    tx.rows(select_webhooks!("ORDER BY name"), values![]).await?.iter_mut().map(read).collect()
}

pub(crate) async fn by_id(tx: &mut Tx, id: WebhookId) -> Result<Option<WebhookRecord>, StoreError> {
    tx.row(select_webhooks!("WHERE id = $1"), values![id]).await?.map(|mut row| read(&mut row)).transpose()
}

pub(crate) async fn add(
    tx: &mut Tx,
    settings: &WebhookSettings,
    secret: &SealedSecret,
    act: &Act,
    now: Timestamp,
) -> Result<WebhookRecord, WebhookError> {
    if tx.count("SELECT COUNT(*) FROM webhooks", values![]).await? >= WEBHOOKS_MAX {
        return Err(WebhookError::TooMany);
    }
    check_name(tx, None, &settings.name).await?;
    let id = WebhookId(Uuid::new_v4());
    note(tx, id, "added", settings, act, now).await?;
    tx.execute(
        "INSERT INTO webhooks (id, name, url, events, secret, enabled, since_seq, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, (SELECT MAX(seq) FROM audit), $7)",
        values![id, &settings.name, &settings.url, words(&settings.events), secret.0.clone(), settings.enabled, now],
    )
    .await?;
    by_id(tx, id).await?.ok_or(WebhookError::Unknown)
}

/// `false` when nothing was to be changed. One that is switched on again is told of what happens from then on.
pub(crate) async fn change(
    tx: &mut Tx,
    id: WebhookId,
    settings: &WebhookSettings,
    act: &Act,
    now: Timestamp,
) -> Result<bool, WebhookError> {
    let before = known(tx, id).await?;
    if before.settings == *settings {
        return Ok(false);
    }
    check_name(tx, Some(id), &settings.name).await?;
    note(tx, id, "changed", settings, act, now).await?;
    tx.execute(
        "UPDATE webhooks SET name = $1, url = $2, events = $3, enabled = $4 WHERE id = $5",
        values![&settings.name, &settings.url, words(&settings.events), settings.enabled, id],
    )
    .await?;
    if settings.enabled && !before.settings.enabled {
        tx.execute("UPDATE webhooks SET since_seq = (SELECT MAX(seq) FROM audit) WHERE id = $1", values![id]).await?;
    }
    Ok(true)
}

pub(crate) async fn rotate(
    tx: &mut Tx,
    id: WebhookId,
    secret: &SealedSecret,
    previous_until: Timestamp,
    act: &Act,
    now: Timestamp,
) -> Result<(), WebhookError> {
    let webhook = known(tx, id).await?;
    tx.execute(
        "UPDATE webhooks SET previous_secret = secret, previous_until = $1, secret = $2 WHERE id = $3",
        values![previous_until, secret.0.clone(), id],
    )
    .await?;
    Ok(note(tx, id, "secret rotated", &webhook.settings, act, now).await?)
}

/// Removes a webhook with all that was still to be sent to it.
pub(crate) async fn remove(tx: &mut Tx, id: WebhookId, act: &Act, now: Timestamp) -> Result<(), WebhookError> {
    let webhook = known(tx, id).await?;
    tx.execute("DELETE FROM outbox WHERE webhook = $1", values![id]).await?;
    tx.execute("DELETE FROM webhooks WHERE id = $1", values![id]).await?;
    Ok(note(tx, id, "removed", &webhook.settings, act, now).await?)
}

async fn known(tx: &mut Tx, id: WebhookId) -> Result<WebhookRecord, WebhookError> {
    by_id(tx, id).await?.ok_or(WebhookError::Unknown)
}

async fn check_name(tx: &mut Tx, own: Option<WebhookId>, name: &str) -> Result<(), WebhookError> {
    let Some(mut row) = tx.row("SELECT id FROM webhooks WHERE name = $1", values![name]).await? else { return Ok(()) };
    if Some(row.next()?) == own { Ok(()) } else { Err(WebhookError::NameTaken) }
}

async fn note(
    tx: &mut Tx,
    id: WebhookId,
    change: &str,
    settings: &WebhookSettings,
    act: &Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    let body = json!({
        "change": change, "name": settings.name, "url": settings.url, "events": words(&settings.events),
        "enabled": settings.enabled, "reason": act.reason,
    });
    tx.audit(now, &act.actor, AuditKind::WebhookChanged, id.0, body).await
}

fn words(events: &[WebhookEvent]) -> String {
    events.iter().map(|event| event.name()).collect::<Vec<_>>().join(" ")
}

fn read(row: &mut Row) -> Result<WebhookRecord, StoreError> {
    let (id, name, url, events) = (row.next()?, row.next()?, row.next()?, row.next::<String>()?);
    let events = events.split_whitespace().map(|name| WebhookEvent::ALL.into_iter().find(|event| event.name() == name));
    let events = events.collect::<Option<_>>().ok_or_else(|| row.damaged("a webhook is told of an unknown event"))?;
    let settings = WebhookSettings { name, url, events, enabled: row.next()? };
    let secret = SealedSecret(row.next()?);
    let (previous, until): (Option<Vec<u8>>, Option<Timestamp>) = (row.next()?, row.next()?);
    let previous = previous.map(SealedSecret).zip(until);
    Ok(WebhookRecord { id, settings, secret, previous, since_seq: row.next()?, created: row.next()? })
}
