//! Passwords and PINs: what may be one, and Argon2id over them, for so many at a time that a flood of logins cannot take
//! the station's memory.

use std::{fmt, sync::Arc};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordVerifier, Version,
    password_hash::{PasswordHasher, SaltString},
};
use axum::http::StatusCode;
use firstpass_store::SecretHash;
use rand::{TryRngCore as _, rngs::OsRng};
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::Semaphore;

use super::secret::read_text;
use crate::problem::HttpProblem;

/// Memory of one hash in KiB. Source of this and the next: OWASP Password Storage Cheat Sheet, Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes that are computed at the same time: 38 MiB.
const AT_A_TIME: usize = 2;
/// Logins that wait for their turn; more are told to come again.
const WAITING_MAX: usize = 64;
/// What is verified against when there is nobody, so that it takes as long. It is the hash of nothing.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Zmlyc3RwYXNzLWRlY295IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Shortest password, in characters.
pub(crate) const PASSWORD_MIN: usize = 10;
/// Longest password, in bytes.
pub(crate) const PASSWORD_MAX: usize = 200;
/// Lengths of a PIN, in digits.
pub(crate) const PIN_MIN: usize = 6;
pub(crate) const PIN_MAX: usize = 12;

/// What somebody typed as a password or a PIN. It cannot be printed.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Typed(#[serde(deserialize_with = "read_text")] String);

impl Typed {
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it cannot be anybody's, so that nothing is computed over it.
    pub(crate) const fn is_too_long(&self) -> bool {
        self.0.len() > PASSWORD_MAX
    }
}

impl PartialEq for Typed {
    fn eq(&self, other: &Self) -> bool {
        super::secret::same(&self.0, &other.0)
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed(…)")
    }
}

/// Why something cannot be a password or a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Weakness {
    /// Too short.
    #[error("it has fewer than {PASSWORD_MIN} characters")]
    Short,
    /// Too long.
    #[error("it is longer than {PASSWORD_MAX} bytes")]
    Long,
    /// One of those that are tried first.
    #[error("it is one of the passwords that are tried first")]
    Common,
    /// No PIN.
    #[error("a PIN has {PIN_MIN} to {PIN_MAX} digits")]
    NoPin,
    /// All digits the same, or one after the other.
    #[error("its digits are all the same, or count up or down")]
    PlainPin,
}

/// What is tried first wherever this program runs, beside what is made of one character or the login name.
const COMMON: [&str; 12] = [
    "firstpass",
    "password",
    "passwort",
    "1234567890",
    "0123456789",
    "qwertyuiop",
    "qwertzuiop",
    "administrator",
    "changeme",
    "letmein",
    "welcome",
    "iloveyou",
];

/// Checks a new password of somebody with this login name.
pub(crate) fn check_password(typed: &Typed, login: &str) -> Result<(), Weakness> {
    let text = &typed.0;
    if text.chars().count() < PASSWORD_MIN {
        return Err(Weakness::Short);
    }
    if text.len() > PASSWORD_MAX {
        return Err(Weakness::Long);
    }
    let lower = text.to_lowercase();
    // Of such a word with digits or signs around it, the word is what is guessed.
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let one_character = lower.chars().all(|c| lower.starts_with(c));
    let common = COMMON.iter().any(|word| *word == core || *word == lower);
    if one_character || common || core == login { Err(Weakness::Common) } else { Ok(()) }
}

/// Checks a new PIN.
pub(crate) fn check_pin(typed: &Typed) -> Result<(), Weakness> {
    let digits = typed.0.as_bytes();
    if !(PIN_MIN..=PIN_MAX).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Weakness::NoPin);
    }
    let step = |by: i16| digits.windows(2).all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == by);
    if [-1, 0, 1].into_iter().any(step) { Err(Weakness::PlainPin) } else { Ok(()) }
}

/// Characters of passwords that are made: none that is taken for another. 32 of them, so each carries 5 bits.
const MADE_OF: &[u8; 32] = b"abcdefghjkmnopqrstuvwxyz23456789";
/// Characters of a password that is made, without hyphens: 80 bits.
const MADE_LENGTH: usize = 16;

/// Makes a password that can be read out: four groups of four.
pub(crate) fn make_password() -> String {
    let mut bytes = [0; MADE_LENGTH];
    OsRng.try_fill_bytes(&mut bytes).expect("the system's source of randomness works");
    let groups = bytes
        .chunks(4)
        .map(|group| group.iter().map(|byte| char::from(MADE_OF[usize::from(byte % 32)])).collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// Computes hashes, a bounded number at a time.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_A_TIME)), queue: Arc::new(Semaphore::new(WAITING_MAX)) }
    }
}

