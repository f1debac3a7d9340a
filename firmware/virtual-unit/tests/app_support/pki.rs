//! Authorities and certificates, right and wrong ones.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use time::{Duration, OffsetDateTime};

/// A certificate authority of a test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(crate) struct Leaf {
    pub(crate) chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    pub(crate) pem: String,
    pub(crate) key: KeyPair,
}

/// What a certificate says; the default is right for a server on this host.
pub(crate) struct Wish {
    pub(crate) name: &'static str,
    pub(crate) from: Duration,
    pub(crate) until: Duration,
    pub(crate) usage: ExtendedKeyUsagePurpose,
}

impl Default for Wish {
    fn default() -> Self {
        let usage = ExtendedKeyUsagePurpose::ServerAuth;
        Self { name: "localhost", from: Duration::days(-1), until: Duration::days(1), usage }
    }
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(name, &Wish { until: Duration::days(10), ..Wish::default() });
        params.extended_key_usages.clear();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, key()).expect("an authority can be made"))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn issue(&self, wish: &Wish) -> Leaf {
        let key = key();
        let certificate = params(wish.name, wish).signed_by(&key, &self.0).expect("a certificate can be made");
        Leaf { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
    }

    /// A server certificate signed by a leaf of this authority, which is no authority.
    pub(crate) fn issue_below_a_leaf(&self) -> Leaf {
        let middle = CertifiedIssuer::signed_by(params("middle.test", &Wish::default()), key(), &self.0)
            .expect("a certificate can be made");
        let key = key();
        let wish = Wish::default();
        let certificate = params(wish.name, &wish).signed_by(&key, &middle).expect("a certificate can be made");
        Leaf { chain: vec![certificate.der().clone(), middle.der().clone()], pem: certificate.pem(), key }
    }

    /// A TLS server with `leaf`, which wants client certificates of this authority if `clients`.
    pub(crate) fn server(&self, leaf: Leaf, clients: bool) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has ciphers");
        let builder = match clients {
            false => builder.with_no_client_auth(),
            true => {
                let mut anchors = RootCertStore::empty();
                anchors.add(self.0.der().clone()).expect("an authority is an anchor");
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(anchors), Arc::new(default_provider()));
                builder.with_client_cert_verifier(verifier.build().expect("there is an anchor"))
            }
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf.key.serialize_der()));
        Arc::new(builder.with_single_cert(leaf.chain, key).expect("key and certificate match"))
    }

    /// A TLS server with a right certificate.
    pub(crate) fn right_server(&self) -> Arc<ServerConfig> {
        self.server(self.issue(&Wish::default()), false)
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key can be made")
}

fn params(name: &str, wish: &Wish) -> CertificateParams {
    let mut params = CertificateParams::new(vec![wish.name.to_owned()]).expect("the name is right");
    params.distinguished_name.push(DnType::CommonName, name);
    let now = OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now + wish.from, now + wish.until);
    params.extended_key_usages = vec![wish.usage.clone()];
    params
}
