//! Clocks, lives and names.

use std::time::Duration;

use firstpass_authority::{Authority, AuthorityError, ServerName, Settings, UnitKey, parse_certificate};
use firstpass_domain::{DeviceId, Timestamp};

use crate::support::{DAY, Place, before};

/// Any time will do where nobody asks openssl.
const START: Timestamp = Timestamp::from_micros(1_900_000_000_000_000);
const HOUR: Duration = Duration::from_secs(3600);

fn device() -> DeviceId {
    DeviceId::new("dev-1").unwrap()
}

fn open_with(place: &Place, names: &[&str], now: Timestamp) -> Authority {
    let server_names = names.iter().map(|name| name.parse::<ServerName>().unwrap()).collect();
    Authority::open_or_create(&place.dir(), Settings { server_names, ..Settings::default() }, now).unwrap()
}

#[test]
fn a_clock_before_the_authority_is_named_as_the_cause() {
    let place = Place::new();
    let authority = place.open(START).unwrap();
    let early = before(START, DAY);
    let errors = [
        place.open(early).unwrap_err(),
        authority.issue_unit(&device(), UnitKey::Fresh, early).unwrap_err(),
        authority.crl(&[], early).unwrap_err(),
        authority.server_certificate(early).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, AuthorityError::ClockBeforeCertificate { now, .. } if now == early), "{error}");
        let problem = error.problem();
        assert_eq!(problem.code, "clock_before_certificate");
        assert!(problem.why.contains("2030-03-16 17:46:40 UTC"), "{problem}");
    }
}

#[test]
fn a_clock_before_the_server_certificate_only_is_refused_at_the_start() {
    let place = Place::new();
    place.open(START).unwrap();
    place.open(START.plus(DAY * 30)).unwrap().server_certificate(START.plus(DAY * 30)).unwrap();
    let error = place.open(START.plus(DAY)).unwrap().server_certificate(START.plus(DAY)).unwrap_err();
    assert!(matches!(error, AuthorityError::ClockBeforeCertificate { name: "server", .. }), "{error}");
}

#[test]
fn an_authority_that_has_ended_is_refused() {
    let place = Place::new();
    place.open(START).unwrap();
    let error = place.open(START.plus(DAY * 365 * 21)).unwrap_err();
    assert!(matches!(error, AuthorityError::Expired { name: "intermediate", .. }), "{error}");
    let error = place.open(START.plus(DAY * 365 * 26)).unwrap_err();
    assert!(matches!(error, AuthorityError::Expired { name: "root", .. }), "{error}");
}

#[test]
fn a_units_life_is_configured_and_ends_with_the_intermediate_at_the_latest() {
    let place = Place::new();
    let settings = Settings { unit_validity: DAY * 365 * 15, ..Settings::default() };
    let authority = Authority::open_or_create(&place.dir(), settings, START).unwrap();
    let unit = authority.issue_unit(&device(), UnitKey::Fresh, START).unwrap();
    assert_eq!(unit.not_after, START.plus(DAY * 365 * 15));
    assert!(unit.not_before <= START && unit.not_before.plus(HOUR) >= START);
    let late = authority.issue_unit(&device(), UnitKey::Fresh, START.plus(DAY * 365 * 10)).unwrap();
    assert_eq!(late.not_after, authority.certificates()[1].not_after);
}

#[test]
fn the_server_certificate_is_kept_until_the_last_third_of_its_life() {
    let place = Place::new();
    let serial = |now: Timestamp| place.open(now).unwrap().server_certificate(now).unwrap().info.serial.clone();
    let first = serial(START);
    assert_eq!(serial(START.plus(DAY * 240)), first);
    let second = serial(START.plus(DAY * 245));
    assert_ne!(second, first);
    assert_eq!(serial(START.plus(DAY * 245)), second);
}

#[test]
fn an_open_authority_renews_the_server_certificate_too() {
    let place = Place::new();
    let authority = place.open(START).unwrap();
    let first = authority.server_certificate(START).unwrap();
    let second = authority.server_certificate(START.plus(DAY * 300)).unwrap();
    assert_ne!(second.info.serial, first.info.serial);
}

#[test]
fn the_server_certificate_follows_the_configured_names() {
    let place = Place::new();
    let names = |names: &[&str]| open_with(&place, names, START).server_certificate(START).unwrap().info.clone();
    let first = names(&["Station.Example", "192.0.2.7", "2001:db8::1"]);
    assert_eq!(first.names, ["station.example", "192.0.2.7", "2001:db8::1"]);
    assert_eq!(names(&["2001:db8::1", "192.0.2.7", "station.example"]).serial, first.serial);
    let second = names(&["station.example"]);
    assert_eq!(second.names, ["station.example"]);
}

#[test]
fn a_spoilt_server_certificate_is_made_again() {
    let place = Place::new();
    let authority = place.open(START).unwrap();
    let first = authority.server_certificate(START).unwrap();
    std::fs::write(place.dir().join("server.key"), "garbage").unwrap();
    let second = place.open(START).unwrap().server_certificate(START).unwrap();
    assert_ne!(second.info.serial, first.info.serial);
}

#[test]
fn serial_numbers_are_128_bits_long_and_never_the_same() {
    let place = Place::new();
    let authority = place.open(START).unwrap();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..100 {
        let unit = authority.issue_unit(&device(), UnitKey::Fresh, START).unwrap();
        assert_eq!(unit.serial.len(), 32);
        assert_eq!(parse_certificate(&unit.pem).unwrap().serial, unit.serial);
        assert!(seen.insert(unit.serial));
    }
}

#[test]
fn what_is_no_name_of_a_server_is_refused() {
    for bad in ["", "a b", "-a", "a..b", "192.0.2", "1.2.3.4.5", "a_b", "https://a", "a:443", &"x".repeat(64)] {
        assert!(bad.parse::<ServerName>().is_err(), "{bad}");
    }
    for good in ["a", "localhost", "a-1.example", "192.0.2.1", "::1"] {
        assert_eq!(good.parse::<ServerName>().unwrap().to_string(), good);
    }
}

#[test]
fn keys_and_requests_that_cannot_be_used_are_refused() {
    let place = Place::new();
    let authority = place.open(START).unwrap();
    let error = authority.issue_unit(&device(), UnitKey::Public(b"no key"), START).unwrap_err();
    assert!(matches!(error, AuthorityError::Unusable { what: "public key", .. }), "{error}");
    for csr in ["", "garbage", &"x".repeat(5000)] {
        let error = authority.issue_for_csr(&device(), csr, START).unwrap_err();
        assert!(matches!(error, AuthorityError::Unusable { what: "certificate signing request", .. }), "{error}");
    }
}

#[test]
fn a_request_whose_signature_is_not_its_keys_is_refused() {
    let place = Place::new();
    let authority = place.open(START).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::default().serialize_request(&key).unwrap();
    let mut der = request.der().to_vec();
    *der.last_mut().unwrap() ^= 1;
    let forged = x509_pem(&der);
    let error = authority.issue_for_csr(&device(), &forged, START).unwrap_err();
    assert!(matches!(error, AuthorityError::Unusable { .. }), "{error}");
    authority.issue_for_csr(&device(), &request.pem().unwrap(), START).unwrap();
}

/// A PEM text of a DER request, by way of openssl, which does not look at its signature.
fn x509_pem(der: &[u8]) -> String {
    let place = Place::new();
    let path = place.file("request.der", der);
    let pem = crate::support::openssl(&["req", "-inform", "DER", "-in", crate::support::text(&path)]).unwrap();
    pem[pem.find("-----BEGIN").unwrap()..].to_owned()
}
