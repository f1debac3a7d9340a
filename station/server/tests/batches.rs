//! The pages of batches over the socket: what they show, who may change what, and what is told when it does not fit.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod shift;
mod support;

use std::{fs, path::Path, sync::Arc};

use firstpass_domain::{AuditKind, Chip, FlashSize, Injection, Policy, Role, Sha256Digest};
use firstpass_line::recipe::Shelf;
use firstpass_server::{Services, Settings};
use firstpass_store::{AuditSearch, BatchId, BatchState, NewBatch, RecipeRecord};
use support::{Answer, Bench};
use virtual_unit::image::{AppImage, app_with_code, bootloader};

/// Fields of a form.
type Form = &'static [(&'static str, &'static str)];

/// A recipe on record, and its hash.
async fn recipe(bench: &Bench) -> Sha256Digest {
    let policy = Policy::plain(Injection::Nvs, Chip::Esp32c3, FlashSize::from_bytes(4 << 20).unwrap());
    let text = "name = \"lamp\"".to_owned();
    let hash = policy.recipe_hash(&text);
    let record = RecipeRecord { hash, name: "lamp".to_owned(), text, policy };
    bench.store.use_recipe(&record, &[], bench.now()).await.unwrap();
    hash
}

async fn batch_of(bench: &Bench, name: &str, quantity: Option<u32>) -> BatchId {
    let (name, recipe) = (name.to_owned(), recipe(bench).await);
    let batch = NewBatch { name, product: "Lamp <b>3</b>".to_owned(), recipe, quantity, quota: None };
    bench.store.open_batch(&batch, bench.now()).await.unwrap()
}

/// A batch with a shift's work in it.
async fn worked(bench: &Bench, runs: u32) -> BatchId {
    let id = batch_of(bench, "WO-2647", Some(1000)).await;
    let recipe = recipe(bench).await;
    shift::work(bench.folder.path(), id.0, recipe.bytes(), runs, bench.now()).await;
    id
}

fn page(id: BatchId) -> String {
    format!("/batches/{}", id.0)
}

fn main(answer: &Answer) -> &str {
    answer.text.split("<main").nth(1).unwrap()
}

/// Nothing that the content security policy forbids, and no number that is none.
fn assert_is_sound(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    for wrong in ["NaN", " style=", "onclick=", "<b>3</b>"] {
        assert!(!main(answer).contains(wrong), "{wrong}: {}", main(answer));
    }
}

#[tokio::test]
async fn a_batch_shows_its_yields_its_charts_and_the_slot_with_the_bad_cable() {
    let bench = Bench::start().await;
    let id = worked(&bench, 960).await;
    let figures = bench.store.batch_figures(id).await.unwrap();
    let answer = bench.get(Role::Operator, &page(id)).await;
    assert_is_sound(&answer);
    let counts = &figures.yield_;
    assert_eq!(counts.passed, counts.first_passed);
    let share = format!("{} of {} units", counts.first_passed, counts.units);
    assert_eq!(main(&answer).matches(&share).count(), 2, "first-pass and final yield: {share}");
    assert_eq!(main(&answer).matches("<svg class=\"plot\"").count(), 7);
    assert_eq!(main(&answer).matches("fails ").count(), 1, "one slot stands out");
    assert!(main(&answer).contains(&format!("Slot A{} fails ", shift::BAD_SLOT)));
    assert!(main(&answer).contains("Check the cable"));
    for code in ["link_garbled", "no_answer"] {
        let link = format!("href=\"{}/runs?code={code}\"", page(id));
        assert!(main(&answer).contains(&link), "{link}");
    }
}

