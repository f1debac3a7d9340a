//! The tables that are filled, and the chain that goes with them.

use firstpass_domain::{AuditEntry, AuditKind, Sha256Digest, StationId, Timestamp, audit::GENESIS};
use serde_json::Value;
use sqlx::SqliteConnection;

use crate::rows::{Cell, Table, row};

/// What somebody did, before it has its place in the chain.
pub(crate) struct Act {
    /// True time, for the order.
    pub(crate) time: i64,
    /// What the station's clock shows.
    pub(crate) at: Timestamp,
    pub(crate) station: &'static str,
    pub(crate) actor: &'static str,
    pub(crate) kind: AuditKind,
    pub(crate) subject: String,
    pub(crate) body: Value,
}

/// A record that is being filled.
pub(crate) struct Record<'a> {
    pub(crate) to: &'a mut SqliteConnection,
    pub(crate) units: Table,
    pub(crate) runs: Table,
    pub(crate) steps: Table,
    pub(crate) evidence: Table,
    pub(crate) codes: Table,
    pub(crate) certificates: Table,
    pub(crate) sessions: Table,
    pub(crate) serials: Table,
    audit: Table,
    seq: i64,
    head: Sha256Digest,
}

impl<'a> Record<'a> {
    pub(crate) fn new(to: &'a mut SqliteConnection) -> Self {
        Self {
            to,
            units: Table::new(
                "units",
                "mac,serial,attempts,standing,first_seen_at,hold,hold_reason,hold_actor,held_at",
            ),
            runs: Table::new(
                "runs",
                "id,station,slot,batch,recipe,mac,attempt,admitted,state,diagnosis,began_at,ended_at,code",
            ),
            steps: Table::new("steps", "run,seq,step,began_at,ended_at,outcome"),
            evidence: Table::new("evidence", "run,seq,at,fact"),
            codes: Table::new("auth_codes", "hash,run,mac,certificate,issued_at,expires_at,redeemed_at"),
            certificates: Table::new(
                "certificates",
                "serial,fingerprint,pem,subject,not_before,not_after,mac,run,issued_at,revoked_at,revoked_reason",
            ),
            sessions: Table::new(
                "sessions",
                "device_id,device_key,workspace_slug,mqtt_host,mqtt_port,mqtt_username,verifier,token,code,certificate,\
                 mac,run,issued_at,revoked_at",
            ),
            serials: Table::new("serials", "prefix,number,serial,mac,allocated_at"),
            audit: Table::new("audit", "seq,at,station,actor,kind,subject,body,prev,hash"),
            seq: 0,
            head: GENESIS,
        }
    }

    /// Seals an act into the chain, as the store does.
    pub(crate) async fn note(&mut self, act: Act) -> Result<(), sqlx::Error> {
        let Act { at, station, actor, kind, subject, body, .. } = act;
        let station = StationId::new(station).expect("stations have names");
        let actor = actor.to_owned();
        let entry = AuditEntry::seal(self.seq + 1, at, station, actor, kind, subject, body.to_string(), self.head);
        (self.seq, self.head) = (entry.seq, entry.hash);
        let AuditEntry { seq, at, station, actor, kind, subject, body, prev, hash } = entry;
        let cells: Vec<Cell> = row![
            seq,
            at.as_micros(),
            station.as_str(),
            actor,
            kind.name(),
            subject,
            body,
            prev.bytes().as_slice(),
            hash.bytes().as_slice(),
        ];
        self.audit.add(self.to, cells).await
    }

    /// How many entries there are.
    pub(crate) const fn entries(&self) -> i64 {
        self.seq
    }

    pub(crate) async fn flush(&mut self) -> Result<(), sqlx::Error> {
        let Self { units, runs, steps, evidence, codes, certificates, sessions, serials, audit, .. } = self;
        for table in [units, runs, steps, evidence, codes, certificates, sessions, serials, audit] {
            table.flush(self.to).await?;
        }
        Ok(())
    }
}
