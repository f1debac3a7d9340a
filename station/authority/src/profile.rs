//! What each kind of certificate may be used for. Source: RFC 5280, section 4.2.

use firstpass_domain::DeviceId;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    SanType, string::Ia5String,
};
use ring::rand::{SecureRandom, SystemRandom};

use crate::{
    AuthorityError, ServerName,
    inspect::DEVICE_URI_PREFIX,
    validity::{Validity, to_date},
};

/// Longest common name, in characters. Source: RFC 5280, appendix A.1, `ub-common-name`.
const COMMON_NAME_MAX: usize = 64;

/// Length of a serial number in bytes.
const SERIAL_LEN: usize = 16;

/// A serial number: 128 bits long, positive, its first two bits fixed so that it is always written with 32 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Serial([u8; SERIAL_LEN]);

impl Serial {
    /// 126 random bits; RFC 5280 asks for uniqueness, the CA/Browser forum for at least 64 of them.
    pub(crate) fn random() -> Result<Self, AuthorityError> {
        let mut bytes = [0; SERIAL_LEN];
        SystemRandom::new().fill(&mut bytes).map_err(|_| AuthorityError::Randomness)?;
        bytes[0] = (bytes[0] & 0x3f) | 0x40;
        Ok(Self(bytes))
    }

    /// Lower-case hexadecimal, 32 digits.
    pub(crate) fn hex(self) -> String {
        hex::encode(self.0)
    }
}

/// The root: signs intermediates and nothing else.
pub(crate) fn root(organization: &str, serial: Serial, validity: Validity) -> CertificateParams {
    let mut params = base(serial, validity);
    params.distinguished_name = ca_name(organization, "root", serial);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = false;
    params
}

/// The intermediate: signs servers, units and revocation lists, and no other authority.
pub(crate) fn intermediate(organization: &str, serial: Serial, validity: Validity) -> CertificateParams {
    let mut params = base(serial, validity);
    params.distinguished_name = ca_name(organization, "intermediate", serial);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// This station, as units see it.
pub(crate) fn server(names: &[ServerName], serial: Serial, validity: Validity) -> CertificateParams {
    other_server(names, "Firstpass station", serial, validity)
}

/// A server of the site; the common name is for people.
pub(crate) fn other_server(
    names: &[ServerName],
    common_name: &str,
    serial: Serial,
    validity: Validity,
) -> CertificateParams {
    let mut params = base(serial, validity);
    // Longer common names are not allowed; the names that count stand in the extension. Source: RFC 5280, `ub-common-name`.
    params.distinguished_name.push(DnType::CommonName, common_name.chars().take(COMMON_NAME_MAX).collect::<String>());
    params.subject_alt_names = names.iter().map(ServerName::to_san).collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// One unit. Its identity is the SAN; the subject is for people.
pub(crate) fn unit(device: &DeviceId, serial: Serial, validity: Validity) -> CertificateParams {
    let mut params = base(serial, validity);
    params.distinguished_name.push(DnType::CommonName, device.as_str());
    let uri = Ia5String::try_from(format!("{DEVICE_URI_PREFIX}{device}")).expect("a device id is ASCII");
    params.subject_alt_names = vec![SanType::URI(uri)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn base(serial: Serial, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.serial_number = Some(serial.0.to_vec().into());
    params.not_before = to_date(validity.not_before);
    params.not_after = to_date(validity.not_after);
    params.distinguished_name = DistinguishedName::new();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

/// Two authorities of one organization must not have the same name: chains are found by it.
fn ca_name(organization: &str, role: &str, serial: Serial) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, organization);
    name.push(DnType::CommonName, format!("Firstpass {role} {}", &serial.hex()[..8]));
    name
}
