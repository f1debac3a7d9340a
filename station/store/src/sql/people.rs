//! Users: added, changed, disabled. None is ever deleted, because the audit log names them.

use firstpass_domain::{AuditKind, Role, Sha256Digest, Timestamp};
use serde_json::{Map, json};
use uuid::Uuid;

use super::people_sessions;
use crate::{
    Act, Credentials, Login, LoginVia, NewUser, PeopleError, SecretHash, StoreError, UserChange, UserId, UserRecord,
    db::{Row, values},
    tx::Tx,
};

/// Most users of a record.
const USERS_MAX: u32 = 10_000;

/// Selects from users, under the name `users`; the columns are those that [`read`] takes.
macro_rules! select_users {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT users.id, users.login, users.name, users.role, users.language, users.badge,
                    CAST(CASE WHEN users.password IS NULL THEN 0 ELSE 1 END AS BIGINT),
                    CAST(CASE WHEN users.pin IS NULL THEN 0 ELSE 1 END AS BIGINT),
                    users.created_at, users.disabled_at, users.last_login_at",
            $columns,
            " FROM users ",
            $rest
        )
    };
}
pub(crate) use select_users;

pub(crate) async fn list(tx: &mut Tx) -> Result<Vec<UserRecord>, StoreError> {
    tx.rows(select_users!("", "ORDER BY login"), values![]).await?.iter_mut().map(read).collect()
}

pub(crate) async fn page(tx: &mut Tx, after: Option<&Login>, limit: u32) -> Result<Vec<UserRecord>, StoreError> {
    let sql = select_users!("", "WHERE login > $1 ORDER BY login LIMIT $2");
    // No login name is empty.
    tx.rows(sql, values![after.map_or("", Login::as_str), limit]).await?.iter_mut().map(read).collect()
}

pub(crate) async fn by_id(tx: &mut Tx, id: UserId) -> Result<Option<UserRecord>, StoreError> {
    tx.row(select_users!("", "WHERE id = $1"), values![id]).await?.map(|mut row| read(&mut row)).transpose()
}

pub(crate) async fn by_login(tx: &mut Tx, login: &str) -> Result<Option<UserRecord>, StoreError> {
    tx.row(select_users!("", "WHERE login = $1"), values![login]).await?.map(|mut row| read(&mut row)).transpose()
}

pub(crate) async fn credentials_by_login(tx: &mut Tx, login: &str) -> Result<Option<Credentials>, StoreError> {
    let sql = select_users!(", users.password, users.pin", "WHERE login = $1");
    tx.row(sql, values![login]).await?.map(read_credentials).transpose()
}

pub(crate) async fn credentials_of(tx: &mut Tx, id: UserId) -> Result<Option<Credentials>, StoreError> {
    let sql = select_users!(", users.password, users.pin", "WHERE id = $1");
    tx.row(sql, values![id]).await?.map(read_credentials).transpose()
}

pub(crate) async fn credentials_by_badge(tx: &mut Tx, badge: Sha256Digest) -> Result<Option<Credentials>, StoreError> {
    let sql = select_users!(", users.password, users.pin", "WHERE badge = $1");
    tx.row(sql, values![badge]).await?.map(read_credentials).transpose()
}

/// Reads the columns of `select_users`.
pub(crate) fn read(row: &mut Row) -> Result<UserRecord, StoreError> {
    Ok(UserRecord {
        id: row.next()?,
        login: row.next()?,
        name: row.next()?,
        role: row.next()?,
        language: row.next()?,
        badge: row.next()?,
        has_password: row.next()?,
        has_pin: row.next()?,
        created: row.next()?,
        disabled: row.next()?,
        last_login: row.next()?,
    })
}

fn read_credentials(mut row: Row) -> Result<Credentials, StoreError> {
    let user = read(&mut row)?;
    let (password, pin): (Option<String>, Option<String>) = (row.next()?, row.next()?);
    Ok(Credentials { user, password: password.map(SecretHash::new), pin: pin.map(SecretHash::new) })
}

/// The user, or the error that says that there is none.
async fn known(tx: &mut Tx, id: UserId) -> Result<UserRecord, PeopleError> {
    by_id(tx, id).await?.ok_or(PeopleError::UnknownUser)
}

pub(crate) async fn add_first(tx: &mut Tx, user: &NewUser, act: &Act, now: Timestamp) -> Result<UserId, PeopleError> {
    if tx.count("SELECT COUNT(*) FROM users", values![]).await? > 0 {
        return Err(PeopleError::NotFirst);
    }
    add(tx, user, act, now).await
}

pub(crate) async fn add(tx: &mut Tx, user: &NewUser, act: &Act, now: Timestamp) -> Result<UserId, PeopleError> {
    if by_login(tx, user.login.as_str()).await?.is_some() {
        return Err(PeopleError::LoginTaken);
    }
    if tx.count("SELECT COUNT(*) FROM users", values![]).await? >= USERS_MAX {
        return Err(PeopleError::TooMany(USERS_MAX));
    }
    let id = UserId(Uuid::new_v4());
    let password = user.password.as_ref().map(|hash| hash.phc().to_owned());
    let has_password = password.is_some();
    tx.execute(
        "INSERT INTO users (id, login, name, role, language, password, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![id, user.login.clone(), &user.name, user.role, user.language, password, now],
    )
    .await?;
    let body = json!({ "name": user.name, "role": user.role, "password": has_password, "reason": act.reason });
    tx.audit(now, &act.actor, AuditKind::UserAdded, &user.login, body).await?;
    Ok(id)
}

