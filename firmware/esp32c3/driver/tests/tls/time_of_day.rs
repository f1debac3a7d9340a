//! Where no time server is, the provisioning service tells the time; not everybody may.

use std::sync::Arc;

use embassy_time::Duration;
use firstpass_unit_driver::{Component, Connector, LinkFailure, Trust, WallClock};
use rustls::version;
use time::Duration as Span;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::host::{Host, Keys, block_on, firmware, stack};
use crate::support::pki::{HOST, Identity, NOW_S, Wanted};
use crate::support::server::{self, Secure};

/// 2026-06-01 00:00:00
const DATE: &str = "Mon, 01 Jun 2026 00:00:00 GMT";

async fn tell(date: &'static str, mut secure: Secure) {
    let mut request = [0; 512];
    if secure.read(&mut request).await.is_ok_and(|count| request[..count].starts_with(b"HEAD ")) {
        drop(secure.write_all(format!("HTTP/1.1 404 Not Found\r\ndate: {date}\r\n\r\n").as_bytes()).await);
    }
    drop(secure.shutdown().await);
}

/// Opens a stream at a unit that has no clock; returns whether it opened, and the time then.
fn open_without_clock(date: &'static str, root: &Identity, leaf: &Identity) -> (bool, Option<u64>) {
    let (failure, time) = fail_without_clock(date, root, leaf);
    (failure.is_none(), time)
}

/// The same; returns why it did not open.
fn fail_without_clock(date: &'static str, root: &Identity, leaf: &Identity) -> (Option<LinkFailure>, Option<u64>) {
    let stack = stack();
    let (platform, firmware) = (Host::new(Vec::new()), firmware());
    block_on(async {
        let config = server::config(vec![leaf.der()], &leaf.key(), &version::TLS13);
        let port = server::start(Arc::clone(&config), move |secure| tell(date, secure)).await;
        let trust = Trust::load(&mut Keys::trusting(root.pem()), false).unwrap();
        let service = format!("https://{HOST}:{port}/api/v1");
        let connector = Connector::new(&platform, stack.reference(), &firmware, &service);
        let opened = connector.open(HOST, port, Some(&trust), Duration::from_secs(10)).await;
        (opened.err(), WallClock::now())
    })
}

#[test]
fn a_server_of_the_service_tells_the_time_and_is_then_verified_with_it() {
    let root = Identity::self_signed(&Wanted::ca("root"));
    // Not yet valid when the firmware was built.
    let leaf = root.issue(&Wanted { starts: -Span::MINUTE, ..Wanted::server() });
    let (opened, time) = open_without_clock(DATE, &root, &leaf);
    assert!(opened);
    assert!((NOW_S..NOW_S + 60).contains(&time.unwrap()));
}

#[test]
fn a_server_that_would_be_valid_at_another_time_only_is_refused_with_the_time_that_it_told() {
    let root = Identity::self_signed(&Wanted::ca("root"));
    let leaf = root.issue(&Wanted { starts: Span::HOUR, ..Wanted::server() });
    assert!(!open_without_clock(DATE, &root, &leaf).0);
}

#[test]
fn a_certificate_that_had_expired_when_the_firmware_was_built_teaches_no_time() {
    let root = Identity::self_signed(&Wanted::ca("root"));
    let leaf = root.issue(&Wanted { ends: -2 * Span::HOUR, ..Wanted::server() });
    assert_eq!(open_without_clock("Sun, 31 May 2026 12:00:00 GMT", &root, &leaf), (false, None));
}

#[test]
fn a_stranger_teaches_no_time() {
    let root = Identity::self_signed(&Wanted::ca("root"));
    let leaf = Identity::self_signed(&Wanted::ca("stranger")).issue(&Wanted::server());
    assert_eq!(open_without_clock(DATE, &root, &leaf), (false, None));
}

#[test]
fn a_time_before_the_firmware_was_built_is_none() {
    let root = Identity::self_signed(&Wanted::ca("root"));
    let leaf = root.issue(&Wanted::server());
    assert_eq!(open_without_clock("Mon, 01 Jun 2020 00:00:00 GMT", &root, &leaf), (false, None));
}

fn lines(failure: &LinkFailure) -> String {
    failure.lines(Component::HttpClient).map(|(_, _, text)| text).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_stranger_who_would_tell_the_time_is_refused_as_a_stranger() {
    let root = Identity::self_signed(&Wanted::ca("root"));
    let leaf = Identity::self_signed(&Wanted::ca("stranger")).issue(&Wanted::server());
    let said = lines(&fail_without_clock(DATE, &root, &leaf).0.unwrap());
    assert!(said.contains("not correctly signed by the trusted CA"), "{said}");
}

#[test]
fn without_the_time_a_server_is_refused_as_not_yet_valid() {
    let root = Identity::self_signed(&Wanted::ca("root"));
    let leaf = root.issue(&Wanted::server());
    let said = lines(&fail_without_clock("Mon, 01 Jun 2020 00:00:00 GMT", &root, &leaf).0.unwrap());
    assert!(said.contains("The certificate validity starts in the future"), "{said}");
}
