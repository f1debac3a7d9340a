//! One server of each kind that must be refused, beside the ones that must not.

use std::sync::Arc;
use std::time::Duration;

use firstpass_unit_driver::{Component, Connector, LinkFailure, Trust, WallClock};
use rcgen::ExtendedKeyUsagePurpose;
use rustls::pki_types::CertificateDer;
use rustls::{ServerConfig, SupportedProtocolVersion, version};
use time::Duration as Span;
use tokio::io::AsyncWriteExt;

use crate::support::host::{Host, Keys, block_on, firmware, stack};
use crate::support::pki::{HOST, Identity, NOW_S, Wanted};
use crate::support::server;

const VERSIONS: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];
const GREETING: &[u8] = b"hello";

/// Connects to a server of this configuration, in the belief that it is `host`, and reads its greeting.
fn greeted_by(
    config: &Arc<ServerConfig>,
    anchor: &Identity,
    host: &str,
    now_s: Option<u64>,
) -> Result<(), LinkFailure> {
    let stack = stack();
    if let Some(now_s) = now_s {
        WallClock::set(now_s);
    }
    let (platform, firmware) = (Host::new(Vec::new()), firmware());
    block_on(async {
        let port = server::start(Arc::clone(config), |mut secure| async move {
            drop(secure.write_all(GREETING).await);
            drop(secure.shutdown().await);
        })
        .await;
        let trust = Trust::load(&mut Keys::trusting(anchor.pem()), false).unwrap();
        let connector = Connector::new(&platform, stack.reference(), &firmware, "");
        let limit = embassy_time::Duration::from_secs(10);
        let mut stream = connector.open(host, port, Some(&trust), limit).await?;
        let mut buffer = [0; 16];
        let count = stream.read(&mut buffer).await?;
        assert_eq!(&buffer[..count], GREETING);
        Ok(())
    })
}

fn shows(chain: &[&Identity], version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
    let ders: Vec<CertificateDer<'static>> = chain.iter().map(|identity| identity.der()).collect();
    server::config(ders, &chain[0].key(), version)
}

fn root() -> Identity {
    Identity::self_signed(&Wanted::ca("root"))
}

fn lines(failure: &LinkFailure) -> String {
    failure.lines(Component::Transport).map(|(_, _, text)| format!("{text}\n")).collect()
}