#[tokio::test]
async fn the_takt_is_the_order_over_its_planned_hours_or_the_stations() {
    let bench = Bench::start_with(|settings, _| settings.takt_s = Some(30.0)).await;
    let id = worked(&bench, 400).await;
    let of_station = bench.get(Role::Operator, &page(id)).await;
    assert!(main(&of_station).contains("30.0 s for a unit, as this station is set up"));
    let planned = bench.get(Role::Operator, &format!("{}?hours=8", page(id))).await;
    assert!(main(&planned).contains("28.8 s for a unit, the quantity over 8 hours"), "1000 units in 8 hours");
    for hours in ["0", "-3", "many", "1e9", "NaN"] {
        let refused = bench.get(Role::Operator, &format!("{}?hours={hours}", page(id))).await;
        assert_eq!(refused.status, 400, "{hours}");
    }
}

#[tokio::test]
async fn a_batch_without_runs_says_what_to_do() {
    let bench = Bench::start().await;
    let id = batch_of(&bench, "WO-1", None).await;
    let answer = bench.get(Role::Engineer, &page(id)).await;
    assert_is_sound(&answer);
    assert!(main(&answer).contains("No run has begun."));
    assert_eq!(main(&answer).matches("<svg class=\"plot\"").count(), 0);
    let runs = bench.get(Role::Engineer, &format!("{}/runs", page(id))).await;
    assert!(runs.text.contains("No run fits."));
}

#[tokio::test]
async fn runs_of_a_batch_are_found_by_diagnosis_and_slot_page_by_page() {
    let bench = Bench::start().await;
    let id = worked(&bench, 800).await;
    let path = format!("{}/runs?code=link_garbled", page(id));
    let answer = bench.get(Role::Operator, &path).await;
    assert_is_sound(&answer);
    let rows = main(&answer).matches("link_garbled</span>").count();
    let counted = bench.store.batch_yield(id).await.unwrap().diagnoses;
    let garbled = counted.iter().find(|(code, _)| code.name() == "link_garbled").unwrap().1;
    assert_eq!(rows, garbled as usize);
    assert!(main(&answer).contains("href=\"/units/60:55:f9:00:"));
    let first = bench.get(Role::Operator, &format!("{}/runs", page(id))).await;
    assert_eq!(main(&first).matches("<tr><td class=\"nowrap\">").count(), 50);
    let further = first.between("rel=\"next\" href=\"", "\"").unwrap().replace("&amp;", "&");
    let second = bench.get(Role::Operator, &further).await;
    let unit = |answer: &Answer| answer.between("/units/", "\"").unwrap();
    assert_ne!(unit(&first), unit(&second));
    let slot = bench.get(Role::Operator, &format!("{}/runs?slot=A3&station=bench-1", page(id))).await;
    assert_eq!(main(&slot).matches("<td>A3</td>").count(), 50);
    for wrong in ["code=none", "before=none"] {
        assert_eq!(bench.get(Role::Operator, &format!("{}/runs?{wrong}", page(id))).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn batches_are_listed_newest_first_and_found_by_name_product_and_state() {
    let bench = Bench::start().await;
    let mut ids = Vec::new();
    for number in 100..130 {
        ids.push(batch_of(&bench, &format!("WO-{number}"), Some(5)).await);
    }
    let act = support::act();
    bench.store.set_batch_state(ids[3], BatchState::Paused, &act, bench.now()).await.unwrap();
    let first = bench.get(Role::Auditor, "/batches").await;
    assert_is_sound(&first);
    assert!(main(&first).contains("WO-129") && !main(&first).contains("WO-104"));
    let further = first.between("href=\"/batches?", "\"").unwrap().replace("&amp;", "&");
    let second = bench.get(Role::Auditor, &format!("/batches?{further}")).await;
    assert!(main(&second).contains("WO-104") && !main(&second).contains("WO-105"));
    let paused = bench.get(Role::Auditor, "/batches?state=paused").await;
    assert!(main(&paused).contains("WO-103") && main(&paused).contains("test") && !main(&paused).contains("WO-104"));
    let named = bench.get(Role::Auditor, "/batches?q=o-11").await;
    assert_eq!(main(&named).matches("<tr><th scope=\"row\">").count(), 10);
    assert!(bench.get(Role::Auditor, "/batches?q=%F0%9F%9A%80").await.text.contains("No batch fits."));
    for wrong in ["state=gone".to_owned(), "before=none".to_owned(), format!("q={}", "x".repeat(200))] {
        let refused = bench.get(Role::Auditor, &format!("/batches?{wrong}")).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("search_invalid")), "{wrong}");
    }
}

#[tokio::test]
async fn who_pauses_changes_and_closes_a_batch_stands_in_the_log_with_the_reason() {
    let bench = Bench::start().await;
    let id = batch_of(&bench, "WO-1", Some(5)).await;
    let acts: [(&str, Form, AuditKind); 4] = [
        ("state", &[("to", "paused"), ("reason", "cable of A7")], AuditKind::BatchPaused),
        ("state", &[("to", "open"), ("reason", "changed")], AuditKind::BatchResumed),
        ("size", &[("quantity", "7"), ("quota", ""), ("reason", "two more")], AuditKind::BatchChanged),
        ("state", &[("to", "closed"), ("reason", "delivered")], AuditKind::BatchClosed),
    ];
    for (path, fields, kind) in acts {
        let answer = bench.post(Role::Engineer, &format!("{}/{path}", page(id)), fields).await;
        assert_eq!((answer.status, answer.header("location")), (303, page(id).as_str()), "{answer:?}");
        let search = AuditSearch { kinds: vec![kind], limit: 1, ..AuditSearch::default() };
        let entry = bench.store.search_audit(&search).await.unwrap().remove(0);
        assert_eq!(entry.actor, "engineer");
        assert!(entry.body.contains(fields.last().unwrap().1), "{}", entry.body);
    }
    let record = bench.store.batch(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.batch.quantity), (BatchState::Closed, Some(7)));
    let again = bench.post(Role::Engineer, &format!("{}/state", page(id)), &[("to", "open"), ("reason", "x")]).await;
    assert_eq!((again.status, again.json()["code"].as_str()), (409, Some("batch_refused")), "{again:?}");
}

