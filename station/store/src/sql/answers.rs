//! Answers that are kept for commands with a key, for a while and not too many.

use std::time::Duration;

use firstpass_domain::{Sha256Digest, Timestamp};
use uuid::Uuid;

use crate::{
    Claimed, KeptAnswer, KeyedCommand, StoreError,
    db::{Row, values},
    tx::Tx,
};

/// How long an answer is kept.
pub(crate) const ANSWER_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// How many answers to one asker are kept; their oldest give way.
const ANSWERS_MAX: u32 = 1000;
/// How many commands of one asker may be without an answer; they give way to nothing but time.
const UNANSWERED_MAX: u32 = 1000;

pub(crate) async fn claim(tx: &mut Tx, command: &KeyedCommand, now: Timestamp) -> Result<Claimed, StoreError> {
    forget_old(tx, &command.asker, now).await?;
    let sql = "SELECT request, life, status, media_type, location, body FROM answers WHERE asker = $1 AND key = $2";
    if let Some(mut row) = tx.row(sql, values![&command.asker, &command.key]).await? {
        return read(&mut row, command);
    }
    let unanswered = "SELECT COUNT(*) FROM answers WHERE asker = $1 AND status IS NULL";
    if tx.count(unanswered, values![&command.asker]).await? >= UNANSWERED_MAX {
        return Ok(Claimed::TooMany);
    }
    tx.execute(
        "INSERT INTO answers (asker, key, request, life, asked_at) VALUES ($1, $2, $3, $4, $5)",
        values![&command.asker, &command.key, command.request, command.life.as_bytes().to_vec(), now],
    )
    .await?;
    Ok(Claimed::New)
}

fn read(row: &mut Row, command: &KeyedCommand) -> Result<Claimed, StoreError> {
    let (request, life): (Sha256Digest, Vec<u8>) = (row.next()?, row.next()?);
    let (status, media_type, location, body) = (row.next::<Option<u16>>()?, row.next()?, row.next()?, row.next()?);
    if request != command.request {
        return Ok(Claimed::OtherRequest);
    }
    Ok(match status {
        Some(status) => Claimed::Answered(KeptAnswer { status, media_type, location, body }),
        None if Uuid::from_slice(&life).ok() == Some(command.life) => Claimed::InWork,
        None => Claimed::Unknown,
    })
}

async fn forget_old(tx: &mut Tx, asker: &str, now: Timestamp) -> Result<(), StoreError> {
    let life = i64::try_from(ANSWER_LIFE.as_micros()).expect("a day fits");
    let limit = Timestamp::from_micros(now.as_micros().saturating_sub(life));
    tx.execute("DELETE FROM answers WHERE asked_at < $1", values![limit]).await?;
    // Only what was answered: whoever asks again for what is not would have it done twice.
    let sql = "DELETE FROM answers WHERE asker = $1 AND status IS NOT NULL AND (asked_at, key) <=
               (SELECT asked_at, key FROM answers WHERE asker = $1 AND status IS NOT NULL
                ORDER BY asked_at DESC, key DESC LIMIT 1 OFFSET $2)";
    tx.execute(sql, values![asker, ANSWERS_MAX]).await?;
    Ok(())
}

pub(crate) async fn keep(tx: &mut Tx, command: &KeyedCommand, answer: &KeptAnswer) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE answers SET status = $1, media_type = $2, location = $3, body = $4 WHERE asker = $5 AND key = $6",
        values![
            answer.status,
            answer.media_type.clone(),
            answer.location.clone(),
            answer.body.clone(),
            &command.asker,
            &command.key
        ],
    )
    .await?;
    Ok(())
}

/// Gives a command up of which nobody knows how far it came.
pub(crate) async fn doubt(tx: &mut Tx, command: &KeyedCommand) -> Result<(), StoreError> {
    let sql = "UPDATE answers SET life = $1 WHERE asker = $2 AND key = $3 AND status IS NULL";
    tx.execute(sql, values![Uuid::nil().as_bytes().to_vec(), &command.asker, &command.key]).await?;
    Ok(())
}

/// Forgets a command that was refused before anything was done.
pub(crate) async fn release(tx: &mut Tx, command: &KeyedCommand) -> Result<(), StoreError> {
    let sql = "DELETE FROM answers WHERE asker = $1 AND key = $2 AND status IS NULL";
    tx.execute(sql, values![&command.asker, &command.key]).await?;
    Ok(())
}