impl Hasher {
    /// Hash of a new password or PIN.
    pub(crate) async fn hash(&self, typed: Typed) -> Result<SecretHash, HttpProblem> {
        self.compute(move || hash(&typed)).await
    }

    /// Whether it is what the hash was made of. Without a hash it is not, after as much work.
    pub(crate) async fn verify(&self, typed: Typed, hash: Option<SecretHash>) -> Result<bool, HttpProblem> {
        self.compute(move || verify(&typed, hash.as_ref())).await
    }

    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HttpProblem> {
        let _waiting = self.queue.try_acquire().map_err(|_| HttpProblem::of_status(StatusCode::SERVICE_UNAVAILABLE))?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.expect("the turns are never closed");
        // The turn goes with the work, which nobody can stop when its client has gone.
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| HttpProblem::of_status(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are in Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hash of a password or PIN with a salt of its own. Takes some tens of milliseconds.
pub(crate) fn hash(typed: &Typed) -> SecretHash {
    let mut salt = [0; 16];
    OsRng.try_fill_bytes(&mut salt).expect("the system's source of randomness works");
    let salt = SaltString::encode_b64(&salt).expect("16 bytes are a salt");
    let hash = argon2().hash_password(typed.0.as_bytes(), &salt).expect("Argon2 takes every password of our lengths");
    SecretHash::new(hash.to_string())
}

fn verify(typed: &Typed, hash: Option<&SecretHash>) -> bool {
    let known = PasswordHash::new(hash.map_or(DECOY, SecretHash::phc));
    // The parameters are those of the hash, so that older ones stay good.
    let fits = known.is_ok_and(|known| Argon2::default().verify_password(typed.0.as_bytes(), &known).is_ok());
    fits && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Typed {
        Typed::new(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_password_itself_verifies_and_nothing_without_a_hash() {
        let hasher = Hasher::default();
        let hash = hasher.hash(typed("correct horse battery")).await.unwrap();
        assert!(hash.phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hasher.verify(typed("correct horse battery"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(typed("correct horse batterY"), Some(hash)).await.unwrap());
        assert!(!hasher.verify(typed(""), None).await.unwrap());
    }

    #[test]
    fn what_stands_in_the_place_of_a_password_is_not_repeated() {
        for json in ["290417", "[290417]", r#"{"290417":1}"#, "-290417.5"] {
            let error = serde_json::from_str::<Typed>(json).unwrap_err().to_string();
            assert!(error.contains("expected a string") && !error.contains("290417"), "{error}");
        }
        assert!(serde_json::from_str::<Typed>("\"290417\"").unwrap() == typed("290417"));
    }

    #[test]
    fn the_decoy_costs_what_a_hash_costs() {
        let decoy = PasswordHash::new(DECOY).unwrap();
        let real = hash(&typed("correct horse battery"));
        let real = PasswordHash::new(real.phc()).unwrap();
        assert_eq!(decoy.params, real.params);
        assert_eq!(decoy.hash.unwrap().len(), real.hash.unwrap().len());
    }

    #[tokio::test]
    async fn more_logins_than_may_wait_are_told_to_come_again() {
        let hasher = Hasher::default();
        let _all = hasher.queue.clone().try_acquire_many_owned(u32::try_from(WAITING_MAX).unwrap()).unwrap();
        let refused = hasher.verify(typed("x"), None).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn what_is_guessed_first_is_no_password() {
        for (text, weakness) in [
            ("short", Weakness::Short),
            ("aaaaaaaaaaaa", Weakness::Common),
            ("Password2026!", Weakness::Common),
            ("1234567890", Weakness::Common),
            ("grace-hopper99", Weakness::Common),
            (&"x y".repeat(100), Weakness::Long),
        ] {
            assert_eq!(check_password(&typed(text), "grace-hopper"), Err(weakness), "{text}");
        }
        assert_eq!(check_password(&typed("correct horse battery"), "grace-hopper"), Ok(()));
    }

    #[test]
    fn a_password_that_is_made_is_one_that_may_be_set() {
        let made = make_password();
        assert_eq!(check_password(&typed(&made), "grace"), Ok(()), "{made}");
        assert_ne!(made, make_password());
    }

    #[test]
    fn a_pin_is_digits_that_do_not_count() {
        for text in ["12345", "1234567890123", "12a456", "345678", "987654", "777777"] {
            assert!(check_pin(&typed(text)).is_err(), "{text}");
        }
        assert_eq!(check_pin(&typed("290417")), Ok(()));
    }
}
