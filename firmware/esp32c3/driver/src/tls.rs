//! Whom the unit trusts and how it shows who it is: PEM texts from NVS, made into TLS 1.2 and 1.3 with full verification of
//! the server: chain to the anchor, name, dates, and what the certificate may be used for.

use alloc::ffi::CString;
use alloc::string::String;

use embedded_io_async::{Read, Write};
use firstpass_agent::{CertificateFault, NvsRead};
use firstpass_contract::nvs;
use mbedtls_rs::{
    AuthMode, Certificate, ClientSessionConfig, Credentials, PrivateKey, Session, SessionConfig, TlsReference, X509,
};

use crate::failure::{self, LinkFailure};

/// `MBEDTLS_X509_BADCERT_FUTURE`
pub(crate) const NOT_YET_VALID: u32 = 0x0200;

/// Trust anchors, and the unit's own certificate with its key.
#[derive(Debug, Clone)]
pub struct Trust {
    anchors: Certificate<'static>,
    own: Option<Credentials<'static>>,
}

/// A stream under TLS.
pub(crate) type TlsStream<'t, S> = Session<'t, S>;

impl Trust {
    /// Reads the trust anchor and, if wanted, the client certificate with its key.
    pub fn load(store: &mut impl NvsRead, client_certificate: bool) -> Result<Self, LinkFailure> {
        let mut text = |key| store.text(key).map(Option::unwrap_or_default).map_err(LinkFailure::named);
        let anchors = certificates(text(nvs::CA_PEM)?)?;
        let own = match client_certificate {
            false => None,
            true => {
                let own = |failure: LinkFailure| failure.of_own_certificate(CertificateFault::Unusable);
                let certificate = certificates(text(nvs::CERT_PEM)?).map_err(own)?;
                let private_key = private_key(text(nvs::KEY_PEM)?).map_err(own)?;
                Some(Credentials { certificate, private_key })
            }
        };
        Ok(Self { anchors, own })
    }

    /// Makes a connection secure. The server must prove that it is `host`.
    pub(crate) async fn secure<'t, S: Read + Write>(
        &self,
        tls: TlsReference<'t>,
        stream: S,
        host: &str,
    ) -> Result<TlsStream<'t, S>, LinkFailure> {
        let mut session = self.session(tls, stream, host, AuthMode::Required)?;
        let shaken = session.connect().await;
        let flags = session.tls_verification_details();
        match shaken {
            Ok(()) if flags == 0 => Ok(session),
            // Mbed TLS does not end here; if ever it did, nobody may take the stream for secure.
            Ok(()) => Err(LinkFailure::setup(failure::SETUP_FAILED, "the server was not verified")),
            Err(error) => Err(LinkFailure::of_handshake(error, flags)),
        }
    }

    /// As [`Trust::secure`], but a certificate that is not yet valid by the unit's clock passes: for learning the time.
    pub(crate) async fn secure_before_time<'t, S: Read + Write>(
        &self,
        tls: TlsReference<'t>,
        stream: S,
        host: &str,
    ) -> Result<TlsStream<'t, S>, LinkFailure> {
        let mut session = self.session(tls, stream, host, AuthMode::Optional)?;
        let shaken = session.connect().await;
        let flags = session.tls_verification_details();
        match shaken {
            Ok(()) if flags & !NOT_YET_VALID == 0 => Ok(session),
            Ok(()) => Err(LinkFailure::unverified(flags & !NOT_YET_VALID)),
            Err(error) => Err(LinkFailure::of_handshake(error, flags)),
        }
    }

    fn session<'t, S: Read + Write>(
        &self,
        tls: TlsReference<'t>,
        stream: S,
        host: &str,
        auth_mode: AuthMode,
    ) -> Result<TlsStream<'t, S>, LinkFailure> {
        let host = CString::new(host).ok().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| LinkFailure::setup(failure::HOST_NAME_FAILED, "the host has no name"))?;
        let config = ClientSessionConfig {
            ca_chain: Some(self.anchors.clone()),
            creds: self.own.clone(),
            auth_mode,
            ..ClientSessionConfig::new()
        };
        let session = Session::new(tls, stream, &SessionConfig::Client(config));
        let mut session = session.map_err(LinkFailure::of_setup)?;
        // Without a name Mbed TLS would verify none; an unset one must never be taken for a verified one.
        session.set_server_name(&host).map_err(LinkFailure::of_setup)?;
        Ok(session)
    }
}

fn certificates(pem: String) -> Result<Certificate<'static>, LinkFailure> {
    let unreadable = || LinkFailure::setup(failure::CERT_PARSE_FAILED, "mbedtls_x509_crt_parse returned -0x2180");
    let pem = CString::new(pem).ok().filter(|pem| !pem.is_empty()).ok_or_else(unreadable)?;
    Certificate::new(X509::PEM(&pem)).map_err(|_| unreadable())
}

fn private_key(pem: String) -> Result<PrivateKey, LinkFailure> {
    let unreadable = || LinkFailure::setup(failure::KEY_PARSE_FAILED, "mbedtls_pk_parse_keyfile returned -0x3D00");
    let pem = CString::new(pem).map_err(|_| unreadable())?;
    PrivateKey::new(X509::PEM(&pem), None).map_err(|_| unreadable())
}
