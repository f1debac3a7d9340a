//! The unit's own private key: made and kept by the platform, never seen by the agent.

use alloc::string::String;

use crate::{EspError, Event};

/// A private key that stays where it was made: in a secure element, or under `key_pem` in NVS.
///
/// A platform whose `Setup::own_key` is set answers [`Action::MakeCertificateRequest`] by [`ClientKey::answer`], and
/// presents the key with the certificate that the agent stores under `cert_pem`.
///
/// [`Action::MakeCertificateRequest`]: crate::Action::MakeCertificateRequest
pub trait ClientKey {
    /// A PKCS #10 request in PEM for this key, signed by it; a platform that has no key yet makes and keeps one first.
    fn certificate_request(&mut self, common_name: &str) -> Result<String, EspError>;

    /// The event that answers the agent's wish for a request.
    fn answer(&mut self, common_name: &str) -> Event {
        match self.certificate_request(common_name) {
            Ok(pem) => Event::CertificateRequest(pem),
            Err(error) => Event::CertificateRequestFailed(error),
        }
    }
}
