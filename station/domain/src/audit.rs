//! The audit chain: every entry carries the hash of the one before.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{Sha256Digest, StationId, Timestamp};

/// Hash that the first entry names as its predecessor.
pub const GENESIS: Sha256Digest = Sha256Digest::new([0; 32]);

/// Domain separator of the hash, with the version of its layout.
const HASH_LABEL: &[u8] = b"firstpass-audit-v1";

/// One entry of the append-only log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Position, from 1 without gaps.
    pub seq: i64,
    /// When it was written.
    pub at: Timestamp,
    /// Which station wrote it.
    pub station: StationId,
    /// Who caused it: `line`, `unit`, or a person's name.
    pub actor: String,
    /// What kind of act.
    pub kind: AuditKind,
    /// What it is about: a run id, a MAC, a certificate serial.
    pub subject: String,
    /// Details as a JSON object, exactly as hashed.
    pub body: String,
    /// Hash of the entry before.
    pub prev: Sha256Digest,
    /// Hash of this entry.
    pub hash: Sha256Digest,
}

macro_rules! audit_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal;)*) => {
        /// Kind of act. Names are promises; kinds are only ever added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum AuditKind { $($(#[$doc])* #[serde(rename = $name)] $kind,)* }

        impl AuditKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The name on record.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }
    };
}

audit_kinds! {
    /// A batch was opened.
    BatchOpened = "batch.opened";
    /// A batch takes no further unit for a while.
    BatchPaused = "batch.paused";
    /// A paused batch takes units again.
    BatchResumed = "batch.resumed";
    /// A batch was closed for good.
    BatchClosed = "batch.closed";
    /// Quantity or quota of a batch was changed.
    BatchChanged = "batch.changed";
    /// A unit was set aside until a person releases it.
    UnitQuarantined = "unit.quarantined";
    /// A unit that was set aside may run again.
    UnitReleased = "unit.released";
    /// A unit was scrapped: its MAC is refused for ever.
    UnitScrapped = "unit.scrapped";
    /// The baud rate that holds on a slot was noted.
    SlotBaudNoted = "slot.baud_noted";
    /// A run began on a slot.
    RunBegan = "run.began";
    /// The run's unit became known.
    RunIdentified = "run.identified";
    /// A step began (written before the act).
    StepBegan = "step.began";
    /// A step ended (written after the act).
    StepEnded = "step.ended";
    /// A run passed.
    RunPassed = "run.passed";
    /// A run failed.
    RunFailed = "run.failed";
    /// A serial number was given to a unit.
    SerialAllocated = "serial.allocated";
    /// An auth code was made for a run.
    CodeIssued = "code.issued";
    /// An auth code was used.
    CodeRedeemed = "code.redeemed";
    /// An auth code was made unusable.
    CodeVoided = "code.voided";
    /// A session was issued to a unit.
    SessionIssued = "session.issued";
    /// A session was made unusable.
    SessionRevoked = "session.revoked";
    /// A certificate was issued.
    CertificateIssued = "certificate.issued";
    /// A certificate was revoked.
    CertificateRevoked = "certificate.revoked";
    /// A unit was claimed with its device token.
    ClaimBound = "claim.bound";
    /// A recipe was first used.
    RecipeUsed = "recipe.used";
    /// An image was first used.
    ImageUsed = "image.used";
    /// A station opened the record.
    StationStarted = "station.started";
    /// A person set a slot to work.
    SlotStarted = "slot.started";
    /// A person stopped a slot.
    SlotStopped = "slot.stopped";
    /// A person let the unit in a slot run again.
    UnitRetried = "unit.retried";
    /// A slot was given another port or fixture.
    SlotMapped = "slot.mapped";
    /// A person asked who is in a slot, which resets the unit (written before the act).
    SlotAsked = "slot.asked";
    /// A person began a golden unit's check on a slot (written before the act).
    GoldenBegan = "golden.began";
    /// A golden unit was put through its check on a slot.
    GoldenChecked = "golden.checked";
    /// A golden unit was named, or is one no more.
    GoldenNamed = "golden.named";
    /// A label was printed or downloaded.
    LabelPrinted = "label.printed";
    /// A copy of the record is being taken out.
    ExportBegun = "export.begun";
    /// A copy of the record was taken out, or a part of it.
    ExportMade = "export.made";
    /// A user was added.
    UserAdded = "user.added";
    /// A user's name, role, language or badge was changed, or the user was disabled or enabled.
    UserChanged = "user.changed";
    /// A user's password or PIN was set.
    CredentialSet = "credential.set";
    /// Somebody logged in.
    LoginSucceeded = "login.succeeded";
    /// A person logged out, or ended logins of their own or of somebody else.
    LoginEnded = "login.ended";
    /// Logins were held up after too many wrong ones.
    LoginHeldUp = "login.held_up";
    /// An API token was issued.
    TokenIssued = "token.issued";
    /// An API token was revoked.
    TokenRevoked = "token.revoked";
    /// A webhook was added, changed or removed.
    WebhookChanged = "webhook.changed";
    /// A message to a webhook was given up, or taken up again by a person.
    WebhookParked = "webhook.parked";
}

