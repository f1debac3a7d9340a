//! Whether a record holds what was confirmed, and whether the end of its audit chain is right.

use firstpass_domain::audit::ChainVerifier;

use super::audit;
use crate::{
    Damage, StoreError,
    db::{Mark, values},
    tx::Tx,
};

/// Entries at the end of the chain that are checked; `audit verify` checks all.
const ENTRIES_CHECKED: i64 = 256;

pub(crate) async fn check_end(tx: &mut Tx, mark: Mark) -> Result<(), StoreError> {
    check_chain(tx).await?;
    if mark == Mark::NONE {
        return Ok(());
    }
    if mark.seq > 0 {
        let sql = "SELECT seq FROM audit WHERE seq = $1 AND hash = $2";
        if tx.row(sql, values![mark.seq, mark.hash]).await?.is_none() {
            return Err(tx.corrupt(Damage::Lost { seq: mark.seq }));
        }
    }
    let writes: i64 = match tx.row("SELECT writes FROM pulse WHERE id = 1", values![]).await? {
        Some(mut row) => row.next()?,
        None => 0,
    };
    if writes < mark.writes { Err(tx.corrupt(Damage::Lost { seq: mark.seq })) } else { Ok(()) }
}

async fn check_chain(tx: &mut Tx) -> Result<(), StoreError> {
    let last: Option<i64> = match tx.row("SELECT MAX(seq) FROM audit", values![]).await? {
        Some(mut row) => row.next()?,
        None => None,
    };
    let from = (last.unwrap_or(0) - ENTRIES_CHECKED).max(0);
    let limit = u32::try_from(ENTRIES_CHECKED).expect("a few hundred fit");
    let entries = audit::entries(tx, from, limit).await?;
    let mut verifier = ChainVerifier::new();
    let mut entries = entries.iter();
    if from > 0
        && let Some(trusted) = entries.next()
    {
        verifier = ChainVerifier::after(trusted);
    }
    entries.try_for_each(|entry| verifier.check(entry)).map_err(|error| tx.corrupt(error.into()))
}
