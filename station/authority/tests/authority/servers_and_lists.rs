//! Certificates for other servers of the site, and the revocation list beside the authority's files.

use std::fs;

use firstpass_authority::{
    AuthorityError, Revoked, ServerName, UnitKey, certificate_der, csr_key, normal_serial, parse_certificate,
};
use firstpass_domain::DeviceId;

use crate::support::{Place, openssl, text, today};

fn names(names: &[&str]) -> Vec<ServerName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

#[test]
fn a_broker_gets_a_certificate_that_openssl_takes_for_its_names_and_no_other() {
    let place = Place::new();
    let authority = place.open(today()).unwrap();
    let issued = authority.issue_server(&names(&["broker.line", "10.0.0.5"]), UnitKey::Fresh, today()).unwrap();
    let root = place.file("root.pem", authority.root_pem());
    let intermediate = place.file("intermediate.pem", authority.intermediate_pem());
    let leaf = place.file("leaf.pem", &issued.pem);
    let verify = |host: &str| {
        let trust = ["verify", "-CAfile", text(&root), "-untrusted", text(&intermediate)];
        openssl(&[&trust[..], &["-purpose", "sslserver", "-verify_hostname", host, text(&leaf)]].concat())
    };
    verify("broker.line").unwrap();
    verify("other.line").unwrap_err();
    assert_eq!(issued.subject, "broker.line");
    assert_eq!(parse_certificate(&issued.pem).unwrap().device_id, None, "a server is no unit");
    assert!(issued.private_key_pem.is_some());
}

#[test]
fn a_server_with_a_key_of_its_own_keeps_it() {
    let place = Place::new();
    let authority = place.open(today()).unwrap();
    let key = place.file("key.pem", openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout"]).unwrap());
    let request = openssl(&["req", "-new", "-key", text(&key), "-subj", "/CN=whoever"]).unwrap();
    let spki = csr_key(&request).unwrap();
    let issued = authority.issue_server(&names(&["db.line"]), UnitKey::Public(&spki), today()).unwrap();
    assert!(issued.private_key_pem.is_none());
    assert_eq!(issued.subject, "db.line", "the request's own names are not used");
    assert!(authority.has_signed(&issued.pem) && !authority.has_signed(authority.root_pem()));
    assert!(csr_key(&issued.pem).is_err(), "a certificate is no request");
}

#[test]
fn a_certificate_without_a_name_or_with_too_many_is_refused() {
    let place = Place::new();
    let authority = place.open(today()).unwrap();
    for count in [0, 17] {
        let many: Vec<ServerName> = (0..count).map(|n| format!("h{n}.line").parse().unwrap()).collect();
        let refused = authority.issue_server(&many, UnitKey::Fresh, today());
        assert!(matches!(refused, Err(AuthorityError::Unusable { .. })), "{count}");
    }
}

#[test]
fn the_list_beside_the_authority_names_what_was_revoked_and_is_replaced_whole() {
    let place = Place::new();
    let authority = place.open(today()).unwrap();
    let issued = authority.issue_unit(&DeviceId::new("u-1").unwrap(), UnitKey::Fresh, today()).unwrap();
    let publish = |revoked: &[Revoked]| authority.publish(&authority.crl(revoked, today()).unwrap()).unwrap();
    publish(&[]);
    let path = publish(&[Revoked { serial: issued.serial.clone(), at: today() }]);
    let shown = openssl(&["crl", "-noout", "-text", "-in", text(&path)]).unwrap();
    assert!(shown.contains(&issued.serial.to_uppercase()), "{shown}");
    assert!(!fs::read_to_string(&path).unwrap().contains("PRIVATE"));
}

#[test]
fn serial_numbers_are_found_as_openssl_and_browsers_write_them() {
    for written in ["4ab0ff", " 4AB0FF ", "4A:B0:FF"] {
        assert_eq!(normal_serial(written), "4ab0ff");
    }
}

#[test]
fn the_binary_form_is_the_one_that_the_fingerprint_is_of() {
    let place = Place::new();
    let authority = place.open(today()).unwrap();
    let issued = authority.issue_unit(&DeviceId::new("u-2").unwrap(), UnitKey::Fresh, today()).unwrap();
    assert_eq!(certificate_der(&issued.chain_pem).unwrap(), issued.der);
}
