//! Evidence: added in order, kept as the text that was written, sealed by its digest when the run ends.

use firstpass_domain::{Evidence, RunId, Sha256Digest, Timestamp};

use super::runs;
use crate::{StoreError, db::values, tx::Tx};

/// Domain separator of the digest, with the version of its layout.
const DIGEST_LABEL: &[u8] = b"firstpass-evidence-v1";

pub(crate) async fn add(tx: &mut Tx, run: RunId, evidence: &[Evidence]) -> Result<(), StoreError> {
    runs::open(tx, run).await?;
    append(tx, run, evidence).await
}

/// Adds to a run that is known to be open.
pub(crate) async fn append(tx: &mut Tx, run: RunId, evidence: &[Evidence]) -> Result<(), StoreError> {
    let last: Option<i64> = match tx.row("SELECT MAX(seq) FROM evidence WHERE run = $1", values![run]).await? {
        Some(mut row) => row.next()?,
        None => None,
    };
    for (seq, evidence) in (last.unwrap_or(0) + 1..).zip(evidence) {
        let fact = serde_json::to_string(&evidence.fact).expect("a fact is plain data");
        tx.execute(
            "INSERT INTO evidence (run, seq, at, fact) VALUES ($1, $2, $3, $4)",
            values![run, seq, evidence.at, fact],
        )
        .await?;
    }
    Ok(())
}

/// Evidence of a run in order, and its digest.
pub(crate) async fn of_run(tx: &mut Tx, run: RunId) -> Result<(Vec<Evidence>, Sha256Digest), StoreError> {
    let mut evidence = Vec::new();
    let mut digested = DIGEST_LABEL.to_vec();
    for mut row in tx.rows("SELECT at, fact FROM evidence WHERE run = $1 ORDER BY seq", values![run]).await? {
        let (at, fact): (Timestamp, String) = (row.next()?, row.next()?);
        digested.extend(at.as_micros().to_be_bytes());
        digested.extend((fact.len() as u64).to_be_bytes());
        digested.extend(fact.as_bytes());
        let fact = serde_json::from_str(&fact).map_err(|error| row.damaged(error))?;
        evidence.push(Evidence { at, fact });
    }
    Ok((evidence, Sha256Digest::of(&digested)))
}
