//! The API over the socket: pages of lists, commands that come once, problems with remedies, live events, metrics.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[path = "support/floor.rs"]
mod floor;
mod record;
mod support;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use firstpass_domain::{Action, Diagnosis, DiagnosisCode, Problem, Role, RunId, Step};
use firstpass_line::event::LineEventKind;
use firstpass_store::BatchSearch;
use floor::TestFloor;
use record::Factory;
use serde_json::{Value, json};
use support::{Answer, Bench};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

const RUN: RunId = RunId(uuid::Uuid::nil());

async fn get(bench: &Bench, path: &str) -> Answer {
    bench.get(Role::Engineer, path).await
}

fn is_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (status, "application/problem+json"), "{answer:?}");
    let problem = answer.json();
    assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{problem}");
    for field in ["title", "detail", "remedy"] {
        assert!(problem[field].as_str().is_some_and(|words| !words.is_empty()), "{field}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn following_next_leads_through_every_list_once() {
    let bench = Bench::start().await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    for _ in 0..3 {
        factory.pass().await;
        factory.fail("assert failed").await;
    }
    let batch = factory.batch.0;
    for _ in 0..3 {
        bench.token(Role::Auditor, &[Action::SeeUnits]).await;
    }
    for (path, name, count) in [
        ("/api/v1/units?limit=2".to_owned(), "mac", 6),
        ("/api/v1/units?standing=failed&limit=2".to_owned(), "mac", 3),
        ("/api/v1/units?text=6055&limit=4".to_owned(), "mac", 6),
        (format!("/api/v1/batches/{batch}/runs?limit=4"), "id", 6),
        ("/api/v1/serials?limit=1".to_owned(), "serial", 6),
        ("/api/v1/certificates?limit=5".to_owned(), "serial", 6),
        ("/api/v1/batches?limit=1".to_owned(), "id", 1),
        ("/api/v1/users?limit=1".to_owned(), "login", 4),
        ("/api/v1/tokens?limit=2".to_owned(), "id", 3),
        ("/api/v1/audit?kinds=run.passed,run.failed&limit=4".to_owned(), "seq", 6),
    ] {
        let (mut next, mut names) = (Some(path.clone()), Vec::new());
        while let Some(page) = next {
            let page = get(&bench, &page).await.json();
            names.extend(page["items"].as_array().unwrap().iter().map(|item| item[name].to_string()));
            next = page["next"].as_str().map(str::to_owned);
        }
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!((names.len(), distinct.len()), (count, count), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_shown_with_its_evidence_its_verdict_and_its_log() {
    let bench = Bench::start_with(|settings, services| {
        services.uart_dir = settings.data_dir.as_ref().map(|folder| folder.join("uart"));
    })
    .await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let (good, bad) = (factory.pass().await, factory.fail("assert failed").await);
    let run = get(&bench, &format!("/api/v1/runs/{}", good.run)).await.json();
    assert_eq!((&run["state"], &run["verdict"]["computed"]), (&json!("passed"), &json!("passed")));
    assert_eq!(run["verdict"]["agrees"], true);
    assert!(run["evidence"].as_array().unwrap().iter().any(|seen| seen["witness"] == "broker"), "{run}");
    let run = get(&bench, &format!("/api/v1/runs/{}", bad.run)).await.json();
    assert_eq!((&run["code"], &run["diagnosis"]["code"]), (&json!("boot_loop"), &json!("boot_loop")), "{run}");
    let unit = get(&bench, &format!("/api/v1/units/{}", good.mac)).await.json();
    assert_eq!(unit["sessions"][0]["device_id"], good.device_id);
    assert!(!unit.to_string().contains("verifier"), "{unit}");
    let log = format!("/api/v1/runs/{}/log", good.run);
    is_problem(&get(&bench, &log).await, 404, "not_found");
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let folder = bench.folder.path().join("uart");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join(format!("{}.log", good.run)), &bytes).unwrap();
    let answer = get(&bench, &log).await;
    assert_eq!((answer.status, answer.bytes.as_ref()), (200, bytes.as_slice()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_is_set_aside_and_let_go_with_a_reason_and_a_name() {
    let bench = Bench::start().await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let unit = factory.pass().await;
    let act = |deed: &str| format!("/api/v1/units/{}/{deed}", unit.mac);
    let unexplained = bench.send(Role::Operator, "POST", &act("quarantine"), &json!({})).await;
    is_problem(&unexplained, 422, "act_unexplained");
    let reason = json!({ "reason": "dropped" });
    let aside = bench.send(Role::Operator, "POST", &act("quarantine"), &reason).await.json();
    assert_eq!((&aside["standing"], &aside["hold"]["by"]), (&json!("quarantined"), &json!("operator")));
    let again = bench.send(Role::Operator, "POST", &act("quarantine"), &reason).await;
    is_problem(&again, 409, "unit_quarantined");
    is_problem(&bench.send(Role::Auditor, "POST", &act("release"), &reason).await, 403, "may_not");
    is_problem(&bench.send(Role::Operator, "POST", &act("scrap"), &reason).await, 403, "may_not");
    let released = bench.send(Role::Engineer, "POST", &act("release"), &reason).await.json();
    assert_eq!((&released["standing"], &released["hold"]), (&json!("passed"), &Value::Null));
    let entries = bench.get(Role::Auditor, &format!("/api/v1/units/{}/audit", unit.mac)).await.json();
    assert!(entries["items"].as_array().unwrap().iter().any(|entry| entry["kind"] == "unit.released"), "{entries}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_chain_is_verified_in_parts_and_a_change_is_found_at_its_place() {
    let bench = Bench::start().await;
    Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let head = bench.get(Role::Auditor, "/api/v1/audit/head").await.json();
    let (mut after, mut parts) = (0, 0);
    loop {
        let path = format!("/api/v1/audit/verify?after={after}&limit=10");
        let part = bench.get(Role::Auditor, &path).await.json();
        assert_eq!((&part["whole"], &part["problem"]), (&json!(true), &Value::Null), "{part}");
        (after, parts) = (part["last"].as_i64().unwrap(), parts + 1);
        if part["end"] == true {
            assert!(part["hash"] == head["hash"] || after > head["seq"].as_i64().unwrap());
            break;
        }
    }
    assert!(parts > 1);
    record::tamper(bench.folder.path(), "UPDATE audit SET actor = 'eve' WHERE seq = 5").await;
    let found = bench.get(Role::Auditor, "/api/v1/audit/verify").await.json();
    assert_eq!((&found["whole"], &found["last"]), (&json!(false), &json!(4)), "{found}");
    assert!(found["problem"].as_str().unwrap().contains("entry 5"), "{found}");
}

fn order(factory: &Factory, name: &str) -> Value {
    json!({ "name": name, "product": "lamp", "recipe": factory.recipe.to_string(), "quantity": 5 })
}

async fn batches(bench: &Bench, text: &str) -> usize {
    let search = BatchSearch { text: text.to_owned(), limit: 100, ..BatchSearch::default() };
    bench.store.batch_page(&search).await.unwrap().len()
}

async fn open(bench: &Bench, body: &Value, key: &str) -> Answer {
    let ask = bench.ask_as(Role::Engineer, "POST", "/api/v1/batches").await;
    ask.json(body).header("idempotency-key", key).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_with_a_key_is_carried_out_once_and_answered_alike_even_by_the_next_server() {
    let bench = Bench::start().await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let body = order(&factory, "WO-once");
    let first = open(&bench, &body, "k1").await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, ""), "{first:?}");
    let store = Arc::clone(&bench.store);
    let next_life = Bench::start_with(move |_, services| services.store = store).await;
    for server in [&bench, &next_life] {
        let again = open(server, &body, "k1").await;
        assert_eq!((again.status, &again.text), (201, &first.text));
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.header("location"), first.header("location"));
        is_problem(&open(server, &order(&factory, "WO-other"), "k1").await, 422, "key_of_another_command");
    }
    assert_eq!((batches(&bench, "WO-once").await, batches(&bench, "WO-other").await), (1, 0));
    is_problem(&open(&bench, &body, "k2").await, 409, "batch_conflict");
    is_problem(&open(&bench, &body, "k2").await, 409, "batch_conflict");
    is_problem(&open(&bench, &body, "two words").await, 400, "key_malformed");
    is_problem(&open(&bench, &body, &"x".repeat(129)).await, 400, "key_malformed");
    let forgotten = Duration::from_secs(24 * 60 * 60 + 1);
    let closed = json!({ "reason": "done" });
    let place = format!("{}/close", first.header("location"));
    assert_eq!(bench.send(Role::Engineer, "POST", &place, &closed).await.status, 200);
    bench.pass(forgotten);
    let session = bench.log_in("engineer", support::PASSWORD).await.unwrap();
    let ask = bench.ask("POST", "/api/v1/batches").header("cookie", &session.cookie);
    let ask = ask.header("x-csrf-token", &session.csrf).header("idempotency-key", "k1").json(&body);
    assert_eq!(ask.send().await.status, 201, "a day later the key is new");
    assert_eq!(batches(&bench, "WO-once").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_with_one_key_one_is_carried_out() {
    let bench = Bench::start().await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let body = order(&factory, "WO-race");
    let asked = (0..8).map(|_| open(&bench, &body, "race"));
    let mut statuses = Vec::new();
    for answer in futures_join(asked).await {
        statuses.push(answer.status);
        if answer.status == 409 {
            is_problem(&answer, 409, "command_in_work");
        }
    }
    assert!(statuses.contains(&201) && statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    assert_eq!(batches(&bench, "WO-race").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_malformed_leaves_its_key_free() {
    let bench = Bench::start().await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let good = order(&factory, "WO-mended");
    for (field, value) in [("name", json!(7)), ("qantity", json!(5))] {
        let mut malformed = good.clone();
        malformed[field] = value;
        is_problem(&open(&bench, &malformed, "k").await, 422, "body_invalid");
    }
    let mended = open(&bench, &good, "k").await;
    assert_eq!((mended.status, mended.header("idempotency-replayed")), (201, ""), "{mended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_broke_down_is_in_doubt_and_not_carried_out_again_under_its_key() {
    // This floor panics when it is told of a slot that it does not have.
    let floor = Arc::new(TestFloor::new(&["A1"]));
    let own = Arc::clone(&floor);
    let bench = Bench::start_with(move |_, services| services.floor = own).await;
    let body = json!({ "batch": uuid::Uuid::nil(), "slots": ["Z9"] });
    let start = async || {
        let ask = bench.ask_as(Role::Engineer, "POST", "/api/v1/slots/start").await;
        ask.json(&body).header("idempotency-key", "k").send().await
    };
    is_problem(&start().await, 500, "internal");
    is_problem(&start().await, 409, "command_outcome_unknown");
}

async fn futures_join<F: Future<Output = Answer>>(asked: impl Iterator<Item = F>) -> Vec<Answer> {
    let mut all: Vec<_> = asked.map(|ask| (Box::pin(ask), None)).collect();
    std::future::poll_fn(|context| {
        for (ask, answer) in &mut all {
            if answer.is_none()
                && let std::task::Poll::Ready(came) = ask.as_mut().poll(context)
            {
                *answer = Some(came);
            }
        }
        if all.iter().all(|(_, answer)| answer.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    all.into_iter().filter_map(|(_, answer)| answer).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_refused_with_a_remedy() {
    let bench = Bench::start().await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let nowhere = uuid::Uuid::nil();
    for (path, status) in [
        ("/api/v1/nothing", 404),
        ("/api/v1/slots/Z9", 404),
        ("/api/v1/slots/a%20b", 400),
        ("/api/v1/units/mac", 400),
        ("/api/v1/units/60:55:f9:ff:ff:ff", 404),
        ("/api/v1/units?limit=0", 400),
        ("/api/v1/units?limit=501", 400),
        ("/api/v1/units?limit=ten", 400),
        ("/api/v1/units?cursor=x", 400),
        ("/api/v1/units?standing=good", 400),
        ("/api/v1/units?stnading=passed", 400),
        ("/api/v1/units?limit=1&limit=2", 400),
        ("/api/v1/units?text=605&standing=passed", 400),
        ("/api/v1/runs/1", 400),
        ("/api/v1/batches/%FF", 400),
        ("/api/v1/certificates/xyz", 400),
        ("/api/v1/certificates/00", 404),
        ("/api/v1/recipes/00", 400),
        ("/api/v1/audit?from=yesterday", 400),
        ("/api/v1/audit?kinds=run.won", 400),
        ("/api/v1/audit/verify?after=-1", 400),
        ("/api/v1/audit/verify?after=999999999", 404),
        (&format!("/api/v1/batches/{nowhere}/figures"), 404),
        (&format!("/api/v1/webhooks/{nowhere}"), 404),
        (&format!("/api/v1/webhooks/{nowhere}/messages/9223372036854775807"), 404),
        ("/api/v1/crl", 409),
    ] {
        let answer = get(&bench, path).await;
        is_problem(&answer, status, answer.json()["code"].as_str().unwrap());
    }
    let send = async |body: &str, media_type: &str| {
        let ask = bench.ask_as(Role::Engineer, "POST", "/api/v1/batches").await;
        let answer = ask.body(media_type, body.as_bytes().to_vec()).send().await;
        is_problem(&answer, answer.status, answer.json()["code"].as_str().unwrap());
        answer.status
    };
    let recipe = factory.recipe.to_string();
    let large = json!({ "name": "x".repeat(70_000), "recipe": recipe }).to_string();
    let deep = "[".repeat(50_000);
    let unknown = json!({ "name": "a", "recipe": recipe, "qantity": 3 }).to_string();
    let nothing = json!({ "name": "a", "recipe": recipe, "quantity": 0 }).to_string();
    let nameless = json!({ "name": " ", "recipe": recipe }).to_string();
    let control = json!({ "name": "a\u{7}", "recipe": recipe }).to_string();
    let wordy = json!({ "name": "a", "recipe": recipe, "reason": "x".repeat(501) }).to_string();
    let stranger = json!({ "name": "a", "recipe": "0".repeat(64) }).to_string();
    for (body, media_type, status) in [
        ("", "application/json", 400),
        ("{", "application/json", 400),
        (&*deep, "application/json", 422),
        ("{}", "application/json", 422),
        ("[]", "application/json", 422),
        (&*unknown, "application/json", 422),
        (&*nothing, "application/json", 422),
        (&*nameless, "application/json", 422),
        (&*control, "application/json", 422),
        (&*wordy, "application/json", 422),
        (&*stranger, "application/json", 409),
        (&*large, "application/json", 413),
        ("{}", "text/plain", 415),
    ] {
        assert_eq!(send(body, media_type).await, status, "{:.80}", body);
    }
    let deleted = bench.ask_as(Role::Admin, "DELETE", "/api/v1/units").await.send().await;
    is_problem(&deleted, 405, "method_not_allowed");
    is_problem(&bench.ask("GET", "/api/v1/units").send().await, 401, "not_logged_in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_does_what_it_is_for_and_says_so() {
    let bench = Bench::start().await;
    let token = bench.token(Role::Engineer, &[Action::SeeUnits]).await;
    let bearer = format!("Bearer {token}");
    let ask = |path: &str| bench.ask("GET", path).header("authorization", &bearer);
    assert_eq!(ask("/api/v1/units").send().await.status, 200);
    is_problem(&ask("/api/v1/slots").send().await, 403, "may_not");
    let station = ask("/api/v1/station").send().await.json();
    assert_eq!((&station["role"], &station["may"]), (&json!("engineer"), &json!(["see_units"])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_served_and_has_a_viewer_of_its_own() {
    let bench = Bench::start().await;
    let described = bench.ask("GET", "/api/v1/openapi.json").send().await;
    assert_eq!(described.text, firstpass_server::openapi());
    let viewer = bench.ask_as(Role::Auditor, "GET", "/api").await.accept_html().send().await;
    let document = described.json();
    let operations = document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len());
    let shown = viewer.text.matches("class=\"operation card\" id=").count();
    let schemas = document["components"]["schemas"].as_object().unwrap().len();
    assert_eq!((viewer.status, shown), (200, operations.sum::<usize>() + schemas));
    assert!(!viewer.text.contains("src=\"http") && !viewer.text.contains("style="), "all of it comes from here");
}

/// A stream of events, read as text.
struct Stream {
    socket: TcpStream,
    text: String,
}

impl Stream {
    async fn open(bench: &Bench, last: Option<&str>) -> Self {
        let socket = TcpStream::connect(bench.url.trim_start_matches("http://")).await.unwrap();
        Self::over(socket, bench, last).await
    }

    /// For whom the system keeps little.
    async fn narrow(bench: &Bench) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(128 * 1024).unwrap();
        let place = bench.url.trim_start_matches("http://").parse().unwrap();
        Self::over(socket.connect(place).await.unwrap(), bench, None).await
    }

    async fn over(mut socket: TcpStream, bench: &Bench, last: Option<&str>) -> Self {
        let session = bench.session(Role::Operator).await;
        let place = bench.url.trim_start_matches("http://").to_owned();
        let last = last.map_or(String::new(), |last| format!("last-event-id: {last}\r\n"));
        let cookie = session.cookie;
        let ask = format!(
            "GET /api/v1/events HTTP/1.1\r\nhost: {place}\r\ncookie: {cookie}\r\nconnection: close\r\n{last}\r\n"
        );
        socket.write_all(ask.as_bytes()).await.unwrap();
        Self { socket, text: String::new() }
    }

    /// Reads until this was said; `None` when the stream ended before that.
    async fn until(&mut self, said: &str) -> Option<String> {
        let patience = Duration::from_secs(30);
        loop {
            if let Some(at) = self.text.find(said) {
                let (until, rest) = self.text.split_at(at + said.len());
                let (until, rest) = (until.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(until);
            }
            let mut buffer = [0; 8192];
            let read = tokio::time::timeout(patience, self.socket.read(&mut buffer)).await.unwrap().unwrap_or(0);
            if read == 0 {
                return None;
            }
            self.text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    }
}

fn last_id(text: &str) -> String {
    let line = text.lines().rev().find_map(|line| line.strip_prefix("id: ")).unwrap();
    line.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_go_on_where_they_broke_off_and_begin_anew_after_a_gap() {
    let floor = Arc::new(TestFloor::new(&["A1", "A2"]));
    let own = Arc::clone(&floor);
    let mut bench = Bench::start_with(move |_, services| services.floor = own).await;
    let mut stream = Stream::open(&bench, None).await;
    let reset = stream.until("\n\n").await.unwrap();
    assert!(reset.contains("text/event-stream") && reset.contains("event: reset"), "{reset}");
    let diagnosis = Diagnosis::new(DiagnosisCode::BootSilent, Step::Boot, "no byte");
    let problem = diagnosis.problem();
    floor.happen(bench.now(), "A1", LineEventKind::RunBegan { run: RUN });
    floor.happen(
        bench.now(),
        "A1",
        LineEventKind::Failed { run: RUN, mac: None, step: Step::Boot, duration_ms: 7, problem },
    );
    let began = stream.until("\"event\":\"run_began\"").await.unwrap() + &stream.until("\n\n").await.unwrap();
    let failed = stream.until("boot_silent").await.unwrap();
    assert!(failed.contains("event: failed") && failed.contains("\"slot\":\"A1\""), "{failed}");
    drop(stream);
    let mut again = Stream::open(&bench, Some(&last_id(&began))).await;
    let missed = again.until("boot_silent").await.unwrap();
    assert!(!missed.contains("event: reset") && !missed.contains("run_began"), "only what was missed: {missed}");
    let mut stranger = Stream::open(&bench, Some("17")).await;
    let anew = stranger.until("\n\n").await.unwrap();
    assert!(anew.contains("event: reset") && anew.contains("boot_silent"), "the board tells what stands: {anew}");
    bench.stop().await;
    assert_eq!(again.until("never said").await, None, "the stream ends with the server");
}

/// Events of three kibibytes: more than are kept for one who is slow, and fewer than for one who comes back.
const FLOOD: u128 = 7000;
/// Fewer than the floor keeps for the server.
const WAVE: u128 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_is_too_slow_is_dropped_holds_up_no_other_and_comes_back_for_the_rest() {
    let floor = Arc::new(TestFloor::new(&["A1"]));
    let own = Arc::clone(&floor);
    let bench = Bench::start_with(move |_, services| services.floor = own).await;
    let (mut slow, mut fast) = (Stream::narrow(&bench).await, Stream::open(&bench, None).await);
    for stream in [&mut slow, &mut fast] {
        stream.until("event: reset").await.unwrap();
    }
    let named = |n: u128| RunId(uuid::Uuid::from_u128(n));
    for n in 1..=FLOOD {
        let problem = Diagnosis::new(DiagnosisCode::BootSilent, Step::Boot, "").problem();
        let problem = Problem { what: "x".repeat(3 * 1024), ..problem };
        let kind = LineEventKind::Failed { run: named(n), mac: None, step: Step::Boot, duration_ms: 7, problem };
        floor.happen(bench.now(), "A1", kind);
        if n % WAVE == 0 {
            fast.until(&named(n).to_string()).await.expect("who reads is told everything");
        }
    }
    let mut seen = String::new();
    while let Some(part) = slow.until("\n\n").await {
        seen = if part.contains("id: ") { part } else { seen };
    }
    assert!(!seen.contains(&named(FLOOD).to_string()), "it was dropped before the end");
    let mut again = Stream::open(&bench, Some(&last_id(&seen))).await;
    let mut missed = again.until("\n\n").await.unwrap();
    assert!(missed.contains("event: failed"), "what it missed is kept: {missed}");
    while !missed.contains(&named(FLOOD).to_string()) {
        missed = again.until("\n\n").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_count_what_happens_and_every_metric_of_the_dashboard_is_there() {
    let floor = Arc::new(TestFloor::new(&["A1"]));
    let own = Arc::clone(&floor);
    let bench = Bench::start_with(move |_, services| services.floor = own).await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let made = factory.pass().await;
    let hook = json!({ "name": "MES", "url": "http://127.0.0.1:9/", "events": ["batch.closed"] });
    assert_eq!(bench.send(Role::Admin, "POST", "/api/v1/webhooks", &hook).await.status, 201);
    let mut stream = Stream::open(&bench, None).await;
    stream.until("event: reset").await.unwrap();
    floor.happen(bench.now(), "A1", LineEventKind::Passed { run: made.run, mac: made.mac, duration_ms: 42_000 });
    stream.until("event: passed").await.unwrap();
    get(&bench, &format!("/api/v1/units/{}", made.mac)).await;
    let token = bench.token(Role::Auditor, &[Action::SeeMetrics]).await;
    let scrape = || bench.ask("GET", "/metrics").header("authorization", &format!("Bearer {token}")).send();
    is_problem(&bench.ask("GET", "/metrics").send().await, 401, "not_logged_in");
    let passed = "firstpass_runs_total{result=\"passed\",diagnosis=\"\"} 1";
    let mut text = scrape().await.text;
    while !text.contains(passed) {
        text = scrape().await.text;
    }
    let batch = format!("firstpass_batch_units{{batch=\"{}\",count=\"first_passed\"}} 1", factory.batch_name);
    for line in [
        "firstpass_slot_state{slot=\"A1\",state=\"passed\"} 1",
        "firstpass_event_listeners 1",
        "route=\"/api/v1/units/{mac}\",status=\"200\"} 1",
        "firstpass_webhook_messages{webhook=\"MES\",state=\"waiting\"} 0",
        "firstpass_run_duration_seconds_sum{result=\"passed\"} 42.0",
        "firstpass_record_readable 1",
        &batch,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains(&made.mac.to_string()), "no unit is a label");
    let dashboard = include_str!("../../../configs/grafana/firstpass.json");
    let dashboard: Value = serde_json::from_str(dashboard).unwrap();
    let mut used = BTreeSet::new();
    names(&dashboard, &mut used);
    assert!(used.len() > 15, "{used:?}");
    for name in used {
        assert!(text.contains(&format!("{name}{{")) || text.contains(&format!("{name} ")), "{name} is not a metric");
    }
}

/// Names of metrics in the queries of a dashboard.
fn names(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                if let ("expr" | "query" | "definition", Some(query)) = (key.as_str(), field.as_str()) {
                    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                    into.extend(words.filter(|word| word.starts_with("firstpass_")).map(str::to_owned));
                }
                names(field, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
