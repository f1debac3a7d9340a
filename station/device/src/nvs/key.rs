//! Tells whether a private key belongs to a certificate. Knows no partition.

use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Whether the key in `key_pem` (PKCS #8, SEC 1 or PKCS #1) is the one that the first certificate in `chain_pem` is
/// for. What cannot be read belongs to nothing.
pub(super) fn belongs_to(key_pem: &str, chain_pem: &str) -> bool {
    let Ok(leaf) = CertificateDer::from_pem_slice(chain_pem.as_bytes()) else { return false };
    let Ok(key) = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()) else { return false };
    let Ok(key) = any_supported_type(&key) else { return false };
    // This compares the two public keys; a pair that cannot be compared is an error as well.
    CertifiedKey::new(vec![leaf], key).keys_match().is_ok()
}
