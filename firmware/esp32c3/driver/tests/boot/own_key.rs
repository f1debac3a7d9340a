//! A key that is made on the unit, and a certificate for it.

use std::rc::Rc;
use std::sync::Arc;

use firstpass_contract::nvs;
use firstpass_unit_driver::{Firmware, WallClock};
use rcgen::{CertificateSigningRequestParams, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, version};

use crate::broker::{self, PASSWORD, Seen};
use crate::provisioning::session;
use crate::service::{self, Service};
use crate::support::host::{block_on, firmware, stack};
use crate::support::pki::{HOST, Identity, NOW_S, Wanted};
use crate::support::server;
use crate::unit;

/// A broker that wants to see a certificate of this authority; its clock is this machine's, so the authority is young.
fn mutual(root: &Identity, units: &CertificateDer<'static>) -> Arc<ServerConfig> {
    let leaf = root.issue(&Wanted::server());
    let mut anchors = RootCertStore::empty();
    anchors.add(units.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(anchors), Arc::clone(&provider)).build().unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&version::TLS13]).unwrap();
    let config = builder.with_client_cert_verifier(verifier).with_single_cert(vec![leaf.der()], leaf.key());
    Arc::new(config.unwrap())
}

/// An authority for units that this machine's clock finds valid.
fn authority() -> (rcgen::Certificate, Issuer<'static, KeyPair>) {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "units");
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate, Issuer::new(params, key))
}

#[test]
fn a_unit_makes_a_key_that_never_leaves_it_and_connects_with_its_certificate() {
    let stack = stack();
    WallClock::set(NOW_S);
    let root = Identity::self_signed(&Wanted::ca("root"));
    let (units, issuer) = authority();
    let host = unit::host(&unit::image(100, 1));
    block_on(async {
        let seen = Rc::new(Seen::default());
        let broker = broker::start(mutual(&root, units.der()), Rc::clone(&seen)).await;
        let service = Rc::new(Service::default());
        let answer = move |asked: &service::Asked| {
            let request = asked.request.csr_pem.as_deref().unwrap();
            // Reading it verifies that the request is signed by the key in it.
            let request = CertificateSigningRequestParams::from_pem(request).unwrap();
            let certificate = request.signed_by(&issuer).unwrap();
            let more = format!(r#","certificate_pem":{}"#, serde_json::to_string(&certificate.pem()).unwrap());
            (200, session(broker, PASSWORD, &more))
        };
        let leaf = root.issue(&Wanted::server());
        let config = server::config(vec![leaf.der()], &leaf.key(), &version::TLS13);
        let port = service::start(config, Rc::clone(&service), answer).await;
        unit::inject(&host, root.pem(), port);

        let own_key = Firmware { own_key: true, ..firmware() };
        assert_eq!(unit::boot(&host, &own_key, &stack, seen.answered.notified()).await, None);
        let pem = unit::stored(&host, nvs::KEY_PEM).unwrap();
        assert!(matches!(PrivateKeyDer::from_pem_slice(pem.as_bytes()), Ok(PrivateKeyDer::Pkcs8(_))), "{HOST}");
        let key = KeyPair::from_pem(&pem).unwrap();
        let request = service.asked.borrow()[0].request.csr_pem.clone().unwrap();
        let request = CertificateSigningRequestParams::from_pem(&request).unwrap();
        assert_eq!(rcgen::PublicKeyData::der_bytes(&request.public_key), rcgen::PublicKeyData::der_bytes(&key));
    });
}
