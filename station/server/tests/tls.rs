//! The server under TLS with the station's own authority, as browsers and strangers meet it.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod support;

use std::{path::Path, sync::Arc};

use firstpass_authority::{Authority, Settings as CaSettings};
use firstpass_domain::Timestamp;
use firstpass_line::Clock;
use firstpass_server::{Server, ServerError, Services, Settings};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use support::{Answer, Ask, Bench, PASSWORD};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

fn authority(folder: &Path, clock: &Clock) -> Arc<Authority> {
    let names = vec!["localhost".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    let settings = CaSettings { server_names: names, ..CaSettings::default() };
    Arc::new(Authority::open_or_create(&folder.join("ca"), settings, clock()).unwrap())
}

fn with_tls(settings: &mut Settings, services: &mut Services) {
    settings.tls = true;
    services.authority = Some(authority(settings.data_dir.as_deref().unwrap(), &services.clock));
}

async fn bench() -> Bench {
    Bench::start_with(with_tls).await
}

fn place(bench: &Bench) -> String {
    bench.url.trim_start_matches("https://").to_owned()
}

/// A browser that trusts only the certificate that the station gives away.
async fn connect(bench: &Bench, versions: &[&'static rustls::SupportedProtocolVersion]) -> TlsStream<TcpStream> {
    let pem = std::fs::read(bench.folder.path().join("ca/root.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    use rustls::pki_types::pem::PemObject as _;
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let socket = TcpStream::connect(place(bench)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
}

async fn send(bench: &Bench, ask: Ask) -> Answer {
    ask.send_over(connect(bench, rustls::ALL_VERSIONS).await).await
}

#[tokio::test]
async fn a_browser_that_trusts_the_stations_ca_speaks_http_1_1_to_it_in_both_versions_of_tls() {
    let bench = bench().await;
    for version in rustls::ALL_VERSIONS {
        let stream = connect(&bench, &[version]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(bench.ask("GET", "/healthz").send_over(stream).await.status, 200);
    }
}

#[tokio::test]
async fn under_tls_the_cookie_is_held_to_the_host_and_opens_what_it_should() {
    let bench = bench().await;
    let fields = [("login", "engineer"), ("password", PASSWORD)];
    let answer = send(&bench, bench.ask("POST", "/login").form(&fields)).await;
    let set = answer.header("set-cookie").to_owned();
    assert!(set.starts_with("__Host-firstpass=") && set.contains("Secure"), "{set}");
    let cookie = answer.cookie().unwrap();
    let account = send(&bench, bench.ask("GET", "/account").header("cookie", &cookie)).await;
    assert_eq!(account.status, 200);
    assert!(bench.store.user_by_login("engineer").await.unwrap().unwrap().last_login.is_some());
    let plain = cookie.replace("__Host-", "");
    assert_eq!(send(&bench, bench.ask("GET", "/account").header("cookie", &plain)).await.status, 401);
}

#[tokio::test]
async fn only_a_host_with_a_name_of_its_own_is_told_to_speak_nothing_but_tls() {
    let bench = bench().await;
    let told = |host: &'static str| {
        let ask = Ask::new(&format!("https://{host}"), "GET", "/healthz");
        let bench = &bench;
        async move { send(bench, ask).await.header("strict-transport-security").to_owned() }
    };
    assert_eq!(told("line-3.factory.test:8080").await, "max-age=604800");
    for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "192.0.2.7"] {
        assert_eq!(told(host).await, "", "{host}");
    }
}

#[tokio::test]
async fn everybody_may_have_the_ca_certificate_and_its_fingerprint_stands_beside_it() {
    let bench = bench().await;
    let pem = send(&bench, bench.ask("GET", "/ca.pem")).await;
    assert_eq!(pem.text, std::fs::read_to_string(bench.folder.path().join("ca/root.pem")).unwrap());
    assert!(pem.header("content-disposition").contains("firstpass-bench-1-ca.pem"));
    let page = send(&bench, bench.ask("GET", "/login")).await;
    assert!(page.text.contains("href=\"/ca.pem\"") && page.text.contains("SHA-256"), "{page:?}");
}

#[tokio::test]
async fn whoever_speaks_in_the_clear_is_sent_to_tls_and_told_nothing_else() {
    let bench = bench().await;
    let clear = |method: &'static str, path: &'static str| {
        let (bench, host) = (&bench, place(&bench));
        async move {
            let socket = TcpStream::connect(&host).await.unwrap();
            bench.ask(method, path).form(&[("login", "engineer"), ("password", PASSWORD)]).send_over(socket).await
        }
    };
    let sent_on = clear("GET", "/line?x=1").await;
    assert_eq!((sent_on.status, sent_on.header("location")), (308, &*format!("{}/line?x=1", bench.url)));
    let refused = clear("POST", "/login").await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("tls_needed")));
    assert_eq!(refused.header("set-cookie"), "");
}

#[tokio::test]
async fn what_is_neither_tls_nor_http_ends_and_harms_nobody() {
    let bench = bench().await;
    let mut socket = TcpStream::connect(place(&bench)).await.unwrap();
    socket.write_all(&[0x16, 0xff, 0xff, 0xff, 0xff, 0, 1, 2, 3]).await.unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/"), "{answer:?}");
    assert_eq!(send(&bench, bench.ask("GET", "/healthz")).await.status, 200);
}

/// How a server is refused that would start so.
async fn refused(change: fn(&mut Settings)) -> ServerError {
    let bench = Bench::start().await;
    let mut settings = Settings { listen: ([127, 0, 0, 1], 0).into(), tls: false, ..Settings::default() };
    change(&mut settings);
    let now = bench.now();
    let services = Services {
        store: Arc::clone(&bench.store),
        floor: Arc::new(firstpass_line::floor::NoFloor::default()),
        authority: None,
        clock: Arc::new(move || -> Timestamp { now }),
        uart_dir: None,
        shelf: Arc::default(),
        station: "bench-1".parse().unwrap(),
    };
    Server::bind(settings, services).await.err().unwrap()
}

#[tokio::test]
async fn without_tls_nobody_but_this_machine_is_served() {
    let error = refused(|settings| settings.listen = ([0, 0, 0, 0], 0).into()).await;
    assert!(matches!(error, ServerError::PlainText { .. }));
    let problem = error.problem();
    assert!(problem.why.contains("0.0.0.0") && problem.remedy.contains("tls = false"), "{problem:?}");
    assert!(matches!(refused(|settings| settings.tls = true).await, ServerError::NoAuthority));
}
