//! Labels over the socket: what a printer gets, who stands on record for it, and that no unit gets a label that says more
//! than the record.

#![expect(clippy::unwrap_used, reason = "tests")]

mod hall;
mod record;
mod support;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use firstpass_domain::{AuditEntry, AuditKind, Mac, Role, SlotId, Timestamp};
use firstpass_line::event::{LineEvent, LineEventKind};
use firstpass_store::{AuditSearch, Store};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use hall::{EMPTY, FakeFloor, FakePrinter, hall, with_hall};
use record::Factory;
use support::Bench;

async fn printed(store: &Arc<dyn Store>, mac: Mac) -> Vec<(AuditEntry, Value)> {
    let (kinds, subject) = (vec![AuditKind::LabelPrinted], Some(mac.to_string()));
    let search = AuditSearch { kinds, subject, limit: 50, ..AuditSearch::default() };
    let entries = store.search_audit(&search).await.unwrap();
    entries.into_iter().map(|entry| (entry.clone(), serde_json::from_str(&entry.body).unwrap())).collect()
}

#[tokio::test]
async fn a_label_of_a_unit_that_passed_comes_out_of_the_printer_and_stands_on_record_with_the_person() {
    let mut printer = FakePrinter::start().await;
    hall(Some(printer.address.clone()), None);
    let bench = Bench::start_with(with_hall).await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let path = format!("/units/{}/label/print", unit.mac);
    let answer = bench.post(Role::Operator, &path, &[("template", "product"), ("copies", "2")]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let label = printer.label().await;
    assert!(label.starts_with("^XA") && label.ends_with("^PQ2\n^XZ\n"), "{label}");
    assert!(label.contains("^FDSN FP") && !label.contains("NOT PASSED"), "{label}");
    assert!(label.contains("Lamp \\3Cb\\3E\\26 Co\\3C/b\\3E"), "the product is escaped: {label}");
    let noted = printed(&bench.store, unit.mac).await;
    let [(entry, body)] = noted.as_slice() else { panic!("{noted:?}") };
    assert_eq!((entry.actor.as_str(), body["claim"].as_str()), ("operator", Some("passed")));
    assert_eq!((body["template"].as_str(), body["copies"].as_u64()), (Some("product"), Some(2)));
    assert_eq!(body["to"].as_str(), Some(printer.address.to_string().as_str()));
}

#[tokio::test]
async fn a_unit_that_failed_gets_no_label_unless_it_says_so() {
    let mut printer = FakePrinter::start().await;
    hall(Some(printer.address.clone()), None);
    let bench = Bench::start_with(with_hall).await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.fail("abort() was called").await;
    let base = format!("/units/{}/label", unit.mac);
    // `serial` needs nothing that a failed unit has lost.
    for (what, fields) in [("print", vec![]), ("download", vec![("form", "zpl")]), ("download", vec![("form", "png")])]
    {
        let fields = [vec![("template", "serial")], fields].concat();
        let refused = bench.post(Role::Admin, &format!("{base}/{what}"), &fields).await;
        assert_eq!(refused.status, 409, "{refused:?}");
        assert!(refused.text.contains("unit_not_passed"), "{refused:?}");
    }
    assert!(printer.is_idle() && printed(&bench.store, unit.mac).await.is_empty());
    let api = format!("/api/v1/units/{}/label", unit.mac);
    let refused = bench.send(Role::Engineer, "POST", &api, &json!({"template": "serial"})).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some("unit_not_passed")));
    let confirmed = [("template", "serial"), ("not_passed", "yes")];
    assert_eq!(bench.post(Role::Operator, &format!("{base}/print"), &confirmed).await.status, 303);
    assert!(printer.label().await.contains("^FDNOT PASSED^FS"));
    let fields = [("template", "serial"), ("not_passed", "yes"), ("form", "zpl")];
    let file = bench.post(Role::Operator, &format!("{base}/download"), &fields).await;
    assert!(file.text.contains("^FDNOT PASSED^FS"), "{file:?}");
    assert!(file.header("content-disposition").starts_with("attachment"), "{file:?}");
    let claims: Vec<_> =
        printed(&bench.store, unit.mac).await.into_iter().map(|(_, body)| body["claim"].clone()).collect();
    assert_eq!(claims, [json!("not_passed"), json!("not_passed")]);
    // A template that asks for what the unit has lost is filled as far as it goes, and marked.
    let fields = [("template", "product"), ("not_passed", "yes"), ("form", "zpl")];
    let file = bench.post(Role::Operator, &format!("{base}/download"), &fields).await;
    assert!(file.text.contains("ID:-^FS") && file.text.contains("NOT PASSED"), "{file:?}");
    // What is only looked at is marked too.
    let page = bench.get(Role::Auditor, &format!("{base}?template=serial")).await;
    assert!(page.text.contains("This unit has not passed"), "{page:?}");
    let picture = bench.get(Role::Auditor, &format!("{base}.svg?template=serial")).await;
    assert!(picture.text.contains("fill=\"#fff\" d=\"M"), "{picture:?}");
}

