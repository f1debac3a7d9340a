//! Compares an NVS partition that was read from a unit with the session on record. Its result holds no secret.

use firstpass_contract::nvs as keys;
use firstpass_domain::evidence::NvsReadBack;
use firstpass_domain::{CodeHash, PasswordVerifier, Sha256Digest};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::{NvsEntry, NvsError, NvsValue, key, read};

/// Port that the unit takes when NVS has none, or 0 (device contract, section 1).
const MQTT_PORT_DEFAULT: i32 = 8883;

/// The session that stands on record for this unit.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedSession<'a> {
    /// Namespace of the session.
    pub namespace: &'a str,
    /// Identity.
    pub device_id: &'a str,
    /// Topic key.
    pub device_key: &'a str,
    /// Workspace part of topics.
    pub workspace_slug: &'a str,
    /// Broker host.
    pub mqtt_host: &'a str,
    /// Broker port.
    pub mqtt_port: u16,
    /// Broker user name.
    pub mqtt_username: &'a str,
    /// What the record keeps of the broker password.
    pub password: &'a PasswordVerifier,
    /// SHA-256 of the device HTTP token; `None` when there is none on record, and what NVS holds is not checked.
    pub token: Option<Sha256Digest>,
    /// Whether the unit made its key itself and may keep it elsewhere than in NVS.
    pub device_made_key: bool,
}

/// An auth code to look for, known by its hash and length only.
#[derive(Debug, Clone, Copy)]
pub struct CodeSearch {
    /// Hash of the code.
    pub hash: CodeHash,
    /// Length of the code in bytes.
    pub len: usize,
}

/// Reads the partition `raw` and compares it with `expected`. `code` is looked for in the raw bytes as well, because an
/// erased entry may leave its text behind.
pub fn read_back(
    raw: &[u8],
    expected: &ExpectedSession<'_>,
    code: Option<&CodeSearch>,
) -> Result<NvsReadBack, NvsError> {
    let entries = read(raw)?;
    let found = Found { entries: &entries, namespace: expected.namespace };
    let password = found.text(keys::MQTT_PASSWORD);
    let code_stored = found.text(keys::AUTH_CODE).is_some_and(|code| !code.is_empty());
    Ok(NvsReadBack {
        device_id: found.owned(keys::DEVICE_ID),
        device_key: found.owned(keys::DEVICE_KEY),
        workspace_slug: found.owned(keys::WORKSPACE_SLUG),
        mqtt_username: found.owned(keys::MQTT_USERNAME),
        password_matches: password.is_some_and(|password| expected.password.verify(password)),
        session_matches: session_matches(&found, expected),
        auth_code_present: code_stored || code.is_some_and(|code| code.find_in(raw).is_some()),
        certificate: found.text(keys::CERT_PEM).and_then(fingerprint),
        sha256: Sha256Digest::of(raw),
    })
}

fn session_matches(found: &Found<'_>, expected: &ExpectedSession<'_>) -> bool {
    let texts = [
        (keys::DEVICE_ID, expected.device_id),
        (keys::DEVICE_KEY, expected.device_key),
        (keys::WORKSPACE_SLUG, expected.workspace_slug),
        (keys::MQTT_HOST, expected.mqtt_host),
        (keys::MQTT_USERNAME, expected.mqtt_username),
    ];
    texts.iter().all(|(key, text)| found.text(key) == Some(text))
        && found.port() == Some(i32::from(expected.mqtt_port))
        && found.has_tls()
        && expected.token.is_none_or(|token| found.text(keys::DHT).is_some_and(|text| digest(text) == token))
        && key_matches(found, expected.device_made_key)
}

/// Whether the private key is that of the client certificate. Without a certificate there is nothing to hold it against.
fn key_matches(found: &Found<'_>, device_made_key: bool) -> bool {
    if found.is_empty(keys::CERT_PEM) {
        return true;
    }
    if found.is_empty(keys::KEY_PEM) {
        return device_made_key;
    }
    let pair = found.text(keys::KEY_PEM).zip(found.text(keys::CERT_PEM));
    pair.is_some_and(|(key, chain)| key::belongs_to(key, chain))
}

fn digest(text: &str) -> Sha256Digest {
    Sha256Digest::of(text.as_bytes())
}

struct Found<'a> {
    entries: &'a [NvsEntry],
    namespace: &'a str,
}

impl<'a> Found<'a> {
    fn value(&self, key: &str) -> Option<&'a NvsValue> {
        let entry = self.entries.iter().find(|entry| entry.namespace == self.namespace && entry.key == key);
        entry.map(|entry| &entry.value)
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.value(key).and_then(|value| if let NvsValue::Str(text) = value { Some(text.expose()) } else { None })
    }

    fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// Whether the unit takes the value for missing: nothing is there, or an empty text.
    fn is_empty(&self, key: &str) -> bool {
        self.value(key).is_none() || self.text(key) == Some("")
    }

    /// Whether the unit speaks TLS to the broker: it does unless it is told otherwise.
    fn has_tls(&self) -> bool {
        matches!(self.value(keys::MQTT_TLS), None | Some(NvsValue::I8(1)))
    }

    /// The broker's port as the unit takes it; `None` when it stands there with a wrong type.
    fn port(&self) -> Option<i32> {
        match self.value(keys::MQTT_PORT) {
            None | Some(NvsValue::I32(0)) => Some(MQTT_PORT_DEFAULT),
            Some(NvsValue::I32(port)) => Some(*port),
            Some(_) => None,
        }
    }
}

/// SHA-256 of the first certificate's DER.
fn fingerprint(pem: &str) -> Option<Sha256Digest> {
    let leaf = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    Some(Sha256Digest::of(&leaf))
}

impl CodeSearch {
    /// Where the code stands in `raw`, first. Codes are printable, which spares most of the hashing.
    pub(crate) fn find_in(&self, raw: &[u8]) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        let mut at = 0;
        for text in raw.split(|byte| !byte.is_ascii_graphic()) {
            let found = text.windows(self.len).position(|text| Sha256Digest::of(text) == self.hash.0);
            if let Some(index) = found {
                return Some(at + index);
            }
            at += text.len() + 1;
        }
        None
    }
}
