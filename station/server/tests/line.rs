//! The line page: what it shows, what it sends while it is watched, what scans and buttons lead to, and for whom.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[path = "support/floor.rs"]
mod floor;
mod record;
#[path = "support/stream.rs"]
mod stream;
mod support;

use std::sync::Arc;

use firstpass_domain::{Diagnosis, DiagnosisCode, Language, Mac, Role, RunId, Step};
use firstpass_line::event::LineEventKind;
use firstpass_store::{Act, BatchState, Standing};
use floor::TestFloor;
use record::Factory;
use serde_json::{Value, json};
use stream::Listener;
use support::Bench;

const RUN: RunId = RunId(uuid::Uuid::nil());

/// A station with slots of the test's own.
struct Station {
    bench: Bench,
    floor: Arc<TestFloor>,
}

impl Station {
    async fn start(slots: &[&str]) -> Self {
        let floor = Arc::new(TestFloor::new(slots));
        let own = Arc::clone(&floor);
        let bench = Bench::start_with(move |_, services| services.floor = own).await;
        Self { bench, floor }
    }

    fn happen(&self, slot: &str, kind: LineEventKind) {
        self.floor.happen(self.bench.now(), slot, kind);
    }

    async fn listen(&self, role: Role, language: &str) -> Listener {
        Listener::open(&self.bench, &self.bench.session(role).await, language).await
    }

    async fn factory(&self) -> Factory {
        Factory::on(Arc::clone(&self.bench.store)).await
    }

    /// What a scan leads to, with nothing chosen.
    async fn scan(&self, text: &str) -> Value {
        self.scan_with(text, &[]).await
    }

    async fn scan_with(&self, text: &str, chosen: &[(&str, &str)]) -> Value {
        let fields = [&[("text", text)], chosen].concat();
        let answer = self.bench.post(Role::Operator, "/line/scan", &fields).await;
        assert_eq!(answer.status, 200, "{text}: {answer:?}");
        answer.json()
    }
}

fn mac() -> Mac {
    "24:0a:c4:00:12:8f".parse().unwrap()
}

fn failed(code: DiagnosisCode) -> LineEventKind {
    let problem = Diagnosis::new(code, Step::Boot, "nothing on A1").problem();
    LineEventKind::Failed { run: RUN, mac: Some(mac()), step: Step::Boot, duration_ms: 12_000, problem }
}

fn passed() -> LineEventKind {
    LineEventKind::Passed { run: RUN, mac: mac(), duration_ms: 41_000 }
}

