//! Whom the unit trusts and how it shows who it is: PEM texts from NVS, made into a TLS configuration.

use std::sync::Arc;
use std::time::Duration;

use firstpass_agent::{CertificateFault, EspError, NvsRead};
use firstpass_contract::{Secret, nvs};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use rustls::{ClientConfig, RootCertStore};

use super::esp_tls::{self, LinkFailure};

/// What NVS holds for TLS.
pub(super) struct Trust {
    ca_pem: String,
    client: Option<(String, Secret)>,
}

impl Trust {
    /// Reads the trust anchor and, if wanted, the client certificate with its key.
    pub(super) fn load(store: &mut impl NvsRead, client_certificate: bool) -> Result<Self, EspError> {
        let mut text = |key| store.text(key).map(Option::unwrap_or_default);
        let client = match client_certificate {
            true => Some((text(nvs::CERT_PEM)?, Secret::new(text(nvs::KEY_PEM)?))),
            false => None,
        };
        Ok(Self { ca_pem: text(nvs::CA_PEM)?, client })
    }

    /// TLS 1.2 and 1.3 with full verification of the server: chain to the anchor, name, dates by the host's
    /// clock, or by one that stands at `clock` (seconds since 1970).
    pub(super) fn config(&self, clock: Option<i64>) -> Result<Arc<ClientConfig>, LinkFailure> {
        let time: Arc<dyn TimeProvider> = match clock {
            Some(unix_s) => Arc::new(StandingClock(unix_s)),
            None => Arc::new(DefaultTimeProvider),
        };
        let builder = ClientConfig::builder_with_details(Arc::new(default_provider()), time)
            .with_safe_default_protocol_versions()
            .expect("ring has ciphers for TLS 1.2 and 1.3")
            .with_root_certificates(self.anchors()?);
        let config = match &self.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let own = |failure: LinkFailure| failure.of_own_certificate(CertificateFault::Unusable);
                let (chain, key) = (certificates(certificate).map_err(own)?, private_key(key).map_err(own)?);
                let unusable =
                    |_| LinkFailure::setup(esp_tls::OWN_CERT_FAILED, "client certificate and key do not match");
                builder.with_client_auth_cert(chain, key).map_err(unusable).map_err(own)?
            }
        };
        Ok(Arc::new(config))
    }

    fn anchors(&self) -> Result<RootCertStore, LinkFailure> {
        let mut anchors = RootCertStore::empty();
        let (added, _ignored) = anchors.add_parsable_certificates(certificates(&self.ca_pem)?);
        match added {
            0 => Err(unreadable_certificate()),
            _ => Ok(anchors),
        }
    }
}

/// A clock that stands, as one does that has no battery and was never set.
#[derive(Debug)]
struct StandingClock(i64);

impl TimeProvider for StandingClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.try_into().unwrap_or(0))))
    }
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, LinkFailure> {
    let all = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    all.ok().filter(|all| !all.is_empty()).ok_or_else(unreadable_certificate)
}

fn private_key(pem: &Secret) -> Result<PrivateKeyDer<'static>, LinkFailure> {
    PrivateKeyDer::from_pem_slice(pem.expose().as_bytes())
        .map_err(|_| LinkFailure::setup(esp_tls::KEY_PARSE_FAILED, "mbedtls_pk_parse_keyfile returned -0x3D00"))
}

fn unreadable_certificate() -> LinkFailure {
    LinkFailure::setup(esp_tls::CERT_PARSE_FAILED, "mbedtls_x509_crt_parse returned -0x2180")
}
