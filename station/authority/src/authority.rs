//! The authority as the station holds it.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex},
};

use firstpass_domain::Timestamp;
use rcgen::{Issuer, KeyPair};
use rustls_pki_types::CertificateDer;

use crate::{
    AuthorityError, CertificateInfo, ServerIdentity, Settings,
    create::{self, Root},
    folder::Folder,
    inspect,
    validity::Validity,
};

/// A root, and an intermediate that signs. Opened once, then shared.
pub struct Authority {
    settings: Settings,
    folder: Folder,
    root: Root,
    signer: Signer,
    server: Mutex<Option<Arc<ServerIdentity>>>,
}

/// The intermediate with its key.
pub(crate) struct Signer {
    pub(crate) issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
    pub(crate) validity: Validity,
}

impl Authority {
    /// Opens the authority in folder `dir`, or makes it on first use.
    ///
    /// A creation that was cut off is taken up where it stopped: nothing that may be in use already is made anew.
    pub fn open_or_create(dir: &Path, settings: Settings, now: Timestamp) -> Result<Self, AuthorityError> {
        let folder = Folder::open(dir)?;
        let lock = folder.lock()?;
        let root = create::open_or_create_root(&folder, &settings, now)?;
        let signer = create::open_or_create_intermediate(&folder, &root, &settings, now)?;
        drop(lock);
        Ok(Self { settings, folder, root, signer, server: Mutex::new(None) })
    }

    /// Makes a new intermediate in place of the old one; needs the root's key. What the old one signed still counts,
    /// since its owners present the old intermediate with it. A station that runs takes the new one at its next start.
    pub fn renew_intermediate(dir: &Path, settings: Settings, now: Timestamp) -> Result<Self, AuthorityError> {
        let folder = Folder::open(dir)?;
        let lock = folder.lock()?;
        let root = create::open_root(&folder, now)?;
        let signer = create::create_intermediate(&folder, &root, &settings, now)?;
        drop(lock);
        Ok(Self { settings, folder, root, signer, server: Mutex::new(None) })
    }

    /// Whether the root's key is on the station. It is needed only for a new intermediate.
    pub fn root_key_present(&self) -> bool {
        self.folder.root_key().exists()
    }

    /// The root certificate, PEM: what units and browsers trust.
    pub fn root_pem(&self) -> &str {
        &self.root.pem
    }

    /// The root certificate, DER.
    pub fn root_der(&self) -> &CertificateDer<'static> {
        &self.root.certificate
    }

    /// The intermediate's certificate, PEM.
    pub fn intermediate_pem(&self) -> &str {
        &self.signer.pem
    }

    /// The intermediate's certificate, DER.
    pub fn intermediate_der(&self) -> &CertificateDer<'static> {
        &self.signer.certificate
    }

    /// What stands in the root and in the intermediate.
    pub fn certificates(&self) -> [CertificateInfo; 2] {
        [&self.root.certificate, &self.signer.certificate].map(|der| {
            let parsed = inspect::parse(der).expect("it was parsed when the authority was opened");
            inspect::info(der, &parsed)
        })
    }

    /// Whether the present intermediate signed the first certificate of a PEM text.
    pub fn has_signed(&self, pem: &str) -> bool {
        let Ok(der) = inspect::certificate_der(pem) else { return false };
        let (Ok(leaf), Ok(signer)) = (inspect::parse(&der), inspect::parse(self.intermediate_der())) else {
            return false;
        };
        leaf.verify_signature(Some(signer.public_key())).is_ok()
    }

    /// How it is set up.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(crate) fn server_slot(&self) -> &Mutex<Option<Arc<ServerIdentity>>> {
        &self.server
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("folder", &self.folder).finish_non_exhaustive()
    }
}