pub(crate) async fn change(
    tx: &mut Tx,
    id: UserId,
    change: &UserChange,
    act: &Act,
    now: Timestamp,
) -> Result<bool, PeopleError> {
    let before = known(tx, id).await?;
    let after = changed(&before, change, now);
    if after == before {
        return Ok(false);
    }
    check_admin_stays(tx, &before, &after).await?;
    check_badge_is_free(tx, &before, &after).await?;
    tx.execute(
        "UPDATE users SET name = $1, role = $2, language = $3, badge = $4, disabled_at = $5 WHERE id = $6",
        values![&after.name, after.role, after.language, after.badge, after.disabled, id],
    )
    .await?;
    if after.role != before.role || after.disabled.is_some() {
        people_sessions::end_of_user(tx, id, None).await?;
    } else if after.badge != before.badge {
        people_sessions::end_of_user_via(tx, id, LoginVia::Badge).await?;
    }
    tx.audit(now, &act.actor, AuditKind::UserChanged, &after.login, differences(&before, &after, act)).await?;
    Ok(true)
}

/// The user as they are after the change.
fn changed(before: &UserRecord, change: &UserChange, now: Timestamp) -> UserRecord {
    let disabled = match change.enabled {
        None => before.disabled,
        Some(true) => None,
        Some(false) => before.disabled.or(Some(now)),
    };
    UserRecord {
        name: change.name.clone().unwrap_or_else(|| before.name.clone()),
        role: change.role.unwrap_or(before.role),
        language: change.language.unwrap_or(before.language),
        badge: change.badge.unwrap_or(before.badge),
        disabled,
        ..before.clone()
    }
}

async fn check_admin_stays(tx: &mut Tx, before: &UserRecord, after: &UserRecord) -> Result<(), PeopleError> {
    let rules = |user: &UserRecord| user.role == Role::Admin && user.disabled.is_none();
    if !rules(before) || rules(after) {
        return Ok(());
    }
    let others = "SELECT COUNT(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> $1";
    if tx.count(others, values![before.id]).await? == 0 { Err(PeopleError::LastAdmin) } else { Ok(()) }
}

async fn check_badge_is_free(tx: &mut Tx, before: &UserRecord, after: &UserRecord) -> Result<(), PeopleError> {
    let Some(badge) = after.badge.filter(|badge| Some(*badge) != before.badge) else { return Ok(()) };
    let taken = tx.row("SELECT id FROM users WHERE badge = $1", values![badge]).await?;
    if taken.is_some() { Err(PeopleError::BadgeTaken) } else { Ok(()) }
}

/// What the audit log says of a change: values before and after, and of a badge only that there is one.
fn differences(before: &UserRecord, after: &UserRecord, act: &Act) -> serde_json::Value {
    let mut body = Map::new();
    let mut note = |key: &str, from: serde_json::Value, to: serde_json::Value| {
        if from != to {
            body.insert(key.to_owned(), json!({ "from": from, "to": to }));
        }
    };
    note("name", json!(before.name), json!(after.name));
    note("role", json!(before.role), json!(after.role));
    let tag = |user: &UserRecord| json!(user.language.map(|language| language.tag()));
    note("language", tag(before), tag(after));
    note("enabled", json!(before.disabled.is_none()), json!(after.disabled.is_none()));
    if before.badge != after.badge {
        body.insert("badge".to_owned(), json!(if after.badge.is_some() { "given" } else { "taken" }));
    }
    body.insert("reason".to_owned(), json!(act.reason));
    body.into()
}

pub(crate) async fn set_password(
    tx: &mut Tx,
    id: UserId,
    password: &SecretHash,
    act: &Act,
    now: Timestamp,
) -> Result<(), PeopleError> {
    let user = known(tx, id).await?;
    tx.execute("UPDATE users SET password = $1 WHERE id = $2", values![password.phc(), id]).await?;
    people_sessions::end_of_user(tx, id, None).await?;
    note_credential(tx, &user.login, "password", "set", act, now).await
}

pub(crate) async fn set_pin(
    tx: &mut Tx,
    id: UserId,
    pin: Option<&SecretHash>,
    act: &Act,
    now: Timestamp,
) -> Result<(), PeopleError> {
    let user = known(tx, id).await?;
    let phc = pin.map(|pin| pin.phc().to_owned());
    tx.execute("UPDATE users SET pin = $1 WHERE id = $2", values![phc, id]).await?;
    people_sessions::end_of_user_via(tx, id, LoginVia::Badge).await?;
    note_credential(tx, &user.login, "pin", if pin.is_some() { "set" } else { "taken" }, act, now).await
}

async fn note_credential(
    tx: &mut Tx,
    login: &Login,
    what: &str,
    how: &str,
    act: &Act,
    now: Timestamp,
) -> Result<(), PeopleError> {
    let body = json!({ what: how, "reason": act.reason });
    Ok(tx.audit(now, &act.actor, AuditKind::CredentialSet, login, body).await?)
}
