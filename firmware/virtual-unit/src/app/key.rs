//! The unit's own private key: made on the unit, kept in NVS, and never sent. Knows no request but its own.

use firstpass_agent::{ClientKey, EspError, NvsRead, NvsValue, SessionWrite};
use firstpass_contract::{Secret, nvs};
use rcgen::{CertificateParams, DnType, KeyPair};

use super::nvs::DeviceNvs;

/// A key under `key_pem` in NVS.
pub(super) struct KeyInNvs<'a>(pub(super) &'a mut DeviceNvs);

impl ClientKey for KeyInNvs<'_> {
    fn certificate_request(&mut self, common_name: &str) -> Result<String, EspError> {
        let key = self.key()?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common_name);
        let request = params.serialize_request(&key).and_then(|request| request.pem());
        request.map_err(|_| EspError("ESP_FAIL"))
    }
}

impl KeyInNvs<'_> {
    /// The key that is there, or a new one.
    fn key(&mut self) -> Result<KeyPair, EspError> {
        if let Some(key) = self.0.text(nvs::KEY_PEM)?.and_then(|pem| KeyPair::from_pem(&pem).ok()) {
            return Ok(key);
        }
        let key = KeyPair::generate().map_err(|_| EspError("ESP_FAIL"))?;
        let set = vec![(nvs::KEY_PEM, NvsValue::Secret(Secret::new(key.serialize_pem())))];
        self.0.write(&SessionWrite { set, erase: Vec::new() })?;
        Ok(key)
    }
}
