//! Makes messages of the audit log, and sees to it that each webhook has somebody who sends them.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use firstpass_gateway::https::upstream_trust;
use firstpass_line::event::{LineEvent, LineEventKind};
use firstpass_store::{StoreError, WebhookId};
use rustls::{ClientConfig, RootCertStore};
use tokio::{
    sync::{broadcast, watch},
    task::{AbortHandle, JoinSet},
};
use tokio_rustls::TlsConnector;

use super::deliver::{self, POLL};
use crate::AppState;

/// Makes and sends messages; never ends. Dropped, it leaves what is not sent for the next start.
pub(crate) async fn serve(app: AppState) -> Infallible {
    let tls = Arc::new(connector(&app));
    let mut events = app.services.floor.events();
    let mut wake = app.post.listen();
    let mut office = Office { app, tls, senders: JoinSet::new(), by_webhook: HashMap::new(), hint: 0 };
    loop {
        if let Err(error) = office.work().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "webhooks wait for the record");
        }
        wait(&mut wake, &mut events).await;
    }
}

struct Office {
    app: AppState,
    tls: Arc<TlsConnector>,
    senders: JoinSet<()>,
    by_webhook: HashMap<WebhookId, AbortHandle>,
    /// Up to where the log is known to concern no webhook.
    hint: i64,
}

impl Office {
    async fn work(&mut self) -> Result<(), StoreError> {
        let store = Arc::clone(&self.app.services.store);
        let mut made = 0;
        loop {
            let filled = store.fill_outbox(self.hint, (self.app.services.clock)()).await?;
            (self.hint, made) = (filled.up_to, made + filled.made);
            if !filled.more {
                break;
            }
        }
        let webhooks = store.webhooks().await?;
        let on = webhooks.into_iter().filter(|webhook| webhook.settings.enabled).map(|webhook| webhook.id);
        self.employ(&on.collect::<Vec<_>>());
        if made > 0 {
            self.app.post.wake();
        }
        Ok(())
    }

    /// Every webhook that is on has one sender, and no other has any.
    fn employ(&mut self, on: &[WebhookId]) {
        while self.senders.try_join_next().is_some() {}
        self.by_webhook.retain(|webhook, sender| {
            let stays = on.contains(webhook) && !sender.is_finished();
            if !stays {
                sender.abort();
            }
            stays
        });
        for webhook in on {
            self.by_webhook.entry(*webhook).or_insert_with(|| {
                let (app, tls) = (Arc::clone(&self.app), Arc::clone(&self.tls));
                let wake = self.app.post.listen();
                self.senders.spawn(deliver::serve(app, *webhook, tls, wake))
            });
        }
    }
}

/// Until something ended on the line, somebody wakes us, or for a while: other processes write the log too.
async fn wait(wake: &mut watch::Receiver<()>, events: &mut broadcast::Receiver<LineEvent>) {
    let told = async {
        loop {
            match events.recv().await {
                Ok(event) if !ends_something(&event.kind) => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    };
    tokio::select! {
        () = told => {}
        _changed = wake.changed() => {}
        () = tokio::time::sleep(POLL) => {}
    }
}

const fn ends_something(kind: &LineEventKind) -> bool {
    matches!(kind, LineEventKind::Passed { .. } | LineEventKind::Failed { .. } | LineEventKind::BatchClosed { .. })
}

/// Trusts the configured authorities, or the system's, and the station's own.
fn connector(app: &AppState) -> TlsConnector {
    let mut roots = upstream_trust(app.settings.webhooks.ca_file.as_deref()).unwrap_or_else(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "webhooks trust the station's own authority only");
        RootCertStore::empty()
    });
    if let Some(authority) = &app.services.authority
        && let Err(error) = roots.add(authority.root_der().clone())
    {
        tracing::warn!(%error, "webhooks do not trust the station's own authority");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("ring speaks TLS 1.2 and 1.3").with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
