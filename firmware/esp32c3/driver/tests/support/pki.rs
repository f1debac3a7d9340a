//! Certificates of every kind, made by rcgen.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use time::{Duration, OffsetDateTime};

/// The moment of every test, in seconds since 1970: 2026-06-01.
pub(crate) const NOW_S: u64 = 1_780_272_000;
/// The name of every good server.
pub(crate) const HOST: &str = "factory.example";

/// A certificate with its key.
pub(crate) struct Identity {
    params: CertificateParams,
    key: KeyPair,
    der: CertificateDer<'static>,
    pem: String,
}

/// What a certificate says.
pub(crate) struct Wanted {
    pub(crate) name: &'static str,
    pub(crate) starts: Duration,
    pub(crate) ends: Duration,
    pub(crate) usage: Vec<ExtendedKeyUsagePurpose>,
    pub(crate) ca: bool,
}

impl Wanted {
    pub(crate) fn server() -> Self {
        let usage = vec![ExtendedKeyUsagePurpose::ServerAuth];
        Self { name: HOST, starts: -Duration::DAY, ends: Duration::DAY, usage, ca: false }
    }

    pub(crate) fn ca(name: &'static str) -> Self {
        Self { name, starts: -Duration::DAY, ends: 2 * Duration::DAY, usage: Vec::new(), ca: true }
    }

    fn params(&self) -> CertificateParams {
        let names = if self.ca { Vec::new() } else { vec![self.name.to_owned()] };
        let mut params = CertificateParams::new(names).unwrap();
        let now = OffsetDateTime::from_unix_timestamp(NOW_S.cast_signed()).unwrap();
        params.distinguished_name.push(DnType::CommonName, self.name);
        params.not_before = now + self.starts;
        params.not_after = now + self.ends;
        params.extended_key_usages.clone_from(&self.usage);
        params.use_authority_key_identifier_extension = true;
        if self.ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        } else {
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        }
        params
    }
}

impl Identity {
    pub(crate) fn self_signed(wanted: &Wanted) -> Self {
        let (params, key) = (wanted.params(), KeyPair::generate().unwrap());
        let certificate = params.self_signed(&key).unwrap();
        Self { der: certificate.der().clone(), pem: certificate.pem(), params, key }
    }

    /// Signs another certificate, whether this one may or not.
    pub(crate) fn issue(&self, wanted: &Wanted) -> Self {
        let (params, key) = (wanted.params(), KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap();
        Self { der: certificate.der().clone(), pem: certificate.pem(), params, key }
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.der.clone()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}
