//! The people of a station: users, badges, API tokens and their logins. Verifies no password: it keeps hashes.

use async_trait::async_trait;
use firstpass_domain::{Sha256Digest, Timestamp};

use crate::{
    Act, Credentials, Login, NewPersonSession, NewToken, NewUser, PeopleError, PersonSession, Record, SecretHash,
    StoreError, TokenId, TokenRecord, UserChange, UserId, UserRecord,
    db::Database,
    record::{read_record, write_record},
    sql::{people, people_sessions, people_tokens},
};

/// What is on record of people.
#[async_trait]
pub trait People: Send + Sync {
    /// Every user, disabled ones too, by login name.
    async fn users(&self) -> Result<Vec<UserRecord>, StoreError>;

    /// Users after one, disabled ones too, by login name, at most `limit`.
    async fn users_page(&self, after: Option<&Login>, limit: u32) -> Result<Vec<UserRecord>, StoreError>;

    /// One user.
    async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError>;

    /// The user with this login name.
    async fn user_by_login(&self, login: &str) -> Result<Option<UserRecord>, StoreError>;

    /// The user with this login name, and what their login is verified against.
    async fn credentials_by_login(&self, login: &str) -> Result<Option<Credentials>, StoreError>;

    /// The user with this badge, and what their login is verified against.
    async fn credentials_by_badge(&self, badge: Sha256Digest) -> Result<Option<Credentials>, StoreError>;

    /// Adds a user.
    async fn add_user(&self, user: &NewUser, act: &Act, now: Timestamp) -> Result<UserId, PeopleError>;

    /// Adds the first user of all; [`PeopleError::NotFirst`] when there is one.
    async fn add_first_user(&self, user: &NewUser, act: &Act, now: Timestamp) -> Result<UserId, PeopleError>;

