//! Cuts the open connections of sessions that another process ended: `units scrap` and `ca revoke` work on the record
//! alone, and a login is held against the record only when it is made.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use firstpass_domain::{AuditEntry, AuditKind, Mac};
use firstpass_gateway::mqtt::BrokerHandle;
use firstpass_store::{Store, StoreError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::audit_end;

/// How often the record is asked: the longest that a withdrawn session outlives its withdrawal.
const INTERVAL: Duration = Duration::from_secs(1);
/// Audit entries that are in memory at a time.
const PAGE_ENTRIES: u32 = 256;

/// Reads the audit log from its end on.
pub(crate) struct Withdrawals {
    store: Arc<dyn Store>,
    broker: BrokerHandle,
    /// Position of the last entry that was looked at.
    seen: i64,
}

impl Withdrawals {
    /// Begins at the end of the log as it stands: what was withdrawn before cannot log in.
    pub(crate) async fn new(store: Arc<dyn Store>, broker: BrokerHandle) -> Result<Self, StoreError> {
        let seen = audit_end::position(store.as_ref()).await?;
        Ok(Self { store, broker, seen })
    }

    /// Looks until `token` is cancelled. A record that is away is asked again.
    pub(crate) async fn watch(mut self, token: CancellationToken) {
        let mut away = false;
        while token.run_until_cancelled(sleep(INTERVAL)).await.is_some() {
            match self.look().await {
                Ok(()) => away = false,
                Err(error) if !away => {
                    warn!(error = &error as &dyn std::error::Error, "withdrawn sessions cannot be looked up for now");
                    away = true;
                }
                Err(_) => {}
            }
        }
    }

    /// Cuts what was withdrawn since the last look.
    async fn look(&mut self) -> Result<(), StoreError> {
        loop {
            let page = self.store.audit_entries(self.seen, PAGE_ENTRIES).await?;
            let Some(last) = page.last() else { return Ok(()) };
            let seen = last.seq;
            let mut units = BTreeSet::new();
            for entry in &page {
                units.extend(self.unit_of(entry).await?);
            }
            for mac in units {
                self.cut(mac).await?;
            }
            self.seen = seen;
        }
    }

    /// The unit that lost something by this entry.
    async fn unit_of(&self, entry: &AuditEntry) -> Result<Option<Mac>, StoreError> {
        if entry.kind == AuditKind::UnitScrapped {
            return Ok(entry.subject.parse().ok());
        }
        if entry.kind == AuditKind::CertificateRevoked {
            let certificate = self.store.certificate(&entry.subject).await?;
            return Ok(certificate.and_then(|certificate| certificate.certificate.mac));
        }
        Ok(None)
    }

    async fn cut(&self, mac: Mac) -> Result<(), StoreError> {
        let Some(unit) = self.store.unit(mac).await? else { return Ok(()) };
        let ended = unit.sessions.iter().filter(|session| !session.may_log_in());
        let cut: usize = ended.map(|session| self.broker.disconnect(&session.session.mqtt_username)).sum();
        if cut > 0 {
            info!(unit = %mac, connections = cut, "cut connections whose session was withdrawn");
        }
        Ok(())
    }
}
