//! The certificate authority of a station: a root, an intermediate that signs, and what they sign.
//!
//! Time is a parameter of every call. The root's key is read only to make an intermediate, so it can be kept off the
//! station. Knows no network, no record of what was issued, and no run.

mod authority;
mod create;
mod crl;
mod error;
mod folder;
mod inspect;
mod issue;
mod key_file;
mod names;
mod profile;
mod server;
mod settings;
mod validity;

pub use authority::Authority;
pub use crl::{Crl, Revoked};
pub use error::AuthorityError;
pub use inspect::{
    CertificateInfo, DEVICE_URI_PREFIX, certificate_der, normal_serial, parse_certificate, san_device_id,
};
pub use issue::{IssuedCertificate, UnitKey, csr_key};
pub use names::ServerName;
pub use server::ServerIdentity;
pub use settings::Settings;