#[tokio::test]
async fn what_does_not_fit_a_form_is_refused_and_changes_nothing() {
    let bench = Bench::start().await;
    let id = worked(&bench, 40).await;
    let cases: [(&str, Form, u16, &str); 8] = [
        ("state", &[("to", "paused"), ("reason", " ")], 422, "reason_invalid"),
        ("state", &[("to", "burnt"), ("reason", "x")], 400, "state_invalid"),
        ("state", &[], 400, "state_invalid"),
        ("size", &[("quantity", "0"), ("reason", "x")], 422, "quantity_invalid"),
        ("size", &[("quantity", "5"), ("reason", "fewer than there are")], 409, "batch_refused"),
        ("start", &[], 422, "slot_invalid"),
        ("start", &[("slot", "A1")], 404, "not_found"),
        ("state", &[("to", "paused"), ("reason", "two\nlines")], 422, "reason_invalid"),
    ];
    for (path, fields, status, code) in cases {
        let answer = bench.post(Role::Admin, &format!("{}/{path}", page(id)), fields).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{fields:?}: {answer:?}");
        assert!(!answer.json()["remedy"].as_str().unwrap().is_empty());
    }
    let record = bench.store.batch(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.batch.quantity), (BatchState::Open, Some(1000)));
    for unknown in ["/batches/none", "/batches/00000000-0000-0000-0000-000000000000"] {
        assert_eq!(bench.get(Role::Admin, unknown).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn who_may_only_look_sees_no_button_and_is_refused() {
    let bench = Bench::start().await;
    let id = batch_of(&bench, "WO-1", Some(5)).await;
    for (role, may_manage) in
        [(Role::Operator, false), (Role::Auditor, false), (Role::Engineer, true), (Role::Admin, true)]
    {
        let shown = bench.get(role, &page(id)).await;
        assert_eq!(main(&shown).contains("data-confirm="), may_manage, "{role:?}");
        let list = bench.get(role, "/batches").await;
        assert_eq!(list.text.contains("/batches/new"), may_manage, "{role:?}");
        let path = format!("{}/state", page(id));
        let answer = bench.post(role, &path, &[("to", "paused"), ("reason", "look")]).await;
        assert_eq!(answer.status == 303, may_manage, "{role:?}: {answer:?}");
        assert_eq!(bench.get(role, "/batches/new").await.status == 200, may_manage, "{role:?}");
    }
    let nobody = bench.ask("GET", &page(id)).send().await;
    assert_eq!(nobody.status, 401);
}

const RECIPE: &str = include_str!("../../../configs/recipes/demo-nvs.toml");
const TABLE: &str = include_str!("../../../configs/recipes/demo-partitions.csv");

/// A shelf with a recipe that can be used and one that cannot.
fn with_shelf(settings: &mut Settings, services: &mut Services) {
    let folder = settings.data_dir.clone().unwrap().join("recipes");
    fs::create_dir(&folder).unwrap();
    put(&folder, "demo-nvs.toml", RECIPE.as_bytes());
    put(&folder, "demo-partitions.csv", TABLE.as_bytes());
    put(&folder, "bootloader.bin", &bootloader(1));
    let app = AppImage { size: 64 * 1024, seed: 1, version: "1.0.0".to_owned(), project: "lamp".to_owned() };
    put(&folder, "app.bin", &app_with_code(&app, ""));
    put(&folder, "broken.toml", b"name = 7");
    services.shelf = Arc::new(Shelf::open(&folder));
}

fn put(folder: &Path, name: &str, content: &[u8]) {
    fs::write(folder.join(name), content).unwrap();
}

#[tokio::test]
async fn a_batch_is_opened_for_a_recipe_of_the_shelf_by_name() {
    let bench = Bench::start_with(with_shelf).await;
    let form = bench.get(Role::Engineer, "/batches/new").await;
    assert_is_sound(&form);
    assert!(main(&form).contains("broken.toml"), "what cannot be used is told");
    let hash = form.between("<option value=\"", "\"").filter(|hash| hash.len() == 64);
    let hash = hash.unwrap_or_else(|| panic!("no recipe to choose: {}", main(&form)));
    let fields =
        [("name", "WO-9"), ("recipe", hash.as_str()), ("product", ""), ("quantity", "25"), ("reason", "order 77")];
    let opened = bench.post(Role::Engineer, "/batches", &fields).await;
    assert_eq!(opened.status, 303, "{opened:?}");
    let record = bench.store.batch_by_name("WO-9").await.unwrap().unwrap();
    assert_eq!(opened.header("location"), page(record.id));
    assert_eq!((record.batch.quantity, record.batch.recipe.to_string()), (Some(25), hash.clone()));
    assert!(!record.batch.product.is_empty(), "the recipe's name");
    let search = AuditSearch { kinds: vec![AuditKind::BatchOpened], limit: 1, ..AuditSearch::default() };
    let entry = bench.store.search_audit(&search).await.unwrap().remove(0);
    assert!(entry.actor == "engineer" && entry.body.contains("order 77"), "{entry:?}");

    // What was written stays in the form.
    let again = bench.post(Role::Engineer, "/batches", &fields).await;
    assert_eq!(again.status, 409);
    assert!(main(&again).contains("role=\"alert\"") && main(&again).contains("value=\"order 77\""), "{}", main(&again));
    for (field, value) in [("name", ""), ("quantity", "-5"), ("recipe", "00"), ("reason", "")] {
        let wrong = fields.map(|(name, was)| (name, if name == field { value } else { was }));
        let refused = bench.post(Role::Engineer, "/batches", &wrong).await;
        assert_eq!(refused.status, 422, "{field}");
        assert!(main(&refused).contains(&format!("{field}_invalid")), "{field}: {}", main(&refused));
    }
    assert_eq!(bench.store.batches(9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn without_a_recipe_that_can_be_used_the_form_says_so() {
    let bench = Bench::start().await;
    let form = bench.get(Role::Engineer, "/batches/new").await;
    assert!(main(&form).contains("There is no recipe that can be used."));
    assert!(!main(&form).contains("<form"));
}
