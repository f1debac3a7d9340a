//! What a unit refuses: each wrong certificate, and each way of not getting a connection, said on the UART.

mod app_support;

use std::net::TcpListener;

use app_support::peer::{Broker, Heard, Https};
use app_support::pki::{Authority, Leaf, Wish};
use app_support::unit::{Unit, Value};
use app_support::{factory, session};
use rcgen::ExtendedKeyUsagePurpose;
use time::Duration;

/// Makes the certificate of a server that the unit must refuse.
type Make = fn(&Authority) -> Leaf;

const EXPIRED: &str = "The certificate validity has expired";
const FUTURE: &str = "The certificate validity starts in the future";
const NAME: &str = "does not match with the expected CN";
const UNTRUSTED: &str = "not correctly signed by the trusted CA";
const USAGE: &str = "Usage does not match the extendedKeyUsage extension";

const WRONG: [(Make, &str); 6] = [
    (|_| Authority::new("Other CA").issue(&Wish::default()), UNTRUSTED),
    (|own| own.issue(&Wish { name: "elsewhere.test", ..Wish::default() }), NAME),
    (|own| own.issue(&Wish { from: Duration::days(-3), until: Duration::days(-2), ..Wish::default() }), EXPIRED),
    (|own| own.issue(&Wish { from: Duration::days(1), until: Duration::days(2), ..Wish::default() }), FUTURE),
    (|own| own.issue(&Wish { usage: ExtendedKeyUsagePurpose::ClientAuth, ..Wish::default() }), USAGE),
    (Authority::issue_below_a_leaf, UNTRUSTED),
];

#[test]
fn a_provisioning_server_with_a_wrong_certificate_never_sees_the_code() {
    for (make, reason) in WRONG {
        let authority = Authority::new("Test CA");
        let https = Https::serve(authority.server(make(&authority), false), |_, _| (200, vec![]));
        let unit = Unit::new(&factory(https.port, &authority.pem())).run();
        unit.says("iotmer_provision: HTTP post failed: ESP_ERR_HTTP_CONNECT");
        let log = unit.uart.text();
        assert!(log.contains("esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x2700"), "{log}");
        assert!(log.contains(reason), "`{reason}` is missing in:\n{log}");
        unit.reset();
        assert!(https.requests.try_recv().is_err());
    }
}

#[test]
fn a_broker_with_a_wrong_certificate_never_sees_the_password() {
    for (make, reason) in WRONG {
        let authority = Authority::new("Test CA");
        let broker = Broker::serve(authority.server(make(&authority), false), vec![]);
        let mut values = session(broker.port);
        values.push(("ca_pem", Value::Text(authority.pem())));
        let unit = Unit::new(&values).run();
        unit.says("MQTT error: MQTT_ERROR_TYPE_TCP_TRANSPORT (type=1) CONNACK_rc=0 sock_errno=0 tls_esp_err=0x801a");
        assert!(unit.uart.text().contains(reason), "{}", unit.uart.text());
        unit.reset();
        assert!(matches!(broker.next(), Heard::End(..)));
    }
}

#[test]
fn a_unit_without_a_readable_trust_anchor_asks_nobody() {
    for ca_pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let authority = Authority::new("Test CA");
        let https = Https::serve(authority.right_server(), |_, _| (200, vec![]));
        let unit = Unit::new(&factory(https.port, ca_pem)).run();
        unit.says("iotmer_provision: HTTP post failed: ESP_ERR_HTTP_CONNECT");
        assert!(unit.uart.text().contains("mbedtls_x509_crt_parse returned -0x2180"));
        unit.reset();
        assert!(https.requests.try_recv().is_err());
    }
}

#[test]
fn a_port_that_nobody_listens_on_is_said_with_its_errno() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let authority = Authority::new("Test CA");
    let mut values = session(port);
    values.push(("ca_pem", Value::Text(authority.pem())));
    Unit::new(&values).run().says("CONNACK_rc=0 sock_errno=111 tls_esp_err=0x8004");
}

#[test]
fn a_host_that_has_no_address_is_said() {
    let authority = Authority::new("Test CA");
    let mut values = session(8883);
    values.push(("ca_pem", Value::Text(authority.pem())));
    values.push(("mqtt_host", Value::Text("no-such-host.invalid".into())));
    let unit = Unit::new(&values).run();
    unit.says("tls_esp_err=0x8001");
    assert!(unit.uart.text().contains("esp-tls: couldn't get hostname for :no-such-host.invalid"));
}

#[test]
fn a_url_without_tls_is_refused_before_the_code_leaves_the_unit() {
    let authority = Authority::new("Test CA");
    let mut values = factory(1, &authority.pem());
    values.push(("prov_url", Value::Text("http://localhost:1/api/v1".into())));
    Unit::new(&values).run().says("iotmer_provision: prov_url is no https URL: cannot provision");
}