#[tokio::test]
async fn the_page_shows_every_slot_before_anything_has_happened() {
    let station = Station::start(&["A1", "A2", "B1"]).await;
    let page = station.bench.get(Role::Operator, "/line").await;
    assert_eq!(page.status, 200);
    for part in
        ["data-slot=\"A1\"", "data-slot=\"B1\"", "Not started", "id=\"scan\"", "hx-sse:connect=\"/line/events\""]
    {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
}

#[tokio::test]
async fn a_stream_begins_with_everything_and_goes_on_with_what_happens() {
    let station = Station::start(&["A1", "A2"]).await;
    let mut early = station.listen(Role::Operator, "en").await;
    assert!(early.head.contains("text/event-stream") && early.head.contains("no-store"), "{}", early.head);
    early.fragment(&["id=\"strip\"", "id=\"slots\"", "data-slot=\"A1\"", "data-slot=\"A2\""]).await;

    station.happen("A2", LineEventKind::RunBegan { run: RUN });
    station.happen("A2", LineEventKind::Identified { run: RUN, mac: mac(), attempt: 2 });
    station.happen("A2", LineEventKind::StepBegan { run: RUN, step: Step::Flash });
    let fragment = early.fragment(&["id=\"slot-1\"", "24:0a:c4:00:12:8f", "Attempt 2", ">Flash<"]).await;
    assert!(!fragment.contains("id=\"slot-0\""), "{fragment}");

    let mut late = station.listen(Role::Operator, "en").await;
    late.fragment(&["data-slot=\"A1\"", "24:0a:c4:00:12:8f", ">Flash<"]).await;
}

#[tokio::test]
async fn progress_is_sent_as_the_meter_alone() {
    let station = Station::start(&["A1"]).await;
    let mut listener = station.listen(Role::Operator, "en").await;
    station.happen("A1", LineEventKind::RunBegan { run: RUN });
    station.happen("A1", LineEventKind::StepBegan { run: RUN, step: Step::Flash });
    listener.fragment(&["id=\"slot-0\"", ">Flash<"]).await;
    station.happen("A1", LineEventKind::Progress { run: RUN, step: Step::Flash, done: 300, total: 1200 });
    let fragment = listener.fragment(&["value=\"300\" max=\"1200\""]).await;
    assert!(fragment.contains("id=\"meter-0\"") && !fragment.contains("id=\"slot-0\""), "{fragment}");
}

#[tokio::test]
async fn each_reader_is_told_of_a_failure_in_their_own_language() {
    let station = Station::start(&["A1"]).await;
    let mut listeners = Vec::new();
    for language in Language::ALL {
        listeners.push((language, station.listen(Role::Operator, language.tag()).await));
    }
    station.happen("A1", LineEventKind::RunBegan { run: RUN });
    station.happen("A1", failed(DiagnosisCode::BootSilent));
    for (language, mut listener) in listeners {
        let words = DiagnosisCode::BootSilent.words(language);
        let fragment = listener.fragment(&[words.what, words.remedy]).await;
        assert!(fragment.contains("nothing on A1"), "{language}: {fragment}");
    }
}

#[tokio::test]
async fn whoever_listens_hears_who_passed_and_who_failed() {
    let station = Station::start(&["A1", "A2"]).await;
    let mut listener = station.listen(Role::Operator, "en").await;
    listener.fragment(&["id=\"slots\""]).await;
    for (slot, kind, good) in [("A1", passed(), true), ("A2", failed(DiagnosisCode::NoAnswer), false)] {
        station.happen(slot, kind);
        let told = listener.until(|message| message.event == "outcome").await;
        assert_eq!(serde_json::from_str::<Value>(&told.data).unwrap(), json!({ "slot": slot, "passed": good }));
    }
}

#[tokio::test]
async fn the_strip_counts_the_work_order_that_the_slots_work_on() {
    let station = Station::start(&["A1"]).await;
    let factory = station.factory().await;
    factory.pass().await;
    let mut listener = station.listen(Role::Operator, "en").await;
    station.floor.set("A1", |place| place.batch = Some(factory.batch));
    station.happen("A1", LineEventKind::SlotStarted { batch: factory.batch_name.clone(), by: "operator".to_owned() });
    listener.fragment(&[&factory.batch_name, "1 of 1000 done", "100.0 %"]).await;
}

#[tokio::test]
async fn a_unit_in_a_slot_is_called_by_its_serial_number_once_it_has_one() {
    let station = Station::start(&["A1"]).await;
    let unit = station.factory().await.pass().await;
    let mut listener = station.listen(Role::Operator, "en").await;
    station.happen("A1", LineEventKind::Identified { run: unit.run, mac: unit.mac, attempt: 1 });
    listener.fragment(&[&unit.serial.unwrap().to_string(), &unit.mac.to_string()]).await;
}

#[tokio::test]
async fn a_stream_ends_with_the_login_that_opened_it() {
    let station = Station::start(&["A1"]).await;
    let session = station.bench.log_in("operator", support::PASSWORD).await.unwrap();
    let mut listener = Listener::open(&station.bench, &session, "en").await;
    listener.fragment(&["id=\"slots\""]).await;
    let user = station.bench.user(Role::Operator).await;
    station.bench.store.end_sessions(user, None, &support::act(), station.bench.now()).await.unwrap();
    listener.until(|message| message.event == "ended").await;
    assert_eq!(listener.next().await, None);
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams_and_does_not_wait_for_them() {
    let mut station = Station::start(&["A1"]).await;
    let mut listener = station.listen(Role::Operator, "en").await;
    listener.fragment(&["id=\"slots\""]).await;
    station.bench.stop().await;
    while listener.next().await.is_some() {}
}

#[tokio::test]
async fn nobody_watches_the_line_without_a_login() {
    let station = Station::start(&["A1"]).await;
    assert_eq!(station.bench.ask("GET", "/line/events").send().await.status, 401);
}

#[tokio::test]
async fn everybody_begins_where_their_work_is() {
    let station = Station::start(&["A1"]).await;
    for (role, place) in [(Role::Operator, "/line"), (Role::Engineer, "/line"), (Role::Auditor, "/audit")] {
        assert_eq!(station.bench.get(role, "/").await.header("location"), place, "{role:?}");
    }
    assert_eq!(station.bench.ask("GET", "/").send().await.header("location"), "/login");
}

#[tokio::test]
async fn a_scan_finds_slots_units_and_work_orders() {
    let station = Station::start(&["A1", "A2"]).await;
    let factory = station.factory().await;
    let unit = factory.pass().await;
    station.happen("A2", LineEventKind::Identified { run: unit.run, mac: unit.mac, attempt: 1 });
    let mut listener = station.listen(Role::Operator, "en").await;
    listener.fragment(&[&unit.mac.to_string()]).await;

    assert_eq!(station.scan("a1").await["slot"], "A1");
    let serial = unit.serial.as_ref().unwrap().to_string();
    let url = format!("https://station.test/units/{}", unit.mac);
    for text in [&unit.mac.to_string(), &serial, &serial.to_lowercase(), &unit.device_id, &url, &format!("SN:{serial}")]
    {
        let heard = station.scan(text).await;
        let found = (heard["do"].clone(), heard["mac"].clone(), heard["slot"].clone());
        assert_eq!(found, (json!("unit"), json!(unit.mac.to_string()), json!("A2")), "{text}: {heard}");
    }
    for text in [&factory.batch_name, &format!("WO:{}", factory.batch_name)] {
        assert_eq!(station.scan(text).await["id"], factory.batch.0.to_string(), "{text}");
    }
}

#[tokio::test]
async fn a_scan_that_leads_nowhere_says_what_was_understood_and_what_to_do() {
    let station = Station::start(&["A1"]).await;
    let cases = [
        ("nonsense", "“nonsense” is not known here."),
        ("24:0a:c4:ff:ff:ff", "“24:0a:c4:ff:ff:ff” is not known here."),
        ("SLOT:Z9", "There is no slot Z9."),
        ("RETRY Z9", "There is no slot Z9."),
        ("RETRY", "Choose a slot first."),
        ("START", "Choose a work order first."),
        ("QUARANTINE", "There is no unit to act on."),
        ("SCRAP", "Scrapping is done on the unit's page."),
        ("WO:", "The scan cannot be read."),
        ("a\u{7}b", "The scan cannot be read."),
    ];
    for (text, what) in cases {
        let heard = station.scan(text).await;
        assert_eq!((&heard["do"], &heard["what"]), (&json!("say"), &json!(what)), "{text}");
        assert!(heard["why"].as_str().unwrap().len() > 10 && heard["remedy"].as_str().unwrap().len() > 10, "{heard}");
    }
    // A number that was given as a badge is not said aloud.
    assert!(!station.scan("BADGE:77881234").await.to_string().contains("77881234"));
}

#[tokio::test]
async fn a_work_order_that_takes_no_units_is_not_chosen() {
    let station = Station::start(&["A1"]).await;
    let factory = station.factory().await;
    let act = Act { actor: "engineer".to_owned(), reason: "lunch".to_owned() };
    station.bench.store.set_batch_state(factory.batch, BatchState::Paused, &act, station.bench.now()).await.unwrap();
    let heard = station.scan(&factory.batch_name).await;
    assert_eq!(heard["do"], "say");
    assert!(heard["why"].as_str().unwrap().contains("lunch"), "{heard}");
}

#[tokio::test]
async fn a_command_acts_on_what_is_chosen_and_a_slot_in_it_outdoes_that() {
    let station = Station::start(&["A1", "A2"]).await;
    let factory = station.factory().await;
    let unit = factory.pass().await;
    station.happen("A2", LineEventKind::Identified { run: unit.run, mac: unit.mac, attempt: 1 });
    let mut listener = station.listen(Role::Operator, "en").await;
    listener.fragment(&[&unit.mac.to_string()]).await;
    let (order, mac) = (factory.batch.0.to_string(), unit.mac.to_string());

    assert_eq!(station.scan("START").await, json!({ "do": "start", "slots": [], "order": order }));
    let chosen = [("slots", "A1,A2"), ("unit", ""), ("order", "")];
    assert_eq!(station.scan_with("retry", &chosen).await, json!({ "do": "retry", "slots": ["A1", "A2"] }));
    let stop = json!({ "do": "stop", "slots": ["A2"], "how": "now" });
    assert_eq!(station.scan_with("STOP NOW A2", &chosen).await, stop);
    let open = [("slots", "A1"), ("unit", mac.as_str())];
    assert_eq!(station.scan_with("RELEASE", &open).await["mac"], mac);
    let on_slot = station.scan_with("QUARANTINE A2", &[("slots", "A1")]).await;
    assert_eq!((&on_slot["mac"], &on_slot["reason"]), (&json!(mac), &json!("scanned at the line")));
}

#[tokio::test]
async fn what_people_do_reaches_the_floor_with_their_name() {
    let station = Station::start(&["A1", "A2"]).await;
    let order = station.factory().await.batch.0.to_string();
    for (path, fields) in [
        ("/line/start", vec![("order", order.as_str()), ("slots", "A1")]),
        ("/line/start", vec![("order", order.as_str()), ("slots", "")]),
        ("/line/stop", vec![("slots", "A1"), ("how", "after_unit")]),
        ("/line/stop", vec![("slots", "A1,A2"), ("how", "now")]),
        ("/line/retry", vec![("slots", "A2")]),
    ] {
        let answer = station.bench.post(Role::Operator, path, &fields).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(!answer.json()["what"].as_str().unwrap().is_empty());
    }
    let asked = ["start A1", "start A2", "stop A1 AfterUnit", "stop A1 Now", "stop A2 Now", "retry A2"];
    let (mut found, mut asked) = (station.floor.asked(), asked.map(|what| format!("{what} by operator")));
    // Slots that are asked together are asked in no order.
    found.sort();
    asked.sort();
    assert_eq!(found, asked);
}

#[tokio::test]
async fn what_cannot_be_done_is_a_problem_and_changes_nothing() {
    let station = Station::start(&["A1"]).await;
    station.floor.set("A1", |place| place.busy = Some("golden unit"));
    let unknown = uuid::Uuid::nil().to_string();
    for (path, fields, status) in [
        ("/line/retry", vec![("slots", "A1")], 409),
        ("/line/retry", vec![("slots", "Z9")], 404),
        ("/line/retry", vec![("slots", "")], 400),
        ("/line/stop", vec![("slots", "A1"), ("how", "gently")], 400),
        ("/line/start", vec![("slots", "A1"), ("order", unknown.as_str())], 404),
        ("/line/start", vec![("slots", "A1"), ("order", "7")], 400),
        ("/line/quarantine", vec![("mac", "24:0a:c4:00:12:8f"), ("reason", "x")], 404),
    ] {
        let answer = station.bench.post(Role::Operator, path, &fields).await;
        // A field that does not read is told as 400 or 422.
        let told = if answer.status == 422 { 400 } else { answer.status };
        assert_eq!(told, status, "{path} {fields:?}: {answer:?}");
        assert!(!answer.json()["remedy"].as_str().unwrap().is_empty(), "{answer:?}");
    }
    assert_eq!(station.floor.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_unit_goes_to_quarantine_and_out_of_it_with_name_and_reason_on_record() {
    let station = Station::start(&["A1"]).await;
    let unit = station.factory().await.pass().await;
    let mac = unit.mac.to_string();
    let path = |act| format!("/line/{act}");
    let without = station.bench.post(Role::Operator, &path("quarantine"), &[("mac", &mac), ("reason", " ")]).await;
    assert_eq!((without.status, &without.json()["code"]), (400, &json!("reason_missing")));

    let fields = [("mac", mac.as_str()), ("reason", "scratched")];
    assert_eq!(station.bench.post(Role::Operator, &path("quarantine"), &fields).await.status, 200);
    let held = station.bench.store.unit(unit.mac).await.unwrap().unwrap();
    let hold = held.hold.unwrap();
    assert_eq!((hold.actor.as_str(), hold.reason.as_str()), ("operator", "scratched"));
    let drawer = station.bench.get(Role::Operator, &format!("/line/unit/{mac}")).await;
    assert!(drawer.text.contains("In quarantine") && drawer.text.contains("scratched"), "{}", drawer.text);
    assert!(drawer.text.contains("data-act=\"release\""), "{}", drawer.text);

    assert_eq!(station.bench.post(Role::Operator, &path("quarantine"), &fields).await.status, 409);
    assert_eq!(station.bench.post(Role::Operator, &path("release"), &fields).await.status, 200);
    let free = station.bench.store.unit(unit.mac).await.unwrap().unwrap();
    assert_eq!(free.summary.standing, Some(Standing::Passed));
}

#[tokio::test]
async fn an_auditor_sees_the_line_and_is_shown_no_way_to_change_it() {
    let station = Station::start(&["A1"]).await;
    let unit = station.factory().await.pass().await;
    let page = station.bench.get(Role::Auditor, "/line").await;
    assert!(page.text.contains("data-may=\"\"") && !page.text.contains("id=\"order\""), "{}", page.text);
    let drawer = station.bench.get(Role::Auditor, &format!("/line/unit/{}", unit.mac)).await;
    assert!(drawer.status == 200 && !drawer.text.contains("data-act"), "{drawer:?}");
    let answer = station.bench.post(Role::Auditor, "/line/retry", &[("slots", "A1")]).await;
    assert_eq!(answer.status, 403);
    assert_eq!(station.floor.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn the_sheet_holds_every_command_slot_and_open_work_order_as_codes() {
    let station = Station::start(&["A1"]).await;
    let factory = station.factory().await;
    let sheet = station.bench.get(Role::Operator, "/line/commands").await;
    let order = format!("WO:{}", factory.batch_name);
    for code in ["START", "STOP-NOW", "RETRY", "QUARANTINE", "RELEASE", "SLOT:A1", &order] {
        for kind in ["QR", "Code 128"] {
            assert!(sheet.text.contains(&format!("aria-label=\"{kind}: {code}\"")), "{kind} {code}");
        }
    }
}
