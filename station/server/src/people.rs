//! What the command line does with people, by the same rules as the pages: passwords, PINs and API tokens.

use firstpass_domain::{Action, Timestamp};
use firstpass_store::{NewToken, SecretHash, UserId};

pub use crate::auth::password::Weakness;
use crate::auth::{
    manage,
    password::{Typed, check_password, hash},
    secret::Secret,
};

/// Hash of a new password of somebody with this login name, when it may be one. Takes some tens of milliseconds.
pub fn hash_password(text: &str, login: &str) -> Result<SecretHash, Weakness> {
    let typed = Typed::new(text.to_owned());
    check_password(&typed, login)?;
    Ok(hash(&typed))
}

/// A new API token: its text, which is shown once, and what the record keeps of it.
pub fn new_token(
    name: &str,
    user: UserId,
    actions: Vec<Action>,
    days: u32,
    now: Timestamp,
) -> Option<(String, NewToken)> {
    let good = manage::is_token_name(name) && !actions.is_empty() && (1..=manage::TOKEN_DAYS_MAX).contains(&days);
    let secret = Secret::make();
    good.then(|| (secret.token_text(), manage::new_token(&secret, name.to_owned(), user, actions, days, now)))
}