#[tokio::test]
async fn a_printer_without_labels_says_so_and_prints_nothing() {
    let mut printer = FakePrinter::start().await;
    printer.says(EMPTY);
    hall(Some(printer.address.clone()), None);
    let bench = Bench::start_with(with_hall).await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let api = format!("/api/v1/units/{}/label", unit.mac);
    let refused = bench.send(Role::Operator, "POST", &api, &json!({"template": "serial", "reason": "lost"})).await;
    let problem = refused.json();
    assert_eq!((refused.status, problem["code"].as_str()), (502, Some("printer_not_ready")), "{refused:?}");
    assert!(problem["remedy"].as_str().unwrap().contains("new roll of labels"), "{problem}");
    assert!(printer.is_idle());
    let noted = printed(&bench.store, unit.mac).await;
    assert!(noted[0].1["failed"].as_str().unwrap().contains("no labels"), "{noted:?}");
    assert_eq!(noted[1].1["reason"].as_str(), Some("lost"), "ordered first, failed then");
}

#[tokio::test]
async fn a_printer_that_is_not_there_is_told_with_what_to_do() {
    // Bound and closed again: nobody listens there.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    hall(Some(gone.to_string().parse().unwrap()), None);
    let bench = Bench::start_with(with_hall).await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let api = format!("/api/v1/units/{}/label", unit.mac);
    let refused = bench.send(Role::Operator, "POST", &api, &json!({})).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (502, Some("printer_unreachable")), "{refused:?}");
}

#[tokio::test]
async fn a_label_that_was_not_sent_may_be_ordered_again_under_its_key_and_comes_once() {
    let mut printer = FakePrinter::start().await;
    printer.says(EMPTY);
    hall(Some(printer.address.clone()), None);
    let bench = Bench::start_with(with_hall).await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let order = async || {
        let ask = bench.ask_as(Role::Operator, "POST", &format!("/api/v1/units/{}/label", unit.mac)).await;
        ask.header("idempotency-key", "k").json(&json!({ "template": "serial" })).send().await
    };
    assert_eq!(order().await.json()["code"], "printer_not_ready");
    printer.says(hall::READY);
    assert_eq!(order().await.status, 200);
    printer.label().await;
    let again = order().await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"), "{again:?}");
    assert!(printer.is_idle());
}

