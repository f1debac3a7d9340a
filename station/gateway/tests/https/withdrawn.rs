//! A unit whose certificate was revoked, or whose run failed, loses its connection and all that its token allowed.

use std::sync::Arc;

use firstpass_contract::{
    ProvisionResponse,
    mqtt::{Connect, Packet, Password},
};
use firstpass_domain::{Diagnosis, DiagnosisCode, Step};
use firstpass_gateway::{
    RecordedAccounts,
    https::Protocol,
    mqtt::{self, Broker, BrokerEvent, BrokerEventKind, DisconnectReason, Refusal},
    server_tls,
};
use firstpass_store::{Act, RunEnd, Store};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::CancellationToken;

use crate::{
    claims::claim,
    station::{PATIENCE, Station, Unit, refused},
};

/// A broker over the station's record.
struct Served {
    port: u16,
    handle: mqtt::BrokerHandle,
    events: mpsc::Receiver<BrokerEvent>,
    _stop: tokio_util::sync::DropGuard,
}

impl Served {
    async fn over(station: &Station) -> Self {
        let now = station.now();
        let clock: mqtt::Clock = Arc::new(move || now);
        let tls = server_tls(&station.authority, Protocol::Mqtt, Arc::clone(&clock)).unwrap();
        let accounts = Arc::new(RecordedAccounts::new(Arc::clone(&station.store) as Arc<dyn Store>));
        let addr = "127.0.0.1:0".parse().unwrap();
        let limits = mqtt::Limits::default();
        let (broker, handle, events) = Broker::bind(addr, tls, accounts, limits, clock).await.unwrap();
        let (port, token) = (broker.local_addr().port(), CancellationToken::new());
        tokio::spawn(broker.run(token.clone()));
        Self { port, handle, events, _stop: token.drop_guard() }
    }

    async fn event(&mut self) -> BrokerEventKind {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").unwrap().kind
    }

    /// Logs in as the unit does; returns the connection after the CONNACK.
    async fn login(&self, station: &Station, session: &ProvisionResponse) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(station.authority.root_der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let chain = CertificateDer::pem_slice_iter(session.certificate_pem.as_ref().unwrap().as_bytes());
        let key = PrivateKeyDer::from_pem_slice(session.private_key_pem.as_ref().unwrap().expose().as_bytes()).unwrap();
        let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
        let config = config.with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap();
        let socket = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap();
        let connect = Connect {
            client_id: session.mqtt_username.clone(),
            keep_alive_s: 60,
            clean_session: true,
            will: None,
            username: Some(session.mqtt_username.clone()),
            password: Some(Password::new(session.mqtt_password.expose())),
        };
        stream.write_all(&Packet::Connect(connect).to_bytes()).await.unwrap();
        let mut connack = [0; 4];
        timeout(PATIENCE, stream.read_exact(&mut connack)).await.expect("a CONNACK").unwrap();
        stream
    }
}

/// Withdraws what the unit has, and returns whose connections are to be cut.
async fn withdraw(station: &Station, unit: &Unit, session: &ProvisionResponse, run_fails: bool) -> Vec<String> {
    if run_fails {
        let end = RunEnd::Failed(Diagnosis::new(DiagnosisCode::PingUnanswered, Step::Connect, "no answer"));
        return station.store.finish_run(unit.run, &end, &[], station.now()).await.unwrap();
    }
    let act = Act { actor: "an auditor".to_owned(), reason: "a test".to_owned() };
    let info = firstpass_authority::parse_certificate(session.certificate_pem.as_ref().unwrap()).unwrap();
    assert!(station.store.revoke_certificate(&info.serial, &act, station.now()).await.unwrap());
    vec![session.mqtt_username.clone()]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_withdrawn_is_cut_and_neither_connects_nor_claims_again() {
    let station = Station::start().await;
    let mut broker = Served::over(&station).await;
    for run_fails in [false, true] {
        let unit = station.unit(true).await;
        let session = station.provision(&unit).await.session();
        let mut connection = broker.login(&station, &session).await;
        assert!(matches!(broker.event().await, BrokerEventKind::Connected { .. }));

        let users = withdraw(&station, &unit, &session, run_fails).await;
        assert_eq!(users, [session.mqtt_username.as_str()]);
        assert_eq!(users.iter().map(|user| broker.handle.disconnect(user)).sum::<usize>(), 1);
        assert_eq!(broker.event().await, BrokerEventKind::Disconnected(DisconnectReason::Withdrawn));
        timeout(PATIENCE, connection.read_to_end(&mut Vec::new())).await.expect("the connection ends").unwrap();

        broker.login(&station, &session).await;
        assert_eq!(broker.event().await, BrokerEventKind::Refused(Refusal::Disabled));
        let token = session.device_http_token.as_ref().unwrap().expose();
        let answer = claim(&station, token, r#"{"claim_code":"blue"}"#).await;
        assert_eq!(answer.refusal(), refused(401, "unknown_token"));
    }
}
