//! Secrets of webhooks, and signatures made with them. Source: Standard Webhooks, <https://www.standardwebhooks.com>.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use rand::{TryRngCore as _, rngs::OsRng};
use sha2::Sha256;

/// Bytes of a secret; the standard asks for 24 to 64.
const SECRET_BYTES: usize = 32;
/// First letters of a secret as text.
const SECRET_PREFIX: &str = "whsec_";
/// First letters of a signature: its version.
const SIGNATURE_PREFIX: &str = "v1,";

/// What messages are signed with. Cannot be printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebhookSecret([u8; SECRET_BYTES]);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

impl WebhookSecret {
    /// Of these bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// A new one.
    pub(super) fn random() -> Self {
        Self(random_bytes())
    }

    /// Its bytes.
    pub(super) const fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As whoever verifies takes it. Shown once.
    pub(crate) fn text(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(self.0))
    }

    /// The signature of a message that is sent at this second.
    pub(super) fn sign(&self, id: &str, sent_s: i64, body: &[u8]) -> String {
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length is a key");
        hmac.update(format!("{id}.{sent_s}.").as_bytes());
        hmac.update(body);
        format!("{SIGNATURE_PREFIX}{}", STANDARD.encode(hmac.finalize().into_bytes()))
    }
}

/// Bytes that nobody can guess.
pub(super) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).expect("the system's source of randomness works");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_standard() {
        // Reckoned with Python's hmac over "evt_1.1700000000.{}": receivers depend on it, do not edit.
        let secret = WebhookSecret::from_bytes(&[7; 32]).unwrap();
        assert_eq!(secret.text(), "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
        assert_eq!(secret.sign("evt_1", 1_700_000_000, b"{}"), SIGNATURE);
        assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
    }

    const SIGNATURE: &str = "v1,a1DASGgVAakARPzCBfaKZ61ux1lULadh72WCLbrcpuA=";
}