#[tokio::test]
async fn a_label_that_may_have_been_printed_is_not_printed_again_under_its_key() {
    let printer = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    hall(Some(printer.local_addr().unwrap().to_string().parse().unwrap()), None);
    let orders = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&orders);
    tokio::spawn(async move {
        while let Ok((stream, _)) = printer.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            // Closed with the question unread, so that the connection breaks off under the label.
            stream.peek(&mut [0; 1]).await.unwrap();
        }
    });
    let bench = Bench::start_with(with_hall).await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let order = async || {
        let ask = bench.ask_as(Role::Operator, "POST", &format!("/api/v1/units/{}/label", unit.mac)).await;
        ask.header("idempotency-key", "k").json(&json!({ "template": "serial" })).send().await
    };
    let first = order().await;
    assert_eq!((first.status, &first.json()["code"]), (502, &json!("printer_broken_off")), "{first:?}");
    let again = order().await;
    assert_eq!((again.status, &again.json()["code"]), (409, &json!("command_outcome_unknown")), "{again:?}");
    assert_eq!(orders.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_reason_is_one_short_line_before_anything_is_printed_or_noted() {
    let mut printer = FakePrinter::start().await;
    hall(Some(printer.address.clone()), None);
    let bench = Bench::start_with(with_hall).await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    for reason in ["x".repeat(501), "lost\nand found".to_owned(), "\u{1b}[2J".to_owned()] {
        let order = json!({ "template": "serial", "reason": reason });
        let refused = bench.send(Role::Operator, "POST", &format!("/api/v1/units/{}/label", unit.mac), &order).await;
        assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("reason_unfit")), "{refused:?}");
        let order = [("template", "serial"), ("reason", &*reason)];
        let path = format!("/units/{}/label/print", unit.mac);
        assert_eq!(bench.post(Role::Operator, &path, &order).await.status, 400);
    }
    assert!(printer.is_idle() && printed(&bench.store, unit.mac).await.is_empty());
}

#[tokio::test]
async fn without_a_printer_labels_can_be_taken_away_in_every_form() {
    let bench = Bench::start().await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let base = format!("/units/{}/label", unit.mac);
    let refused = bench.post(Role::Operator, &format!("{base}/print"), &[("template", "product")]).await;
    assert!(refused.status == 409 && refused.text.contains("no_label_printer"), "{refused:?}");
    for (form, media_type, begin) in [
        ("zpl", "application/vnd.zebra-zpl", "^XA"),
        ("svg", "image/svg+xml", "<svg"),
        ("png", "image/png", "\u{fffd}PNG"),
    ] {
        let fields = [("template", "product"), ("form", form)];
        let file = bench.post(Role::Operator, &format!("{base}/download"), &fields).await;
        assert!(
            file.header("content-type").starts_with(media_type) && file.text.starts_with(begin),
            "{form}: {file:?}"
        );
        assert!(file.header("content-disposition").contains(&format!(".{form}\"")), "{file:?}");
    }
    assert_eq!(printed(&bench.store, unit.mac).await.len(), 3);
    let page = bench.get(Role::Operator, &base).await;
    assert!(page.status == 200 && page.text.contains("to download as PNG"), "{page:?}");
}

