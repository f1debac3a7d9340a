use firstpass_contract::nvs as keys;
use firstpass_domain::{CodeHash, PasswordVerifier, Sha256Digest};

use super::*;

const LEN: u32 = 0x6000;
const NAMESPACE: &str = keys::NAMESPACE;

fn every_type() -> Vec<NvsEntry> {
    let values = [
        NvsValue::U8(200),
        NvsValue::I8(-100),
        NvsValue::U16(60_000),
        NvsValue::I16(-30_000),
        NvsValue::U32(4_000_000_000),
        NvsValue::I32(-2_000_000_000),
        NvsValue::U64(u64::MAX - 1),
        NvsValue::I64(i64::MIN + 1),
        NvsValue::Str(Secret::new("übergrößen-text")),
        NvsValue::Blob((0..=255).cycle().take(5000).collect()),
    ];
    values.into_iter().enumerate().map(|(index, value)| NvsEntry::new("types", &format!("k{index}"), value)).collect()
}

/// A session as a unit keeps it.
fn session() -> Vec<NvsEntry> {
    let text = |key, value: &str| NvsEntry::text(NAMESPACE, key, value);
    vec![
        text(keys::DEVICE_ID, "dev-1"),
        text(keys::DEVICE_KEY, "key-1"),
        text(keys::WORKSPACE_SLUG, "acme"),
        text(keys::MQTT_HOST, "broker.local"),
        text(keys::MQTT_USERNAME, "user-1"),
        text(keys::MQTT_PASSWORD, "p4ssw0rd"),
        text(keys::DHT, "dht_1"),
        NvsEntry::new(NAMESPACE, keys::MQTT_PORT, NvsValue::I32(18_883)),
        NvsEntry::new(NAMESPACE, keys::MQTT_TLS, NvsValue::I8(1)),
    ]
}

/// A session with the client's certificate and key, each where there is one.
fn certified(certificate: Option<&str>, key: Option<&str>) -> Vec<u8> {
    let mut entries = session();
    entries.extend(certificate.map(|pem| NvsEntry::text(NAMESPACE, keys::CERT_PEM, pem)));
    entries.extend(key.map(|pem| NvsEntry::text(NAMESPACE, keys::KEY_PEM, pem)));
    build(&entries, LEN).unwrap()
}

fn verifier() -> PasswordVerifier {
    PasswordVerifier::make("p4ssw0rd", [3; 16])
}

fn expected(password: &PasswordVerifier) -> ExpectedSession<'_> {
    ExpectedSession {
        namespace: NAMESPACE,
        device_id: "dev-1",
        device_key: "key-1",
        workspace_slug: "acme",
        mqtt_host: "broker.local",
        mqtt_port: 18_883,
        mqtt_username: "user-1",
        password,
        token: Some(Sha256Digest::of(b"dht_1")),
        device_made_key: false,
    }
}

#[test]
fn every_type_reads_back_as_it_was_written() {
    let image = build(&every_type(), LEN).unwrap();
    assert_eq!(image.len(), LEN as usize);
    assert_eq!(read(&image).unwrap(), every_type());
}

#[test]
fn an_erased_partition_holds_nothing() {
    assert_eq!(read(&[0xff; LEN as usize]).unwrap(), []);
}

#[test]
fn each_limit_is_told_with_the_entry_and_never_with_the_value() {
    let long = "x".repeat(200);
    for (entry, wanted) in [
        (
            NvsEntry::text("n", "sixteen_chars_16", "v"),
            "\"sixteen_chars_16\" cannot be a name: the NVS key is 16 characters",
        ),
        (NvsEntry::text("sixteen_chars_16", "k", "v"), "sixteen_chars_16/k"),
        (NvsEntry::text("n", "", "v"), "printable ASCII"),
        (
            NvsEntry::text("n", keys::MQTT_HOST, long),
            "n/mqtt_host: mqtt_host is 200 bytes long, or holds a NUL; the unit's buffer takes 127",
        ),
        (NvsEntry::text("n", "k", "x".repeat(4000)), "n/k: the value is 4000 bytes long; at most 3999"),
        (NvsEntry::text("n", "k", "a\0b"), "n/k: the text holds a NUL"),
        (NvsEntry::new("n", "k", NvsValue::Blob(vec![0; 508_000])), "at most 507999"),
    ] {
        let told = build(&[entry], LEN).unwrap_err().to_string();
        assert!(told.contains(wanted), "{told}");
        assert!(!told.contains("xxx"), "{told}");
    }
}

#[test]
fn an_entry_that_is_there_twice_or_does_not_fit_is_refused() {
    let twice = [NvsEntry::text("n", "k", "a"), NvsEntry::text("n", "k", "b")];
    assert!(matches!(build(&twice, LEN), Err(NvsError::Twice { .. })));
    let many: Vec<_> = (0..9).map(|n| NvsEntry::text("n", &format!("k{n}"), "x".repeat(3900))).collect();
    assert!(matches!(build(&many, LEN), Err(NvsError::Write { .. })));
    assert!(matches!(build(&[], 0x2000), Err(NvsError::Length { .. })));
    assert!(matches!(build(&[], 0x6100), Err(NvsError::Length { .. })));
}

#[test]
fn the_session_on_record_is_recognised() {
    let verifier = verifier();
    let raw = build(&session(), LEN).unwrap();
    let seen = read_back(&raw, &expected(&verifier), None).unwrap();
    assert!(seen.session_matches && seen.password_matches && !seen.auth_code_present);
    assert_eq!(seen.device_id.as_deref(), Some("dev-1"));
    assert_eq!(seen.certificate, None);
}

