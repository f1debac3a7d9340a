//! Which authorities the service's certificate may come from.

use std::{
    io,
    path::{Path, PathBuf},
};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use thiserror::Error;

/// Where systems keep the authorities that they trust: Debian, Fedora, Alpine.
const SYSTEM_FILES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// No authority can be trusted.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The file cannot be read.
    #[error("could not read the authorities in {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        err: io::Error,
    },
    /// The file holds none.
    #[error("{} holds no certificate of an authority in PEM", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// There is no file of the system's.
    #[error("this system has no file of trusted authorities")]
    NoSystemFile,
}

/// The authorities in `ca_file` (PEM), or those that the system trusts.
pub fn upstream_trust(ca_file: Option<&Path>) -> Result<RootCertStore, TrustError> {
    let system = || SYSTEM_FILES.iter().map(Path::new).find(|path| path.exists());
    let path = ca_file.or_else(system).ok_or(TrustError::NoSystemFile)?;
    let pem = std::fs::read(path).map_err(|err| TrustError::Read { path: path.to_owned(), err })?;
    let mut roots = RootCertStore::empty();
    // Bundles hold what the TLS library does not take; the rest counts.
    let (added, _ignored) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
    if added == 0 { Err(TrustError::Empty { path: path.to_owned() }) } else { Ok(roots) }
}
