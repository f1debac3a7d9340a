//! Webhooks over the socket: signed, sent at least once and in order, tried again, parked, and never a secret twice.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod record;
mod support;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use firstpass_authority::{Authority, ServerName, UnitKey};
use firstpass_domain::{Role, Timestamp};
use firstpass_server::{Settings, WebhookOptions};
use firstpass_store::{Act, BatchState};
use hmac::{Hmac, Mac as _};
use http::HeaderMap;
use record::Factory;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::{Value, json};
use sha2::Sha256;
use support::{Answer, Bench};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
    time::timeout,
};

/// How long a message may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A message as it came.
#[derive(Debug)]
struct Came {
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Came {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }

    fn id(&self) -> String {
        self.header("webhook-id").to_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether one of its signatures was made with this secret, as a receiver reckons it.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut hmac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        hmac.update(format!("{}.{}.", self.id(), self.header("webhook-timestamp")).as_bytes());
        hmac.update(&self.body);
        let expected = format!("v1,{}", STANDARD.encode(hmac.finalize().into_bytes()));
        self.header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}

/// An MES that answers as it is told to, and with 204 when it was told nothing.
struct Mes {
    url: String,
    came: mpsc::UnboundedReceiver<Came>,
    answers: Arc<Mutex<VecDeque<String>>>,
}

impl Mes {
    async fn start() -> Self {
        Self::start_with(None).await
    }