#[test]
fn the_clients_certificate_is_told_by_the_fingerprint_of_the_first_in_its_chain() {
    let verifier = verifier();
    let pem = |body| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    let mut entries = session();
    entries.push(NvsEntry::text(NAMESPACE, keys::CERT_PEM, pem("AQID") + &pem("BAUG")));
    let seen = read_back(&build(&entries, LEN).unwrap(), &expected(&verifier), None).unwrap();
    assert_eq!(seen.certificate, Some(Sha256Digest::of(&[1, 2, 3])));
}

#[test]
fn any_other_value_of_the_session_is_noticed() {
    let verifier = verifier();
    for index in 0..session().len() {
        let mut entries = session();
        entries[index].value = match &entries[index].value {
            NvsValue::I32(_) => NvsValue::I32(8883),
            NvsValue::I8(_) => NvsValue::I8(0),
            _ => NvsValue::Str(Secret::new("other")),
        };
        let is_password = entries[index].key == keys::MQTT_PASSWORD;
        let seen = read_back(&build(&entries, LEN).unwrap(), &expected(&verifier), None).unwrap();
        assert_eq!((seen.session_matches, seen.password_matches), (is_password, !is_password), "{}", entries[index]);
    }
}

#[test]
fn a_session_without_tls_flag_matches_and_one_with_a_flag_of_another_type_does_not() {
    let verifier = verifier();
    let matches = |tls: Option<NvsValue>| {
        let mut entries = session();
        entries.retain(|entry| entry.key != keys::MQTT_TLS);
        entries.extend(tls.map(|value| NvsEntry::new(NAMESPACE, keys::MQTT_TLS, value)));
        read_back(&build(&entries, LEN).unwrap(), &expected(&verifier), None).unwrap().session_matches
    };
    assert!(matches(None));
    assert!(!matches(Some(NvsValue::U8(1))));
}

#[test]
fn a_device_token_must_be_there_if_one_is_on_record() {
    let verifier = verifier();
    let mut entries = session();
    entries.retain(|entry| entry.key != keys::DHT);
    let raw = build(&entries, LEN).unwrap();
    let matches = |expected| read_back(&raw, &expected, None).unwrap().session_matches;
    assert!(!matches(expected(&verifier)));
    assert!(matches(ExpectedSession { token: None, ..expected(&verifier) }));
}

#[test]
fn the_key_must_be_that_of_the_certificate() {
    let verifier = verifier();
    let own = rcgen::generate_simple_self_signed(["unit".to_owned()]).unwrap();
    let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let damaged = key.replace("MI", "AA");
    for (certificate, key, made_by_device, matches) in [
        (Some(certificate.as_str()), Some(key.as_str()), false, true),
        (Some(&certificate), Some(&key), true, true),
        (Some(&certificate), Some(&other), false, false),
        (Some(&certificate), Some(&other), true, false),
        (Some(&certificate), Some(&damaged), false, false),
        (Some(&certificate), Some("no PEM"), false, false),
        (Some("no PEM"), Some(&key), false, false),
        (Some(&certificate), None, false, false),
        (Some(&certificate), Some(""), false, false),
        (Some(&certificate), None, true, true),
        (None, None, false, true),
    ] {
        let expected = ExpectedSession { device_made_key: made_by_device, ..expected(&verifier) };
        let seen = read_back(&certified(certificate, key), &expected, None).unwrap();
        assert_eq!(seen.session_matches, matches, "{certificate:?}, made by the device: {made_by_device}");
    }
}

#[test]
fn a_key_must_not_be_of_another_type_than_text() {
    let verifier = verifier();
    let own = rcgen::generate_simple_self_signed(["unit".to_owned()]).unwrap();
    let mut entries = session();
    entries.push(NvsEntry::text(NAMESPACE, keys::CERT_PEM, own.cert.pem()));
    entries.push(NvsEntry::new(NAMESPACE, keys::KEY_PEM, NvsValue::Blob(own.signing_key.serialize_der())));
    let expected = ExpectedSession { device_made_key: true, ..expected(&verifier) };
    assert!(!read_back(&build(&entries, LEN).unwrap(), &expected, None).unwrap().session_matches);
}

#[test]
fn an_auth_code_is_found_under_its_key_and_in_raw_bytes_and_an_empty_one_is_none() {
    let verifier = verifier();
    let code = "k7Zq-one-time-code_0123456789abcdef";
    let search = CodeSearch { hash: CodeHash::of(code), len: code.len() };
    let seen = |raw: &[u8], search| read_back(raw, &expected(&verifier), search).unwrap().auth_code_present;

    let mut entries = session();
    entries.push(NvsEntry::text(NAMESPACE, keys::AUTH_CODE, code));
    assert!(seen(&build(&entries, LEN).unwrap(), None));

    let mut leftover = build(&session(), LEN).unwrap();
    leftover[0x4100..0x4100 + code.len()].copy_from_slice(code.as_bytes());
    assert!(seen(&leftover, Some(&search)));
    assert!(!seen(&build(&session(), LEN).unwrap(), Some(&search)));

    entries.last_mut().unwrap().value = NvsValue::Str(Secret::new(""));
    assert!(!seen(&build(&entries, LEN).unwrap(), Some(&search)));
}

#[test]
fn a_value_does_not_show_in_debug_output() {
    assert_eq!(format!("{:?}", NvsValue::Str(Secret::new("hush"))), "string(…)");
}

proptest::proptest! {
    #[test]
    fn a_damaged_partition_is_read_without_panic(at in 0_usize..0x1000, byte: u8, len in 1_usize..64) {
        let mut raw = build(&session(), LEN).unwrap();
        raw[at..(at + len).min(0x1000)].fill(byte);
        let _ = read(&raw);
    }
}