#[tokio::test]
async fn an_auditor_looks_and_takes_nothing() {
    let bench = Bench::start().await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let base = format!("/units/{}/label", unit.mac);
    let page = bench.get(Role::Auditor, &base).await;
    assert!(page.status == 200 && !page.text.contains("/label/print"), "{page:?}");
    for what in ["print", "download"] {
        let fields = [("template", "product"), ("form", "zpl")];
        assert_eq!(bench.post(Role::Auditor, &format!("{base}/{what}"), &fields).await.status, 403);
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told() {
    let bench = Bench::start().await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let base = format!("/units/{}/label", unit.mac);
    for (path, status) in [
        ("/units/nonsense/label".to_owned(), 404),
        ("/units/00:00:00:00:00:99/label".to_owned(), 404),
        (format!("{base}.svg?template=none"), 404),
        (format!("{base}.svg?template=../product"), 404),
        (format!("/api/v1/units/{}/label?form=pdf", unit.mac), 400),
    ] {
        assert_eq!(bench.get(Role::Operator, &path).await.status, status, "{path}");
    }
    for fields in [[("template", "product"), ("copies", "11")], [("template", "product"), ("copies", "many")]] {
        assert_eq!(bench.post(Role::Operator, &format!("{base}/print"), &fields).await.status, 400);
    }
}

#[tokio::test]
async fn a_template_that_cannot_be_used_is_shown_with_its_place() {
    let bench = Bench::start_with(|settings, _| {
        let folder = settings.data_dir.clone().unwrap().join("labels");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("bad.toml"), "name = \"x\"\nwidth_mm = 40\nheight_mm = 20\ndpi = 204\n").unwrap();
        settings.labels_dir = Some(folder);
    })
    .await;
    let page = bench.get(Role::Engineer, "/engineering/labels").await;
    assert!(page.text.contains("bad.toml, line 4, column 7"), "{page:?}");
    let listed = bench.get(Role::Engineer, "/api/v1/label-templates").await.json();
    assert!(listed.to_string().contains("label_template"), "{listed}");
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let page = bench.get(Role::Operator, &format!("/units/{}/label?template=bad", unit.mac)).await;
    assert!(page.status == 200 && page.text.contains("204 dots per inch"), "{page:?}");
}

/// A line event that says that a unit passed.
fn passed(made: &record::Made) -> LineEvent {
    let kind = LineEventKind::Passed { run: made.run, mac: made.mac, duration_ms: 1000 };
    LineEvent { at: clock(), slot: SlotId::new("A1").unwrap(), kind }
}

/// A moment after the units of the tests were made.
fn clock() -> Timestamp {
    Timestamp::from_micros(1_767_268_860_000_000)
}

#[tokio::test]
async fn every_pass_gets_its_label_by_itself_in_order_also_after_the_printer_was_out() {
    let mut printer = FakePrinter::start().await;
    let floor = FakeFloor::new(&["A1"]);
    hall(Some(printer.address.clone()), Some(Arc::clone(&floor)));
    let bench = Bench::start_with(|settings, services| {
        with_hall(settings, services);
        settings.label_on_pass = Some("serial".to_owned());
        services.clock = Arc::new(clock);
    })
    .await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let page = || bench.get(Role::Engineer, "/engineering/labels");
    assert!(page().await.text.contains("printed since the start"));
    let first = factory.pass().await;
    factory.fail("abort()").await;
    floor.tell(passed(&first));
    let serial = |made: &record::Made| format!("^FD{}^FS", made.serial.as_ref().unwrap());
    let label = printer.label().await;
    assert!(label.contains(&serial(&first)), "{label}");
    // The second passes while the printer has no labels; the third finds some again.
    printer.says(EMPTY);
    let second = factory.pass().await;
    floor.tell(passed(&second));
    while !page().await.text.contains("waits for the printer") {}
    printer.says(hall::READY);
    let third = factory.pass().await;
    floor.tell(passed(&third));
    assert!(printer.label().await.contains(&serial(&second)));
    assert!(printer.label().await.contains(&serial(&third)));
    while printed(&bench.store, third.mac).await.is_empty() {}
    let noted = printed(&bench.store, second.mac).await;
    assert_eq!((noted.len(), noted[0].0.actor.as_str()), (1, "line"), "{noted:?}");
    assert!(printer.is_idle());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passed_before_the_station_started_again_gets_its_label_still() {
    let mut printer = FakePrinter::start().await;
    hall(Some(printer.address.clone()), None);
    let mut made = Vec::new();
    let bench = Bench::start_with(|settings, services| {
        with_hall(settings, services);
        settings.label_on_pass = Some("serial".to_owned());
        services.clock = Arc::new(clock);
        let store = Arc::clone(&services.store);
        let work = async {
            let factory = Factory::on(store).await;
            made = vec![factory.pass().await, factory.pass().await];
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work));
    })
    .await;
    for made in &made {
        let label = printer.label().await;
        assert!(label.contains(&format!("^FD{}^FS", made.serial.as_ref().unwrap())), "{label}");
    }
    while printed(&bench.store, made[1].mac).await.is_empty() {}
    assert!(printer.is_idle());
}

/// Lets no label be noted, as a full disk would, or lets them be noted again.
async fn refuse_notes(bench: &Bench, refuse: bool) {
    use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
    let sql = match refuse {
        true => {
            "CREATE TRIGGER full_disk BEFORE INSERT ON audit WHEN NEW.kind = 'label.printed'
             BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        }
        false => "DROP TRIGGER full_disk",
    };
    let options = SqliteConnectOptions::new().filename(bench.folder.path().join("record.sqlite"));
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_label_that_cannot_be_noted_is_printed_once_and_noted_when_the_record_takes_it() {
    let mut printer = FakePrinter::start().await;
    let floor = FakeFloor::new(&["A1"]);
    hall(Some(printer.address.clone()), Some(Arc::clone(&floor)));
    let bench = Bench::start_with(|settings, services| {
        with_hall(settings, services);
        settings.label_on_pass = Some("serial".to_owned());
        services.clock = Arc::new(clock);
    })
    .await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    refuse_notes(&bench, true).await;
    let made = factory.pass().await;
    floor.tell(passed(&made));
    printer.label().await;
    let page = || bench.get(Role::Engineer, "/engineering/labels");
    while !page().await.text.contains("waits for the printer") {}
    let other = factory.pass().await;
    refuse_notes(&bench, false).await;
    floor.tell(passed(&other));
    let label = printer.label().await;
    assert!(label.contains(&format!("^FD{}^FS", other.serial.as_ref().unwrap())), "not the first again: {label}");
    while printed(&bench.store, other.mac).await.is_empty() {}
    assert_eq!(printed(&bench.store, made.mac).await.len(), 1);
    assert!(printer.is_idle());
}

#[tokio::test]
async fn a_label_that_stands_on_record_is_printed_though_whoever_wanted_it_went_away() {
    // It takes connections when it is asked to, and not before.
    let printer = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    hall(Some(printer.local_addr().unwrap().to_string().parse().unwrap()), None);
    let bench = Bench::start_with(with_hall).await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let session = bench.session(Role::Operator).await;
    let address = bench.url.trim_start_matches("http://").to_owned();
    let mut client = tokio::net::TcpStream::connect(&address).await.unwrap();
    let body = "template=serial";
    let request = format!(
        "POST /units/{}/label/print HTTP/1.1\r\nhost: {address}\r\norigin: {}\r\ncookie: {}\r\nx-csrf-token: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        unit.mac,
        bench.url,
        session.cookie,
        session.csrf,
        body.len()
    );
    client.write_all(request.as_bytes()).await.unwrap();
    while printed(&bench.store, unit.mac).await.is_empty() {}
    drop(client);
    let (mut stream, _) = printer.accept().await.unwrap();
    let mut got = String::new();
    stream.read_to_string(&mut got).await.unwrap();
    assert!(got.contains("^XA") && got.contains("^XZ"), "{got:?}");
    let noted = printed(&bench.store, unit.mac).await;
    assert!(noted.iter().all(|(_, body)| body["failed"].is_null()), "{noted:?}");
}

/// Both areas use a part of the factory and of the hall; all of it is used here.
const _: () = {
    let _ = |made: record::Made| (made.mac, made.run, made.serial, made.device_id, made.certificate);
    let _ = |factory: &Factory| (factory.batch, factory.batch_name.clone(), factory.recipe);
    let _ = (Factory::on, Factory::pass, Factory::keep_log as fn(&_, _, &_));
    let _ = |factory: &'static Factory| factory.fail("");
    let _ = (hall::READY, hall::EMPTY, FakeFloor::tell, FakeFloor::asked, hall::FakePrinter::start);
    let _ = (hall::FakePrinter::says, hall::FakePrinter::is_idle, hall::with_hall);
    let _ = |printer: &'static mut hall::FakePrinter| printer.label();
    let _ = |printer: hall::FakePrinter| printer.address;
};
