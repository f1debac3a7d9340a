//! Makes secrets that nobody can guess.

use firstpass_contract::Secret;
use rand::{TryRngCore, rngs::OsRng};

/// Random bytes in a secret: 256 bits.
const SECRET_BYTES: usize = 32;
/// Length of a secret in characters.
pub(crate) const SECRET_LEN: usize = 2 * SECRET_BYTES;

/// A fresh secret of 64 hexadecimal digits, from the system's random numbers.
pub(crate) fn random() -> Secret {
    let mut bytes = [0; SECRET_BYTES];
    OsRng.try_fill_bytes(&mut bytes).expect("the system has random numbers");
    Secret::new(hex::encode(bytes))
}
