//! People on record: users, their logins, API tokens. Holds no secret in clear, and prints none of the hashes.

use std::fmt;

use firstpass_domain::{Action, Language, Role, Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::StoreError;

/// Names that the station itself acts under, so that no person can.
const RESERVED_LOGINS: [&str; 6] = ["line", "unit", "station", "setup", "system", "nobody"];

/// A user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UserId(pub Uuid);

/// An API token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenId(pub Uuid);

/// What a user types to log in, and what the record calls them: 1 to 40 of `a-z 0-9 . _ -`, a letter or digit first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Login(String);

/// A text that is no login name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "a login name is 1 to {} of a-z 0-9 . _ - with a letter or digit first, and none of the station's own",
    Login::LEN_MAX
)]
pub struct LoginError;

impl Login {
    /// Longest login name.
    pub const LEN_MAX: usize = 40;

    /// A login name; capitals are taken as small letters.
    pub fn new(text: &str) -> Result<Self, LoginError> {
        let text = text.trim().to_ascii_lowercase();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let good = text.len() <= Self::LEN_MAX
            && text.bytes().next().is_some_and(plain)
            && text.bytes().all(|byte| plain(byte) || b"._-".contains(&byte))
            && !RESERVED_LOGINS.contains(&text.as_str());
        if good { Ok(Self(text)) } else { Err(LoginError) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An Argon2id hash as a PHC string. It cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash(String);

impl SecretHash {
    /// Wraps a PHC string.
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string, to verify against and to keep.
    pub fn phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// A user to add.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Login name.
    pub login: Login,
    /// Name to show.
    pub name: String,
    /// What they are to the station.
    pub role: Role,
    /// In which language they read; `None`: as their browser says.
    pub language: Option<Language>,
    /// Hash of the password; without one nobody can log in with a password.
    pub password: Option<SecretHash>,
}

/// A user on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Which user.
    pub id: UserId,
    /// Login name.
    pub login: Login,
    /// Name to show.
    pub name: String,
    /// What they are to the station.
    pub role: Role,
    /// In which language they read; `None`: as their browser says.
    pub language: Option<Language>,
    /// Keyed hash of the badge's number.
    pub badge: Option<Sha256Digest>,
    /// Whether there is a password.
    pub has_password: bool,
    /// Whether there is a PIN for the badge.
    pub has_pin: bool,
    /// When they were added.
    pub created: Timestamp,
    /// When they were disabled.
    pub disabled: Option<Timestamp>,
    /// When they last logged in.
    pub last_login: Option<Timestamp>,
}

/// A user with what a login is verified against.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user, disabled or not.
    pub user: UserRecord,
    /// Hash of the password.
    pub password: Option<SecretHash>,
    /// Hash of the PIN.
    pub pin: Option<SecretHash>,
}

/// What is changed of a user; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    /// Name to show.
    pub name: Option<String>,
    /// What they are to the station. Ends their logins.
    pub role: Option<Role>,
    /// In which language they read.
    pub language: Option<Option<Language>>,
    /// Keyed hash of the badge's number. Ends what was opened with the badge before.
    pub badge: Option<Option<Sha256Digest>>,
    /// Whether they may log in. Disabling ends their logins.
    pub enabled: Option<bool>,
}

/// How somebody logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginVia {
    /// With login name and password.
    Password,
    /// With badge and PIN.
    Badge,
}

impl LoginVia {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Password, Self::Badge];

    /// The name on record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Badge => "badge",
        }
    }
}

/// What a login was verified against. It is opened only while that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// The hash of the password.
    Password(SecretHash),
    /// The badge, and the hash of its PIN.
    Badge {
        /// Keyed hash of the badge's number.
        badge: Sha256Digest,
        /// Hash of the PIN.
        pin: SecretHash,
    },
}

impl Verified {
    /// How somebody logged in who has shown this.
    pub const fn via(&self) -> LoginVia {
        match self {
            Self::Password(_) => LoginVia::Password,
            Self::Badge { .. } => LoginVia::Badge,
        }
    }

    /// Whether it is what is on record.
    pub(crate) fn stands(&self, credentials: &Credentials) -> bool {
        match self {
            Self::Password(password) => credentials.password.as_ref() == Some(password),
            Self::Badge { badge, pin } => {
                credentials.user.badge == Some(*badge) && credentials.pin.as_ref() == Some(pin)
            }
        }
    }
}

/// A login to open.
#[derive(Debug, Clone)]
pub struct NewPersonSession {
    /// SHA-256 of what the browser is given.
    pub token: Sha256Digest,
    /// Whose.
    pub user: UserId,
    /// What was shown for it.
    pub verified: Verified,
    /// From where.
    pub address: String,
    /// The browser, by its own words.
    pub agent: String,
    /// When it ends in any case.
    pub expires: Timestamp,
}

/// A login that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonSession {
    /// SHA-256 of what the browser holds; names the login and opens nothing.
    pub token: Sha256Digest,
    /// Whose, as they stand now.
    pub user: UserRecord,
    /// How.
    pub via: LoginVia,
    /// From where.
    pub address: String,
    /// The browser, by its own words.
    pub agent: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was last used, to the minute or so.
    pub seen: Timestamp,
    /// When it ends in any case.
    pub expires: Timestamp,
}

/// An API token to issue.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// SHA-256 of the token.
    pub hash: Sha256Digest,
    /// Name; no other token that is not revoked has it.
    pub name: String,
    /// Whose: it may never do more than they may.
    pub user: UserId,
    /// What it is for.
    pub actions: Vec<Action>,
    /// When it ends.
    pub expires: Timestamp,
}

/// An API token on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Which token.
    pub id: TokenId,
    /// Name.
    pub name: String,
    /// Whose, as they stand now.
    pub user: UserRecord,
    /// What it is for.
    pub actions: Vec<Action>,
    /// When it was issued.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to the minute or so.
    pub used: Option<Timestamp>,
}

/// What was asked of users and tokens cannot be done. Nothing was changed.
#[derive(Debug, Error)]
pub enum PeopleError {
    /// No such user.
    #[error("the user is not on record")]
    UnknownUser,
    /// Somebody has this login name.
    #[error("the login name is taken")]
    LoginTaken,
    /// Somebody has this badge.
    #[error("the badge belongs to somebody else")]
    BadgeTaken,
    /// Nobody would be left who can say who may.
    #[error("it is the last administrator")]
    LastAdmin,
    /// There are users already.
    #[error("there are users already")]
    NotFirst,
    /// The user is disabled.
    #[error("the user is disabled")]
    Disabled,
    /// What a login was verified against is not on record any more.
    #[error("the password, the PIN or the badge was changed meanwhile")]
    CredentialChanged,
    /// Another token has this name.
    #[error("the name of the token is taken")]
    TokenNameTaken,
    /// As many as there may be are there.
    #[error("there are {0} already, which is the most there may be")]
    TooMany(u32),
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
