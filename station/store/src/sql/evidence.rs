//! Evidence: added in order, kept as the text that was written, sealed by its digest when the run ends.

use firstpass_domain::{Evidence, RunId, Sha256Digest, Timestamp};

use super::{pulse, runs};
use crate::{StoreError, db::values, tx::Tx};

/// Domain separator of the digest, with the version of its layout.
const DIGEST_LABEL: &[u8] = b"firstpass-evidence-v1";

pub(crate) async fn add(tx: &mut Tx, run: RunId, evidence: &[Evidence]) -> Result<(), StoreError> {
    runs::open(tx, run).await?;
    append(tx, run, evidence).await?;
    pulse::beat(tx).await
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
        digest_row(&mut digested, at, &fact);
        let fact = serde_json::from_str(&fact).map_err(|error| row.damaged(error))?;
        evidence.push(Evidence { at, fact });
    }
    Ok((evidence, Sha256Digest::of(&digested)))
}

/// Adds what the digest covers of a row: time and length of the fact as eight big-endian bytes each, and the fact.
fn digest_row(digested: &mut Vec<u8>, at: Timestamp, fact: &str) {
    digested.extend(at.as_micros().to_be_bytes());
    digested.extend((fact.len() as u64).to_be_bytes());
    digested.extend(fact.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_of_the_digest_does_not_change() {
        // Golden value: do not edit. Audit entries in the field depend on it.
        let mut digested = DIGEST_LABEL.to_vec();
        digest_row(&mut digested, Timestamp::from_micros(1), r#"{"fact":"uart"}"#);
        digest_row(&mut digested, Timestamp::from_micros(2), "{}");
        let digest = Sha256Digest::of(&digested).to_string();
        assert_eq!(digest, "a202e33bde2e1e1e2d2c418320fd07512265df441f0e944f790e85e25e61e920");
    }
}
