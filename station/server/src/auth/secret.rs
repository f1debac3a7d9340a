//! The secrets that browsers and other systems hold: 256 random bits each, of which the record knows only the SHA-256.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use firstpass_domain::Sha256Digest;
use hmac::{Hmac, Mac};
use rand::{TryRngCore as _, rngs::OsRng};
use serde::{
    Deserialize as _, Deserializer,
    de::{Error as _, Unexpected},
};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// What an API token begins with, so that people and scanners for leaked secrets know it.
pub(crate) const TOKEN_PREFIX: &str = "fp_";
/// What the CSRF token is derived for.
const CSRF_LABEL: &[u8] = b"firstpass csrf 1";

/// A random secret. It cannot be printed by mistake.
#[derive(Clone)]
pub(crate) struct Secret([u8; 32]);

impl Secret {
    /// A new one, from the system's source of randomness.
    pub(crate) fn make() -> Self {
        let mut bytes = [0; 32];
        OsRng.try_fill_bytes(&mut bytes).expect("the system's source of randomness works");
        Self(bytes)
    }

    /// As it is handed out.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// From the text that was handed out.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// An API token's text.
    pub(crate) fn token_text(&self) -> String {
        format!("{TOKEN_PREFIX}{}", self.text())
    }

    /// From an API token's text.
    pub(crate) fn parse_token(text: &str) -> Option<Self> {
        text.strip_prefix(TOKEN_PREFIX).and_then(Self::parse)
    }

    /// What the record knows it by.
    pub(crate) fn hash(&self) -> Sha256Digest {
        Sha256Digest::of(&self.0)
    }

    /// What a page puts into its changes: whoever makes the browser send its cookie cannot read this.
    pub(crate) fn csrf(&self) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of HMAC has any length");
        mac.update(CSRF_LABEL);
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Whether two texts are the same, in a time that tells nothing of where they differ.
pub(crate) fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// Reads a text that is nobody else's business: what says that it is none repeats nothing of what stands in its place.
pub(crate) fn read_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let unlike = |_| D::Error::invalid_type(Unexpected::Other("something else"), &"a string");
    String::deserialize(deserializer).map_err(unlike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_leads_back_to_its_hash_and_prints_nothing() {
        let secret = Secret::make();
        assert_eq!(Secret::parse(&secret.text()).unwrap().hash(), secret.hash());
        assert_eq!(Secret::parse_token(&secret.token_text()).unwrap().hash(), secret.hash());
        assert!(Secret::parse_token(&secret.text()).is_none() && Secret::parse("short").is_none());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_ne!(secret.hash(), Secret::make().hash());
    }

    #[test]
    fn the_csrf_token_is_of_one_login_only() {
        let (one, other) = (Secret::make(), Secret::make());
        assert!(same(&one.csrf(), &one.csrf()));
        assert!(!same(&one.csrf(), &other.csrf()) && !same(&one.csrf(), &one.text()));
    }
}
