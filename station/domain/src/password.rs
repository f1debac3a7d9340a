//! What the record keeps instead of a broker password.

use std::fmt;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Salt and HMAC-SHA-256 of a password that carries at least 128 random bits.
///
/// Broker passwords are made by the station and never chosen by people, so a slow password hash would add cost and no
/// strength; what is kept cannot be turned back into the password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordVerifier {
    salt: [u8; 16],
    tag: [u8; 32],
}

impl PasswordVerifier {
    /// Length of [`PasswordVerifier::to_bytes`].
    pub const LEN: usize = 48;

    /// Makes the verifier of `password` with a fresh random `salt`.
    pub fn make(password: &str, salt: [u8; 16]) -> Self {
        Self { salt, tag: keyed(&salt, password).finalize().into_bytes().into() }
    }

    /// Whether `password` is the one this was made from; takes the same time for every wrong password.
    pub fn verify(&self, password: &str) -> bool {
        keyed(&self.salt, password).verify_slice(&self.tag).is_ok()
    }

    /// Salt, then tag, for the record.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..16].copy_from_slice(&self.salt);
        bytes[16..].copy_from_slice(&self.tag);
        bytes
    }

    /// Reads what [`PasswordVerifier::to_bytes`] wrote; `None` when the length is another.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (salt, tag) = bytes.split_first_chunk::<16>()?;
        Some(Self { salt: *salt, tag: tag.try_into().ok()? })
    }
}

fn keyed(salt: &[u8; 16], password: &str) -> Hmac<Sha256> {
    let mut hmac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(salt).expect("HMAC takes a key of any length");
    hmac.update(password.as_bytes());
    hmac
}

impl fmt::Debug for PasswordVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordVerifier(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_verifies() {
        let verifier = PasswordVerifier::make("right", [7; 16]);
        let verifier = PasswordVerifier::from_bytes(&verifier.to_bytes()).unwrap();
        assert!(verifier.verify("right"));
        assert!(!verifier.verify("wrong"));
    }
}
