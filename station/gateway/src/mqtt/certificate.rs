//! Client certificates: whose they are. How they are asked for: see [`crate::server_tls`].

use firstpass_authority::san_device_id;
use firstpass_domain::{DeviceId, Sha256Digest};

/// A certificate that the client proved to hold and that the CA signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The unit that the SAN names; `None` when it names none, or more than one.
    pub device_id: Option<DeviceId>,
    /// SHA-256 of the DER form.
    pub fingerprint: Sha256Digest,
}

impl ClientCertificate {
    /// Reads the identity of a verified certificate.
    pub(super) fn read(der: &[u8]) -> Self {
        Self { device_id: san_device_id(der), fingerprint: Sha256Digest::of(der) }
    }
}
