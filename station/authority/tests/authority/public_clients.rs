//! Debian's openssl agrees with what the authority issues.

use firstpass_authority::{Revoked, UnitKey, parse_certificate, san_device_id};
use firstpass_domain::DeviceId;

use crate::support::{Place, before, openssl, text, today};

#[test]
fn openssl_verifies_a_units_certificate_for_clients_only() {
    let place = Place::new();
    let authority = place.open(today()).unwrap();
    let unit = authority.issue_unit(&device("dev-1"), UnitKey::Fresh, today()).unwrap();
    let leaf = place.file("unit.pem", &unit.pem);
    let (root, intermediate) = (place.dir().join("root.pem"), place.dir().join("intermediate.pem"));
    let verify = |purpose| {
        let chain = ["-CAfile", text(&root), "-untrusted", text(&intermediate)];
        openssl(&[&["verify", "-x509_strict", "-purpose", purpose], &chain[..], &[text(&leaf)]].concat())
    };
    assert!(verify("sslclient").unwrap().contains("OK"));
    assert!(verify("sslserver").unwrap_err().contains("unsuitable certificate purpose"));
}

#[test]
fn openssl_reads_the_fields_that_the_record_keeps() {
    let place = Place::new();
    let authority = place.open(today()).unwrap();
    let unit = authority.issue_unit(&device("dev-1"), UnitKey::Fresh, today()).unwrap();
    let leaf = place.file("unit.pem", &unit.pem);
    let read =
        openssl(&["x509", "-in", text(&leaf), "-noout", "-serial", "-fingerprint", "-sha256", "-subject", "-text"]);
    let read = read.unwrap();
    assert!(read.contains(&format!("serial={}", unit.serial.to_uppercase())), "{read}");
    let fingerprint: String = unit.fingerprint.to_string().to_uppercase();
    assert!(read.replace(':', "").contains(&fingerprint), "{read}");
    for expected in
        ["subject=CN = dev-1", "URI:urn:firstpass:device:dev-1", "TLS Web Client Authentication", "CA:FALSE"]
    {
        assert!(read.contains(expected), "{expected} in {read}");
    }
    assert!(read.contains("X509v3 Subject Key Identifier") && read.contains("X509v3 Authority Key Identifier"));
    let info = parse_certificate(&unit.chain_pem).unwrap();
    assert_eq!((&info.serial, info.fingerprint), (&unit.serial, unit.fingerprint));
    assert_eq!((info.not_before, info.not_after), (unit.not_before, unit.not_after));
    assert_eq!(san_device_id(&unit.der), Some(device("dev-1")));
}

#[test]
fn the_root_and_the_intermediate_may_do_what_they_must_and_no_more() {
    let place = Place::new();
    place.open(today()).unwrap();
    let read = |name| openssl(&["x509", "-in", text(&place.dir().join(name)), "-noout", "-text"]).unwrap();
    let (root, intermediate) = (read("root.pem"), read("intermediate.pem"));
    assert!(root.contains("CA:TRUE, pathlen:1") && root.contains("Certificate Sign, CRL Sign"), "{root}");
    assert!(intermediate.contains("CA:TRUE, pathlen:0"), "{intermediate}");
}

#[test]
fn the_fresh_key_is_the_certificates() {
    let place = Place::new();
    let authority = place.open(today()).unwrap();
    let unit = authority.issue_unit(&device("dev-1"), UnitKey::Fresh, today()).unwrap();
    let leaf = place.file("unit.pem", &unit.pem);
    let key = place.file("unit.key", unit.private_key_pem.unwrap().expose());
    let of_key = openssl(&["pkey", "-in", text(&key), "-pubout"]).unwrap();
    assert_eq!(openssl(&["x509", "-in", text(&leaf), "-noout", "-pubkey"]).unwrap(), of_key);
}

#[test]
fn a_request_made_by_openssl_gets_a_certificate_with_the_identity_that_we_give_it() {
    let place = Place::new();
    let authority = place.open(today()).unwrap();
    let (key, request) = (place.file("device.key", ""), place.file("device.csr", ""));
    let new_key = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let wishes =
        ["-subj", "/CN=root", "-addext", "subjectAltName=DNS:evil.example", "-addext", "basicConstraints=CA:TRUE"];
    openssl(&[&new_key[..], &wishes, &["-keyout", text(&key), "-out", text(&request)]].concat()).unwrap();
    let csr = std::fs::read_to_string(&request).unwrap();
    let unit = authority.issue_for_csr(&device("dev-7"), &csr, today()).unwrap();
    let info = parse_certificate(&unit.pem).unwrap();
    assert_eq!(info.names, ["urn:firstpass:device:dev-7"]);
    assert!(!info.is_ca && unit.private_key_pem.is_none());
    let leaf = place.file("unit.pem", &unit.pem);
    let of_key = openssl(&["pkey", "-in", text(&key), "-pubout"]).unwrap();
    assert_eq!(openssl(&["x509", "-in", text(&leaf), "-noout", "-pubkey"]).unwrap(), of_key);
}

#[test]
fn openssl_refuses_a_certificate_on_the_revocation_list_and_takes_the_others() {
    let place = Place::new();
    let authority = place.open(before(today(), crate::support::DAY)).unwrap();
    let [bad, good] = ["dev-1", "dev-2"].map(|id| authority.issue_unit(&device(id), UnitKey::Fresh, today()).unwrap());
    let list = authority.crl(&[Revoked { serial: bad.serial.clone(), at: today() }], today()).unwrap();
    let list = place.file("list.pem", &list.pem);
    let (root, intermediate) = (place.dir().join("root.pem"), place.dir().join("intermediate.pem"));
    let check = |pem: &str| {
        let leaf = place.file("leaf.pem", pem);
        let chain = ["-CAfile", text(&root), "-untrusted", text(&intermediate), "-CRLfile", text(&list)];
        openssl(&[&["verify", "-crl_check"], &chain[..], &[text(&leaf)]].concat())
    };
    assert!(check(&bad.pem).unwrap_err().contains("certificate revoked"));
    assert!(check(&good.pem).unwrap().contains("OK"));
}

fn device(id: &str) -> DeviceId {
    DeviceId::new(id).unwrap()
}
