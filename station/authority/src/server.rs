//! The station's own certificate, renewed in time.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
};

use firstpass_domain::Timestamp;
use rcgen::{KeyPair, PublicKeyData};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};

use crate::{
    Authority, AuthorityError, CertificateInfo, ServerName, inspect,
    key_file::{self, PRIVATE},
    profile::{self, Serial},
    validity::Validity,
};

/// The station's certificate with its key, ready for TLS.
#[derive(Debug)]
pub struct ServerIdentity {
    /// The certificate, then the intermediate.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key.
    pub key: PrivateKeyDer<'static>,
    /// What stands in the certificate.
    pub info: CertificateInfo,
}

impl Authority {
    /// The station's certificate. A new one is made, and kept on disk, when there is none, when the last third of its
    /// life has begun, when the configured names changed, or when another intermediate signs now.
    pub fn server_certificate(&self, now: Timestamp) -> Result<Arc<ServerIdentity>, AuthorityError> {
        // Only a complete value is ever put there, so a panic elsewhere cannot have spoilt it.
        let mut slot = self.server_slot().lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = slot.as_ref().filter(|identity| !identity.validity().is_ending(now)) {
            return identity.validity().check("server", now).map(|()| Arc::clone(identity));
        }
        let lock = self.folder().lock()?;
        let identity = match self.stored_server(now)? {
            Some(stored) => stored,
            None => self.create_server(now)?,
        };
        drop(lock);
        identity.validity().check("server", now)?;
        Ok(Arc::clone(slot.insert(Arc::new(identity))))
    }

    /// What is on disk, when it still serves. Anything else there is replaced: it can always be made again.
    fn stored_server(&self, now: Timestamp) -> Result<Option<ServerIdentity>, AuthorityError> {
        let bundle = key_file::read_private(&self.folder().server_bundle())?;
        let identity = bundle.as_deref().and_then(ServerIdentity::read);
        Ok(identity.filter(|identity| {
            self.signed(identity)
                && !identity.validity().is_ending(now)
                && same_names(&identity.info.names, &self.settings().server_names)
        }))
    }

    /// Whether the present intermediate signed it.
    fn signed(&self, identity: &ServerIdentity) -> bool {
        let [leaf, intermediate] = identity.chain.as_slice() else { return false };
        let (Ok(leaf), Ok(signer)) = (inspect::parse(leaf), inspect::parse(self.intermediate_der())) else {
            return false;
        };
        intermediate == self.intermediate_der() && leaf.verify_signature(Some(signer.public_key())).is_ok()
    }

    fn create_server(&self, now: Timestamp) -> Result<ServerIdentity, AuthorityError> {
        let settings = self.settings();
        if settings.server_names.is_empty() {
            let reason = "there must be at least one".to_owned();
            return Err(AuthorityError::Unusable { what: "list of server names", reason });
        }
        let validity = self.leaf_validity(now, settings.server_validity)?;
        let key = KeyPair::generate().map_err(|err| AuthorityError::Make { name: "server", err })?;
        let params = profile::server(&settings.server_names, Serial::random()?, validity);
        let certificate = self.sign("server", &params, &key)?;
        let bundle = format!("{}{}{}", key.serialize_pem(), certificate.pem(), self.intermediate_pem());
        key_file::write(&self.folder().server_bundle(), &bundle, PRIVATE)?;
        let identity = ServerIdentity::read(&bundle).expect("what was just made can be read");
        tracing::info!(serial = identity.info.serial, names = ?identity.info.names, "made a server certificate");
        Ok(identity)
    }
}

impl ServerIdentity {
    /// Reads a bundle; `None` when it is none, or its key is another certificate's.
    fn read(bundle: &str) -> Option<Self> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(bundle.as_bytes()).ok()?;
        let pair = KeyPair::try_from(&key).ok()?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(bundle.as_bytes()).collect::<Result<_, _>>().ok()?;
        let leaf = chain.first()?;
        let parsed = inspect::parse(leaf).ok()?;
        let fits = pair.subject_public_key_info() == parsed.public_key().raw;
        let info = inspect::info(leaf, &parsed);
        fits.then_some(Self { chain, key: key.into(), info })
    }

    fn validity(&self) -> Validity {
        Validity { not_before: self.info.not_before, not_after: self.info.not_after }
    }
}

fn same_names(certified: &[String], configured: &[ServerName]) -> bool {
    let configured: BTreeSet<_> = configured.iter().map(ServerName::to_string).collect();
    certified.iter().cloned().collect::<BTreeSet<_>>() == configured
}
