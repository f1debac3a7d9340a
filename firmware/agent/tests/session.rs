//! Reading the session from NVS.

use std::collections::BTreeMap;

use firstpass_agent::{EspError, FirmwareOffer, NvsRead, SessionInNvs};

/// An NVS of texts and numbers that can fail at one key.
#[derive(Default)]
struct Store {
    texts: BTreeMap<&'static str, &'static str>,
    numbers: BTreeMap<&'static str, i64>,
    broken: Option<&'static str>,
}

impl Store {
    fn number<T: TryFrom<i64>>(&self, key: &'static str) -> Result<Option<T>, EspError> {
        self.check(key)?;
        Ok(self.numbers.get(key).and_then(|number| T::try_from(*number).ok()))
    }

    fn check(&self, key: &'static str) -> Result<(), EspError> {
        if self.broken == Some(key) { Err(EspError("ESP_ERR_FLASH_OP_FAIL")) } else { Ok(()) }
    }
}

impl NvsRead for Store {
    fn text(&mut self, key: &'static str) -> Result<Option<String>, EspError> {
        self.check(key)?;
        Ok(self.texts.get(key).map(|text| (*text).to_owned()))
    }

    fn i32(&mut self, key: &'static str) -> Result<Option<i32>, EspError> {
        self.number(key)
    }

    fn i8(&mut self, key: &'static str) -> Result<Option<i8>, EspError> {
        self.number(key)
    }

    fn u32(&mut self, key: &'static str) -> Result<Option<u32>, EspError> {
        self.number(key)
    }
}

#[test]
fn an_empty_nvs_is_an_empty_session() {
    let session = SessionInNvs::load(&mut Store::default()).unwrap();
    assert_eq!(session, SessionInNvs::default());
    assert!(!session.is_complete());
}

#[test]
fn port_zero_and_no_port_mean_8883_and_no_flag_means_tls() {
    let zero = Store { numbers: [("mqtt_port", 0), ("mqtt_tls", 0)].into(), ..Store::default() };
    for (mut store, tls) in [(Store::default(), true), (zero, false)] {
        let session = SessionInNvs::load(&mut store).unwrap();
        assert_eq!((session.effective_mqtt_port(), session.mqtt_tls), (Some(8883), tls));
    }
}

#[test]
fn firmware_needs_url_and_hash_and_the_old_name_of_the_applied_hash_counts() {
    let mut store = Store { texts: [("fw_url", "u"), ("fw_done_sha256", "old")].into(), ..Store::default() };
    let session = SessionInNvs::load(&mut store).unwrap();
    assert_eq!((session.firmware, session.ota_sha.as_str()), (None, "old"));
    store.texts.extend([("fw_sha256", "h"), ("ota_sha", "new")]);
    store.numbers.insert("fw_size", 7);
    let session = SessionInNvs::load(&mut store).unwrap();
    assert_eq!(session.firmware, Some(FirmwareOffer { url: "u".into(), sha256: "h".into(), size: Some(7) }));
    assert_eq!(session.ota_sha, "new");
}

#[test]
fn a_certificate_counts_only_with_its_key() {
    let mut store = Store { texts: [("cert_pem", "c")].into(), ..Store::default() };
    assert!(!SessionInNvs::load(&mut store).unwrap().client_certificate);
    store.texts.insert("key_pem", "k");
    assert!(SessionInNvs::load(&mut store).unwrap().client_certificate);
}

#[test]
fn a_flash_that_fails_at_any_key_is_an_error() {
    for key in ["device_id", "mqtt_password", "auth_code", "mqtt_port", "mqtt_tls", "fw_size", "key_pem"] {
        let mut store = Store { texts: [("cert_pem", "c")].into(), broken: Some(key), ..Store::default() };
        assert_eq!(SessionInNvs::load(&mut store), Err(EspError("ESP_ERR_FLASH_OP_FAIL")), "{key}");
    }
}