    /// Changes a user; `false` when all was so before. The last administrator who is enabled stays one.
    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        act: &Act,
        now: Timestamp,
    ) -> Result<bool, PeopleError>;

    /// Sets a password and ends the user's logins.
    async fn set_password(
        &self,
        id: UserId,
        password: &SecretHash,
        act: &Act,
        now: Timestamp,
    ) -> Result<(), PeopleError>;

    /// Sets or takes away the PIN, and ends what was opened with the badge.
    async fn set_pin(&self, id: UserId, pin: Option<&SecretHash>, act: &Act, now: Timestamp)
    -> Result<(), PeopleError>;

    /// Opens a login, and notes it, unless what it was verified against was changed meanwhile. A user has a bounded number
    /// of them: the oldest gives way.
    async fn open_session(&self, session: &NewPersonSession, now: Timestamp) -> Result<(), PeopleError>;

    /// The login with this token's hash, when it has not ended by `now`.
    async fn session(&self, token: Sha256Digest, now: Timestamp) -> Result<Option<PersonSession>, StoreError>;

    /// Notes that a login is being used.
    async fn touch_session(&self, token: Sha256Digest, now: Timestamp) -> Result<(), StoreError>;

    /// The logins of a user that have not ended by `now`, newest first.
    async fn sessions_of(&self, id: UserId, now: Timestamp) -> Result<Vec<PersonSession>, StoreError>;

    /// Ends a login of a user, and notes it; `false` when there is none such.
    async fn end_session(&self, id: UserId, token: Sha256Digest, act: &Act, now: Timestamp)
    -> Result<bool, StoreError>;

    /// Ends every login of a user, but for one that is to stay, and notes it. Returns how many.
    async fn end_sessions(
        &self,
        id: UserId,
        stays: Option<Sha256Digest>,
        act: &Act,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Notes that logins to an account from an address are held up. `account` is what was typed, when it is one on record.
    async fn note_held_up(
        &self,
        account: Option<&str>,
        address: &str,
        failures: u32,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// API tokens, revoked and ended ones too, newest first, at most `limit`; those that come after one, when it is given.
    async fn tokens(&self, after: Option<TokenId>, limit: u32) -> Result<Vec<TokenRecord>, StoreError>;

    /// The token with this hash, revoked or not.
    async fn token_by_hash(&self, hash: Sha256Digest) -> Result<Option<TokenRecord>, StoreError>;

    /// Issues a token.
    async fn issue_token(&self, token: &NewToken, act: &Act, now: Timestamp) -> Result<TokenId, PeopleError>;

    /// Revokes a token; `false` when it was before, or is not on record.
    async fn revoke_token(&self, id: TokenId, act: &Act, now: Timestamp) -> Result<bool, StoreError>;

    /// Notes that a token is being used.
    async fn touch_token(&self, id: TokenId, now: Timestamp) -> Result<(), StoreError>;
}

#[async_trait]
impl<D: Database> People for Record<D> {
    async fn users(&self) -> Result<Vec<UserRecord>, StoreError> {
        read_record!(self, "list the users", people::list())
    }

    async fn users_page(&self, after: Option<&Login>, limit: u32) -> Result<Vec<UserRecord>, StoreError> {
        read_record!(self, "list the users", people::page(after, limit))
    }

    async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        read_record!(self, "read the user", people::by_id(id))
    }

    async fn user_by_login(&self, login: &str) -> Result<Option<UserRecord>, StoreError> {
        read_record!(self, "look up the user", people::by_login(login))
    }

    async fn credentials_by_login(&self, login: &str) -> Result<Option<Credentials>, StoreError> {
        read_record!(self, "look up the user", people::credentials_by_login(login))
    }

    async fn credentials_by_badge(&self, badge: Sha256Digest) -> Result<Option<Credentials>, StoreError> {
        read_record!(self, "look up the badge", people::credentials_by_badge(badge))
    }

    async fn add_user(&self, user: &NewUser, act: &Act, now: Timestamp) -> Result<UserId, PeopleError> {
        write_record!(self, "add the user", people::add(user, act, now))
    }

    async fn add_first_user(&self, user: &NewUser, act: &Act, now: Timestamp) -> Result<UserId, PeopleError> {
        write_record!(self, "add the first user", people::add_first(user, act, now))
    }

    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        act: &Act,
        now: Timestamp,
    ) -> Result<bool, PeopleError> {
        write_record!(self, "change the user", people::change(id, change, act, now))
    }

    async fn set_password(
        &self,
        id: UserId,
        password: &SecretHash,
        act: &Act,
        now: Timestamp,
    ) -> Result<(), PeopleError> {
        write_record!(self, "set the password", people::set_password(id, password, act, now))
    }

    async fn set_pin(
        &self,
        id: UserId,
        pin: Option<&SecretHash>,
        act: &Act,
        now: Timestamp,
    ) -> Result<(), PeopleError> {
        write_record!(self, "set the PIN", people::set_pin(id, pin, act, now))
    }

    async fn open_session(&self, session: &NewPersonSession, now: Timestamp) -> Result<(), PeopleError> {
        write_record!(self, "note the login", people_sessions::open(session, now))
    }

    async fn session(&self, token: Sha256Digest, now: Timestamp) -> Result<Option<PersonSession>, StoreError> {
        read_record!(self, "look up the login", people_sessions::by_token(token, now))
    }

    async fn touch_session(&self, token: Sha256Digest, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "note the login's use", people_sessions::touch(token, now))
    }

    async fn sessions_of(&self, id: UserId, now: Timestamp) -> Result<Vec<PersonSession>, StoreError> {
        read_record!(self, "list the logins", people_sessions::of_user(id, now))
    }

    async fn end_session(
        &self,
        id: UserId,
        token: Sha256Digest,
        act: &Act,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        write_record!(self, "end the login", people_sessions::end(id, token, act, now))
    }

    async fn end_sessions(
        &self,
        id: UserId,
        stays: Option<Sha256Digest>,
        act: &Act,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        write_record!(self, "end the logins", people_sessions::end_by_hand(id, stays, act, now))
    }

    async fn note_held_up(
        &self,
        account: Option<&str>,
        address: &str,
        failures: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write_record!(
            self,
            "note that logins are held up",
            people_sessions::note_held_up(account, address, failures, now)
        )
    }

    async fn tokens(&self, after: Option<TokenId>, limit: u32) -> Result<Vec<TokenRecord>, StoreError> {
        read_record!(self, "list the tokens", people_tokens::page(after, limit))
    }

    async fn token_by_hash(&self, hash: Sha256Digest) -> Result<Option<TokenRecord>, StoreError> {
        read_record!(self, "look up the token", people_tokens::by_hash(hash))
    }

    async fn issue_token(&self, token: &NewToken, act: &Act, now: Timestamp) -> Result<TokenId, PeopleError> {
        write_record!(self, "issue the token", people_tokens::issue(token, act, now))
    }

    async fn revoke_token(&self, id: TokenId, act: &Act, now: Timestamp) -> Result<bool, StoreError> {
        write_record!(self, "revoke the token", people_tokens::revoke(id, act, now))
    }

    async fn touch_token(&self, id: TokenId, now: Timestamp) -> Result<(), StoreError> {
        write_record!(self, "note the token's use", people_tokens::touch(id, now))
    }
}