    async fn start_with(tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://localhost:{}/hook", listener.local_addr().unwrap().port());
        let (sender, came) = mpsc::unbounded_channel();
        let answers: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let told = Arc::clone(&answers);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let answer = || told.lock().unwrap().pop_front().unwrap_or_else(|| "204 No Content".to_owned());
                match &tls {
                    None => serve(socket, &sender, answer).await,
                    Some(tls) => match tls.accept(socket).await {
                        Ok(stream) => serve(stream, &sender, answer).await,
                        Err(_) => continue,
                    },
                }
            }
        });
        Self { url, came, answers }
    }

    /// What the next messages are answered with.
    fn answer(&self, heads: &[&str]) {
        self.answers.lock().unwrap().extend(heads.iter().map(ToString::to_string));
    }

    async fn next(&mut self) -> Came {
        timeout(PATIENCE, self.came.recv()).await.expect("a message comes in time").unwrap()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    sender: &mpsc::UnboundedSender<Came>,
    answer: impl FnOnce() -> String,
) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        bytes.extend_from_slice(&buffer[..read]);
        let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if bytes.len() >= end + 4 + length.unwrap_or(0) {
            break (head, bytes[end + 4..].to_vec());
        }
    };
    let mut headers = HeaderMap::new();
    for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
        headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let answer = answer();
    sender.send(Came { path, headers, body }).unwrap();
    if answer == "hang" {
        // Until the sender has had enough.
        let _ = stream.read(&mut [0; 1]).await;
        return;
    }
    let _ = stream.write_all(format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Retries that a test can wait for.
fn hasty(settings: &mut Settings) {
    settings.webhooks = WebhookOptions {
        first_delay_ms: 10,
        longest_delay_s: 1,
        timeout_s: 1,
        tries_max: 3,
        ..WebhookOptions::default()
    };
}

async fn bench() -> Bench {
    Bench::start_with(|settings, _| hasty(settings)).await
}

async fn send(bench: &Bench, method: &str, path: &str, body: Value) -> Answer {
    bench.send(Role::Admin, method, path, &body).await
}

/// Adds a webhook; returns its address and its secret.
async fn add(bench: &Bench, name: &str, url: &str) -> (String, String) {
    let events = json!(["unit.passed", "unit.failed", "batch.closed"]);
    let answer = send(bench, "POST", "/api/v1/webhooks", json!({ "name": name, "url": url, "events": events })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    (answer.header("location").to_owned(), answer.json()["secret"].as_str().unwrap().to_owned())
}

async fn show(bench: &Bench, place: &str) -> Value {
    bench.get(Role::Auditor, place).await.json()
}

/// The messages of a webhook once they are like this.
async fn messages(bench: &Bench, place: &str, like: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let look = async {
        loop {
            let all = show(bench, &format!("{place}/messages")).await["items"].as_array().unwrap().clone();
            if like(&all) {
                return all;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, look).await.expect("the messages come to stand so in time")
}

fn states(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["state"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_mes_is_told_in_order_what_became_of_units_and_batches() {
    let (bench, mut mes) = (bench().await, Mes::start().await);
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    factory.pass().await;
    let (place, secret) = add(&bench, "MES", &mes.url).await;
    let (good, bad) = (factory.pass().await, factory.fail("assert failed").await);
    let act = Act { actor: "ada".to_owned(), reason: "made".to_owned() };
    bench.store.set_batch_state(factory.batch, BatchState::Closed, &act, bench.now()).await.unwrap();
    let [passed, failed, closed] = [mes.next().await, mes.next().await, mes.next().await];
    for came in [&passed, &failed, &closed] {
        assert!(came.is_signed_with(&secret), "{came:?}");
        assert_eq!((came.path.as_str(), came.header("content-type")), ("/hook", "application/json"));
    }
    let told = passed.json();
    assert_eq!((&told["type"], &told["data"]["unit"]["mac"]), (&json!("unit.passed"), &json!(good.mac.to_string())));
    assert_eq!(told["data"]["unit"]["serial"], good.serial.unwrap().to_string());
    assert_eq!(told["data"]["batch"]["name"], factory.batch_name);
    assert_eq!(told["data"]["run"]["id"], good.run.to_string());
    let told = failed.json();
    assert_eq!((&told["type"], &told["data"]["run"]["id"]), (&json!("unit.failed"), &json!(bad.run.to_string())));
    assert_eq!(told["data"]["diagnosis"]["code"], "boot_loop", "{told}");
    let told = closed.json();
    assert_eq!((&told["type"], &told["data"]["batch"]["reason"]), (&json!("batch.closed"), &json!("made")));
    assert!(told["data"]["unit"].is_null(), "{told}");
    let sent = messages(&bench, &place, |all| states(all) == ["sent"; 3]).await;
    let ids: Vec<_> = sent.iter().rev().map(|message| message["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, [passed.id(), failed.id(), closed.id()]);
    let seq = sent[0]["seq"].as_i64().unwrap();
    let body = show(&bench, &format!("{place}/messages/{seq}")).await;
    assert_eq!(body, closed.json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_fails_comes_again_with_the_same_id_before_the_next_one() {
    let (bench, mut mes) = (bench().await, Mes::start().await);
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    add(&bench, "MES", &mes.url).await;
    mes.answer(&["500 Oops", "302 Found\r\nlocation: http://127.0.0.1:9/"]);
    let (first, second) = (factory.fail("assert failed").await, factory.pass().await);
    let came = [mes.next().await, mes.next().await, mes.next().await, mes.next().await];
    let runs: Vec<_> = came.iter().map(|came| came.json()["data"]["run"]["id"].as_str().unwrap().to_owned()).collect();
    let (first, second) = (first.run.to_string(), second.run.to_string());
    assert_eq!(runs, [first.clone(), first.clone(), first, second]);
    assert!(came[0].id() == came[1].id() && came[0].body == came[2].body, "the same message each time");
    assert_ne!(came[2].id(), came[3].id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_message_is_parked_and_a_person_takes_it_up_again() {
    let (bench, mut mes) = (bench().await, Mes::start().await);
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let (place, _) = add(&bench, "MES", &mes.url).await;
    mes.answer(&["410 Gone", "500 Oops", "hang", "501 Never"]);
    for _ in 0..3 {
        factory.pass().await;
    }
    for _ in 0..5 {
        mes.next().await;
    }
    let stand = messages(&bench, &place, |all| states(all) == ["sent", "parked", "parked"]).await;
    let words: Vec<_> = stand.iter().map(|message| message["outcome"].as_str().unwrap()).collect();
    assert_eq!((words[2], words[1]), ("HTTP 410", "HTTP 501, after 3 tries"));
    let resume = format!("{place}/resume");
    let auditor = bench.send(Role::Auditor, "POST", &resume, &json!({})).await;
    assert_eq!(auditor.status, 403);
    let taken_up = send(&bench, "POST", &resume, json!({ "seq": stand[2]["seq"], "reason": "mended" })).await;
    assert_eq!(taken_up.json(), json!({ "messages": 1 }));
    assert_eq!(mes.next().await.id(), stand[2]["id"].as_str().unwrap());
    assert_eq!(send(&bench, "POST", &resume, json!({})).await.json(), json!({ "messages": 1 }), "the other one");
    assert_eq!(mes.next().await.id(), stand[1]["id"].as_str().unwrap());
    messages(&bench, &place, |all| states(all) == ["sent"; 3]).await;
    let entries = show(&bench, "/api/v1/audit?kinds=webhook.parked").await;
    let by: Vec<_> =
        entries["items"].as_array().unwrap().iter().map(|entry| entry["actor"].as_str().unwrap()).collect();
    assert_eq!(by, ["admin", "admin", "line", "line"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_wrong_for_a_while_loses_no_message_and_no_order() {
    let (bench, mut mes) = (bench().await, Mes::start().await);
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let (place, _) = add(&bench, "MES", &mes.url).await;
    let wrong =
        ["401 Unauthorized", "403 Forbidden", "404 Not Found", "429 Slower", "502 Bad", "503 Later", "504 Late"];
    mes.answer(&wrong);
    let (first, second) = (factory.pass().await, factory.pass().await);
    for _ in 0..=wrong.len() {
        assert_eq!(mes.next().await.json()["data"]["run"]["id"], first.run.to_string());
    }
    assert_eq!(mes.next().await.json()["data"]["run"]["id"], second.run.to_string());
    let sent = messages(&bench, &place, |all| states(all) == ["sent"; 2]).await;
    assert_eq!(sent[1]["tries"], 1, "only the one that was taken is its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_holds_no_message_up() {
    let (mut mes, ahead) = (Mes::start().await, Arc::new(AtomicI64::new(24 * 3600 * 1_000_000)));
    let clock = Arc::clone(&ahead);
    let bench = Bench::start_with(move |settings, services| {
        hasty(settings);
        let own = Arc::clone(&services.clock);
        services.clock = Arc::new(move || Timestamp::from_micros(own().as_micros() + clock.load(Ordering::SeqCst)));
    })
    .await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let (place, _) = add(&bench, "MES", &mes.url).await;
    mes.answer(&["500 Oops", "500 Oops"]);
    factory.pass().await;
    let first = mes.next().await;
    messages(&bench, &place, |all| all.iter().any(|message| message["outcome"].is_string())).await;
    ahead.store(0, Ordering::SeqCst);
    // Whatever was written down of the first try, it was for tomorrow at the earliest.
    for _ in 0..2 {
        assert_eq!(mes.next().await.id(), first.id());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_sent_when_the_server_ended_is_sent_by_the_next_one() {
    let (mut bench, mut mes) = (bench().await, Mes::start().await);
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let (_, secret) = add(&bench, "MES", &mes.url).await;
    bench.stop().await;
    let made = factory.pass().await;
    let (store, folder) = (Arc::clone(&bench.store), bench.folder.path().to_owned());
    let _next_life = Bench::start_with(move |settings, services| {
        hasty(settings);
        (services.store, settings.data_dir) = (store, Some(folder));
    })
    .await;
    let came = mes.next().await;
    assert_eq!(came.json()["data"]["run"]["id"], made.run.to_string());
    assert!(came.is_signed_with(&secret), "the secret outlives the server");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_webhook_that_is_away_holds_up_no_other() {
    let (bench, mut mes) = (bench().await, Mes::start().await);
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let (away, _) = add(&bench, "away", "http://127.0.0.1:9/hook").await;
    let (broken, _) = add(&bench, "broken", "https://127.0.0.1:9/hook").await;
    add(&bench, "here", &mes.url).await;
    factory.pass().await;
    mes.next().await;
    for place in [away, broken] {
        let tried = |all: &[Value]| all.iter().any(|message| message["outcome"].is_string());
        let waits = messages(&bench, &place, tried).await;
        assert_eq!((&waits[0]["state"], &waits[0]["tries"]), (&json!("waiting"), &json!(0)), "{waits:?}");
        assert_eq!(show(&bench, &place).await["waiting"], 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_shown_once_kept_sealed_and_rotated_without_a_break() {
    let (bench, mut mes) = (bench().await, Mes::start().await);
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let body = json!({ "name": "MES", "url": mes.url, "events": ["unit.passed"] });
    let ask = || async { bench.ask_as(Role::Admin, "POST", "/api/v1/webhooks").await.header("idempotency-key", "k") };
    let added = ask().await.json(&body).send().await;
    let (place, old) = (added.header("location").to_owned(), added.json()["secret"].as_str().unwrap().to_owned());
    let again = ask().await.json(&body).send().await;
    assert_eq!((again.status, &again.json()["code"]), (409, &json!("answer_shown_once")), "{again:?}");
    let rotated = send(&bench, "POST", &format!("{place}/rotate"), json!({})).await;
    let new = rotated.json()["secret"].as_str().unwrap().to_owned();
    factory.pass().await;
    let came = mes.next().await;
    assert!(came.is_signed_with(&old) && came.is_signed_with(&new), "for a day, both sign");
    bench.pass(Duration::from_secs(24 * 60 * 60 + 1));
    factory.pass().await;
    let came = mes.next().await;
    assert!(!came.is_signed_with(&old) && came.is_signed_with(&new));
    let pages = [place.clone(), "/api/v1/webhooks".to_owned(), "/api/v1/audit".to_owned()];
    let session = bench.log_in("auditor", support::PASSWORD).await.unwrap();
    for page in pages {
        let shown = bench.ask("GET", &page).header("cookie", &session.cookie).send().await;
        assert!(shown.status == 200 && !shown.text.contains("whsec_"), "{page}: {shown:?}");
    }
    let key = STANDARD.decode(new.strip_prefix("whsec_").unwrap()).unwrap();
    for file in ["record.sqlite", "record.sqlite-wal"] {
        let bytes = std::fs::read(bench.folder.path().join(file)).unwrap_or_default();
        let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(!holds(&key) && !holds(new.as_bytes()), "{file} holds no secret");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_that_would_leak_are_refused() {
    let bench = bench().await;
    for (url, code) in [
        ("http://mes.test/hook", "webhook_url_open"),
        ("https://ada:pw@mes.test/", "webhook_url_unfit"),
        ("ftp://mes.test/", "webhook_url_unfit"),
        ("https://mes.test/#x", "webhook_url_unfit"),
    ] {
        let answer =
            send(&bench, "POST", "/api/v1/webhooks", json!({ "name": "x", "url": url, "events": ["unit.passed"] }))
                .await;
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!(code)), "{url}");
    }
    let engineer = json!({ "name": "x", "url": "https://mes.test/", "events": ["unit.passed"] });
    assert_eq!(bench.send(Role::Engineer, "POST", "/api/v1/webhooks", &engineer).await.status, 403);
}

fn acceptor(authority: &Authority, now: firstpass_domain::Timestamp) -> tokio_rustls::TlsAcceptor {
    let issued = authority.issue_server(&[ServerName::localhost()], UnitKey::Fresh, now).unwrap();
    let chain = CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(issued.private_key_pem.unwrap().expose().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_only_a_receiver_with_a_trusted_certificate_gets_messages() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
        let now = firstpass_domain::Timestamp::from_micros(i64::try_from(now.as_micros()).unwrap());
        let settings = firstpass_authority::Settings::default();
        (Arc::new(Authority::open_or_create(&folder.path().join(name), settings, now).unwrap()), now)
    };
    let ((own, now), (strange, _)) = (open("own"), open("strange"));
    let mut trusted = Mes::start_with(Some(acceptor(&own, now))).await;
    let stranger = Mes::start_with(Some(acceptor(&strange, now))).await;
    let authority = Arc::clone(&own);
    let bench = Bench::start_with(move |settings, services| {
        hasty(settings);
        services.authority = Some(authority);
    })
    .await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let (place, _) = add(&bench, "stranger", &stranger.url).await;
    add(&bench, "trusted", &trusted.url).await;
    factory.pass().await;
    trusted.next().await;
    let refused = messages(&bench, &place, |all| all.iter().any(|message| message["outcome"].is_string())).await;
    assert!(refused[0]["outcome"].as_str().unwrap().contains("TLS"), "{refused:?}");
    assert_eq!(refused[0]["state"], "waiting");
}
