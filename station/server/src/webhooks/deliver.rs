//! Sends the messages of one webhook, one after the other, for as long as it is on record and switched on.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use firstpass_domain::Timestamp;
use firstpass_store::{OutboxMessage, StoreError, WebhookId, WebhookRecord};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use super::{
    body,
    client::{self, Letter},
    retry::{self, Next, Outcome, Standing},
};
use crate::{AppState, metrics::Delivery};

/// How often a webhook looks for messages that nobody told it of.
pub(super) const POLL: Duration = Duration::from_secs(2);
const MICROS_PER_S: i64 = 1_000_000;

/// Sends until the webhook is gone or switched off.
pub(super) async fn serve(app: AppState, webhook: WebhookId, tls: Arc<TlsConnector>, mut wake: watch::Receiver<()>) {
    let mut failures = 0;
    loop {
        let turn = turn(&app, webhook, &tls, &mut failures).await;
        match turn {
            Ok(Turn::Sent) => continue,
            Ok(Turn::Gone) => return,
            Ok(Turn::Wait(time)) => pause(time.min(POLL), &mut wake).await,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "messages to webhooks wait for the record");
                pause(POLL, &mut wake).await;
            }
        }
    }
}

/// Waits for a time, or until there may be something to do. Somebody who owns the sender is there as long as the server.
async fn pause(time: Duration, wake: &mut watch::Receiver<()>) {
    let _ = tokio::time::timeout(time, wake.changed()).await;
}

enum Turn {
    /// A message is done with; the next one has its turn.
    Sent,
    /// Nothing to do for a while.
    Wait(Duration),
    /// There is no such webhook any more.
    Gone,
}

async fn turn(app: &AppState, id: WebhookId, tls: &TlsConnector, failures: &mut u32) -> Result<Turn, StoreError> {
    let store = &app.services.store;
    let Some(webhook) = store.webhook(id).await?.filter(|webhook| webhook.settings.enabled) else {
        return Ok(Turn::Gone);
    };
    let Some(message) = store.next_message(id).await? else { return Ok(Turn::Wait(POLL)) };
    let wait = retry::wait(message.due, &app.settings.webhooks, (app.services.clock)());
    if !wait.is_zero() {
        return Ok(Turn::Wait(wait));
    }
    let outcome = attempt(app, &webhook, &message, tls).await;
    let now = (app.services.clock)();
    let taken = matches!(outcome, Outcome::Taken(_) | Outcome::Refused(_));
    *failures = if taken { 0 } else { failures.saturating_add(1).max(message.tries) };
    let standing = Standing { made: message.made, tries: message.tries, failures: *failures };
    let next = retry::next(outcome, standing, &app.settings.webhooks, now, rand::random());
    note(app, &webhook, &message, next, now).await
}

async fn attempt(app: &AppState, webhook: &WebhookRecord, message: &OutboxMessage, tls: &TlsConnector) -> Outcome {
    let options = &app.settings.webhooks;
    let Ok(url) = webhook.settings.url.parse() else {
        return away("its address cannot be used by this version");
    };
    let Some(letter) = letter(app, webhook, message) else {
        let words = "its secret was sealed with another key than this station's: rotate it, or bring the key file back";
        return away(words);
    };
    match client::send(&url, &letter, tls, options.allow_http, options.timeout()).await {
        Ok(head) => retry::outcome(head.status, head.retry_after),
        Err(error) if error.reached() => Outcome::Failed { words: error.to_string(), retry_after: None },
        Err(error) => away(error.to_string()),
    }
}

fn away(words: impl Into<String>) -> Outcome {
    Outcome::Away { words: words.into(), retry_after: None }
}

fn letter(app: &AppState, webhook: &WebhookRecord, message: &OutboxMessage) -> Option<Letter> {
    let now = (app.services.clock)();
    let body = serde_json::to_vec(&body::of(message)).expect("a message is plain data");
    let (id, sent_s) = (body::id(message), now.as_micros() / MICROS_PER_S);
    let secret = app.seal_key.open_secret(&webhook.secret)?;
    let previous = webhook.previous.as_ref().filter(|(_, until)| now < *until);
    let previous = previous.and_then(|(sealed, _)| app.seal_key.open_secret(sealed));
    let signatures = [Some(secret), previous].into_iter().flatten().map(|secret| secret.sign(&id, sent_s, &body));
    let signature = signatures.collect::<Vec<_>>().join(" ");
    Some(Letter { id, sent_s, signature, body: Bytes::from(body) })
}

async fn note(
    app: &AppState,
    webhook: &WebhookRecord,
    message: &OutboxMessage,
    next: Next,
    now: Timestamp,
) -> Result<Turn, StoreError> {
    let store = &app.services.store;
    let name = &webhook.settings.name;
    match next {
        Next::Sent(words) => {
            store.message_sent(message, &words, now).await?;
            app.metrics.delivered(Delivery::Sent);
            Ok(Turn::Sent)
        }
        Next::Park(words) => {
            store.park_message(message, &words, now).await?;
            app.metrics.delivered(Delivery::Parked);
            tracing::warn!(webhook = %name, entry = message.seq, %words, "a message to a webhook was parked");
            Ok(Turn::Sent)
        }
        Next::Again { counts, words, due } => {
            store.message_failed(message, counts, &words, due, now).await?;
            app.metrics.delivered(Delivery::Failed);
            tracing::info!(webhook = %name, entry = message.seq, %words, "a message to a webhook is tried again");
            Ok(Turn::Wait(due.since(now)))
        }
    }
}
