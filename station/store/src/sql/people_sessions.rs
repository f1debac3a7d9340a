//! Logins of people. What has ended is deleted: the audit log tells who logged in when.

use firstpass_domain::{AuditKind, Sha256Digest, Timestamp};
use serde_json::json;

use super::people::{self, select_users};
use crate::{
    Act, Credentials, LoginVia, NewPersonSession, PeopleError, PersonSession, StoreError, UserId,
    db::{Row, values},
    tx::Tx,
};

/// Most logins of a user at a time.
const SESSIONS_MAX: u32 = 32;

pub(crate) async fn open(tx: &mut Tx, session: &NewPersonSession, now: Timestamp) -> Result<(), PeopleError> {
    let found = people::credentials_of(tx, session.user).await?.ok_or(PeopleError::UnknownUser)?;
    check(session, &found)?;
    let (user, via) = (found.user, session.verified.via());
    make_room(tx, session.user, now).await?;
    tx.execute(
        "INSERT INTO logins (token, person, via, address, agent, opened_at, seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
        values![session.token, user.id, via, &session.address, &session.agent, now, session.expires],
    )
    .await?;
    tx.execute("UPDATE users SET last_login_at = $1 WHERE id = $2", values![now, user.id]).await?;
    let body = json!({ "via": via.name(), "address": session.address });
    Ok(tx.audit(now, user.login.as_str(), AuditKind::LoginSucceeded, &user.login, body).await?)
}

/// Verifying takes a while, in which an administrator may have changed what it was about.
fn check(session: &NewPersonSession, found: &Credentials) -> Result<(), PeopleError> {
    if !session.verified.stands(found) {
        return Err(PeopleError::CredentialChanged);
    }
    if found.user.disabled.is_some() { Err(PeopleError::Disabled) } else { Ok(()) }
}

/// Forgets what is over, and the user's oldest when there are too many.
async fn make_room(tx: &mut Tx, id: UserId, now: Timestamp) -> Result<(), StoreError> {
    tx.execute("DELETE FROM logins WHERE expires_at <= $1", values![now]).await?;
    let oldest = "DELETE FROM logins WHERE token IN (
                      SELECT token FROM logins WHERE person = $1
                      ORDER BY opened_at DESC, token LIMIT 1000 OFFSET $2)";
    tx.execute(oldest, values![id, SESSIONS_MAX - 1]).await?;
    Ok(())
}

const SELECT_TOKEN: &str = select_users!(
    ", logins.token, logins.via, logins.address, logins.agent, logins.opened_at, logins.seen_at, logins.expires_at",
    "JOIN logins ON logins.person = users.id WHERE logins.token = $1 AND logins.expires_at > $2"
);

const SELECT_PERSON: &str = select_users!(
    ", logins.token, logins.via, logins.address, logins.agent, logins.opened_at, logins.seen_at, logins.expires_at",
    "JOIN logins ON logins.person = users.id WHERE logins.person = $1 AND logins.expires_at > $2
     ORDER BY logins.opened_at DESC, logins.token"
);

pub(crate) async fn by_token(
    tx: &mut Tx,
    token: Sha256Digest,
    now: Timestamp,
) -> Result<Option<PersonSession>, StoreError> {
    tx.row(SELECT_TOKEN, values![token, now]).await?.map(|mut row| read(&mut row)).transpose()
}

pub(crate) async fn of_user(tx: &mut Tx, id: UserId, now: Timestamp) -> Result<Vec<PersonSession>, StoreError> {
    tx.rows(SELECT_PERSON, values![id, now]).await?.iter_mut().map(read).collect()
}

fn read(row: &mut Row) -> Result<PersonSession, StoreError> {
    let user = people::read(row)?;
    Ok(PersonSession {
        user,
        token: row.next()?,
        via: row.next()?,
        address: row.next()?,
        agent: row.next()?,
        opened: row.next()?,
        seen: row.next()?,
        expires: row.next()?,
    })
}

pub(crate) async fn touch(tx: &mut Tx, token: Sha256Digest, now: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE logins SET seen_at = $1 WHERE token = $2 AND seen_at < $1", values![now, token]).await?;
    Ok(())
}

pub(crate) async fn end(
    tx: &mut Tx,
    id: UserId,
    token: Sha256Digest,
    act: &Act,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ended = tx.execute("DELETE FROM logins WHERE token = $1 AND person = $2", values![token, id]).await?;
    note_ended(tx, id, ended, act, now).await?;
    Ok(ended > 0)
}

pub(crate) async fn end_by_hand(
    tx: &mut Tx,
    id: UserId,
    stays: Option<Sha256Digest>,
    act: &Act,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let ended = end_of_user(tx, id, stays).await?;
    note_ended(tx, id, ended, act, now).await?;
    Ok(ended)
}

async fn note_ended(tx: &mut Tx, id: UserId, logins: u64, act: &Act, now: Timestamp) -> Result<(), StoreError> {
    let Some(user) = people::by_id(tx, id).await?.filter(|_| logins > 0) else { return Ok(()) };
    let body = json!({ "logins": logins, "reason": act.reason });
    tx.audit(now, &act.actor, AuditKind::LoginEnded, &user.login, body).await
}

/// Ends logins with what they rest on; what ended them is in the log.
pub(crate) async fn end_of_user(tx: &mut Tx, id: UserId, stays: Option<Sha256Digest>) -> Result<u64, StoreError> {
    match stays {
        None => tx.execute("DELETE FROM logins WHERE person = $1", values![id]).await,
        Some(stays) => tx.execute("DELETE FROM logins WHERE person = $1 AND token <> $2", values![id, stays]).await,
    }
}

pub(crate) async fn end_of_user_via(tx: &mut Tx, id: UserId, via: LoginVia) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM logins WHERE person = $1 AND via = $2", values![id, via]).await
}

/// The actor is the station: who typed it is not known.
pub(crate) async fn note_held_up(
    tx: &mut Tx,
    account: Option<&str>,
    address: &str,
    failures: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let body = json!({ "address": address, "failures": failures });
    tx.audit(now, "station", AuditKind::LoginHeldUp, account.unwrap_or("unknown"), body).await
}
