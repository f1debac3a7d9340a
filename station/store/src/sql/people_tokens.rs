//! API tokens: issued, used, revoked.

use firstpass_domain::{Action, AuditKind, Sha256Digest, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::people::{self, select_users};
use crate::{
    Act, NewToken, PeopleError, StoreError, TokenId, TokenRecord,
    db::{Row, values},
    tx::Tx,
};

/// Most tokens that are neither revoked nor over.
const TOKENS_MAX: u32 = 1_000;

pub(crate) async fn issue(tx: &mut Tx, token: &NewToken, act: &Act, now: Timestamp) -> Result<TokenId, PeopleError> {
    let Some(user) = people::by_id(tx, token.user).await? else { return Err(PeopleError::UnknownUser) };
    if user.disabled.is_some() {
        return Err(PeopleError::Disabled);
    }
    check_room(tx, token, now).await?;
    let id = TokenId(Uuid::new_v4());
    let actions = json!(token.actions);
    tx.execute(
        "INSERT INTO api_tokens (id, hash, name, person, actions, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![id, token.hash, &token.name, user.id, actions.to_string(), now, token.expires],
    )
    .await?;
    let body = json!({
        "user": user.login.as_str(), "actions": actions, "expires": token.expires, "reason": act.reason,
    });
    tx.audit(now, &act.actor, AuditKind::TokenIssued, &token.name, body).await?;
    Ok(id)
}

async fn check_room(tx: &mut Tx, token: &NewToken, now: Timestamp) -> Result<(), PeopleError> {
    let taken = "SELECT id FROM api_tokens WHERE name = $1 AND revoked_at IS NULL";
    if tx.row(taken, values![&token.name]).await?.is_some() {
        return Err(PeopleError::TokenNameTaken);
    }
    let live = "SELECT COUNT(*) FROM api_tokens WHERE revoked_at IS NULL AND expires_at > $1";
    if tx.count(live, values![now]).await? >= TOKENS_MAX { Err(PeopleError::TooMany(TOKENS_MAX)) } else { Ok(()) }
}

const SELECT_HASH: &str = select_users!(
    ", tokens.id, tokens.name, tokens.actions, tokens.issued_at, tokens.expires_at, tokens.revoked_at, tokens.used_at",
    "JOIN api_tokens AS tokens ON tokens.person = users.id WHERE tokens.hash = $1"
);

const SELECT_NEWEST: &str = select_users!(
    ", tokens.id, tokens.name, tokens.actions, tokens.issued_at, tokens.expires_at, tokens.revoked_at, tokens.used_at",
    "JOIN api_tokens AS tokens ON tokens.person = users.id ORDER BY tokens.issued_at DESC, tokens.id DESC LIMIT $1"
);

const SELECT_AFTER: &str = select_users!(
    ", tokens.id, tokens.name, tokens.actions, tokens.issued_at, tokens.expires_at, tokens.revoked_at, tokens.used_at",
    "JOIN api_tokens AS tokens ON tokens.person = users.id WHERE (tokens.issued_at, tokens.id) < ($1, $2)
     ORDER BY tokens.issued_at DESC, tokens.id DESC LIMIT $3"
);

/// Tokens that were issued before another one, newest first; those of an unknown one are none.
pub(crate) async fn page(tx: &mut Tx, after: Option<TokenId>, limit: u32) -> Result<Vec<TokenRecord>, StoreError> {
    let mut rows = match after {
        None => tx.rows(SELECT_NEWEST, values![limit]).await?,
        Some(after) => {
            let issued = tx.row("SELECT issued_at FROM api_tokens WHERE id = $1", values![after]).await?;
            let Some(mut issued) = issued else { return Ok(Vec::new()) };
            let issued: Timestamp = issued.next()?;
            tx.rows(SELECT_AFTER, values![issued, after, limit]).await?
        }
    };
    rows.iter_mut().map(read).collect()
}

pub(crate) async fn by_hash(tx: &mut Tx, hash: Sha256Digest) -> Result<Option<TokenRecord>, StoreError> {
    tx.row(SELECT_HASH, values![hash]).await?.map(|mut row| read(&mut row)).transpose()
}

fn read(row: &mut Row) -> Result<TokenRecord, StoreError> {
    let user = people::read(row)?;
    let (id, name) = (row.next()?, row.next()?);
    // An action that this version does not know gives no right.
    let names: Vec<String> = row.json()?;
    let actions = names.iter().filter_map(|name| Action::named(name)).collect();
    let (issued, expires, revoked, used) = (row.next()?, row.next()?, row.next()?, row.next()?);
    Ok(TokenRecord { id, name, user, actions, issued, expires, revoked, used })
}

pub(crate) async fn revoke(tx: &mut Tx, id: TokenId, act: &Act, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT name FROM api_tokens WHERE id = $1 AND revoked_at IS NULL";
    let Some(mut row) = tx.row(sql, values![id]).await? else { return Ok(false) };
    let name: String = row.next()?;
    tx.execute("UPDATE api_tokens SET revoked_at = $1 WHERE id = $2", values![now, id]).await?;
    tx.audit(now, &act.actor, AuditKind::TokenRevoked, name, json!({ "reason": act.reason })).await?;
    Ok(true)
}

pub(crate) async fn touch(tx: &mut Tx, id: TokenId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE api_tokens SET used_at = $1 WHERE id = $2 AND (used_at IS NULL OR used_at < $1)";
    tx.execute(sql, values![now, id]).await?;
    Ok(())
}