impl AuditEntry {
    /// Makes the entry after `prev`, sealed with its hash.
    #[expect(clippy::too_many_arguments, reason = "an entry is made in one place, from its eight parts")]
    pub fn seal(
        seq: i64,
        at: Timestamp,
        station: StationId,
        actor: String,
        kind: AuditKind,
        subject: String,
        body: String,
        prev: Sha256Digest,
    ) -> Self {
        let mut entry = Self { seq, at, station, actor, kind, subject, body, prev, hash: GENESIS };
        entry.hash = entry.computed_hash();
        entry
    }

    /// SHA-256 over every field but the hash, each text preceded by its length as a big-endian u64.
    pub fn computed_hash(&self) -> Sha256Digest {
        let mut hasher = Sha256::new();
        hasher.update(HASH_LABEL);
        hasher.update(self.prev.bytes());
        hasher.update(self.seq.to_be_bytes());
        hasher.update(self.at.as_micros().to_be_bytes());
        for text in [self.station.as_str(), &self.actor, self.kind.name(), &self.subject, &self.body] {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        Sha256Digest::new(hasher.finalize().into())
    }
}

/// Where and how a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChainError {
    /// An entry is missing or out of order.
    #[error("entry {expected} is missing: {found} stands in its place")]
    Gap {
        /// Position that should come.
        expected: i64,
        /// Position that came.
        found: i64,
    },
    /// An entry does not name the hash of the one before.
    #[error("entry {seq} does not follow entry {}: the hash that it names for it differs", seq - 1)]
    Unlinked {
        /// Position of the entry.
        seq: i64,
    },
    /// An entry was changed after it was written.
    #[error("entry {seq} was changed: its content does not match its hash")]
    Changed {
        /// Position of the entry.
        seq: i64,
    },
}

/// Checks entries one after the other; start with [`ChainVerifier::new`] and give every entry from position 1 on.
#[derive(Debug, Clone)]
pub struct ChainVerifier {
    next: i64,
    head: Sha256Digest,
}

impl Default for ChainVerifier {
    fn default() -> Self {
        Self::new()
    }
}

impl ChainVerifier {
    /// Before the first entry.
    pub const fn new() -> Self {
        Self { next: 1, head: GENESIS }
    }

    /// Behind an entry that is taken as right, to check only the end of a chain.
    pub const fn after(trusted: &AuditEntry) -> Self {
        Self { next: trusted.seq + 1, head: trusted.hash }
    }

    /// Takes the next entry.
    pub fn check(&mut self, entry: &AuditEntry) -> Result<(), ChainError> {
        if entry.seq != self.next {
            return Err(ChainError::Gap { expected: self.next, found: entry.seq });
        }
        if entry.prev != self.head {
            return Err(ChainError::Unlinked { seq: entry.seq });
        }
        if entry.computed_hash() != entry.hash {
            return Err(ChainError::Changed { seq: entry.seq });
        }
        self.next += 1;
        self.head = entry.hash;
        Ok(())
    }

    /// How many entries were right (from the first one on: the position of the last).
    pub const fn checked(&self) -> i64 {
        self.next - 1
    }

    /// Hash of the last entry; an auditor who keeps it can tell later whether the end was cut off.
    pub const fn head(&self) -> Sha256Digest {
        self.head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(len: i64) -> Vec<AuditEntry> {
        let mut prev = GENESIS;
        (1..=len)
            .map(|seq| {
                let station = StationId::new("s1").unwrap();
                let at = Timestamp::from_micros(seq);
                let (kind, body) = (AuditKind::RunBegan, "{}".to_owned());
                let entry = AuditEntry::seal(seq, at, station, "line".into(), kind, seq.to_string(), body, prev);
                prev = entry.hash;
                entry
            })
            .collect()
    }

    fn verify(entries: &[AuditEntry]) -> Result<i64, ChainError> {
        let mut verifier = ChainVerifier::new();
        entries.iter().try_for_each(|entry| verifier.check(entry))?;
        Ok(verifier.checked())
    }

    #[test]
    fn an_untouched_chain_verifies() {
        assert_eq!(verify(&chain(5)), Ok(5));
    }

    #[test]
    fn a_changed_a_missing_and_a_swapped_entry_are_found_at_their_place() {
        let mut changed = chain(5);
        changed[2].body = r#"{"a":1}"#.into();
        assert_eq!(verify(&changed), Err(ChainError::Changed { seq: 3 }));

        let mut missing = chain(5);
        missing.remove(2);
        assert_eq!(verify(&missing), Err(ChainError::Gap { expected: 3, found: 4 }));

        let mut resealed = chain(5);
        resealed[2].body = r#"{"a":1}"#.into();
        resealed[2].hash = resealed[2].computed_hash();
        assert_eq!(verify(&resealed), Err(ChainError::Unlinked { seq: 4 }));
    }

    #[test]
    fn the_hash_layout_does_not_change() {
        // Golden value: do not edit. Records in the field depend on it.
        let hash = chain(1)[0].hash.to_string();
        assert_eq!(hash, "38f1c67b63028f49b21ea47cb3a419ff21e74aaf87f1c80bc25d7bc23fa376e0");
    }
}