/// Asserts that the server is refused under both versions of TLS, with the reason that ESP-IDF would print.
fn refused_because(
    reason: &str,
    root: &Identity,
    config: impl Fn(&'static SupportedProtocolVersion) -> Arc<ServerConfig>,
) {
    for version in VERSIONS {
        let failure = greeted_by(&config(version), root, HOST, Some(NOW_S)).expect_err(reason);
        let said = lines(&failure);
        assert!(said.contains(reason), "{version:?}: {said}");
        assert_eq!((failure.tls_esp_err, failure.certificate), (0x801a, None), "{said}");
    }
}

/// The handshake failed, and not by the server's own alert or end.
fn refused_by_the_unit(failure: &LinkFailure) {
    let said = lines(failure);
    assert_eq!(failure.tls_esp_err, 0x801a, "{said}");
    assert!(!said.contains("-0x7780") && !said.contains("-0x0050") && !said.contains("-0x7280"), "{said}");
}

#[test]
fn a_server_with_a_certificate_of_the_anchor_is_trusted() {
    let root = root();
    let leaf = root.issue(&Wanted::server());
    for version in VERSIONS {
        assert_eq!(greeted_by(&shows(&[&leaf], version), &root, HOST, Some(NOW_S)), Ok(()), "{version:?}");
    }
}

#[test]
fn a_server_with_a_certificate_of_an_intermediate_authority_is_trusted() {
    let root = root();
    let intermediate = root.issue(&Wanted::ca("intermediate"));
    let leaf = intermediate.issue(&Wanted::server());
    for version in VERSIONS {
        assert_eq!(
            greeted_by(&shows(&[&leaf, &intermediate], version), &root, HOST, Some(NOW_S)),
            Ok(()),
            "{version:?}"
        );
    }
}

#[test]
fn a_server_that_is_known_by_its_address_is_trusted_at_that_address_only() {
    let root = root();
    let leaf = root.issue(&Wanted { name: "127.0.0.1", ..Wanted::server() });
    let config = shows(&[&leaf], &version::TLS13);
    assert_eq!(greeted_by(&config, &root, "127.0.0.1", Some(NOW_S)), Ok(()));
    assert!(greeted_by(&config, &root, "127.0.0.2", Some(NOW_S)).is_err());
}

#[test]
fn a_server_of_an_unknown_authority_is_refused() {
    let stranger = Identity::self_signed(&Wanted::ca("stranger")).issue(&Wanted::server());
    refused_because("not correctly signed by the trusted CA", &root(), |version| shows(&[&stranger], version));
}

#[test]
fn a_server_that_signed_its_own_certificate_is_refused() {
    let own = Identity::self_signed(&Wanted::server());
    refused_because("not correctly signed by the trusted CA", &root(), |version| shows(&[&own], version));
}

#[test]
fn an_authority_that_only_has_the_name_of_ours_is_refused() {
    let pretender = root();
    let leaf = pretender.issue(&Wanted::server());
    refused_because("not correctly signed by the trusted CA", &root(), |version| shows(&[&leaf, &pretender], version));
}

#[test]
fn a_server_of_another_name_is_refused() {
    let root = root();
    let other = root.issue(&Wanted { name: "other.example", ..Wanted::server() });
    refused_because("does not match with the expected CN", &root, |version| shows(&[&other], version));
}

#[test]
fn a_server_with_an_expired_certificate_is_refused() {
    let root = root();
    let old = root.issue(&Wanted { ends: -Span::HOUR, ..Wanted::server() });
    refused_because("validity has expired", &root, |version| shows(&[&old], version));
}

#[test]
fn a_server_with_a_certificate_that_is_not_yet_valid_is_refused() {
    let root = root();
    let early = root.issue(&Wanted { starts: Span::HOUR, ..Wanted::server() });
    refused_because("validity starts in the future", &root, |version| shows(&[&early], version));
}

#[test]
fn an_expired_intermediate_authority_is_refused() {
    let root = root();
    let old = root.issue(&Wanted { ends: -Span::HOUR, ..Wanted::ca("intermediate") });
    let leaf = old.issue(&Wanted::server());
    refused_because("validity has expired", &root, |version| shows(&[&leaf, &old], version));
}

#[test]
fn a_leaf_that_acts_as_an_authority_is_refused() {
    let root = root();
    let leaf = root.issue(&Wanted { name: "unit.example", ..Wanted::server() });
    let forged = leaf.issue(&Wanted::server());
    refused_because("not correctly signed by the trusted CA", &root, |version| shows(&[&forged, &leaf], version));
}

#[test]
fn a_certificate_for_clients_is_refused_of_a_server() {
    let root = root();
    let usage = || vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = root.issue(&Wanted { usage: usage(), ..Wanted::server() });
    refused_because("extendedKeyUsage", &root, |version| shows(&[&client], version));
}

#[test]
fn a_server_that_shows_no_certificate_is_refused() {
    let root = root();
    let key = root.issue(&Wanted::server()).key();
    // Under TLS 1.3 rustls sends no empty list; an entry of no bytes is as near as it goes.
    let shown = [(Vec::new(), &version::TLS12), (vec![CertificateDer::from(Vec::new())], &version::TLS13)];
    for (chain, version) in shown {
        let refused = greeted_by(&server::config(chain, &key, version), &root, HOST, Some(NOW_S));
        refused_by_the_unit(&refused.expect_err("nothing was proved"));
    }
}

#[test]
fn a_server_that_shows_a_certificate_without_having_its_key_is_refused() {
    let root = root();
    let (shown, key) = (root.issue(&Wanted::server()), root.issue(&Wanted::server()).key());
    for version in VERSIONS {
        let config = server::config(vec![shown.der()], &key, version);
        let refused = greeted_by(&config, &root, HOST, Some(NOW_S));
        refused_by_the_unit(&refused.expect_err("nothing was proved"));
    }
}

#[test]
fn nobody_is_trusted_while_the_time_is_unknown() {
    let root = root();
    let leaf = root.issue(&Wanted::server());
    for version in VERSIONS {
        let failure = greeted_by(&shows(&[&leaf], version), &root, HOST, None).expect_err("no date was checked");
        assert_eq!(failure.tls_esp_err, 0x801a, "{}", lines(&failure));
    }
}

#[test]
fn a_server_that_speaks_no_tls_is_refused() {
    let stack = stack();
    WallClock::set(NOW_S);
    let (platform, firmware) = (Host::new(Vec::new()), firmware());
    block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::task::spawn_local(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            drop(tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
            tokio::time::sleep(Duration::from_secs(60)).await;
        });
        let trust = Trust::load(&mut Keys::trusting(root().pem()), false).unwrap();
        let connector = Connector::new(&platform, stack.reference(), &firmware, "");
        let opened = connector.open(HOST, port, Some(&trust), embassy_time::Duration::from_secs(10)).await;
        assert_eq!(opened.err().map(|failure| failure.tls_esp_err), Some(0x801a));
    });
}
